//! Everything that people can be notified of: one table with the channels that are on by default, what
//! may be switched off, how urgent it is, and who it is for.

use crate::model::{
    notification_preferences::{Channel, Priority},
    words,
};

words! {
    /// The part of the product that an event comes from.
    Module {
        Auth = "auth",
        Users = "users",
        Chat = "chat",
        Billing = "billing",
        Sales = "sales",
        Tasks = "tasks",
        System = "system",
    }
}

impl Module {
    /// As people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Auth => "Signing in",
            Self::Users => "People",
            Self::Chat => "Chat",
            Self::Billing => "Billing",
            Self::Sales => "Sales",
            Self::Tasks => "Tasks",
            Self::System => "System",
        }
    }
}

/// Whether an event can be switched off, and whether its mails may wait for a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    Plain,
    /// Cannot be switched off; knows no quiet hours and no digest.
    Mandatory,
    Digest,
}

/// Who an event is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    Anybody,
    Administrators,
}

macro_rules! events {
    ($($name:ident $key:literal $module:ident $in_app:literal $push:literal $email:literal
        $flag:ident $priority:ident $audience:ident $title:literal $description:literal;)+) => {
        words! {
            /// Something that people are notified of.
            EventKey { $(#[doc = $description] $name = $key,)+ }
        }

        impl EventKey {
            const fn row(self) -> (Module, [bool; 3], Flag, Priority, Audience) {
                match self {
                    $(Self::$name => (
                        Module::$module,
                        [$in_app, $push, $email],
                        Flag::$flag,
                        Priority::$priority,
                        Audience::$audience,
                    ),)+
                }
            }

            /// As people read it.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $description,)+ }
            }
        }
    };
}

// In the app, by push, by mail.
#[rustfmt::skip]
events! {
    EmailVerification    "auth.email_verification"     Auth    false false true  Mandatory High     Anybody "Confirm your address" "A link that proves that an address is yours";
    PasswordReset        "auth.password_reset"         Auth    false false true  Mandatory High     Anybody "Password reset" "A link by which you choose a new password";
    PasswordChanged      "auth.password_changed"       Auth    true  false true  Mandatory High     Anybody "Password changed" "Your password was changed";
    NewDeviceLogin       "auth.new_device_login"       Auth    true  false true  Plain     High     Anybody "New device" "Somebody signed in as you on a device that was not seen before";
    SessionRevoked       "auth.session_revoked"        Auth    true  false true  Mandatory Critical Anybody "Sign-in ended" "A sign-in of yours was ended, because its key was used a second time";
    Throttled            "auth.throttled"              Auth    false false true  Plain     High     Anybody "Failed sign-ins" "Somebody tries passwords for your account";
    UserInvited          "users.invited"               Users   false false true  Mandatory High     Anybody "Invitation" "You are invited to a company";
    InvitationAccepted   "users.invitation_accepted"   Users   true  false false Digest    Normal   Anybody "Invitation accepted" "Somebody whom you invited has joined";
    RoleChanged          "users.role_changed"          Users   true  false true  Mandatory High     Anybody "Role changed" "You have another role";
    UserDeactivated      "users.deactivated"           Users   false false true  Mandatory Normal   Anybody "Account deactivated" "Your account was deactivated";
    UserActivated        "users.activated"             Users   false false true  Mandatory Normal   Anybody "Account activated" "Your account is active again";
    DirectMessage        "chat.direct_message"         Chat    false true  false Digest    Normal   Anybody "Direct message" "Somebody has written to you";
    GroupMessage         "chat.group_message"          Chat    false true  false Digest    Low      Anybody "Group message" "Somebody has written in a group of yours";
    Mention              "chat.mention"                Chat    true  true  true  Digest    High     Anybody "Mention" "Somebody has named you in a message";
    AddedToGroup         "chat.added_to_group"         Chat    true  false false Digest    Normal   Anybody "Added to a group" "Somebody has added you to a group";
    TrialEnding          "billing.trial_ending"        Billing true  false true  Plain     High     Administrators "Trial ending" "The trial ends in three days";
    TrialEnded           "billing.trial_ended"         Billing true  false true  Mandatory High     Administrators "Trial ended" "The trial has ended";
    PaymentFailed        "billing.payment_failed"      Billing true  true  true  Mandatory Critical Administrators "Payment failed" "A payment did not work";
    PaymentSucceeded     "billing.payment_succeeded"   Billing false false true  Digest    Low      Administrators "Payment received" "A payment was received";
    SubscriptionCanceled "billing.subscription_canceled" Billing true false true Mandatory High     Administrators "Subscription canceled" "The subscription will end";
    SeatLimitReached     "billing.seat_limit_reached"  Billing true  false false Plain     Normal   Administrators "All seats taken" "Nobody can be added any more";
    LeadAssigned         "sales.lead_assigned"         Sales   true  true  true  Digest    Normal   Anybody "Lead assigned" "A lead is yours now";
    DealStageChanged     "sales.deal_stage_changed"    Sales   true  false false Digest    Low      Anybody "Deal moved" "A deal of yours has another stage";
    DealWon              "sales.deal_won"              Sales   true  true  false Digest    Normal   Anybody "Deal won" "A deal was won";
    LeadInactive         "sales.lead_inactive"         Sales   true  false true  Digest    Low      Anybody "Lead inactive" "Nothing has happened with a lead of yours";
    TaskAssigned         "tasks.assigned"              Tasks   true  true  true  Digest    Normal   Anybody "Task assigned" "A task is yours now";
    TaskDueSoon          "tasks.due_soon"              Tasks   true  true  false Digest    Normal   Anybody "Task due soon" "A task of yours is due soon";
    TaskOverdue          "tasks.overdue"               Tasks   true  true  true  Digest    High     Anybody "Task overdue" "A task of yours is overdue";
    TaskCompleted        "tasks.completed"             Tasks   true  false false Digest    Low      Anybody "Task completed" "A task that you created was completed";
    TaskCommentAdded     "tasks.comment_added"         Tasks   true  false false Digest    Low      Anybody "Comment on a task" "Somebody has commented on a task of yours";
    Announcement         "system.announcement"         System  true  false false Plain     Normal   Anybody "Announcement" "News for everybody";
    Maintenance          "system.maintenance"          System  true  false true  Mandatory High     Anybody "Maintenance" "The service will be interrupted";
    EmailDeliveryFailed  "system.email_delivery_failed" System true  false false Plain     High     Administrators "Mail not delivered" "Mails of the company could not be delivered";
    SetupIncomplete      "system.setup_incomplete"     System  true  false true  Digest    Low      Administrators "Set-up unfinished" "Steps of the set-up are open";
    EntityMerged         "system.entity_merged"        System  true  false false Digest    Low      Anybody "Record merged" "A record that you created was merged into another";
}

impl EventKey {
    pub const fn module(self) -> Module {
        self.row().0
    }

    /// Whether it goes over a channel when nobody has chosen.
    pub const fn is_on_by_default(self, channel: Channel) -> bool {
        let [in_app, push, email] = self.row().1;
        match channel {
            Channel::InApp => in_app,
            Channel::Push => push,
            Channel::Email => email,
        }
    }

    /// Goes over its channels whatever anybody has chosen, also in quiet hours.
    pub const fn is_mandatory(self) -> bool {
        matches!(self.row().2, Flag::Mandatory)
    }

    /// Its mails may wait for a digest.
    pub const fn is_digestible(self) -> bool {
        matches!(self.row().2, Flag::Digest)
    }

    pub const fn priority(self) -> Priority {
        self.row().3
    }

    /// Nobody but administrators is ever notified of it.
    pub const fn is_for_administrators(self) -> bool {
        matches!(self.row().4, Audience::Administrators)
    }

    /// Reaches people who cannot sign in, or whose address is not proven yet.
    pub const fn reaches_outsiders(self) -> bool {
        matches!(self, Self::UserInvited | Self::UserDeactivated | Self::PasswordReset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_begins_with_its_module() {
        assert_eq!(EventKey::ALL.len(), 35);
        for event in EventKey::ALL {
            let (module, _) = event.word().split_once('.').unwrap();
            assert_eq!(module, event.module().word(), "{event:?}");
        }
    }

    #[test]
    fn nothing_is_mandatory_and_off() {
        for event in EventKey::ALL.iter().filter(|event| event.is_mandatory()) {
            let channels = [Channel::InApp, Channel::Push, Channel::Email];
            assert!(channels.iter().any(|channel| event.is_on_by_default(*channel)), "{event:?}");
        }
    }
}
