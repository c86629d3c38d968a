//! How it was decided whether, when and by which way somebody is told of something.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::words;

words! {
    /// What became of an event on a channel.
    OutcomeKind {
        Deliver = "deliver",
        DeliverSilent = "deliver_silent",
        Hold = "hold",
        Digest = "digest",
        Skip = "skip",
    }
}

words! {
    /// A rule, in the order in which they are asked.
    Rule {
        Possible = "possible",
        Mandatory = "mandatory",
        TenantSwitch = "tenant_switch",
        MasterSwitch = "master_switch",
        ConversationMute = "conversation_mute",
        OwnChoice = "own_choice",
        TenantDefault = "tenant_default",
        Default = "default",
        Digest = "digest",
        DoNotDisturb = "do_not_disturb",
        Activity = "activity",
    }
}

words! {
    /// What a rule said.
    RuleResult { Passed = "passed", Decided = "decided", NotApplicable = "not_applicable", }
}

words! {
    /// Why an event goes over a channel, does not, or waits.
    Reason {
        NoDevice = "no_device",
        NoTransport = "no_transport",
        AddressNotVerified = "address_not_verified",
        RecipientNotActive = "recipient_not_active",
        Mandatory = "mandatory",
        TenantOff = "tenant_off",
        MasterOff = "master_off",
        Muted = "muted",
        ChosenOff = "chosen_off",
        OffByDefault = "off_by_default",
        NoDigestWanted = "no_digest_wanted",
        WaitsForDigest = "waits_for_digest",
        QuietTime = "quiet_time",
        ReadingNow = "reading_now",
        MayBeReading = "may_be_reading",
        Wanted = "wanted",
    }
}

/// A rule that was asked, what it said, and what it looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleAsked {
    pub rule: Rule,
    pub result: RuleResult,
    #[schema(value_type = Object)]
    pub inputs: Value,
}
