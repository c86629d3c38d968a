//! Mails that wait for one another.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{notification_preferences::clock_time, own_profile::time_zone, words};
use crate::{
    Timestamp,
    clock_time::ClockTime,
    input::{Fields, Input},
};

words! {
    /// When mails about what may wait are sent.
    DigestFrequency {
        Instant = "instant",
        Hourly = "hourly",
        Daily = "daily",
        Weekly = "weekly",
        Never = "never",
    }
}

/// When somebody gets the mails that may wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DigestSettings {
    pub frequency: DigestFrequency,
    pub time: ClockTime,
    /// 1 is Monday.
    pub weekday: u8,
    pub timezone: String,
    /// `null` where nothing is collected.
    pub next_run_at: Option<Timestamp>,
    /// What has been collected for it.
    pub pending_items: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DigestSettingsData {
    pub digest: DigestSettings,
}

/// `PUT /notifications/analytics/digest/settings`: what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChangeDigest {
    pub frequency: DigestFrequency,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<ClockTime>,
    #[schema(minimum = 1, maximum = 7)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekday: Option<u8>,
    /// A name of the IANA database.
    #[schema(min_length = 1, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

impl Input for ChangeDigest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let frequency = fields.word("frequency");
        let time = clock_time(fields, "time");
        let weekday = fields.optional_integer("weekday", 1, 7).map(|day| day as u8);
        let timezone = time_zone(fields, "timezone");
        Some(Self { frequency: frequency?, time, weekday, timezone })
    }
}
