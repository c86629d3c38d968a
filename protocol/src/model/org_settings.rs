//! What a company decides for all its people: one table of keys, from which everything follows.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, SchemaType, Type},
};

use super::{users::UserRef, words};
use crate::{
    Timestamp,
    input::{Fields, Input},
    limits::{
        ALLOWED_DOMAINS_MAX, COMPANY_NAME_CHARS_MAX, LOGIN_MESSAGE_CHARS_MAX, PASSWORD_CHARS_LEAST,
        PASSWORD_CHARS_MIN, URL_CHARS_MAX,
    },
};

words! {
    /// What a setting is about: the part of its key before the dot.
    SettingCategory {
        General = "general",
        Branding = "branding",
        Security = "security",
        Users = "users",
        Notifications = "notifications",
        Chat = "chat",
        Data = "data",
    }
}

words! {
    /// The JSON type of a setting's value.
    SettingType {
        String = "string",
        Integer = "integer",
        Boolean = "boolean",
        StringList = "string_list",
    }
}

/// What values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// A single line of so many characters.
    Line {
        min: usize,
        max: usize,
    },
    /// Several lines.
    Text {
        max: usize,
    },
    Email,
    HttpsUrl {
        max: usize,
    },
    TimeZone,
    Locale,
    /// `#RRGGBB`.
    Color,
    OneOf(&'static [&'static str]),
    Integer {
        min: i64,
        max: i64,
    },
    Bool,
    /// Domains of email addresses.
    Domains {
        max: usize,
    },
    /// The number of an active profile.
    Profile,
}

macro_rules! settings {
    ($($name:ident $key:literal $kind:expr, $default:tt, $description:literal;)+) => {
        words! {
            /// A setting, by its key.
            SettingKey { $(#[doc = $description] $name = $key,)+ }
        }

        impl SettingKey {
            pub const fn kind(self) -> SettingKind {
                use SettingKind::{
                    Bool, Color, Domains, Email, HttpsUrl, Integer, Line, Locale, OneOf, Profile,
                    Text, TimeZone,
                };
                match self { $(Self::$name => $kind,)+ }
            }

            /// The value while nobody has chosen one. The company's name is `null` here: it is the
            /// one that the company was registered with.
            pub fn default_value(self) -> Value {
                match self { $(Self::$name => json!($default),)+ }
            }

            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $description,)+ }
            }
        }
    };
}

const DATE_FORMATS: &[&str] = &["iso", "us", "eu"];
const FREQUENCIES: &[&str] = &["instant", "hourly", "daily", "weekly", "never"];
const GROUP_CREATORS: &[&str] = &["everyone", "managers"];

#[rustfmt::skip]
settings! {
    CompanyName         "general.company_name"  Line { min: 1, max: COMPANY_NAME_CHARS_MAX }, null, "The company's name";
    SupportEmail        "general.support_email" Email, null, "Where people of the company find help";
    Website             "general.website"       HttpsUrl { max: URL_CHARS_MAX }, null, "The company's website";
    TimeZone            "general.timezone"      TimeZone, "UTC", "The time zone of calendar figures";
    Locale              "general.locale"        Locale, "en-US", "The language of those who chose none";
    DateFormat          "general.date_format"   OneOf(DATE_FORMATS), "iso", "How dates are written";
    WeekStart           "general.week_start"    Integer { min: 1, max: 7 }, 1, "The first day of a week, from Monday as 1";
    LogoUrl             "branding.logo_url"      HttpsUrl { max: URL_CHARS_MAX }, null, "The logo on the sign-in page";
    PrimaryColor        "branding.primary_color" Color, "#2563EB", "The colour of buttons and links";
    LoginMessage        "branding.login_message" Text { max: LOGIN_MESSAGE_CHARS_MAX }, "", "A text on the sign-in page";
    PasswordMinLength   "security.password_min_length"    Integer { min: PASSWORD_CHARS_LEAST as i64, max: 64 }, PASSWORD_CHARS_MIN, "The least characters of a new password";
    RequireVerifiedEmail "security.require_verified_email" Bool, false, "Whether signing in needs a verified address";
    SessionIdleDays     "security.session_idle_days"      Integer { min: 1, max: 30 }, 7, "Days after which an unused sign-in ends";
    SessionMaxDays      "security.session_max_days"       Integer { min: 1, max: 90 }, 30, "Days after which any sign-in ends";
    MaxSessionsPerUser  "security.max_sessions_per_user"  Integer { min: 1, max: 50 }, 20, "Sign-ins that a person may have at once";
    AllowedEmailDomains "security.allowed_email_domains"  Domains { max: ALLOWED_DOMAINS_MAX }, [], "Domains of people who can be invited; none means any";
    DefaultProfile       "users.default_profile_id"     Profile, null, "The profile of new people; null means the one of their role";
    InvitationExpiryDays "users.invitation_expiry_days" Integer { min: 1, max: 30 }, 7, "Days for which an invitation can be accepted";
    EmailEnabled           "notifications.email_enabled"            Bool, true, "Whether notifications leave by mail";
    PushEnabled            "notifications.push_enabled"             Bool, true, "Whether notifications are pushed to devices";
    DefaultDigestFrequency "notifications.default_digest_frequency" OneOf(FREQUENCIES), "instant", "How often mails are sent to those who chose nothing";
    PushPreviews           "notifications.push_previews"            Bool, false, "Whether push networks are given titles and texts, not ids alone";
    NotificationRetention  "notifications.retention_days"           Integer { min: 7, max: 730 }, 180, "Days for which notifications are kept";
    ChatEnabled       "chat.enabled"             Bool, true, "Whether there is a chat";
    GroupCreation     "chat.group_creation"      OneOf(GROUP_CREATORS), "everyone", "Who may create groups";
    EditWindowMinutes "chat.edit_window_minutes" Integer { min: 0, max: 10_080 }, 1_440, "Minutes for which a message can be edited";
    ChatRetention     "chat.retention_days"      Integer { min: 0, max: 3_650 }, 0, "Days for which messages are kept; 0 means for ever";
    EventRetention "data.event_retention_days" Integer { min: 30, max: 3_650 }, 730, "Days for which events of records are kept";
    AuditRetention "data.audit_retention_days" Integer { min: 90, max: 3_650 }, 730, "Days for which the audit log is kept";
}

impl SettingKey {
    /// # Panics
    ///
    /// Never: every key of the table begins with a category.
    pub fn category(self) -> SettingCategory {
        let (category, _) = self.word().split_once('.').expect("a key has a category");
        SettingCategory::from_word(category).expect("a key begins with a category")
    }
}

impl SettingKind {
    pub const fn value_type(self) -> SettingType {
        match self {
            Self::Line { .. }
            | Self::Text { .. }
            | Self::Email
            | Self::HttpsUrl { .. }
            | Self::TimeZone
            | Self::Locale
            | Self::Color
            | Self::OneOf(_) => SettingType::String,
            Self::Integer { .. } | Self::Profile => SettingType::Integer,
            Self::Bool => SettingType::Boolean,
            Self::Domains { .. } => SettingType::StringList,
        }
    }

    /// What a value must meet, for programs.
    pub fn constraints(self) -> Map<String, Value> {
        let constraints = match self {
            Self::Line { min, max } => json!({ "minLength": min, "maxLength": max }),
            Self::Text { max } => json!({ "minLength": 0, "maxLength": max, "multiline": true }),
            Self::Email => json!({ "format": "email", "nullable": true }),
            Self::HttpsUrl { max } => {
                json!({ "format": "https-url", "maxLength": max, "nullable": true })
            }
            Self::TimeZone => json!({ "format": "iana-time-zone" }),
            Self::Locale => json!({ "format": "bcp-47" }),
            Self::Color => json!({ "pattern": "^#[0-9A-Fa-f]{6}$" }),
            Self::OneOf(words) => json!({ "oneOf": words }),
            Self::Integer { min, max } => json!({ "minimum": min, "maximum": max }),
            Self::Bool => json!({}),
            Self::Domains { max } => json!({ "format": "domain", "maxItems": max }),
            Self::Profile => json!({ "format": "profile-id", "nullable": true }),
        };
        match constraints {
            Value::Object(constraints) => constraints,
            _ => Map::new(),
        }
    }

    /// What a value must be, for people.
    pub fn expectation(self) -> String {
        match self {
            Self::Line { min, max } => {
                format!("must be a string of {min} to {max} characters on one line")
            }
            Self::Text { max } => format!("must be a string of 0 to {max} characters"),
            Self::Email => "must be an email address or null".to_owned(),
            Self::HttpsUrl { max } => {
                format!("must be an https:// address of at most {max} characters, or null")
            }
            Self::TimeZone => "must be the name of an IANA time zone".to_owned(),
            Self::Locale => "must be a BCP 47 language tag".to_owned(),
            Self::Color => "must be a string like #2563EB".to_owned(),
            Self::OneOf(words) => format!("must be one of {}", words.join(", ")),
            Self::Integer { min, max } => format!("must be an integer from {min} to {max}"),
            Self::Bool => "must be true or false".to_owned(),
            Self::Domains { max } => format!("must be an array of at most {max} domains"),
            Self::Profile => "must be the number of an active profile, or null".to_owned(),
        }
    }
}

/// Of one of the types that settings have.
fn any_value() -> Object {
    let types = [Type::String, Type::Integer, Type::Boolean, Type::Array, Type::Null];
    ObjectBuilder::new().schema_type(SchemaType::from_iter(types)).build()
}

/// One setting with its definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    pub key: SettingKey,
    pub category: SettingCategory,
    #[serde(rename = "type")]
    pub value_type: SettingType,
    #[schema(schema_with = any_value)]
    pub value: Value,
    #[schema(schema_with = any_value)]
    pub default: Value,
    pub is_default: bool,
    #[schema(value_type = Object)]
    pub constraints: Map<String, Value>,
    pub description: String,
    pub updated_at: Option<Timestamp>,
    pub updated_by: Option<UserRef>,
    /// How often it was set.
    pub version: i64,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SettingData {
    pub setting: Setting,
}

/// `GET /org-settings`: the value of every key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SettingValues {
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
}

/// `GET /org-settings/by-category/:category`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CategoryValues {
    pub category: SettingCategory,
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
}

/// `PUT /org-settings/:key`. What the value may be depends on the key.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SetSetting {
    /// `null` goes back to the default.
    #[schema(schema_with = any_value)]
    pub value: Value,
}

impl Input for SetSetting {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        match fields.object().get("value") {
            Some(value) => Some(Self { value: value.clone() }),
            None => fields.fail("value", "required", "is required; null means the default"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_category_and_a_default_of_its_type() {
        for key in SettingKey::ALL {
            let (kind, default) = (key.kind(), key.default_value());
            let fits = match kind.value_type() {
                SettingType::String => default.is_string() || default.is_null(),
                SettingType::Integer => default.is_i64() || default.is_u64() || default.is_null(),
                SettingType::Boolean => default.is_boolean(),
                SettingType::StringList => default.is_array(),
            };
            assert!(fits, "{} {default}", key.word());
            assert!(SettingCategory::ALL.contains(&key.category()));
            assert!(kind.expectation().starts_with("must be"), "{key:?}");
        }
        assert_eq!(SettingKey::ALL.len(), 29);
    }
}
