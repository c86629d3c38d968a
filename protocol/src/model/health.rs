//! Whether the installation works, without a word about what it runs on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;
use crate::Timestamp;

words! {
    /// How all of it is.
    SystemStatus { Ok = "ok", Degraded = "degraded", Down = "down", }
}

words! {
    /// How a part is.
    ComponentStatus { Up = "up", Degraded = "degraded", Down = "down", NotConfigured = "not_configured", }
}

words! {
    /// The parts that an installation has.
    Component {
        Database = "database",
        Realtime = "realtime",
        Jobs = "jobs",
        Mail = "mail",
        Billing = "billing",
        Storage = "storage",
    }
}

/// `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    pub status: SystemStatus,
    pub checks: Checks,
    pub time: Timestamp,
}

/// What `GET /health` looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Checks {
    pub database: ComponentStatus,
}

/// `GET /health/live` and `GET /health/ready`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Probe {
    pub status: SystemStatus,
}

/// `GET /health/system`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SystemHealth {
    pub status: SystemStatus,
    pub components: Vec<ComponentHealth>,
    pub time: Timestamp,
}

/// One part of `GET /health/system`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ComponentHealth {
    pub name: Component,
    pub status: ComponentStatus,
}
