//! What can be refused by looking at the head of a request, before anybody asks which route it is
//! for.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, header::ALLOW};
use tidewire_protocol::{
    ErrorCode,
    limits::{HEADER_BYTES_MAX, URL_BYTES_MAX},
};

use crate::problem::Problem;

pub(crate) async fn check(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::TRACE | Method::CONNECT) {
        let allow = HeaderValue::from_static("GET,HEAD,POST,PUT,PATCH,DELETE");
        return ([(ALLOW, allow)], Problem::from(ErrorCode::MethodNotAllowed)).into_response();
    }
    let path_and_query = request.uri().path_and_query();
    if path_and_query.is_some_and(|target| target.as_str().len() > URL_BYTES_MAX) {
        return Problem::from(ErrorCode::UriTooLong).into_response();
    }
    if bytes_of(request.headers()) > HEADER_BYTES_MAX {
        return Problem::from(ErrorCode::HeadersTooLarge).into_response();
    }
    next.run(request).await
}

fn bytes_of(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}
