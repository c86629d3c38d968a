//! What notifications say.

use axum::{Extension, extract::State, response::Response};
use tidewire_app::{Actor, App, notification_templates};
use tidewire_protocol::model::notification_templates::{
    CustomizeTemplate, CustomizedTemplate, PreviewTemplate, TemplateData, TemplateList,
    TemplatePreview,
};

use crate::{
    answer::Answer,
    json::Json,
    path::PathIds,
    preconditions::{Preconditions, tagged},
    problem::Result,
};

/// All templates by module.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<TemplateList>)))]
pub(crate) async fn templates(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<TemplateList>> {
    Ok(Answer::new(notification_templates::list(&app, &actor).await?))
}

/// One template with its variables.
#[utoipa::path(get, path = "", params(("id" = String, Path, example = "sales.lead_assigned.email")), responses(
    (status = 200, body = Answer<TemplateData>),
    (status = 304, description = "The version in If-None-Match is the current one"),
    (status = 404, description = "NOT_FOUND"),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn template(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<String>,
    preconditions: Preconditions,
) -> Result<Response> {
    let found = notification_templates::get(&app, &actor, &id).await?;
    preconditions.answer(found.template.version, Answer::new(found))
}

/// Saves the company's own words.
#[utoipa::path(post, path = "", params(("id" = String, Path, example = "sales.lead_assigned.email")), responses(
    (status = 200, body = Answer<CustomizedTemplate>),
    (status = 400, description = "TEMPLATE_INVALID"),
    (status = 404, description = "NOT_FOUND"),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn customize_template(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<String>,
    preconditions: Preconditions,
    Json(wanted): Json<CustomizeTemplate>,
) -> Result<Response> {
    let expected = preconditions.expected();
    let saved = notification_templates::customize(&app, &actor, &id, wanted, &expected).await?;
    Ok(tagged(saved.template.version, Answer::new(saved)))
}

/// Shows a template, or a draft of one, with sample values.
#[utoipa::path(post, path = "", params(("id" = String, Path, example = "sales.lead_assigned.email")), responses(
    (status = 200, body = Answer<TemplatePreview>),
    (status = 400, description = "TEMPLATE_INVALID"),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn preview_template(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<String>,
    Json(draft): Json<PreviewTemplate>,
) -> Result<Answer<TemplatePreview>> {
    Ok(Answer::new(notification_templates::preview(&app, &actor, &id, draft).await?))
}

/// Goes back to the built-in words.
#[utoipa::path(delete, path = "", params(("id" = String, Path, example = "sales.lead_assigned.email")), responses(
    (status = 200, body = Answer<TemplateData>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn reset_template(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<String>,
) -> Result<Response> {
    let reset = notification_templates::reset(&app, &actor, &id).await?;
    Ok(tagged(reset.template.version, Answer::new(reset)))
}
