//! Whether it is noticed that a mail was opened or followed. Account mails never are.

use crate::{
    Timestamp,
    input::{Fields, Input, host_name, nullable, put},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Tracking switches; off unless somebody says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Tracking {
    pub open_tracking: bool,
    pub click_tracking: bool,
    pub exclude_machine_opens: bool,
    pub tracking_domain: Option<String>,
    pub updated_at: Option<Timestamp>,
}

impl Default for Tracking {
    fn default() -> Self {
        Self {
            open_tracking: false,
            click_tracking: false,
            exclude_machine_opens: true,
            tracking_domain: None,
            updated_at: None,
        }
    }
}

/// `PUT /settings/email/tracking`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeTracking {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_tracking: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click_tracking: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_machine_opens: Option<bool>,
    #[schema(max_length = 253, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_domain: Option<Option<String>>,
}

impl Input for ChangeTracking {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            open_tracking: fields.optional_bool("openTracking"),
            click_tracking: fields.optional_bool("clickTracking"),
            exclude_machine_opens: fields.optional_bool("excludeMachineOpens"),
            tracking_domain: nullable(fields, "trackingDomain", host_name),
        })
    }
}

impl ChangeTracking {
    pub fn apply(self, tracking: &mut Tracking) {
        put(&mut tracking.open_tracking, self.open_tracking);
        put(&mut tracking.click_tracking, self.click_tracking);
        put(&mut tracking.exclude_machine_opens, self.exclude_machine_opens);
        put(&mut tracking.tracking_domain, self.tracking_domain);
    }
}

/// The tenant's tracking switches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrackingData {
    pub tracking: Tracking,
}
