//! Companies on this installation.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use tidewire_app::{Actor, App, actor::Request, tenants};
use tidewire_protocol::model::tenants::{
    RegisterTenant, Registered, SlugCheck, TenantData, TenantPublicData,
};

use crate::{answer::Answer, json::Json, path::PathIds, problem::Result};

/// Creates a tenant together with its first administrator.
#[utoipa::path(post, path = "", responses(
    (status = 201, body = Answer<Registered>),
    (status = 400, description = "PASSWORD_POLICY"),
    (status = 403, description = "REGISTRATION_CLOSED"),
    (status = 409, description = "SLUG_TAKEN"),
))]
pub(crate) async fn register(
    State(app): State<App>,
    Extension(request): Extension<Arc<Request>>,
    Json(tenant): Json<RegisterTenant>,
) -> Result<(StatusCode, Answer<Registered>)> {
    Ok(Answer::created(tenants::register(&app, &request, tenant).await?))
}

/// The caller's tenant.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<TenantData>)))]
pub(crate) async fn me(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<TenantData>> {
    Ok(Answer::new(tenants::me(&app, &actor).await?))
}

/// What a tenant's sign-in page shows.
#[utoipa::path(get, path = "", params(("slug" = String, Path)), responses(
    (status = 200, body = Answer<TenantPublicData>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn by_slug(
    State(app): State<App>,
    PathIds(slug): PathIds<String>,
) -> Result<Response> {
    let mut response = Answer::new(tenants::by_slug(&app, &slug).await?).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    Ok(response)
}

/// Whether a slug can still be taken. The answer reserves nothing.
#[utoipa::path(get, path = "", params(("slug" = String, Path)), responses(
    (status = 200, body = Answer<SlugCheck>),
))]
pub(crate) async fn check_slug(
    State(app): State<App>,
    PathIds(slug): PathIds<String>,
) -> Result<Answer<SlugCheck>> {
    Ok(Answer::new(tenants::check_slug(&app, &slug).await?))
}
