//! Named sets of permissions.

use axum::{Extension, extract::State, response::Response};
use http::StatusCode;
use tidewire_app::{Actor, App, profiles};
use tidewire_protocol::model::{
    pages::Items,
    profiles::{
        AssignableProfile, CreateProfile, PermissionCatalogue, Profile, ProfileData, ProfileDetail,
        ProfilesQuery, UpdateProfile,
    },
};

use crate::{
    answer::Answer,
    json::Json,
    path::{PathIds, ProfileId},
    preconditions::{Preconditions, tagged},
    problem::Result,
    query::Query,
};

/// All profiles, those of the system first, then by name.
#[utoipa::path(get, path = "", params(ProfilesQuery), responses(
    (status = 200, body = Answer<Items<Profile>>),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Query(query): Query<ProfilesQuery>,
) -> Result<Answer<Items<Profile>>> {
    Ok(Answer::new(profiles::list(&app, &actor, query).await?))
}

/// Profiles that can be given to a user.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<Items<AssignableProfile>>)))]
pub(crate) async fn assignable(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<Items<AssignableProfile>>> {
    Ok(Answer::new(profiles::assignable_ones(&app, &actor).await?))
}

/// The catalogue of permissions, the same for every company.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<PermissionCatalogue>)))]
pub(crate) async fn catalogue(
    Extension(actor): Extension<Actor>,
) -> Result<Answer<PermissionCatalogue>> {
    Ok(Answer::new(profiles::catalogue(&actor)?))
}

/// One profile with its permissions.
#[utoipa::path(get, path = "", params(("id" = i64, Path, minimum = 1)), responses(
    (status = 200, body = Answer<ProfileDetail>),
    (status = 304, description = "The version in If-None-Match is the current one"),
    (status = 404, description = "NOT_FOUND"),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn get(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(ProfileId(id)): PathIds<ProfileId>,
    preconditions: Preconditions,
) -> Result<Response> {
    let found = profiles::get(&app, &actor, id).await?;
    preconditions.answer(found.profile.version, Answer::new(found))
}

/// Creates a custom profile.
#[utoipa::path(post, path = "", responses(
    (status = 201, body = Answer<ProfileDetail>),
    (status = 409, description = "NAME_TAKEN, PROFILE_LIMIT"),
))]
pub(crate) async fn create(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(profile): Json<CreateProfile>,
) -> Result<(StatusCode, Answer<ProfileDetail>)> {
    Ok(Answer::created(profiles::create(&app, &actor, profile).await?))
}

/// Changes a custom profile. Nobody has to sign in again for it.
#[utoipa::path(put, path = "", params(("id" = i64, Path, minimum = 1)), responses(
    (status = 200, body = Answer<ProfileDetail>),
    (status = 404, description = "NOT_FOUND"),
    (status = 409, description = "NAME_TAKEN, SYSTEM_PROFILE"),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn update(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(ProfileId(id)): PathIds<ProfileId>,
    preconditions: Preconditions,
    Json(wanted): Json<UpdateProfile>,
) -> Result<Response> {
    let updated = profiles::update(&app, &actor, id, wanted, &preconditions.expected()).await?;
    Ok(tagged(updated.profile.version, Answer::new(updated)))
}

/// Deactivates a custom profile that nobody has.
#[utoipa::path(delete, path = "", params(("id" = i64, Path, minimum = 1)), responses(
    (status = 200, body = Answer<ProfileData>),
    (status = 404, description = "NOT_FOUND"),
    (status = 409, description = "SYSTEM_PROFILE, PROFILE_IN_USE"),
))]
pub(crate) async fn deactivate(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(ProfileId(id)): PathIds<ProfileId>,
) -> Result<Answer<ProfileData>> {
    Ok(Answer::new(profiles::deactivate(&app, &actor, id).await?))
}

/// Brings a deactivated profile back.
#[utoipa::path(post, path = "", params(("id" = i64, Path, minimum = 1)), responses(
    (status = 200, body = Answer<ProfileData>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn activate(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(ProfileId(id)): PathIds<ProfileId>,
) -> Result<Answer<ProfileData>> {
    Ok(Answer::new(profiles::activate(&app, &actor, id).await?))
}
