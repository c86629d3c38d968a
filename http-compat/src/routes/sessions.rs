//! One's own sign-ins: seeing them, and ending them.

use axum::{Extension, extract::State};
use tidewire_app::{Actor, App, sessions};
use tidewire_protocol::{
    id::SessionId,
    model::accounts::{LoggedOut, LoggedOutAll, SessionEnded, Sessions},
};

use crate::{answer::Answer, path::PathIds, problem::Result};

/// Ends the session that the access token belongs to.
#[utoipa::path(post, path = "", responses((status = 200, body = Answer<LoggedOut>)))]
pub(crate) async fn logout(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<LoggedOut>> {
    Ok(Answer::new(sessions::logout(&app, &actor).await?))
}

/// Ends every session of the calling user, the current one included.
#[utoipa::path(post, path = "", responses((status = 200, body = Answer<LoggedOutAll>)))]
pub(crate) async fn logout_all(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<LoggedOutAll>> {
    Ok(Answer::new(sessions::logout_all(&app, &actor).await?))
}

/// The caller's live sessions, the one used last first.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<Sessions>)))]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<Sessions>> {
    Ok(Answer::new(sessions::list(&app, &actor).await?))
}

/// Ends one of the caller's sessions, which may be the one that asks.
#[utoipa::path(delete, path = "", params(("id" = SessionId, Path)), responses(
    (status = 200, body = Answer<SessionEnded>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn end(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<SessionId>,
) -> Result<Answer<SessionEnded>> {
    Ok(Answer::new(sessions::end_own(&app, &actor, id).await?))
}
