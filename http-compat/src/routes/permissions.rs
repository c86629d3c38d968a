//! What the caller may do.

use axum::{Extension, extract::State};
use tidewire_app::{Actor, App, permissions};
use tidewire_protocol::model::permissions::MyPermissions;

use crate::{answer::Answer, problem::Result};

/// The caller's role and effective permissions.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<MyPermissions>)))]
pub(crate) async fn me(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<MyPermissions>> {
    Ok(Answer::new(permissions::mine(&app, &actor).await?))
}
