use serde_json::json;
use tidewire_protocol::{model::notification_preferences::Channel, notification_event::EventKey};

use super::*;

fn shown_as(event: EventKey, name: &str, value: Value) -> Option<String> {
    let id = TemplateId::of(event, Channel::Email).unwrap();
    let values = Map::from_iter([(name.to_owned(), value)]);
    let value = shown(id, &values).get_attr(name).unwrap();
    (!value.is_undefined()).then(|| value.to_string())
}

#[test]
fn links_lead_into_the_web_or_nowhere() {
    for (url, is_kept) in [
        ("https://tide.example/a?b=c&d", true),
        ("http://localhost:8080/", true),
        ("javascript:alert(1)", false),
        ("data:text/html,x", false),
        ("/relative", false),
        ("https://a.example/ x", false),
        ("java\nscript:x", false),
        (&format!("https://a.example/{}", "x".repeat(3_000)), false),
    ] {
        let shown = shown_as(EventKey::PasswordReset, "resetUrl", json!(url));
        assert_eq!(shown, is_kept.then(|| url.to_owned()), "{url}");
    }
    assert_eq!(shown_as(EventKey::PasswordReset, "resetUrl", json!(7)), None);
}

#[test]
fn instants_are_told_to_the_minute() {
    let shown = |value| shown_as(EventKey::PasswordReset, "expiresAt", value);
    assert_eq!(shown(json!("2025-01-31T08:15:30.123Z")).unwrap(), "2025-01-31 08:15 UTC");
    assert_eq!(shown(json!("2025-01-31T09:15:30+01:00")).unwrap(), "2025-01-31 08:15 UTC");
    assert_eq!(shown(json!("next week")).unwrap(), "next week");
}

#[test]
fn a_long_value_is_cut_and_control_characters_go() {
    let shown = |value| shown_as(EventKey::LeadAssigned, "leadName", value).unwrap();
    assert_eq!(shown(json!("ö".repeat(10_000))).chars().count(), BOUNDS.text_chars_max);
    assert_eq!(shown(json!("a\u{0}b\u{1b}[1m\tc\nd\r")), "ab[1m\tc\nd");
}

#[test]
fn numbers_and_what_nobody_declared() {
    assert_eq!(shown_as(EventKey::Throttled, "attempts", json!(12)).unwrap(), "12");
    assert_eq!(shown_as(EventKey::Throttled, "attempts", json!(1.5)).unwrap(), "1.5");
    assert_eq!(shown_as(EventKey::Throttled, "attempts", json!("12")).unwrap(), "12");
    assert_eq!(shown_as(EventKey::Throttled, "resetUrl", json!("https://a.example/")), None);
    assert_eq!(shown_as(EventKey::Throttled, "attempts", json!({"a": 1})), None);
}
