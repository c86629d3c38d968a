//! What people choose to be notified of, by which way, and when they want quiet.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{own_profile::time_zone, words};
use crate::{
    Timestamp,
    clock_time::ClockTime,
    input::{Fields, Input},
    limits::{
        DND_PAUSE_MINUTES_MAX, DND_PREVIEW_DAYS_DEFAULT, DND_PREVIEW_DAYS_MAX, EVENT_KEY_CHARS_MAX,
    },
    notification_event::{EventKey, Module},
};

words! {
    /// A way to a person.
    Channel as NotificationChannel { InApp = "in_app", Push = "push", Email = "email", }
}

words! {
    /// How urgent something is.
    Priority { Low = "low", Normal = "normal", High = "high", Critical = "critical", }
}

words! {
    /// What decided whether a channel is on: the table of events, the company, the person's own
    /// choice, the person's switch for the whole channel, or that it cannot be changed.
    PreferenceSource {
        System = "system",
        Tenant = "tenant",
        User = "user",
        Master = "master",
        Locked = "locked",
    }
}

/// `GET /notifications/preferences/catalog`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreferenceCatalog {
    pub modules: Vec<CatalogModule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogModule {
    pub module: Module,
    pub name: String,
    pub events: Vec<CatalogEvent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogEvent {
    pub key: EventKey,
    pub name: String,
    pub description: String,
    pub priority: Priority,
    pub mandatory: bool,
    pub digestible: bool,
    pub channels: Vec<CatalogChannel>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogChannel {
    pub channel: Channel,
    pub default: bool,
    /// The person's own choice, if they have made one.
    #[serde(rename = "override")]
    pub choice: Option<bool>,
    /// Nobody can choose here.
    pub locked: bool,
    /// Whether the event goes over the channel after all.
    pub effective: bool,
}

/// `GET /notifications/preferences`: a row for every event and channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectivePreference {
    pub event_key: EventKey,
    pub module: Module,
    pub channel: Channel,
    pub enabled: bool,
    pub source: PreferenceSource,
}

/// `POST /notifications/preferences`: `enabled` of `null` takes the choice back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetPreference {
    /// Of the catalogue.
    #[schema(value_type = EventKey)]
    pub event_key: String,
    pub channel: Channel,
    #[schema(required)]
    pub enabled: Option<bool>,
}

impl Input for SetPreference {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let event_key = fields.printable("eventKey", 1, EVENT_KEY_CHARS_MAX);
        let channel = fields.word("channel");
        if !fields.object().contains_key("enabled") {
            fields.fail::<()>("enabled", "required", "is required");
        }
        let enabled = fields.optional_bool("enabled");
        Some(Self { event_key: event_key?, channel: channel?, enabled })
    }
}

/// What setting a choice answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreferenceData {
    pub preference: ChosenPreference,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChosenPreference {
    pub event_key: EventKey,
    pub module: Module,
    pub channel: Channel,
    pub enabled: bool,
    pub source: PreferenceSource,
    /// When the choice was made; `null` where there is none.
    pub updated_at: Option<Timestamp>,
}

/// When somebody does not want to be disturbed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dnd {
    pub enabled: bool,
    pub start_time: ClockTime,
    /// Before the start: over midnight.
    pub end_time: ClockTime,
    pub timezone: String,
    /// On which days a window starts; 1 is Monday.
    pub days: Vec<u8>,
    /// Whether a window of the schedule is open.
    pub active_now: bool,
    /// When that window ends.
    pub active_until: Option<Timestamp>,
    pub paused_until: Option<Timestamp>,
    /// Whether alerts are held now, by the schedule or by the pause.
    pub quiet_now: bool,
    pub quiet_until: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DndData {
    pub dnd: Dnd,
}

/// `PUT /notifications/preferences/dnd`: what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeDnd {
    pub enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<ClockTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<ClockTime>,
    /// A name of the IANA database.
    #[schema(min_length = 1, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    #[schema(min_items = 1, max_items = 7, minimum = 1, maximum = 7)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<Vec<u8>>,
}

impl Input for ChangeDnd {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let enabled = fields.optional_bool("enabled");
        if enabled.is_none() && fields.value("enabled").is_none() {
            fields.fail::<()>("enabled", "required", "is required");
        }
        let start_time = clock_time(fields, "startTime");
        let end_time = clock_time(fields, "endTime");
        let timezone = time_zone(fields, "timezone");
        let days = days(fields);
        Some(Self { enabled: enabled?, start_time, end_time, timezone, days })
    }
}

/// A time of day, as `22:00`.
pub(crate) fn clock_time(fields: &mut Fields<'_>, field: &str) -> Option<ClockTime> {
    let text = fields.optional_printable(field, 1, 16)?;
    match text.parse() {
        Ok(time) => Some(time),
        Err(_) => fields.fail(field, "time", "must be a time from 00:00 to 23:59"),
    }
}

fn days(fields: &mut Fields<'_>) -> Option<Vec<u8>> {
    let numbers = fields.optional_integers("days", 7)?;
    if numbers.is_empty() || numbers.iter().any(|day| !(1..=7).contains(day)) {
        return fields.fail("days", "days", "must be some of 1 (Monday) to 7");
    }
    let mut days: Vec<u8> = numbers.into_iter().map(|day| day as u8).collect();
    days.sort_unstable();
    Some(days)
}

/// `POST /notifications/preferences/dnd/pause`: until an instant, or for some minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct PauseDnd {
    /// In the future, at most 30 days from now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    #[schema(minimum = 1, maximum = 43_200)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<i64>,
}

impl Input for PauseDnd {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let until = fields.optional_time("until");
        let minutes = fields.optional_integer("minutes", 1, DND_PAUSE_MINUTES_MAX);
        if fields.value("until").is_some() == fields.value("minutes").is_some() {
            fields.fail::<()>("until", "exclusive", "is required, or else minutes");
        }
        Some(Self { until, minutes })
    }
}

/// `GET /notifications/preferences/dnd/preview`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DndPreviewQuery {
    #[param(required = false, default = 7, minimum = 1, maximum = 14)]
    pub days: i64,
}

impl Input for DndPreviewQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let days = fields.optional_integer("days", 1, DND_PREVIEW_DAYS_MAX);
        Some(Self { days: days.unwrap_or(DND_PREVIEW_DAYS_DEFAULT) })
    }
}

words! {
    /// What makes it quiet.
    QuietSource { Schedule = "schedule", Pause = "pause", }
}

words! {
    /// Whether a change of the clocks has moved one of a window's ends: into a time that exists, or to
    /// the first of two that are called the same.
    ClockChange { None = "none", Gap = "gap", Overlap = "overlap", }
}

/// A quiet time, from its start until just before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuietWindow {
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub source: QuietSource,
    pub adjusted: ClockChange,
}

/// The quiet times of the coming days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DndPreview {
    pub timezone: String,
    pub windows: Vec<QuietWindow>,
}
