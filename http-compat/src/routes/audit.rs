//! Who did what.

use axum::{Extension, extract::State};
use serde::Serialize;
use tidewire_app::{Actor, App, audit};
use tidewire_protocol::model::{
    audit::{AuditEntry, AuditQuery},
    pages::CursorPagination,
};
use utoipa::ToSchema;

use crate::{answer::Answer, problem::Result, query::Query};

/// A part of the log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    items: Vec<AuditEntry>,
    pagination: CursorPagination,
}

/// What happened in the company, newest first.
#[utoipa::path(get, path = "", params(AuditQuery), responses(
    (status = 200, body = Answer<AuditPage>),
    (status = 400, description = "INVALID_CURSOR"),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Query(query): Query<AuditQuery>,
) -> Result<Answer<AuditPage>> {
    let audit::Listed { items, pagination } = audit::list(&app, &actor, query).await?;
    Ok(Answer::new(AuditPage { items, pagination }))
}
