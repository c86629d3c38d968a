//! What people say about themselves.

use axum::{Extension, extract::State, response::Response};
use tidewire_app::{Actor, App, own_profile};
use tidewire_protocol::model::own_profile::{ChangeOwnProfile, OwnProfile};

use crate::{
    answer::Answer,
    json::Json,
    preconditions::{Preconditions, tagged},
    problem::Result,
};

/// The caller's profile.
#[utoipa::path(get, path = "", responses(
    (status = 200, body = Answer<OwnProfile>),
    (status = 304, description = "The version in If-None-Match is the current one"),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn profile(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
) -> Result<Response> {
    let mine = own_profile::mine(&app, &actor).await?;
    preconditions.answer(mine.version, Answer::new(mine.profile))
}

/// Changes names, phone, avatar, time zone or locale of the caller.
#[utoipa::path(put, path = "", responses(
    (status = 200, body = Answer<OwnProfile>),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn change_profile(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
    Json(change): Json<ChangeOwnProfile>,
) -> Result<Response> {
    let changed = own_profile::change(&app, &actor, change, &preconditions.expected()).await?;
    Ok(tagged(changed.version, Answer::new(changed.profile)))
}
