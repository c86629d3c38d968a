//! What the texts of each event may name. Samples hold no token that ever worked.

use serde_json::{Map, Value, json};
use tidewire_protocol::{
    model::notification_templates::{
        TemplateVariable,
        VariableType::{self, Date, Number, String as Text, Url},
    },
    notification_event::EventKey,
};

use super::{About, TemplateId};

/// Something that a text may name.
#[derive(Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: &'static str,
    pub kind: VariableType,
    pub description: &'static str,
    /// What the text is about.
    pub required: bool,
    pub sample: &'static str,
}

impl Variable {
    pub fn show(&self) -> TemplateVariable {
        TemplateVariable {
            name: self.name.to_owned(),
            kind: self.kind,
            description: self.description.to_owned(),
            required: self.required,
            sample: self.sample.to_owned(),
        }
    }
}

/// Values to try a text with; `given` ones stand in the place of samples. The one item of a digest has
/// the fields whose names begin with `items.`.
pub(super) fn samples(id: TemplateId, given: &Map<String, Value>) -> Map<String, Value> {
    let mut values = Map::new();
    let mut item = Map::new();
    for Variable { name, sample, .. } in id.variables() {
        let value = given.get(*name).cloned().unwrap_or_else(|| (*sample).into());
        match name.strip_prefix("items.") {
            Some(field) => item.insert(field.to_owned(), value),
            None => values.insert((*name).to_owned(), value),
        };
    }
    values.insert("items".to_owned(), json!([item]));
    values
}

const fn may(
    name: &'static str,
    kind: VariableType,
    description: &'static str,
    sample: &'static str,
) -> Variable {
    Variable { name, kind, description, required: false, sample }
}

const fn must(
    name: &'static str,
    kind: VariableType,
    description: &'static str,
    sample: &'static str,
) -> Variable {
    Variable { name, kind, description, required: true, sample }
}

/// What any text may name.
static EVERYWHERE: [Variable; 2] = [
    may("recipientName", Text, "The name of the reader", "Ada Lovelace"),
    may("tenantName", Text, "The name of the company", "Acme"),
];

pub(super) fn of(about: About) -> impl Iterator<Item = &'static Variable> {
    let own = match about {
        About::Event(event) => of_event(event),
        About::Digest => DIGEST,
    };
    own.iter().chain(&EVERYWHERE)
}

macro_rules! variables {
    ($($event:ident [$($variable:expr),*];)+) => {
        const fn of_event(event: EventKey) -> &'static [Variable] {
            match event {
                $(EventKey::$event => const { &[$($variable),*] },)+
            }
        }
    };
}

const ACTION: Variable =
    may("actionUrl", Url, "Where it is seen in the product", "https://tide.example/open/17");
const CHANNEL: Variable =
    may("channelUrl", Url, "Where the conversation is", "https://tide.example/chat/17");
const EXPIRES: Variable =
    may("expiresAt", Date, "Until when the link works", "2026-01-31 08:15 UTC");
const ADDRESS: Variable = may("ipAddress", Text, "The address that it came from", "192.0.2.7");
const AT: Variable = may("at", Date, "When it was", "2026-01-31 08:15 UTC");
const ACTOR: Variable = may("actorName", Text, "Who did it", "Grace Hopper");
const SENDER: Variable = must("senderName", Text, "Who has written", "Grace Hopper");
const GROUP: Variable = may("channelName", Text, "The name of the group", "Harbour");
const PREVIEW: Variable = may("preview", Text, "How the text begins", "High tide is at noon");
const PLAN: Variable = may("planName", Text, "The name of the plan", "Business");
const AMOUNT: Variable = may("amount", Text, "How much, with its currency", "49.00 EUR");
const LEAD: Variable = must("leadName", Text, "The name of the lead", "Harbour Masters Ltd");
const DEAL: Variable = must("dealName", Text, "The name of the deal", "Ten lighthouses");
const TASK: Variable = must("taskTitle", Text, "What is to be done", "Check the moorings");
const DUE: Variable = may("dueAt", Date, "When it is due", "2026-01-31 08:15 UTC");

/// What a digest may name; of its items only in a loop over them.
const DIGEST: &[Variable] = &[
    may("items.title", Text, "What has happened", "Task assigned"),
    may("items.text", Text, "More about it", "Grace Hopper has given you a task."),
    may("items.url", Url, "Where it is seen in the product", "https://tide.example/open/17"),
    may("count", Number, "How many notifications there are", "3"),
    may("more", Number, "How many more there are than the mail shows", "2"),
    ACTION,
];

#[rustfmt::skip]
variables! {
    EmailVerification    [must("verifyUrl", Url, "The link that proves the address", "https://tide.example/verify-email?token=sample"), EXPIRES];
    PasswordReset        [must("resetUrl", Url, "The link to a new password", "https://tide.example/reset-password?token=sample"), EXPIRES, ADDRESS];
    PasswordChanged      [may("changedAt", Date, "When it was", "2026-01-31 08:15 UTC"), ADDRESS];
    NewDeviceLogin       [may("device", Text, "What the device says of itself", "Firefox on Linux"), ADDRESS, AT];
    SessionRevoked       [may("reason", Text, "Why it was ended", "its key was used a second time"), AT];
    Throttled            [may("attempts", Number, "How many sign-ins have failed", "10"), ADDRESS];
    UserInvited          [may("inviterName", Text, "Who invites", "Grace Hopper"), must("acceptUrl", Url, "The link by which the invitation is accepted", "https://tide.example/accept-invitation?token=sample"), EXPIRES];
    InvitationAccepted   [must("userName", Text, "Who has joined", "Grace Hopper"), ACTION];
    RoleChanged          [may("oldRole", Text, "The role before", "user"), must("newRole", Text, "The role now", "manager"), ACTOR];
    UserDeactivated      [];
    UserActivated        [may("loginUrl", Url, "Where one signs in", "https://tide.example/")];
    DirectMessage        [SENDER, PREVIEW, CHANNEL];
    GroupMessage         [SENDER, GROUP, PREVIEW, CHANNEL];
    Mention              [SENDER, GROUP, PREVIEW, CHANNEL];
    AddedToGroup         [must("channelName", Text, "The name of the group", "Harbour"), ACTOR, CHANNEL];
    TrialEnding          [may("daysLeft", Number, "How many days are left", "3"), PLAN, ACTION];
    TrialEnded           [PLAN, ACTION];
    PaymentFailed        [AMOUNT, may("nextAttemptAt", Date, "When it is tried again", "2026-02-03 08:00 UTC"), ACTION];
    PaymentSucceeded     [AMOUNT, may("periodEnd", Date, "Until when it is paid", "2026-02-28 00:00 UTC"), ACTION];
    SubscriptionCanceled [may("endsAt", Date, "When it ends", "2026-02-28 00:00 UTC"), ACTION];
    SeatLimitReached     [may("used", Number, "How many seats are taken", "25"), may("limit", Number, "How many seats the plan has", "25"), ACTION];
    LeadAssigned         [LEAD, may("assignedBy", Text, "Who has assigned it", "Grace Hopper"), ACTION];
    DealStageChanged     [DEAL, may("stage", Text, "The stage now", "Negotiation"), ACTION];
    DealWon              [DEAL, AMOUNT, ACTION];
    LeadInactive         [LEAD, may("days", Number, "For how many days nothing has happened", "14"), ACTION];
    TaskAssigned         [TASK, DUE, may("assignedBy", Text, "Who has assigned it", "Grace Hopper"), ACTION];
    TaskDueSoon          [TASK, DUE, ACTION];
    TaskOverdue          [TASK, DUE, ACTION];
    TaskCompleted        [TASK, may("completedBy", Text, "Who has completed it", "Grace Hopper"), ACTION];
    TaskCommentAdded     [TASK, may("authorName", Text, "Who has commented", "Grace Hopper"), PREVIEW, ACTION];
    Announcement         [must("headline", Text, "What it is about", "Office closed on Friday"), may("text", Text, "What is announced", "See you all on Monday."), ACTION];
    Maintenance          [must("startsAt", Date, "When it begins", "2026-01-31 22:00 UTC"), may("endsAt", Date, "When it ends", "2026-01-31 23:00 UTC")];
    EmailDeliveryFailed  [may("count", Number, "How many mails", "4"), may("lastCode", Text, "What the mail server said last", "550"), ACTION];
    SetupIncomplete      [may("remaining", Number, "How many steps are open", "5"), ACTION];
    EntityMerged         [must("winnerName", Text, "The record that stays", "Harbour Masters Ltd"), may("loserName", Text, "The record that went into it", "Harbour Masters"), ACTION];
}
