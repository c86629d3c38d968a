//! The settings of one company, all at once, as of when they were read.

use serde_json::{Map, Value};
use tidewire_protocol::model::{
    org_settings::{SettingCategory, SettingKey},
    users::Role,
};
use tidewire_storage::org_settings::Stored;

use super::check;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// What a company has decided, and the defaults for the rest.
#[derive(Debug)]
pub struct Settings {
    /// By key, in the order of the table.
    held: Vec<Held>,
}

/// One setting.
#[derive(Debug)]
pub(crate) struct Held {
    pub value: Value,
    pub default: Value,
    /// Absent while nobody has ever set it.
    pub stored: Option<Stored>,
}

impl Held {
    pub(crate) fn version(&self) -> i64 {
        self.stored.as_ref().map_or(0, |stored| stored.version)
    }
}

impl Settings {
    pub(crate) fn new(registered_name: &str, mut stored: Vec<Stored>) -> Self {
        let mut take = |key| {
            let place = stored.iter().position(|stored| stored.key == key)?;
            Some(stored.swap_remove(place))
        };
        let held = SettingKey::ALL.iter().map(|key| hold(*key, registered_name, take(*key)));
        Self { held: held.collect() }
    }

    pub(crate) fn held(&self, key: SettingKey) -> &Held {
        &self.held[key as usize]
    }

    pub fn value(&self, key: SettingKey) -> &Value {
        &self.held(key).value
    }

    /// All values by key, or those of one category.
    pub(crate) fn values(&self, category: Option<SettingCategory>) -> Map<String, Value> {
        let keys = SettingKey::ALL.iter().copied();
        keys.filter(|key| category.is_none_or(|category| category == key.category()))
            .map(|key| (key.word().to_owned(), self.value(key).clone()))
            .collect()
    }

    fn integer(&self, key: SettingKey) -> i64 {
        self.value(key).as_i64().unwrap_or_default()
    }

    fn is_on(&self, key: SettingKey) -> bool {
        self.value(key).as_bool().unwrap_or_default()
    }

    pub(crate) fn text(&self, key: SettingKey) -> Option<&str> {
        self.value(key).as_str()
    }

    pub fn timezone(&self) -> &str {
        self.text(SettingKey::TimeZone).unwrap_or("UTC")
    }

    pub fn locale(&self) -> &str {
        self.text(SettingKey::Locale).unwrap_or("en-US")
    }

    /// Where people of the company find help.
    pub fn support_email(&self) -> Option<&str> {
        self.text(SettingKey::SupportEmail)
    }

    pub fn password_min_length(&self) -> usize {
        self.integer(SettingKey::PasswordMinLength) as usize
    }

    pub fn requires_verified_email(&self) -> bool {
        self.is_on(SettingKey::RequireVerifiedEmail)
    }

    pub fn session_idle_ms(&self) -> i64 {
        self.integer(SettingKey::SessionIdleDays) * DAY_MS
    }

    pub fn session_max_ms(&self) -> i64 {
        self.integer(SettingKey::SessionMaxDays) * DAY_MS
    }

    pub fn sessions_per_user_max(&self) -> u64 {
        self.integer(SettingKey::MaxSessionsPerUser) as u64
    }

    /// Whether people with an address in `domain` can be invited.
    pub fn allows_domain(&self, domain: &str) -> bool {
        let allowed = self.value(SettingKey::AllowedEmailDomains).as_array();
        allowed.is_none_or(|allowed| {
            allowed.is_empty() || allowed.iter().any(|allowed| allowed == domain)
        })
    }

    /// The profile of new people, unless it follows from their role.
    pub fn default_profile_id(&self) -> Option<i64> {
        self.value(SettingKey::DefaultProfile).as_i64()
    }

    pub fn invitation_lifetime_ms(&self) -> i64 {
        self.integer(SettingKey::InvitationExpiryDays) * DAY_MS
    }

    pub fn has_chat(&self) -> bool {
        self.is_on(SettingKey::ChatEnabled)
    }

    pub fn lets_create_groups(&self, role: Role) -> bool {
        role > Role::User || self.text(SettingKey::GroupCreation) != Some("managers")
    }

    pub fn edit_window_ms(&self) -> i64 {
        self.integer(SettingKey::EditWindowMinutes) * MINUTE_MS
    }
}

/// A stored value that no release would take any more counts for nothing.
fn hold(key: SettingKey, registered_name: &str, stored: Option<Stored>) -> Held {
    let default = match key {
        SettingKey::CompanyName => registered_name.into(),
        _ => key.default_value(),
    };
    let chosen = stored.as_ref().and_then(|stored| stored.value.as_ref());
    let value = chosen.and_then(|value| check::value(key, value).ok());
    Held { value: value.unwrap_or_else(|| default.clone()), default, stored }
}
