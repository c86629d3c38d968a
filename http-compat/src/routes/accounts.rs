//! Signing in and staying signed in.

use std::sync::Arc;

use axum::{Extension, extract::State, response::Response};
use http::{HeaderValue, header::CACHE_CONTROL};
use tidewire_app::{Actor, App, accounts, actor::Request};
use tidewire_protocol::model::accounts::{KeySet, Login, Me, Refresh, SignedIn, Tokens};

use crate::{
    answer::{self, Answer},
    json::Json,
    problem::Result,
};

/// Signs a person in to one tenant and starts a session.
#[utoipa::path(post, path = "", responses(
    (status = 200, body = Answer<SignedIn>),
    (status = 401, description = "INVALID_CREDENTIALS"),
    (status = 403, description = "ACCOUNT_DEACTIVATED, TENANT_SUSPENDED, EMAIL_NOT_VERIFIED"),
    (status = 429, description = "TOO_MANY_ATTEMPTS"),
))]
pub(crate) async fn login(
    State(app): State<App>,
    Extension(request): Extension<Arc<Request>>,
    Json(login): Json<Login>,
) -> Result<Answer<SignedIn>> {
    Ok(Answer::new(accounts::login(&app, &request, login).await?))
}

/// Exchanges the current refresh token for a new access token and its successor.
#[utoipa::path(post, path = "", responses(
    (status = 200, body = Answer<Tokens>),
    (status = 401, description = "REFRESH_TOKEN_INVALID, REFRESH_TOKEN_REUSED"),
    (status = 403, description = "ACCOUNT_DEACTIVATED, TENANT_SUSPENDED"),
))]
pub(crate) async fn refresh(
    State(app): State<App>,
    Extension(request): Extension<Arc<Request>>,
    Json(refresh): Json<Refresh>,
) -> Result<Answer<Tokens>> {
    Ok(Answer::new(accounts::refresh(&app, &request, refresh).await?))
}

/// The signed-in account with its tenant, role and permissions.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<Me>)))]
pub(crate) async fn me(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<Me>> {
    Ok(Answer::new(accounts::me(&app, &actor).await?))
}

/// The public keys that access tokens are signed with.
#[utoipa::path(get, path = "", responses(
    (status = 200, description = "A JSON Web Key Set (RFC 7517), bare", body = KeySet),
))]
pub(crate) async fn jwks(State(app): State<App>) -> Response {
    let mut response = answer::document(&app.token_keys.published(app.clock.now()));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
