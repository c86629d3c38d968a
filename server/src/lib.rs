//! The process around Tidewire's operations: configuration, the listener, telemetry.

pub mod admin;
pub mod config;
pub mod lifecycle;
pub mod listener;
pub mod node;
pub mod router;
pub mod telemetry;
pub mod ws;
