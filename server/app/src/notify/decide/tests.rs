//! Every event on every channel in every kind of situation, against rules that are written here once
//! more, from the table's point of view.

use super::*;

const NOW: Timestamp = Timestamp::from_ms(1_750_000_000_000);
const LATER: Timestamp = Timestamp::from_ms(1_750_020_000_000);
const CHANNELS: [Channel; 3] = [Channel::InApp, Channel::Push, Channel::Email];

/// Somebody who can be reached by every way and has chosen nothing.
fn plain(event: EventKey, channel: Channel) -> Situation {
    Situation {
        event,
        channel,
        is_active: true,
        is_address_verified: true,
        has_device: true,
        has_transport: true,
        tenant_switch: true,
        master_switch: true,
        mute: None,
        own_choice: None,
        tenant_default: None,
        digest: DigestChoice::Instant,
        quiet_until: None,
        is_reading: false,
        is_live: false,
        now: NOW,
    }
}

fn of(situation: &Situation) -> (Outcome, Reason) {
    let decision = decide(situation);
    (decision.outcome, decision.reason)
}

fn each(check: impl Fn(EventKey, Channel)) {
    for event in EventKey::ALL {
        for channel in CHANNELS {
            check(*event, channel);
        }
    }
}

/// What the table alone says.
fn by_the_table(event: EventKey, channel: Channel) -> (Outcome, Reason) {
    match (event.is_on_by_default(channel), event.is_mandatory()) {
        (true, true) => (Outcome::Deliver, Reason::Mandatory),
        (true, false) => (Outcome::Deliver, Reason::Wanted),
        (false, _) => (Outcome::Skip, Reason::OffByDefault),
    }
}

#[test]
fn without_any_choice_the_table_decides() {
    each(|event, channel| assert_eq!(of(&plain(event, channel)), by_the_table(event, channel)));
    let on = |channel| EventKey::ALL.iter().filter(|event| event.is_on_by_default(channel)).count();
    assert_eq!(CHANNELS.map(on), [26, 9, 22]);
    assert_eq!(EventKey::ALL.iter().filter(|event| event.is_mandatory()).count(), 12);
    assert_eq!(EventKey::ALL.iter().filter(|event| event.is_digestible()).count(), 17);
}

#[test]
fn what_is_off_stays_off_unless_it_is_mandatory() {
    type SwitchOff = fn(&mut Situation);
    let offs: [(SwitchOff, Reason); 3] = [
        (|it| it.tenant_switch = false, Reason::TenantOff),
        (|it| it.master_switch = false, Reason::MasterOff),
        (|it| it.own_choice = Some(false), Reason::ChosenOff),
    ];
    for (off, reason) in offs {
        each(|event, channel| {
            let mut situation = plain(event, channel);
            off(&mut situation);
            let expected = if event.is_mandatory() {
                by_the_table(event, channel)
            } else {
                (Outcome::Skip, reason)
            };
            assert_eq!(of(&situation), expected, "{event:?} {channel:?}");
        });
    }
}

#[test]
fn a_choice_for_a_channel_beats_the_defaults_and_no_switch() {
    each(|event, channel| {
        let chosen = Situation { own_choice: Some(true), ..plain(event, channel) };
        let expected = if event.is_mandatory() {
            by_the_table(event, channel)
        } else {
            (Outcome::Deliver, Reason::Wanted)
        };
        assert_eq!(of(&chosen), expected, "{event:?} {channel:?}");
        let against = Situation { tenant_default: Some(false), ..chosen };
        assert_eq!(of(&against), expected, "the company's default is weaker");
        if !event.is_mandatory() {
            let switched_off = Situation { master_switch: false, ..chosen };
            assert_eq!(of(&switched_off), (Outcome::Skip, Reason::MasterOff));
            let default = Situation { tenant_default: Some(true), ..plain(event, channel) };
            assert_eq!(of(&default), (Outcome::Deliver, Reason::Wanted));
        }
    });
}

#[test]
fn a_muted_conversation_is_silent_but_for_mentions_where_they_are_let_through() {
    each(|event, channel| {
        for mute in [Mute::No, Mute::AllButMentions, Mute::Everything] {
            let situation = Situation { mute: Some(mute), ..plain(event, channel) };
            let is_silenced = match mute {
                Mute::No => false,
                Mute::AllButMentions => event.word() != "chat.mention",
                Mute::Everything => true,
            };
            let expected = if is_silenced && !event.is_mandatory() {
                (Outcome::Skip, Reason::Muted)
            } else {
                by_the_table(event, channel)
            };
            assert_eq!(of(&situation), expected, "{event:?} {channel:?} {mute:?}");
        }
    });
}

#[test]
fn quiet_times_hold_alerts_and_silence_the_rest_but_for_what_is_urgent() {
    each(|event, channel| {
        let situation = Situation { quiet_until: Some(LATER), ..plain(event, channel) };
        let table = by_the_table(event, channel);
        let urgent = event.is_mandatory() || event.priority().word() == "critical";
        let expected = match (table.0, channel) {
            (Outcome::Deliver, Channel::InApp) if !urgent => {
                (Outcome::DeliverSilent, Reason::QuietTime)
            }
            (Outcome::Deliver, _) if !urgent => (Outcome::Hold { until: LATER }, Reason::QuietTime),
            _ => table,
        };
        assert_eq!(of(&situation), expected, "{event:?} {channel:?}");
    });
}

#[test]
fn mails_that_may_wait_wait_for_the_digest_also_in_quiet_times() {
    each(|event, channel| {
        for quiet_until in [None, Some(LATER)] {
            for (digest, expected) in [
                (DigestChoice::Collected, (Outcome::Digest, Reason::WaitsForDigest)),
                (DigestChoice::Never, (Outcome::Skip, Reason::NoDigestWanted)),
            ] {
                let situation = Situation { digest, quiet_until, ..plain(event, channel) };
                let without = Situation { quiet_until, ..plain(event, channel) };
                let may_wait = channel == Channel::Email
                    && event.is_digestible()
                    && event.is_on_by_default(channel);
                let expected = if may_wait { expected } else { of(&without) };
                assert_eq!(of(&situation), expected, "{event:?} {channel:?}");
            }
        }
    });
}

#[test]
fn whoever_reads_is_not_called_and_whoever_may_be_reading_is_called_later() {
    each(|event, channel| {
        let reading = Situation { is_reading: true, is_live: true, ..plain(event, channel) };
        let live = Situation { is_live: true, ..plain(event, channel) };
        let table = by_the_table(event, channel);
        let (when_reading, when_live) = match (table, channel) {
            ((Outcome::Deliver, Reason::Wanted), Channel::InApp) => {
                ((Outcome::DeliverSilent, Reason::ReadingNow), table)
            }
            ((Outcome::Deliver, Reason::Wanted), Channel::Push) => {
                let until = NOW.plus_ms(10_000);
                (
                    (Outcome::Skip, Reason::ReadingNow),
                    (Outcome::Hold { until }, Reason::MayBeReading),
                )
            }
            ((Outcome::Deliver, Reason::Wanted), Channel::Email) => {
                ((Outcome::Skip, Reason::ReadingNow), table)
            }
            _ => (table, table),
        };
        assert_eq!(of(&reading), when_reading, "{event:?} {channel:?}");
        assert_eq!(of(&live), when_live, "{event:?} {channel:?}");
    });
}

#[test]
fn the_impossible_comes_before_everything() {
    each(|event, channel| {
        let base = plain(event, channel);
        let outside = ["users.invited", "users.deactivated", "auth.password_reset"];
        let inactive = Situation { is_active: false, ..base };
        if !outside.contains(&event.word()) {
            assert_eq!(of(&inactive), (Outcome::Skip, Reason::RecipientNotActive));
        }
        let no_device = of(&Situation { has_device: false, ..base });
        let no_transport = of(&Situation { has_transport: false, ..base });
        let unverified = of(&Situation { is_address_verified: false, ..base });
        let table = by_the_table(event, channel);
        let (device, transport, verified) = match channel {
            Channel::InApp => (table, table, table),
            Channel::Push => {
                ((Outcome::Skip, Reason::NoDevice), (Outcome::Skip, Reason::NoTransport), table)
            }
            Channel::Email if event.is_mandatory() => {
                (table, (Outcome::Skip, Reason::NoTransport), table)
            }
            Channel::Email => (
                table,
                (Outcome::Skip, Reason::NoTransport),
                (Outcome::Skip, Reason::AddressNotVerified),
            ),
        };
        assert_eq!((no_device, no_transport, unverified), (device, transport, verified));
    });
}

#[test]
fn a_decision_tells_its_rules_in_order_up_to_the_one_that_decided() {
    let decision =
        decide(&Situation { quiet_until: Some(LATER), ..plain(EventKey::Mention, Channel::Push) });
    let told: Vec<_> =
        decision.asked.iter().map(|asked| (asked.rule.word(), asked.result.word())).collect();
    assert_eq!(
        told,
        [
            ("possible", "passed"),
            ("mandatory", "not_applicable"),
            ("tenant_switch", "passed"),
            ("master_switch", "passed"),
            ("conversation_mute", "not_applicable"),
            ("own_choice", "not_applicable"),
            ("tenant_default", "not_applicable"),
            ("default", "passed"),
            ("digest", "not_applicable"),
            ("do_not_disturb", "decided"),
        ]
    );
    let last = decision.asked.last().unwrap();
    assert_eq!(last.inputs, json!({ "quietUntil": LATER, "critical": false }));
    each(|event, channel| {
        let decision = decide(&plain(event, channel));
        let decided = decision.asked.iter().filter(|it| it.result == RuleResult::Decided).count();
        assert_eq!(
            decided,
            usize::from(decision.reason != Reason::Wanted),
            "{event:?} {channel:?}"
        );
    });
}
