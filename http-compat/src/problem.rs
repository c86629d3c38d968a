//! Failures on their way to the client. A handler answers with a bare status and the error beside
//! it; the middleware [`render`] writes the envelope, which names the request, and logs the cause.

use std::{any::Any, sync::Arc};

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;
use serde_json::Value;
use tidewire_app::Error;
use tidewire_protocol::{ErrorCode, input::FieldError};
use utoipa::ToSchema;

use crate::request_id::RequestId;

pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;

/// An error of an operation, or of reading the request for one, as an answer.
#[derive(Debug, Clone)]
pub struct Problem(Arc<Error>);

impl<E: Into<Error>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(Arc::new(error.into()))
    }
}

impl Problem {
    pub(crate) fn invalid(field: &str, rule: &str, message: &str) -> Self {
        vec![FieldError::new(field, rule, message)].into()
    }

    pub(crate) fn error(&self) -> &Error {
        &self.0
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code().http_status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let headers = response.headers_mut();
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.0.retry_after_seconds() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// What a client reads when something did not work.
#[derive(Serialize, ToSchema)]
pub(crate) struct Failure<'a> {
    #[schema(example = false)]
    success: bool,
    error: FailureError<'a>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FailureError<'a> {
    /// For programs; see the description of the endpoint.
    #[schema(example = "NOT_FOUND")]
    code: &'a str,
    /// For people who write programs; may change.
    message: &'a str,
    #[schema(value_type = Option<Object>)]
    details: Option<Value>,
    request_id: &'a str,
}

/// Turns a [`Problem`] into its envelope.
pub(crate) async fn render(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let request_id = id.as_ref().map_or("", RequestId::as_str);
        problem.0.log(request_id);
        write(&mut response, problem.error(), request_id);
    }
    response
}

fn write(response: &mut Response, error: &Error, request_id: &str) {
    let body = error.body();
    let failure = Failure {
        success: false,
        error: FailureError {
            code: &body.code,
            message: &body.message,
            details: body.details,
            request_id,
        },
    };
    let text = serde_json::to_vec(&failure).expect("the envelope is plain data");
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(text);
}

/// The answer to a request whose handling panicked. What was thrown may hold anything and is not
/// repeated here; the panic hook has written it.
pub(crate) fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::from(ErrorCode::Internal).into_response()
}

pub(crate) async fn route_not_found() -> Problem {
    ErrorCode::RouteNotFound.into()
}

pub(crate) async fn method_not_allowed() -> Problem {
    ErrorCode::MethodNotAllowed.into()
}
