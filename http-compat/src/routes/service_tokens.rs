//! Tokens of modules, and what modules ask about tokens of people.

use std::sync::Arc;

use axum::{Extension, extract::State};
use http::StatusCode;
use tidewire_app::{Actor, App, actor::Service, service_tokens};
use tidewire_protocol::{
    id::ServiceTokenId,
    model::{
        pages::Items,
        service_tokens::{
            CreateServiceToken, Introspect, Introspection, ServiceToken, ServiceTokenCreated,
            ServiceTokenRevoked,
        },
    },
};

use crate::{answer::Answer, json::Json, path::PathIds, problem::Result};

/// Creates a token, which is shown this once. An Idempotency-Key is not honoured, for the answer is
/// stored nowhere; the name keeps a repetition from making a second one.
#[utoipa::path(post, path = "", responses(
    (status = 201, body = Answer<ServiceTokenCreated>),
    (status = 409, description = "NAME_TAKEN, TOKEN_LIMIT"),
))]
pub(crate) async fn create(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(draft): Json<CreateServiceToken>,
) -> Result<(StatusCode, Answer<ServiceTokenCreated>)> {
    Ok(Answer::created(service_tokens::create(&app, &actor, draft).await?))
}

/// All tokens that were not revoked.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<Items<ServiceToken>>)))]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<Items<ServiceToken>>> {
    Ok(Answer::new(service_tokens::list(&app, &actor).await?))
}

/// Makes a token void.
#[utoipa::path(delete, path = "", params(("id" = ServiceTokenId, Path)), responses(
    (status = 200, body = Answer<ServiceTokenRevoked>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn revoke(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<ServiceTokenId>,
) -> Result<Answer<ServiceTokenRevoked>> {
    Ok(Answer::new(service_tokens::revoke(&app, &actor, id).await?))
}

/// Whether an access token is live, and for whom it stands (RFC 7662).
#[utoipa::path(post, path = "", responses((status = 200, body = Answer<Introspection>)))]
pub(crate) async fn introspect(
    State(app): State<App>,
    Extension(service): Extension<Arc<Service>>,
    Json(introspect): Json<Introspect>,
) -> Result<Answer<Introspection>> {
    Ok(Answer::new(service_tokens::introspect(&app, &service, introspect).await?))
}
