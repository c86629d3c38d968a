//! Durable facts: every table of Tidewire, behind free functions that take a connection.
//!
//! One SQL text serves SQLite and Postgres; [`query`] is the only place that chooses an engine, and
//! [`append`] the only one that writes a statement for each of them. Nothing here publishes and
//! nothing here asks for a permission.

mod dialect;
mod migrate;

pub mod append;
pub mod channel_members;
pub mod channels;
pub mod db;
pub mod entries;
pub mod error;
pub mod messages;
pub mod query;
pub mod unread;

pub mod audit;
pub mod deliveries;
pub mod devices;
pub mod digests;
pub mod email_settings;
pub mod feed;
pub mod idempotency;
pub mod inbox;
pub mod notices;
pub mod notification_decisions;
pub mod notification_preferences;
pub mod notification_templates;
pub mod notifications;
pub mod one_time_tokens;
pub mod org_settings;
pub mod outbox;
pub mod preferences;
pub mod profiles;
pub mod recipients;
pub mod seats;
pub mod seed;
pub mod service_tokens;
pub mod sessions;
pub mod signing_keys;
pub mod tenants;
pub mod tickets;
pub mod users;

#[cfg(test)]
mod testing;

pub use db::{Conn, Db};
pub use error::{Error, Result};
