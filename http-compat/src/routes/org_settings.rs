//! What a company decides for all its people.

use axum::{Extension, extract::State, response::Response};
use tidewire_app::{Actor, App, org_settings};
use tidewire_protocol::model::org_settings::{
    CategoryValues, SetSetting, SettingData, SettingValues,
};

use crate::{
    answer::Answer,
    json::Json,
    path::PathIds,
    preconditions::{Preconditions, tagged},
    problem::Result,
};

/// All settings as one map.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<SettingValues>)))]
pub(crate) async fn all(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<SettingValues>> {
    Ok(Answer::new(org_settings::all(&app, &actor).await?))
}

/// The settings of one category.
#[utoipa::path(get, path = "", params(("category" = String, Path)), responses(
    (status = 200, body = Answer<CategoryValues>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn of_category(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(category): PathIds<String>,
) -> Result<Answer<CategoryValues>> {
    Ok(Answer::new(org_settings::of_category(&app, &actor, &category).await?))
}

/// One setting with its definition.
#[utoipa::path(get, path = "", params(("key" = String, Path)), responses(
    (status = 200, body = Answer<SettingData>),
    (status = 304, description = "The version in If-None-Match is the current one"),
    (status = 404, description = "NOT_FOUND"),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn get(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(key): PathIds<String>,
    preconditions: Preconditions,
) -> Result<Response> {
    let found = org_settings::get(&app, &actor, &key).await?;
    preconditions.answer(found.setting.version, Answer::new(found))
}

/// Gives one setting a value; `null` goes back to the default.
#[utoipa::path(put, path = "", params(("key" = String, Path)), responses(
    (status = 200, body = Answer<SettingData>),
    (status = 404, description = "NOT_FOUND"),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn set(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(key): PathIds<String>,
    preconditions: Preconditions,
    Json(wanted): Json<SetSetting>,
) -> Result<Response> {
    let set = org_settings::set(&app, &actor, &key, wanted, &preconditions.expected()).await?;
    Ok(tagged(set.setting.version, Answer::new(set)))
}
