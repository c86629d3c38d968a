//! Whether the installation works.

use axum::{Extension, extract::State};
use serde_json::json;
use tidewire_app::{Actor, App, Error, health};
use tidewire_protocol::{
    ErrorCode,
    model::health::{
        Checks, ComponentStatus, Health, Probe, ServicesHealth, SystemHealth, SystemStatus,
    },
};

use crate::{answer::Answer, problem::Result};

const OK: Probe = Probe { status: SystemStatus::Ok };

/// Whether the service is up and reaches its database.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<Health>)))]
pub(crate) async fn health(State(app): State<App>) -> Result<Answer<Health>> {
    if !health::database(&app) {
        let details = json!({ "status": "down", "checks": { "database": "down" } });
        return Err(Error::new(ErrorCode::Unavailable).with_details(details).into());
    }
    let checks = Checks { database: ComponentStatus::Up };
    Ok(Answer::new(Health { status: SystemStatus::Ok, checks, time: app.clock.now() }))
}

/// The state of the parts.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<SystemHealth>)))]
pub(crate) async fn system(State(app): State<App>) -> Result<Answer<SystemHealth>> {
    let health = health::system(&app);
    if health.status == SystemStatus::Down {
        return Err(Error::new(ErrorCode::Unavailable).with_details(json!(health)).into());
    }
    Ok(Answer::new(health))
}

/// The state of the services behind the platform, as they were when they were looked at last.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<ServicesHealth>)))]
pub(crate) async fn services(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<ServicesHealth>> {
    Ok(Answer::new(health::services(&app, &actor)?))
}

/// Whether the process lives.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<Probe>)))]
pub(crate) async fn live() -> Answer<Probe> {
    Answer::new(OK)
}

/// Whether the process wants requests.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<Probe>)))]
pub(crate) async fn ready(State(app): State<App>) -> Result<Answer<Probe>> {
    if health::ready(&app) { Ok(Answer::new(OK)) } else { Err(ErrorCode::Unavailable.into()) }
}
