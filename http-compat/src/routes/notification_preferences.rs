//! What a person chooses to be notified of, and when they want quiet.

use axum::{Extension, extract::State};
use tidewire_app::{Actor, App, notification_preferences as operations, quiet_hours};
use tidewire_protocol::model::{
    notification_preferences::{
        ChangeDnd, DndData, DndPreview, DndPreviewQuery, EffectivePreference, PauseDnd,
        PreferenceCatalog, PreferenceData, SetPreference,
    },
    pages::Items,
};

use crate::{answer::Answer, json::Json, problem::Result, query::Query};

/// Every event by module, with the caller's own choices.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<PreferenceCatalog>)))]
pub(crate) async fn catalog(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<PreferenceCatalog>> {
    Ok(Answer::new(operations::catalog(&app, &actor).await?))
}

/// What counts for the caller, for every event and channel.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<Items<EffectivePreference>>)))]
pub(crate) async fn effective(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<Items<EffectivePreference>>> {
    Ok(Answer::new(operations::effective(&app, &actor).await?))
}

/// Sets one choice, or takes it back with `null`.
#[utoipa::path(post, path = "", responses(
    (status = 200, body = Answer<PreferenceData>),
    (status = 404, description = "EVENT_UNKNOWN"),
    (status = 409, description = "PREFERENCE_LOCKED, CHANNEL_NOT_OFFERED"),
))]
pub(crate) async fn set(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(wanted): Json<SetPreference>,
) -> Result<Answer<PreferenceData>> {
    Ok(Answer::new(operations::set(&app, &actor, wanted).await?))
}

/// When the caller does not want to be disturbed.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<DndData>)))]
pub(crate) async fn dnd(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<DndData>> {
    Ok(Answer::new(quiet_hours::mine(&app, &actor).await?))
}

/// Changes the schedule.
#[utoipa::path(put, path = "", responses((status = 200, body = Answer<DndData>)))]
pub(crate) async fn change_dnd(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(change): Json<ChangeDnd>,
) -> Result<Answer<DndData>> {
    Ok(Answer::new(quiet_hours::change(&app, &actor, change).await?))
}

/// Holds alerts for a while, whatever the schedule says.
#[utoipa::path(post, path = "", responses((status = 200, body = Answer<DndData>)))]
pub(crate) async fn pause_dnd(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(pause): Json<PauseDnd>,
) -> Result<Answer<DndData>> {
    Ok(Answer::new(quiet_hours::pause(&app, &actor, pause).await?))
}

/// Lets alerts through again; inside a window of the schedule, until that window ends.
#[utoipa::path(delete, path = "", responses((status = 200, body = Answer<DndData>)))]
pub(crate) async fn resume_dnd(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<DndData>> {
    Ok(Answer::new(quiet_hours::resume(&app, &actor).await?))
}

/// The quiet times of the coming days as instants.
#[utoipa::path(get, path = "", params(DndPreviewQuery), responses(
    (status = 200, body = Answer<DndPreview>),
))]
pub(crate) async fn preview_dnd(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Query(wanted): Query<DndPreviewQuery>,
) -> Result<Answer<DndPreview>> {
    Ok(Answer::new(quiet_hours::preview(&app, &actor, wanted).await?))
}
