//! Whether this node and what it leans on work.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tidewire_protocol::model::health::{
    Component, ComponentHealth, ComponentStatus, SystemHealth, SystemStatus,
};

use crate::App;

const DATABASE_TIMEOUT: Duration = Duration::from_secs(1);
/// A result is good for this long, so that probes cost the database nothing.
const RESULT_LIFETIME_MS: i64 = 1_000;

#[derive(Default)]
pub struct Health {
    draining: AtomicBool,
    /// When the database was last asked, and whether it answered.
    database: Mutex<Option<(i64, bool)>>,
    asking: tokio::sync::Mutex<()>,
}

impl Health {
    fn recent(&self, now_ms: i64) -> Option<bool> {
        let last = *self.database.lock().unwrap_or_else(PoisonError::into_inner);
        last.filter(|(asked_ms, _)| now_ms - asked_ms < RESULT_LIFETIME_MS).map(|(_, up)| up)
    }

    fn note(&self, now_ms: i64, up: bool) {
        *self.database.lock().unwrap_or_else(PoisonError::into_inner) = Some((now_ms, up));
    }
}

/// Whether the database answers within a second; asked at most once a second, however many want to know.
pub async fn database(app: &App) -> bool {
    let now_ms = app.clock.now().ms();
    if let Some(up) = app.health.recent(now_ms) {
        return up;
    }
    let _one_at_a_time = app.health.asking.lock().await;
    let now_ms = app.clock.now().ms();
    if let Some(up) = app.health.recent(now_ms) {
        return up;
    }
    let up = matches!(tokio::time::timeout(DATABASE_TIMEOUT, app.db.ping()).await, Ok(Ok(())));
    app.health.note(app.clock.now().ms(), up);
    up
}

/// Whether this node wants requests: it is not stopping, and its database answers.
pub async fn ready(app: &App) -> bool {
    !app.health.draining.load(Ordering::Acquire) && database(app).await
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
pub async fn system(app: &App) -> SystemHealth {
    let database = if database(app).await { ComponentStatus::Up } else { ComponentStatus::Down };
    let realtime =
        if app.fanout.bus().is_up() { ComponentStatus::Up } else { ComponentStatus::Degraded };
    let component = |name, status| ComponentHealth { name, status };
    SystemHealth {
        status: match (database, realtime) {
            (ComponentStatus::Up, ComponentStatus::Up) => SystemStatus::Ok,
            (ComponentStatus::Up, _) => SystemStatus::Degraded,
            _ => SystemStatus::Down,
        },
        components: vec![
            component(Component::Database, database),
            component(Component::Realtime, realtime),
            component(Component::Jobs, database),
            component(Component::Mail, ComponentStatus::Up),
            component(Component::Billing, ComponentStatus::NotConfigured),
            component(Component::Storage, ComponentStatus::Up),
        ],
        time: app.clock.now(),
    }
}
