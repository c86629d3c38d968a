//! What a person chooses for the programs they use.

use axum::{Extension, extract::State};
use tidewire_app::{Actor, App, preferences as operations};
use tidewire_protocol::model::preferences::{ChangePreferences, Preferences};

use crate::{answer::Answer, json::Json, problem::Result};

/// The caller's preferences, with defaults for what was never chosen.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<Preferences>)))]
pub(crate) async fn preferences(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<Preferences>> {
    Ok(Answer::new(operations::mine(&app, &actor).await?))
}

/// Merges changes into the caller's preferences.
#[utoipa::path(put, path = "", responses((status = 200, body = Answer<Preferences>)))]
pub(crate) async fn change_preferences(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(change): Json<ChangePreferences>,
) -> Result<Answer<Preferences>> {
    Ok(Answer::new(operations::change(&app, &actor, change).await?))
}
