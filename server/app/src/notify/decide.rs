//! One decision for each event, person and channel: a pure function of what is known at the moment of
//! delivery, with its reasons in order. The first rule that applies decides.

use serde::Serialize;
use serde_json::{Value, json};
use tidewire_protocol::{
    Timestamp,
    model::{
        notification_decisions::{OutcomeKind, Reason, Rule, RuleAsked, RuleResult},
        notification_preferences::{Channel, Priority},
    },
    notification_event::EventKey,
};

/// How long a push waits for somebody who has a connection open: they may be reading already.
pub const LIVE_HOLD_MS: i64 = 10_000;

/// How loud a conversation is for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mute {
    No,
    AllButMentions,
    Everything,
}

/// When mails that may wait are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DigestChoice {
    Instant,
    Collected,
    Never,
}

/// All that decides, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are facts, each on its own")]
pub struct Situation {
    pub event: EventKey,
    pub channel: Channel,
    /// The person can sign in.
    pub is_active: bool,
    /// The person's address is proven to be theirs.
    pub is_address_verified: bool,
    /// There is a device to push to.
    pub has_device: bool,
    /// Mail, or push, leaves this installation at all.
    pub has_transport: bool,
    /// What the company has decided for the channel.
    pub tenant_switch: bool,
    /// What the person has decided for the channel.
    pub master_switch: bool,
    /// How loud the conversation is that the event belongs to; absent for what belongs to none.
    pub mute: Option<Mute>,
    /// The person's choice for this event and channel.
    pub own_choice: Option<bool>,
    /// What the company has chosen in place of the table's default.
    pub tenant_default: Option<bool>,
    pub digest: DigestChoice,
    /// Alerts are held until then.
    pub quiet_until: Option<Timestamp>,
    /// The person is looking at the conversation.
    pub is_reading: bool,
    /// The person has a connection open.
    pub is_live: bool,
    pub now: Timestamp,
}

/// What becomes of the event on the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Deliver,
    /// Stored and shown, without a sound.
    DeliverSilent,
    /// Asked again then.
    Hold {
        until: Timestamp,
    },
    Digest,
    Skip,
}

impl Outcome {
    pub const fn kind(self) -> OutcomeKind {
        match self {
            Self::Deliver => OutcomeKind::Deliver,
            Self::DeliverSilent => OutcomeKind::DeliverSilent,
            Self::Hold { .. } => OutcomeKind::Hold,
            Self::Digest => OutcomeKind::Digest,
            Self::Skip => OutcomeKind::Skip,
        }
    }

    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Self::Hold { until } => Some(until),
            Self::Deliver | Self::DeliverSilent | Self::Digest | Self::Skip => None,
        }
    }
}

/// What was decided, by the last of the rules that were asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub outcome: Outcome,
    pub reason: Reason,
    pub asked: Vec<RuleAsked>,
}

type Verdict = Option<(Outcome, Reason)>;

/// A rule's verdict with what it looked at; `None` in the place of the inputs where it does not apply.
type Answer = (Option<Value>, Verdict);

/// Decides. Nothing is asked that comes after the rule which decided.
pub fn decide(situation: &Situation) -> Decision {
    type Question = fn(&Situation) -> Answer;
    const RULES: [(Rule, Question); 11] = [
        (Rule::Possible, possible),
        (Rule::Mandatory, mandatory),
        (Rule::TenantSwitch, tenant_switch),
        (Rule::MasterSwitch, master_switch),
        (Rule::ConversationMute, conversation_mute),
        (Rule::OwnChoice, own_choice),
        (Rule::TenantDefault, tenant_default),
        (Rule::Default, default),
        (Rule::Digest, digest),
        (Rule::DoNotDisturb, do_not_disturb),
        (Rule::Activity, activity),
    ];
    let mut asked = Vec::new();
    for (rule, question) in RULES {
        let (inputs, verdict) = question(situation);
        let result = match (&inputs, verdict) {
            (_, Some(_)) => RuleResult::Decided,
            (Some(_), None) => RuleResult::Passed,
            (None, None) => RuleResult::NotApplicable,
        };
        asked.push(RuleAsked { rule, result, inputs: inputs.unwrap_or_else(|| json!({})) });
        if let Some((outcome, reason)) = verdict {
            return Decision { outcome, reason, asked };
        }
    }
    Decision { outcome: Outcome::Deliver, reason: Reason::Wanted, asked }
}

const fn skip(reason: Reason) -> (Outcome, Reason) {
    (Outcome::Skip, reason)
}

fn possible(it: &Situation) -> Answer {
    let inputs = match it.channel {
        Channel::InApp => json!({ "active": it.is_active }),
        Channel::Push => json!({
            "active": it.is_active, "devices": it.has_device, "transport": it.has_transport,
        }),
        Channel::Email => json!({
            "active": it.is_active, "addressVerified": it.is_address_verified,
            "transport": it.has_transport,
        }),
    };
    let (needs_device, needs_transport) =
        (it.channel == Channel::Push, it.channel != Channel::InApp);
    let needs_address = it.channel == Channel::Email && !it.event.is_mandatory();
    let verdict = if !it.is_active && !it.event.reaches_outsiders() {
        Some(Reason::RecipientNotActive)
    } else if needs_transport && !it.has_transport {
        Some(Reason::NoTransport)
    } else if needs_device && !it.has_device {
        Some(Reason::NoDevice)
    } else if needs_address && !it.is_address_verified {
        Some(Reason::AddressNotVerified)
    } else {
        None
    };
    (Some(inputs), verdict.map(skip))
}

/// A mandatory event goes where the table says, and nowhere else.
fn mandatory(it: &Situation) -> Answer {
    if !it.event.is_mandatory() {
        return (None, None);
    }
    let is_offered = it.event.is_on_by_default(it.channel);
    let verdict =
        if is_offered { (Outcome::Deliver, Reason::Mandatory) } else { skip(Reason::OffByDefault) };
    (Some(json!({ "mandatory": true, "offered": is_offered })), Some(verdict))
}

fn tenant_switch(it: &Situation) -> Answer {
    let verdict = (!it.tenant_switch).then_some(skip(Reason::TenantOff));
    (Some(json!({ "enabled": it.tenant_switch })), verdict)
}

fn master_switch(it: &Situation) -> Answer {
    let verdict = (!it.master_switch).then_some(skip(Reason::MasterOff));
    (Some(json!({ "enabled": it.master_switch })), verdict)
}

fn conversation_mute(it: &Situation) -> Answer {
    let Some(mute) = it.mute else { return (None, None) };
    let is_silenced = match mute {
        Mute::No => false,
        Mute::AllButMentions => it.event != EventKey::Mention,
        Mute::Everything => true,
    };
    let verdict = is_silenced.then_some(skip(Reason::Muted));
    (Some(json!({ "mute": mute })), verdict)
}

/// A choice for a channel says so whatever the defaults are; only one against it ends the questions.
fn own_choice(it: &Situation) -> Answer {
    let Some(chosen) = it.own_choice else { return (None, None) };
    let verdict = (!chosen).then_some(skip(Reason::ChosenOff));
    (Some(json!({ "enabled": chosen })), verdict)
}

fn tenant_default(it: &Situation) -> Answer {
    let (None, Some(default)) = (it.own_choice, it.tenant_default) else { return (None, None) };
    let verdict = (!default).then_some(skip(Reason::OffByDefault));
    (Some(json!({ "enabled": default })), verdict)
}

fn default(it: &Situation) -> Answer {
    if it.own_choice.is_some() || it.tenant_default.is_some() {
        return (None, None);
    }
    let default = it.event.is_on_by_default(it.channel);
    let verdict = (!default).then_some(skip(Reason::OffByDefault));
    (Some(json!({ "enabled": default })), verdict)
}

/// The digest waits for the end of a quiet time by itself.
fn digest(it: &Situation) -> Answer {
    if it.channel != Channel::Email || !it.event.is_digestible() {
        return (None, None);
    }
    let verdict = match it.digest {
        DigestChoice::Instant => None,
        DigestChoice::Collected => Some((Outcome::Digest, Reason::WaitsForDigest)),
        DigestChoice::Never => Some(skip(Reason::NoDigestWanted)),
    };
    (Some(json!({ "digest": it.digest })), verdict)
}

/// Alerts are held; what is only stored is stored without a sound.
fn do_not_disturb(it: &Situation) -> Answer {
    let passes = it.event.priority() == Priority::Critical;
    let inputs = json!({ "quietUntil": it.quiet_until, "critical": passes });
    let verdict = match (it.quiet_until.filter(|_| !passes), it.channel) {
        (None, _) => None,
        (Some(_), Channel::InApp) => Some((Outcome::DeliverSilent, Reason::QuietTime)),
        (Some(until), Channel::Push | Channel::Email) => {
            Some((Outcome::Hold { until }, Reason::QuietTime))
        }
    };
    (Some(inputs), verdict)
}

/// Whoever reads it on a screen is not called to another one.
fn activity(it: &Situation) -> Answer {
    let inputs = json!({ "reading": it.is_reading, "live": it.is_live });
    let verdict = match it.channel {
        Channel::Push | Channel::Email if it.is_reading => Some(skip(Reason::ReadingNow)),
        Channel::Push if it.is_live => {
            let until = it.now.plus_ms(LIVE_HOLD_MS);
            Some((Outcome::Hold { until }, Reason::MayBeReading))
        }
        Channel::InApp if it.is_reading => Some((Outcome::DeliverSilent, Reason::ReadingNow)),
        Channel::InApp | Channel::Push | Channel::Email => None,
    };
    (Some(inputs), verdict)
}

#[cfg(test)]
mod tests;
