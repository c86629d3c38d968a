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
    /// What a service is to the platform.
    ServiceKind { Core = "core", Module = "module", External = "external", }
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

/// `GET /health/services`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServicesHealth {
    pub status: SystemStatus,
    pub services: Vec<ServiceHealth>,
    pub summary: ServicesSummary,
}

/// One service, as it was when it was looked at last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceHealth {
    pub name: String,
    pub kind: ServiceKind,
    pub status: ComponentStatus,
    /// How long it took to answer, in milliseconds, where it was asked.
    pub latency_ms: Option<i64>,
    pub checked_at: Option<Timestamp>,
    /// Since when it has this status.
    pub since: Option<Timestamp>,
    /// What is wrong; for operators only.
    pub reason: Option<String>,
}

/// How many services have each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServicesSummary {
    pub up: i64,
    pub degraded: i64,
    pub down: i64,
    pub not_configured: i64,
}
