//! What people say about themselves.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Timestamp,
    id::UserId,
    input::{Fields, Input, https_url, nullable},
    limits::NAME_CHARS_MAX,
    locale::{canonical_locale, canonical_time_zone},
};

/// `GET /auth/me/profile`. Time zone and locale are the company's while none is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnProfile {
    pub id: UserId,
    pub number: i64,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub display_name: String,
    pub phone: Option<String>,
    pub avatar: Option<String>,
    pub timezone: String,
    pub locale: String,
    pub updated_at: Timestamp,
}

/// `PUT /auth/me/profile`: absent stays, `null` clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeOwnProfile {
    /// E.164, such as `+4366012345`.
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$", value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Option<String>>,
    /// An `https://` address. The server never opens it.
    #[schema(max_length = 2048, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<Option<String>>,
    #[schema(value_type = Option<String>, min_length = 2, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Option<String>>,
    #[schema(value_type = Option<String>, min_length = 2, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Option<String>>,
    #[schema(min_length = 1, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[schema(min_length = 1, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
}

impl Input for ChangeOwnProfile {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            phone: nullable(fields, "phone", phone),
            avatar: nullable(fields, "avatar", https_url),
            timezone: nullable(fields, "timezone", time_zone),
            locale: nullable(fields, "locale", locale),
            first_name: fields.optional_line("firstName", 1, NAME_CHARS_MAX),
            last_name: fields.optional_line("lastName", 1, NAME_CHARS_MAX),
        })
    }
}

/// ITU-T E.164, with the plus sign and nothing between the digits.
fn phone(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    let text = fields.optional_printable(field, 1, 16)?;
    let digits = text.strip_prefix('+').unwrap_or_default();
    let is_number = (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    if is_number {
        Some(text)
    } else {
        fields.fail(field, "phone", "must be a number in E.164 form, such as +4366012345")
    }
}

/// The name of an IANA time zone, as the database spells it.
pub(crate) fn time_zone(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    let name = fields.optional_line(field, 1, 80)?;
    canonical_time_zone(&name)
        .or_else(|| fields.fail(field, "timezone", "must be an IANA time zone"))
}

/// A language tag, as it is usually spelled.
pub(crate) fn locale(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    let tag = fields.optional_line(field, 2, 80)?;
    canonical_locale(&tag)
        .or_else(|| fields.fail(field, "locale", "must be a language tag such as en-US"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::input::parse;

    #[test]
    fn what_is_said_is_brought_into_its_usual_form() {
        let sent = json!({
            "phone": "+4366012345", "avatar": null, "timezone": "europe/vienna",
            "locale": "DE-at", "firstName": " Zoe\u{308} ",
        });
        let change: ChangeOwnProfile = parse(sent.as_object().unwrap()).unwrap();
        assert_eq!(change.phone, Some(Some("+4366012345".to_owned())));
        assert_eq!((change.avatar, change.last_name), (Some(None), None));
        assert_eq!(change.timezone, Some(Some("Europe/Vienna".to_owned())));
        assert_eq!(change.locale, Some(Some("de-AT".to_owned())));
        assert_eq!(change.first_name.as_deref(), Some("Zoë"));
    }

    #[test]
    fn what_is_none_of_its_kind_is_named() {
        for (field, bad) in [
            ("phone", json!("0660 12345")),
            ("phone", json!("+0123456789")),
            ("phone", json!("+123456")),
            ("phone", json!("+1234567890123456")),
            ("avatar", json!("http://acme.example/me.png")),
            ("avatar", json!("javascript:alert(1)")),
            ("timezone", json!("EST5")),
            ("locale", json!("english please")),
            ("firstName", json!("")),
            ("lastName", json!("x".repeat(81))),
        ] {
            let sent = json!({ field: bad });
            let errors = parse::<ChangeOwnProfile>(sent.as_object().unwrap()).unwrap_err();
            assert_eq!(errors[0].field, field, "{sent}");
        }
    }
}
