//! What people can be pushed to.

use axum::{Extension, extract::State};
use http::StatusCode;
use tidewire_app::{Actor, App, devices as operations};
use tidewire_protocol::{
    id::DeviceId,
    model::devices::{DeviceData, DeviceRemoved, Devices, PushKeys, RegisterDevice},
};

use crate::{answer::Answer, json::Json, path::PathIds, problem::Result};

/// Registers a device of the caller's sign-in, with which it ends.
#[utoipa::path(post, path = "", responses(
    (status = 201, body = Answer<DeviceData>),
    (status = 409, description = "DEVICE_LIMIT"),
    (status = 503, description = "PUSH_NOT_CONFIGURED"),
))]
pub(crate) async fn register(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(wanted): Json<RegisterDevice>,
) -> Result<(StatusCode, Answer<DeviceData>)> {
    Ok(Answer::created(operations::register(&app, &actor, wanted).await?))
}

/// The caller's devices, newest first.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<Devices>)))]
pub(crate) async fn devices(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<Devices>> {
    Ok(Answer::new(operations::list(&app, &actor).await?))
}

/// Forgets a device.
#[utoipa::path(delete, path = "", params(("id" = DeviceId, Path)), responses(
    (status = 200, body = Answer<DeviceRemoved>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn remove(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<DeviceId>,
) -> Result<Answer<DeviceRemoved>> {
    Ok(Answer::new(operations::remove(&app, &actor, id).await?))
}

/// What programs need before they register.
#[utoipa::path(get, path = "", responses(
    (status = 200, body = Answer<PushKeys>),
    (status = 503, description = "PUSH_NOT_CONFIGURED"),
))]
pub(crate) async fn keys(State(app): State<App>) -> Result<Answer<PushKeys>> {
    Ok(Answer::new(operations::keys(&app)?))
}
