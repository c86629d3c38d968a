//! What a person chooses for the programs they use.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{own_profile, words};
use crate::{
    Timestamp,
    input::{FieldError, Fields, Input, nullable, put},
    limits::{CUSTOM_PREFERENCES_BYTES_MAX, CUSTOM_PREFERENCES_NESTING_MAX},
};

words! {
    /// Which colours.
    Theme { System = "system", Light = "light", Dark = "dark", }
}

words! {
    /// How close things stand.
    Density { Comfortable = "comfortable", Compact = "compact", }
}

/// How a program looks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct UiPreferences {
    pub theme: Theme,
    pub density: Density,
    pub sidebar_collapsed: bool,
    /// A language tag (BCP 47); `null` follows the locale.
    pub language: Option<String>,
    /// What a program keeps for itself.
    #[schema(value_type = Object)]
    pub custom: Map<String, Value>,
}

impl Default for UiPreferences {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            density: Density::Comfortable,
            sidebar_collapsed: false,
            language: None,
            custom: Map::new(),
        }
    }
}

/// The master switches: what is off here is off whatever is chosen for single events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches")]
pub struct NotificationSwitches {
    pub in_app: bool,
    pub push: bool,
    pub email: bool,
    pub sound: bool,
    pub desktop: bool,
}

impl Default for NotificationSwitches {
    fn default() -> Self {
        Self { in_app: true, push: true, email: true, sound: true, desktop: true }
    }
}

/// `GET /auth/me/preferences`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    pub ui: UiPreferences,
    pub notifications: NotificationSwitches,
    /// `null` while nothing was ever changed.
    pub updated_at: Option<Timestamp>,
}

/// `PUT /auth/me/preferences`: absent stays, `null` goes back to the default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ChangePreferences {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ui: Option<Option<ChangeUi>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notifications: Option<Option<ChangeSwitches>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeUi {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Option<Theme>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<Option<Density>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sidebar_collapsed: Option<Option<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Option<String>>,
    /// Merged into what is there (RFC 7396); at most 8 KB and five levels in the end.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Option<Map<String, Value>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeSwitches {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_app: Option<Option<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push: Option<Option<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Option<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound: Option<Option<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desktop: Option<Option<bool>>,
}

impl Input for ChangePreferences {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            ui: nullable(fields, "ui", Fields::optional_object),
            notifications: nullable(fields, "notifications", Fields::optional_object),
        })
    }
}

impl Input for ChangeUi {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            theme: nullable(fields, "theme", Fields::optional_word),
            density: nullable(fields, "density", Fields::optional_word),
            sidebar_collapsed: nullable(fields, "sidebarCollapsed", Fields::optional_bool),
            language: nullable(fields, "language", own_profile::locale),
            custom: nullable(fields, "custom", custom),
        })
    }
}

impl Input for ChangeSwitches {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            in_app: nullable(fields, "inApp", Fields::optional_bool),
            push: nullable(fields, "push", Fields::optional_bool),
            email: nullable(fields, "email", Fields::optional_bool),
            sound: nullable(fields, "sound", Fields::optional_bool),
            desktop: nullable(fields, "desktop", Fields::optional_bool),
        })
    }
}

fn custom(fields: &mut Fields<'_>, field: &str) -> Option<Map<String, Value>> {
    match fields.value(field)? {
        Value::Object(custom) => Some(custom.clone()),
        _ => fields.fail(field, "type", "must be an object"),
    }
}

impl Preferences {
    /// These with a change.
    ///
    /// # Errors
    ///
    /// When what a program keeps for itself would become too much.
    pub fn changed(mut self, change: ChangePreferences) -> Result<Self, FieldError> {
        match change.ui {
            Some(Some(ui)) => ui.apply(&mut self.ui)?,
            Some(None) => self.ui = UiPreferences::default(),
            None => {}
        }
        match change.notifications {
            Some(Some(switches)) => switches.apply(&mut self.notifications),
            Some(None) => self.notifications = NotificationSwitches::default(),
            None => {}
        }
        Ok(self)
    }
}

impl ChangeUi {
    fn apply(self, ui: &mut UiPreferences) -> Result<(), FieldError> {
        let default = UiPreferences::default();
        put(&mut ui.theme, self.theme.map(|theme| theme.unwrap_or(default.theme)));
        put(&mut ui.density, self.density.map(|density| density.unwrap_or(default.density)));
        put(&mut ui.sidebar_collapsed, self.sidebar_collapsed.map(Option::unwrap_or_default));
        put(&mut ui.language, self.language);
        match self.custom {
            Some(Some(patch)) => merge(&mut ui.custom, patch),
            Some(None) => ui.custom.clear(),
            None => {}
        }
        check_custom(&ui.custom)
    }
}

impl ChangeSwitches {
    fn apply(self, switches: &mut NotificationSwitches) {
        let on = |sent: Option<Option<bool>>| sent.map(|sent| sent.unwrap_or(true));
        put(&mut switches.in_app, on(self.in_app));
        put(&mut switches.push, on(self.push));
        put(&mut switches.email, on(self.email));
        put(&mut switches.sound, on(self.sound));
        put(&mut switches.desktop, on(self.desktop));
    }
}

/// A merge patch (RFC 7396, section 2).
fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        match (value, target.get_mut(&key)) {
            (Value::Null, _) => {
                target.remove(&key);
            }
            (Value::Object(patch), Some(Value::Object(inner))) => merge(inner, patch),
            (Value::Object(patch), _) => {
                let mut inner = Map::new();
                merge(&mut inner, patch);
                target.insert(key, Value::Object(inner));
            }
            (value, _) => {
                target.insert(key, value);
            }
        }
    }
}

fn check_custom(custom: &Map<String, Value>) -> Result<(), FieldError> {
    let bytes = serde_json::to_vec(custom).map_or(usize::MAX, |text| text.len());
    let deepest = custom.values().map(depth).max().unwrap_or_default() + 1;
    if bytes > CUSTOM_PREFERENCES_BYTES_MAX {
        Err(FieldError::new("ui.custom", "length", "must have at most 8192 bytes"))
    } else if deepest > CUSTOM_PREFERENCES_NESTING_MAX {
        Err(FieldError::new("ui.custom", "depth", "must have at most 5 levels"))
    } else {
        Ok(())
    }
}

/// How many levels of containers a value has.
fn depth(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::input::parse;

    fn change(value: &Value) -> ChangePreferences {
        parse(value.as_object().unwrap()).unwrap()
    }

    fn after(changes: &[Value]) -> Result<Preferences, FieldError> {
        changes.iter().try_fold(Preferences::default(), |so_far, next| so_far.changed(change(next)))
    }

    #[test]
    fn absent_stays_and_null_goes_back_to_the_default() {
        let chosen = json!({
            "ui": { "theme": "dark", "sidebarCollapsed": true, "language": "de-at" },
            "notifications": { "sound": false, "email": false },
        });
        let back = json!({ "ui": { "theme": null }, "notifications": { "email": null } });
        let preferences = after(&[chosen.clone(), back]).unwrap();
        assert_eq!(preferences.ui.theme, Theme::System);
        assert!(preferences.ui.sidebar_collapsed);
        assert_eq!(preferences.ui.language.as_deref(), Some("de-AT"));
        assert!(preferences.notifications.email && !preferences.notifications.sound);
        let cleared = after(&[chosen, json!({ "ui": null, "notifications": null })]).unwrap();
        assert_eq!(cleared, Preferences::default());
    }

    #[test]
    fn what_a_program_keeps_is_merged() {
        let first = json!({ "ui": { "custom": { "a": { "b": 1, "c": [1] }, "d": 2 } } });
        let second = json!({ "ui": { "custom": { "a": { "b": null, "e": { "f": null } } } } });
        let preferences = after(&[first, second]).unwrap();
        let expected = json!({ "a": { "c": [1], "e": {} }, "d": 2 });
        assert_eq!(Value::Object(preferences.ui.custom), expected);
    }

    #[test]
    fn what_a_program_keeps_is_bounded() {
        let kept = |custom: Value| after(&[json!({ "ui": { "custom": custom } })]);
        assert!(kept(json!({ "x": "y".repeat(8_180) })).is_ok());
        assert_eq!(kept(json!({ "x": "y".repeat(8_190) })).unwrap_err().rule, "length");
        assert!(kept(json!({ "1": { "2": { "3": { "4": [] } } } })).is_ok());
        let deep = kept(json!({ "1": { "2": { "3": { "4": [{}] } } } }));
        assert_eq!(deep.unwrap_err().rule, "depth");
    }

    #[test]
    fn other_words_and_types_are_refused() {
        for bad in [
            json!({ "ui": { "theme": "blue" } }),
            json!({ "ui": { "language": "English" } }),
            json!({ "ui": { "custom": [] } }),
            json!({ "ui": 5 }),
            json!({ "notifications": { "push": "true" } }),
        ] {
            assert!(parse::<ChangePreferences>(bad.as_object().unwrap()).is_err(), "{bad}");
        }
    }
}
