//! `call`: a REST operation over the socket, as the socket's user, through the very same router.

use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request, Uri, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Map, Value, json};
use tidewire_app::{Actor, Error, Result};
use tidewire_http_compat::PreAuthenticated;
use tidewire_protocol::{ErrorCode, codec::Codec, command::Call};
use tower::ServiceExt as _;

use super::conversation::Conversation;

const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Headers that mean something to an operation; all others are the socket's business.
const HEADERS: [&str; 4] = ["idempotency-key", "if-match", "if-none-match", "x-request-id"];

/// Answers `{status, data}`, or the operation's error.
pub async fn run(conversation: &Conversation, actor: &Actor, call: Call) -> Result<Value> {
    let mut request = request(call)?;
    request.extensions_mut().insert(PreAuthenticated(actor.identity.clone()));
    request.extensions_mut().insert(conversation.peer);
    let Ok(response) = conversation.router.clone().oneshot(request).await;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
    let bytes = body.map_err(|_| ErrorCode::Internal)?.to_bytes();
    let mut answer = Codec::Json.decode_value(&bytes).map_err(|_| ErrorCode::NotCallable)?;
    if status.is_success() {
        let data = answer.get_mut("data").map(Value::take);
        return Ok(json!({ "status": status.as_u16(), "data": data.unwrap_or(answer) }));
    }
    Err(error(&answer))
}

fn request(call: Call) -> Result<Request<Body>> {
    if !is_callable(&call.path) {
        return Err(ErrorCode::NotCallable.into());
    }
    let invalid = |field, message| Error::invalid_field(field, "form", message);
    let method = Method::from_bytes(call.method.as_bytes())
        .map_err(|_| invalid("method", "must be an HTTP method"))?;
    let uri: Uri = address(&call.path, &call.query)
        .parse()
        .map_err(|_| invalid("path", "must be an absolute path"))?;
    let body = call.body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in &call.headers {
        let name = HeaderName::try_from(name.to_ascii_lowercase())
            .map_err(|_| invalid("headers", "must have header names"))?;
        if HEADERS.contains(&name.as_str()) {
            let value = HeaderValue::try_from(text(value))
                .map_err(|_| invalid("headers", "must have header values"))?;
            headers.insert(name, value);
        }
    }
    Ok(request)
}

/// Not the socket itself, nor what answers other programs or other formats.
fn is_callable(path: &str) -> bool {
    path.starts_with("/api/v1/")
        && path != "/api/v1/ws"
        && !path.contains("/webhooks/")
        && !path.contains(['?', '#'])
}

fn address(path: &str, query: &Map<String, Value>) -> String {
    let pairs: Vec<(&String, String)> =
        query.iter().map(|(name, value)| (name, text(value))).collect();
    match serde_urlencoded::to_string(pairs) {
        Ok(query) if !query.is_empty() => format!("{path}?{query}"),
        _ => path.to_owned(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn error(answer: &Value) -> Error {
    let code = answer["error"]["code"]
        .as_str()
        .and_then(ErrorCode::from_code)
        .unwrap_or(ErrorCode::Internal);
    match answer["error"]["details"].clone() {
        Value::Null => Error::new(code),
        details => Error::new(code).with_details(details),
    }
}
