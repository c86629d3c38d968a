//! Leaving a kind of mails, without signing in (RFC 8058).

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};
use serde::Serialize;
use tidewire_app::{App, Error, actor::Request, unsubscribe};
use tidewire_protocol::ErrorCode;
use utoipa::ToSchema;

use crate::{answer::Answer, path::PathIds, problem::Result};

/// What leaving a kind of mails answers to programs.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Unsubscribed {
    unsubscribed: bool,
}

/// The page behind the link in a mail. Reading it changes nothing.
#[utoipa::path(get, path = "", params(("token" = String, Path)), responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = 400, description = "ONE_TIME_TOKEN_INVALID"),
))]
pub(crate) async fn page(
    State(app): State<App>,
    headers: HeaderMap,
    PathIds(token): PathIds<String>,
) -> Result<Response> {
    match unsubscribe::preview(&app, &token) {
        Ok(subject) => Ok(html(
            StatusCode::OK,
            &format!("No more mails about “{}”?", subject.title()),
            "<form method=\"post\"><button>Unsubscribe</button></form>",
        )),
        Err(error) if is_invalid(&error) && wants_page(&headers) => Ok(invalid()),
        Err(error) => Err(error.into()),
    }
}

/// Leaves the kind of mails that the link is about. A second time changes nothing.
#[utoipa::path(post, path = "", params(("token" = String, Path)), responses(
    (status = 200, body = Answer<Unsubscribed>),
    (status = 400, description = "ONE_TIME_TOKEN_INVALID"),
))]
pub(crate) async fn leave(
    State(app): State<App>,
    Extension(request): Extension<Arc<Request>>,
    headers: HeaderMap,
    PathIds(token): PathIds<String>,
) -> Result<Response> {
    let left = unsubscribe::leave(&app, &request, &token).await;
    if !wants_page(&headers) {
        left?;
        return Ok(Answer::new(Unsubscribed { unsubscribed: true }).into_response());
    }
    match left {
        Ok(()) => Ok(html(StatusCode::OK, "You get no more of these mails.", "")),
        Err(error) if is_invalid(&error) => Ok(invalid()),
        Err(error) => Err(error.into()),
    }
}

fn is_invalid(error: &Error) -> bool {
    error.code() == ErrorCode::OneTimeTokenInvalid
}

/// Programs take anything; people read a page.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|kind| kind.trim().starts_with("text/html"))
}

fn invalid() -> Response {
    html(StatusCode::BAD_REQUEST, "This link is not valid.", "")
}

/// A page without anything that runs; its only form leads back to where it came from.
fn html(status: StatusCode, said: &str, below: &str) -> Response {
    let text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Mails</title></head>\n\
         <body><main><h1>{said}</h1>{below}</main></body>\n</html>\n"
    );
    let policy = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
    ];
    (status, headers, text).into_response()
}
