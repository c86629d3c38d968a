//! Whether a value is one that a setting takes, and in which spelling it is kept.

use serde_json::{Map, Value, json};
use tidewire_protocol::{
    input::{self, Fields},
    limits::PASSWORD_CHARS_MAX,
    locale::{canonical_locale, canonical_time_zone},
    model::org_settings::{SettingKey, SettingKind},
};

use crate::{
    Error, Result,
    email_address::{EmailAddress, domain_key},
};

/// The value as it is kept. `null` is for those settings that may have none.
pub(super) fn value(key: SettingKey, value: &Value) -> Result<Value> {
    let kind = key.kind();
    let nullable =
        matches!(kind, SettingKind::Email | SettingKind::HttpsUrl { .. } | SettingKind::Profile);
    if value.is_null() && nullable {
        return Ok(Value::Null);
    }
    let object = Map::from_iter([("value".to_owned(), value.clone())]);
    input::read_with(&object, |fields| read(fields, kind)).map_err(|errors| {
        let rule = errors.first().map_or("value", |error| error.rule.as_str());
        Error::invalid_field("value", rule, &kind.expectation())
    })
}

fn read(fields: &mut Fields<'_>, kind: SettingKind) -> Option<Value> {
    match kind {
        SettingKind::Line { min, max } => fields.line("value", min, max).map(Value::from),
        SettingKind::Text { max } => {
            fields.nullable_text("value", max).map(|text| text.unwrap_or_default().into())
        }
        SettingKind::Email => {
            let typed = fields.email("value")?;
            text(fields, EmailAddress::parse(&typed).map(|email| email.typed))
        }
        SettingKind::HttpsUrl { max } => {
            let typed = input::https_url(fields, "value")?;
            text(fields, (typed.len() <= max).then_some(typed))
        }
        SettingKind::TimeZone => {
            let typed = fields.line("value", 1, PASSWORD_CHARS_MAX)?;
            text(fields, canonical_time_zone(&typed))
        }
        SettingKind::Locale => {
            let typed = fields.line("value", 1, PASSWORD_CHARS_MAX)?;
            text(fields, canonical_locale(&typed))
        }
        SettingKind::Color => {
            let typed = fields.line("value", 7, 7)?;
            text(fields, is_color(&typed).then(|| typed.to_ascii_uppercase()))
        }
        SettingKind::OneOf(words) => {
            let typed = fields.line("value", 1, PASSWORD_CHARS_MAX)?;
            text(fields, words.contains(&&*typed).then_some(typed))
        }
        SettingKind::Integer { min, max } => fields.integer("value", min, max).map(Value::from),
        SettingKind::Profile => fields.integer("value", 1, i64::from(i32::MAX)).map(Value::from),
        SettingKind::Bool => fields.optional_bool("value").map(Value::from),
        SettingKind::Domains { max } => domains(fields, max),
    }
}

fn text(fields: &mut Fields<'_>, text: Option<String>) -> Option<Value> {
    text.map_or_else(
        || fields.fail("value", "value", "is none of its kind"),
        |text| Some(text.into()),
    )
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// As addresses are compared, each once.
fn domains(fields: &mut Fields<'_>, max: usize) -> Option<Value> {
    let Some(Value::Array(items)) = fields.value("value") else {
        return fields.fail("value", "type", "must be an array");
    };
    if items.len() > max {
        return fields.fail("value", "count", "has too many");
    }
    let mut keys: Vec<String> = Vec::new();
    for item in items {
        match item.as_str().and_then(|domain| domain_key(domain.trim())) {
            Some(key) if keys.contains(&key) => {}
            Some(key) => keys.push(key),
            None => return fields.fail("value", "domain", "must hold domains"),
        }
    }
    Some(json!(keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(key: SettingKey, typed: &Value) -> Option<Value> {
        value(key, typed).ok()
    }

    #[test]
    fn values_are_kept_in_their_usual_spelling() {
        use SettingKey as Key;
        for (key, typed, expected) in [
            (Key::CompanyName, json!(" Cafe\u{301} "), json!("Café")),
            (Key::SupportEmail, json!("Help@Acme.Example"), json!("Help@Acme.Example")),
            (Key::SupportEmail, json!(null), json!(null)),
            (Key::Website, json!("https://acme.example/x"), json!("https://acme.example/x")),
            (Key::TimeZone, json!("europe/vienna"), json!("Europe/Vienna")),
            (Key::Locale, json!("de-at"), json!("de-AT")),
            (Key::PrimaryColor, json!("#ff00aa"), json!("#FF00AA")),
            (Key::LoginMessage, json!(""), json!("")),
            (Key::LoginMessage, json!("a\r\nb"), json!("a\nb")),
            (Key::DateFormat, json!("us"), json!("us")),
            (Key::WeekStart, json!(7), json!(7)),
            (Key::ChatEnabled, json!(false), json!(false)),
            (
                Key::AllowedEmailDomains,
                json!(["Acme.example", "acme.EXAMPLE", "bücher.example"]),
                json!(["acme.example", "xn--bcher-kva.example"]),
            ),
            (Key::DefaultProfile, json!(5), json!(5)),
        ] {
            assert_eq!(kept(key, &typed), Some(expected), "{key:?} {typed}");
        }
    }

    #[test]
    fn values_of_another_type_or_beyond_the_bounds_are_refused() {
        use SettingKey as Key;
        for (key, typed) in [
            (Key::CompanyName, json!("")),
            (Key::CompanyName, json!(null)),
            (Key::CompanyName, json!("x".repeat(121))),
            (Key::CompanyName, json!("a\nb")),
            (Key::SupportEmail, json!("nobody")),
            (Key::SupportEmail, json!("a b@acme.example")),
            (Key::Website, json!("http://acme.example")),
            (Key::Website, json!("https://")),
            (Key::Website, json!("https://me:secret@acme.example")),
            (Key::LogoUrl, json!("javascript:alert(1)")),
            (Key::TimeZone, json!("EST5")),
            (Key::Locale, json!("en_US")),
            (Key::PrimaryColor, json!("#12345")),
            (Key::PrimaryColor, json!("red-red")),
            (Key::LoginMessage, json!("x".repeat(301))),
            (Key::DateFormat, json!("ISO")),
            (Key::WeekStart, json!(0)),
            (Key::WeekStart, json!("1")),
            (Key::WeekStart, json!(1.5)),
            (Key::PasswordMinLength, json!(7)),
            (Key::ChatEnabled, json!("true")),
            (Key::ChatEnabled, json!(1)),
            (Key::AllowedEmailDomains, json!("acme.example")),
            (Key::AllowedEmailDomains, json!([1])),
            (Key::AllowedEmailDomains, json!(["a b"])),
            (Key::AllowedEmailDomains, json!(vec!["acme.example"; 51])),
            (Key::DefaultProfile, json!(0)),
        ] {
            let error = value(key, &typed).expect_err("refused");
            let field = error.body().details.unwrap()["fields"][0].clone();
            assert_eq!(
                (&field["field"], &field["message"]),
                (&json!("value"), &json!(key.kind().expectation()))
            );
        }
    }

    #[test]
    fn defaults_are_values_that_can_be_kept() {
        for key in SettingKey::ALL.iter().copied().filter(|key| *key != SettingKey::CompanyName) {
            assert_eq!(kept(key, &key.default_value()), Some(key.default_value()), "{key:?}");
        }
    }
}
