//! Who is calling: the bearer of a token, a person's or a service's, or the user of the socket that a
//! call came over.

use std::sync::Arc;

use http::{HeaderMap, header::AUTHORIZATION, request::Parts};
use tidewire_app::{
    App,
    actor::{Identity, Service},
    auth::session,
    service_tokens,
};
use tidewire_protocol::ErrorCode;

use crate::problem::Result;

/// A request extension with which the socket says whose call this is. No header can set it.
#[derive(Debug, Clone)]
pub struct PreAuthenticated(pub Arc<Identity>);

/// Whose token it was.
pub(crate) enum Bearer {
    Person(Arc<Identity>),
    Service(Arc<Service>),
}

/// The caller as of now. Tokens are looked for in the `Authorization` header only.
pub(crate) async fn authenticate(app: &App, parts: &Parts) -> Result<Bearer> {
    if let Some(PreAuthenticated(identity)) = parts.extensions.get() {
        return Ok(Bearer::Person(identity.clone()));
    }
    let token = bearer(&parts.headers)?;
    if token.starts_with(service_tokens::PREFIX) {
        let service = service_tokens::authenticate(app, token).await?;
        return Ok(Bearer::Service(service.into()));
    }
    Ok(Bearer::Person(session::authenticate(app, token).await?))
}

fn bearer(headers: &HeaderMap) -> Result<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(ErrorCode::TokenMissing)?;
    if values.next().is_some() {
        return Err(ErrorCode::TokenInvalid.into());
    }
    let text = value.to_str().map_err(|_| ErrorCode::TokenInvalid)?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        Some(_) | None => Err(ErrorCode::TokenMissing.into()),
    }
}
