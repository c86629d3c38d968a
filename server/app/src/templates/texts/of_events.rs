//! What is said of each event: a title and a line for the app and for push; a subject, an opening, a
//! link and a closing for mail.

use tidewire_protocol::notification_event::EventKey;

use super::{Mail, Note, Texts};

/// How most mails end.
const CHOICE: &str = "You can choose in your preferences what you get mails about.";

const fn note(title: &'static str, line: &'static str) -> Note {
    Note { title, line }
}

const fn mail(
    subject: &'static str,
    opening: &'static str,
    link: Option<&'static str>,
    closing: &'static str,
) -> Mail {
    Mail { subject, opening, link, closing }
}

macro_rules! texts {
    ($($event:ident: $note:expr, $mail:expr;)+) => {
        pub(super) const fn of(event: EventKey) -> Texts {
            match event {
                $(EventKey::$event => Texts { note: $note, mail: $mail },)+
            }
        }
    };
}

texts! {
    EmailVerification: None, mail(
        "Confirm your email address",
        "Please confirm that this address is yours by opening this link:",
        Some("verifyUrl"),
        "It works until {{expiresAt}}. If you did not sign up, no action is needed.",
    );
    PasswordReset: None, mail(
        "Choose a new password",
        "Somebody asked{{#if ipAddress}} from the address {{ipAddress}}{{/if}} for a new password \
         for your account. If that was you, open this link to choose one:",
        Some("resetUrl"),
        "It works once, until {{expiresAt}}. If it was not you, no action is needed: your password \
         stays as it is.",
    );
    PasswordChanged: Some(note(
        "Your password was changed",
        "It was changed at {{changedAt}}{{#if ipAddress}} from the address {{ipAddress}}{{/if}}.",
    )), mail(
        "Your password was changed",
        "The password of your account at {{tenantName}} was changed at {{changedAt}}\
         {{#if ipAddress}} from the address {{ipAddress}}{{/if}}.",
        None,
        "If that was not you, ask for a new password on the sign-in page at once, and tell your \
         administrator.",
    );
    NewDeviceLogin: Some(note(
        "A new device signed in",
        "Your account was used at {{at}} on a device that we have not seen before\
         {{#if device}}: {{device}}{{/if}}.",
    )), mail(
        "A new device signed in to {{tenantName}}",
        "Your account at {{tenantName}} was used at {{at}}{{#if ipAddress}} from the address \
         {{ipAddress}}{{/if}} on a device that we have not seen before{{#if device}}, {{device}}\
         {{/if}}.",
        None,
        "If that was you, no action is needed. If not, change your password: that ends every other \
         sign-in.",
    );
    SessionRevoked: Some(note(
        "One of your sign-ins was ended",
        "It was ended at {{at}}{{#if reason}}, because {{reason}}{{/if}}. Change your password if \
         you see anything that you did not do.",
    )), mail(
        "One of your sign-ins was ended",
        "A sign-in of yours to {{tenantName}} was ended at {{at}}{{#if reason}}, because \
         {{reason}}{{/if}}. Somebody may have copied it.",
        None,
        "Please sign in again, and change your password if you see anything that you did not do.",
    );
    Throttled: Some(note(
        "Failed sign-ins",
        "Somebody has tried {{attempts}} wrong passwords for your account.",
    )), mail(
        "Failed sign-ins to your account",
        "Somebody has tried {{attempts}} wrong passwords for your account at {{tenantName}}\
         {{#if ipAddress}}, from the address {{ipAddress}}{{/if}}. Further attempts have to wait.",
        None,
        "If that was you, wait a little or ask for a new password. If not, your password has kept \
         them out.",
    );
    UserInvited: None, mail(
        "{{inviterName}} invites you to {{tenantName}}",
        "{{inviterName}} has invited you to work together in {{tenantName}}. Open this link to \
         choose a password:",
        Some("acceptUrl"),
        "It works once, until {{expiresAt}}. If you do not know the sender, no action is needed.",
    );
    InvitationAccepted: Some(note(
        "{{userName}} has joined",
        "Your invitation was accepted.",
    )), mail(
        "{{userName}} has joined {{tenantName}}",
        "{{userName}} has accepted your invitation to {{tenantName}}.",
        Some("actionUrl"),
        CHOICE,
    );
    RoleChanged: Some(note(
        "Your role was changed",
        "{{#if actorName}}{{actorName}} has made you {{else}}You are now {{/if}}{{newRole}}\
         {{#if oldRole}} instead of {{oldRole}}{{/if}}.",
    )), mail(
        "Your role at {{tenantName}} was changed",
        "{{#if actorName}}{{actorName}} has changed your role{{else}}Your role was changed{{/if}} \
         at {{tenantName}}{{#if oldRole}} from {{oldRole}}{{/if}} to {{newRole}}.",
        None,
        "What you may do changes with it at once. Questions are best put to your administrator.",
    );
    UserDeactivated: None, mail(
        "Your account at {{tenantName}} was deactivated",
        "Your account at {{tenantName}} was deactivated, and all of your sign-ins were ended.",
        None,
        "If you think that this is a mistake, please ask your administrator.",
    );
    UserActivated: None, mail(
        "Your account at {{tenantName}} is active again",
        "Your account at {{tenantName}} was activated again. You can sign in with the password \
         that you had:",
        Some("loginUrl"),
        "If you have forgotten it, ask for a new one on that page.",
    );
    DirectMessage: Some(note(
        "{{senderName}}",
        "{{#if preview}}{{preview}}{{else}}A new message{{/if}}",
    )), mail(
        "A message from {{senderName}}",
        "{{senderName}} has written to you{{#if preview}}: {{preview}}{{else}}.{{/if}}",
        Some("channelUrl"),
        CHOICE,
    );
    GroupMessage: Some(note(
        "{{#if channelName}}{{channelName}}{{else}}A group{{/if}}",
        "{{senderName}}{{#if preview}}: {{preview}}{{else}} has written{{/if}}",
    )), mail(
        "A message from {{senderName}}{{#if channelName}} in {{channelName}}{{/if}}",
        "{{senderName}} has written{{#if channelName}} in {{channelName}}{{/if}}\
         {{#if preview}}: {{preview}}{{else}}.{{/if}}",
        Some("channelUrl"),
        CHOICE,
    );
    Mention: Some(note(
        "{{senderName}} has named you{{#if channelName}} in {{channelName}}{{/if}}",
        "{{#if preview}}{{preview}}{{else}}A new message{{/if}}",
    )), mail(
        "{{senderName}} has named you{{#if channelName}} in {{channelName}}{{/if}}",
        "{{senderName}} has named you in a message{{#if channelName}} in {{channelName}}{{/if}}\
         {{#if preview}}: {{preview}}{{else}}.{{/if}}",
        Some("channelUrl"),
        CHOICE,
    );
    AddedToGroup: Some(note(
        "You are in {{channelName}} now",
        "{{#if actorName}}{{actorName}} has added you.{{else}}You were added.{{/if}}",
    )), mail(
        "You are in {{channelName}} now",
        "{{#if actorName}}{{actorName}} has added you{{else}}You were added{{/if}} to the group \
         {{channelName}}.",
        Some("channelUrl"),
        CHOICE,
    );
    TrialEnding: Some(note(
        "The trial ends soon",
        "{{#if daysLeft}}Days left: {{daysLeft}}. {{/if}}Choose a plan to go on without a break.",
    )), mail(
        "The trial of {{tenantName}} ends soon",
        "The trial{{#if planName}} of the plan {{planName}}{{/if}} ends soon\
         {{#if daysLeft}}; days left: {{daysLeft}}{{/if}}. Choose a plan to go on without a break.",
        Some("actionUrl"),
        "Nothing is deleted when a trial ends.",
    );
    TrialEnded: Some(note(
        "The trial has ended",
        "Choose a plan to go on.",
    )), mail(
        "The trial of {{tenantName}} has ended",
        "The trial{{#if planName}} of the plan {{planName}}{{/if}} has ended. Choose a plan to go \
         on.",
        Some("actionUrl"),
        "Nothing was deleted.",
    );
    PaymentFailed: Some(note(
        "A payment has failed",
        "{{#if amount}}{{amount}} could not be collected. {{/if}}\
         {{#if nextAttemptAt}}The next attempt is at {{nextAttemptAt}}.{{else}}Please look at the \
         way of payment.{{/if}}",
    )), mail(
        "A payment for {{tenantName}} has failed",
        "A payment{{#if amount}} of {{amount}}{{/if}} could not be collected.\
         {{#if nextAttemptAt}} The next attempt is at {{nextAttemptAt}}.{{/if}}",
        Some("actionUrl"),
        "Please look at the way of payment, so that everybody can go on working.",
    );
    PaymentSucceeded: Some(note(
        "A payment was received",
        "{{#if amount}}{{amount}}. {{/if}}Thank you.",
    )), mail(
        "A payment for {{tenantName}} was received",
        "A payment{{#if amount}} of {{amount}}{{/if}} was received. Thank you.\
         {{#if periodEnd}} The plan is paid until {{periodEnd}}.{{/if}}",
        Some("actionUrl"),
        CHOICE,
    );
    SubscriptionCanceled: Some(note(
        "The subscription was canceled",
        "{{#if endsAt}}It ends at {{endsAt}}.{{else}}It will end.{{/if}}",
    )), mail(
        "The subscription of {{tenantName}} was canceled",
        "The subscription was canceled{{#if endsAt}} and ends at {{endsAt}}{{/if}}. Until then, \
         everything works as before.",
        Some("actionUrl"),
        "If this was not meant, it can be taken back until then.",
    );
    SeatLimitReached: Some(note(
        "All seats are taken",
        "{{#if limit}}{{used}} of {{limit}} seats are in use. {{/if}}Nobody can be added until a \
         seat is free.",
    )), mail(
        "All seats of {{tenantName}} are taken",
        "{{#if limit}}{{used}} of {{limit}} seats are in use. {{/if}}Nobody can be added until a \
         seat is free or the plan has more.",
        Some("actionUrl"),
        CHOICE,
    );
    LeadAssigned: Some(note(
        "A lead is yours: {{leadName}}",
        "{{#if assignedBy}}{{assignedBy}} has assigned it to you.{{else}}It was assigned to you.\
         {{/if}}",
    )), mail(
        "A lead is yours: {{leadName}}",
        "{{#if assignedBy}}{{assignedBy}} has assigned the lead {{leadName}} to you.{{else}}The \
         lead {{leadName}} was assigned to you.{{/if}}",
        Some("actionUrl"),
        CHOICE,
    );
    DealStageChanged: Some(note(
        "{{dealName}}",
        "{{#if stage}}The deal is in the stage {{stage}} now.{{else}}The deal has another stage.\
         {{/if}}",
    )), mail(
        "{{dealName}} has moved",
        "The deal {{dealName}} {{#if stage}}is in the stage {{stage}} now.{{else}}has another \
         stage.{{/if}}",
        Some("actionUrl"),
        CHOICE,
    );
    DealWon: Some(note(
        "Won: {{dealName}}",
        "{{#if amount}}{{amount}}. {{/if}}Well done.",
    )), mail(
        "Won: {{dealName}}",
        "The deal {{dealName}}{{#if amount}} over {{amount}}{{/if}} was won. Well done.",
        Some("actionUrl"),
        CHOICE,
    );
    LeadInactive: Some(note(
        "Nothing new with {{leadName}}",
        "{{#if days}}Days without a word: {{days}}.{{else}}Nothing has happened for a while.{{/if}}",
    )), mail(
        "Nothing new with {{leadName}}",
        "Nothing has happened with the lead {{leadName}} for a while{{#if days}}; days without a \
         word: {{days}}{{/if}}.",
        Some("actionUrl"),
        CHOICE,
    );
    TaskAssigned: Some(note(
        "A task is yours: {{taskTitle}}",
        "{{#if assignedBy}}{{assignedBy}} has given it to you. {{/if}}\
         {{#if dueAt}}It is due at {{dueAt}}.{{else}}It has no due date.{{/if}}",
    )), mail(
        "A task is yours: {{taskTitle}}",
        "{{#if assignedBy}}{{assignedBy}} has given you the task {{taskTitle}}.{{else}}The task \
         {{taskTitle}} is yours now.{{/if}}{{#if dueAt}} It is due at {{dueAt}}.{{/if}}",
        Some("actionUrl"),
        CHOICE,
    );
    TaskDueSoon: Some(note(
        "Due soon: {{taskTitle}}",
        "{{#if dueAt}}The task is due at {{dueAt}}.{{else}}The task is due soon.{{/if}}",
    )), mail(
        "Due soon: {{taskTitle}}",
        "The task {{taskTitle}} is due {{#if dueAt}}at {{dueAt}}{{else}}soon{{/if}}.",
        Some("actionUrl"),
        CHOICE,
    );
    TaskOverdue: Some(note(
        "Overdue: {{taskTitle}}",
        "{{#if dueAt}}The task was due at {{dueAt}}.{{else}}The task is overdue.{{/if}}",
    )), mail(
        "Overdue: {{taskTitle}}",
        "The task {{taskTitle}} {{#if dueAt}}was due at {{dueAt}}{{else}}is overdue{{/if}}.",
        Some("actionUrl"),
        CHOICE,
    );
    TaskCompleted: Some(note(
        "Completed: {{taskTitle}}",
        "{{#if completedBy}}{{completedBy}} has completed the task.{{else}}The task is completed.\
         {{/if}}",
    )), mail(
        "Completed: {{taskTitle}}",
        "{{#if completedBy}}{{completedBy}} has completed the task {{taskTitle}}.{{else}}The task \
         {{taskTitle}} is completed.{{/if}}",
        Some("actionUrl"),
        CHOICE,
    );
    TaskCommentAdded: Some(note(
        "{{#if authorName}}{{authorName}} on {{taskTitle}}{{else}}A comment on {{taskTitle}}{{/if}}",
        "{{#if preview}}{{preview}}{{else}}A new comment{{/if}}",
    )), mail(
        "A comment on {{taskTitle}}",
        "{{#if authorName}}{{authorName}}{{else}}Somebody{{/if}} has commented on the task \
         {{taskTitle}}{{#if preview}}: {{preview}}{{else}}.{{/if}}",
        Some("actionUrl"),
        CHOICE,
    );
    Announcement: Some(note(
        "{{headline}}",
        "{{#if text}}{{text}}{{else}}News for everybody{{/if}}",
    )), mail(
        "{{headline}}",
        "{{headline}}{{#if text}}: {{text}}{{/if}}",
        Some("actionUrl"),
        CHOICE,
    );
    Maintenance: Some(note(
        "Maintenance",
        "The service will be interrupted from {{startsAt}}{{#if endsAt}} to {{endsAt}}{{/if}}.",
    )), mail(
        "Maintenance from {{startsAt}}",
        "The service will be interrupted from {{startsAt}}{{#if endsAt}} to {{endsAt}}{{/if}}.",
        None,
        "What you have saved by then stays as it is.",
    );
    EmailDeliveryFailed: Some(note(
        "Mails were not delivered",
        "{{#if count}}Mails that could not be delivered: {{count}}. {{/if}}\
         {{#if lastCode}}The mail server has said {{lastCode}}.{{else}}Please look at the email \
         settings.{{/if}}",
    )), mail(
        "Mails of {{tenantName}} were not delivered",
        "Some mails of {{tenantName}} could not be delivered{{#if count}}: {{count}} so far\
         {{/if}}.{{#if lastCode}} The mail server has said {{lastCode}}.{{/if}}",
        Some("actionUrl"),
        CHOICE,
    );
    SetupIncomplete: Some(note(
        "The set-up is not finished",
        "{{#if remaining}}Steps that are open: {{remaining}}.{{else}}Some steps are open.{{/if}}",
    )), mail(
        "The set-up of {{tenantName}} is not finished",
        "Some steps of the set-up are open{{#if remaining}}: {{remaining}} of them{{/if}}.",
        Some("actionUrl"),
        CHOICE,
    );
    EntityMerged: Some(note(
        "Merged into {{winnerName}}",
        "{{#if loserName}}{{loserName}}{{else}}A record of yours{{/if}} is part of it now.",
    )), mail(
        "A record was merged into {{winnerName}}",
        "{{#if loserName}}{{loserName}}{{else}}A record that you created{{/if}} was merged into \
         {{winnerName}}.",
        Some("actionUrl"),
        CHOICE,
    );
}
