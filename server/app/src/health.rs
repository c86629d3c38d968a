//! Whether this node and what it leans on work.

mod services;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tidewire_protocol::model::health::{
    Component, ComponentHealth, ComponentStatus, SystemHealth, SystemStatus,
};

use crate::App;

pub(crate) use services::watch;
pub use services::{Module, services};

/// Between two looks at the database.
const BEAT: Duration = Duration::from_millis(500);

#[derive(Default)]
pub struct Health {
    draining: AtomicBool,
    /// The database did not answer when it was looked at last.
    database_down: AtomicBool,
    pub(crate) services: services::Services,
}

/// Looks at the database again and again; runs for the life of the node.
pub async fn run(app: App) {
    let mut ticks = tokio::time::interval(BEAT);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let is_down = !app.db.beat().await;
        if app.health.database_down.swap(is_down, Ordering::AcqRel) != is_down {
            if is_down {
                tracing::error!("the database does not answer");
            } else {
                tracing::info!("the database answers again");
            }
        }
    }
}

/// Whether the database answered a moment ago.
pub fn database(app: &App) -> bool {
    !app.health.database_down.load(Ordering::Acquire)
}

/// Whether this node wants requests: it is not stopping, and its database answers.
pub fn ready(app: &App) -> bool {
    !app.health.draining.load(Ordering::Acquire) && database(app)
}

/// From now on this node is stopping.
pub fn start_draining(app: &App) {
    app.health.draining.store(true, Ordering::Release);
}

/// Whether this node is stopping.
pub fn is_draining(app: &App) -> bool {
    app.health.draining.load(Ordering::Acquire)
}

/// The parts, by general names and without figures.
pub fn system(app: &App) -> SystemHealth {
    let database = if database(app) { ComponentStatus::Up } else { ComponentStatus::Down };
    let realtime =
        if app.fanout.bus().is_up() { ComponentStatus::Up } else { ComponentStatus::Degraded };
    let components = [
        (Component::Database, database),
        (Component::Realtime, realtime),
        (Component::Jobs, services::status_of(app, "jobs")),
        (Component::Mail, services::status_of(app, "mail")),
        (Component::Billing, services::status_of(app, "billing")),
        (Component::Storage, services::status_of(app, "storage")),
    ];
    let is_well = |status| matches!(status, ComponentStatus::Up | ComponentStatus::NotConfigured);
    let status = if database != ComponentStatus::Up {
        SystemStatus::Down
    } else if components.iter().all(|(_, status)| is_well(*status)) {
        SystemStatus::Ok
    } else {
        SystemStatus::Degraded
    };
    let components = components.map(|(name, status)| ComponentHealth { name, status });
    SystemHealth { status, components: components.into(), time: app.clock.now() }
}
