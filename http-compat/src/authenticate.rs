//! Who is calling: the bearer of a token, or the user of the socket that a call came over.

use std::sync::Arc;

use http::{HeaderMap, header::AUTHORIZATION, request::Parts};
use tidewire_app::{App, actor::Identity, auth::session};
use tidewire_protocol::ErrorCode;

use crate::problem::Result;

/// A request extension with which the socket says whose call this is. No header can set it.
#[derive(Debug, Clone)]
pub struct PreAuthenticated(pub Arc<Identity>);

/// The caller's identity as of now. Tokens are looked for in the `Authorization` header only.
pub(crate) async fn authenticate(app: &App, parts: &Parts) -> Result<Arc<Identity>> {
    if let Some(PreAuthenticated(identity)) = parts.extensions.get() {
        return Ok(identity.clone());
    }
    Ok(session::authenticate(app, bearer(&parts.headers)?).await?)
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
