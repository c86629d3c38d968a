//! One line and one figure for each answer. They name the route and never the path, which may carry a token.

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::Method;
use tidewire_app::App;

use crate::request_id::RequestId;

/// Probes come every few seconds and are told at debug level only.
const PROBES: &str = "/api/v1/health";

pub(crate) async fn write(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = app.clock.uptime();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let id = request.extensions().get::<RequestId>().cloned();
    let response = next.run(request).await;

    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    let request_id = id.as_ref().map_or("-", RequestId::as_str);
    let status = response.status().as_u16();
    let elapsed = app.clock.uptime().saturating_sub(started);
    let labels = [
        ("method", known(&method).to_owned()),
        ("route", route.to_owned()),
        ("status", status.to_string()),
    ];
    metrics::histogram!("tidewire_http_request_seconds", &labels).record(elapsed.as_secs_f64());
    let elapsed_ms = elapsed.as_millis() as u64;
    if route.starts_with(PROBES) {
        tracing::debug!(request_id, %method, route, status, elapsed_ms, "answered");
    } else {
        tracing::info!(request_id, %method, route, status, elapsed_ms, "answered");
    }
    response
}

/// A method's name, if it is one that some route has: clients invent others without end.
fn known(method: &Method) -> &str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    if KNOWN.contains(method) { method.as_str() } else { "other" }
}
