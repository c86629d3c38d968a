//! Which pages of other origins may call: those on the list, letter by letter.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderName, HeaderValue, Method,
    header::{
        ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH,
        ORIGIN, RETRY_AFTER, VARY,
    },
};
use tower::{Layer as _, ServiceExt as _};
use tower_http::cors::CorsLayer;

use crate::{
    idempotency::{IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED},
    rate_limit::RATE_LIMIT_HEADERS,
    request_id::X_REQUEST_ID,
};

const MAX_AGE: Duration = Duration::from_mins(10);

const METHODS: [Method; 5] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

const REQUEST_HEADERS: [HeaderName; 6] =
    [AUTHORIZATION, CONTENT_TYPE, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, X_REQUEST_ID];

#[derive(Clone)]
pub(crate) struct Cors {
    origins: Arc<[HeaderValue]>,
    layer: CorsLayer,
}

impl Cors {
    pub(crate) fn new(origins: &[HeaderValue]) -> Self {
        let exposed = [ETAG, RETRY_AFTER, X_REQUEST_ID, IDEMPOTENCY_REPLAYED];
        let layer = CorsLayer::new()
            .allow_origin(origins.to_vec())
            .allow_methods(METHODS)
            .allow_headers(REQUEST_HEADERS)
            .expose_headers(exposed.into_iter().chain(RATE_LIMIT_HEADERS).collect::<Vec<_>>())
            .max_age(MAX_AGE)
            .vary([ORIGIN]);
        Self { origins: origins.into(), layer }
    }

    /// An `OPTIONS` that is no preflight is an ordinary request for a method that no route has.
    fn concerns(&self, request: &Request) -> bool {
        let listed = request.headers().get(ORIGIN).is_some_and(|o| self.origins.contains(o));
        let preflight = request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        listed && (preflight || request.method() != Method::OPTIONS)
    }
}

/// A page that is not listed gets an answer without a word about origins, which its browser then
/// keeps from it.
pub(crate) async fn answer(State(cors): State<Cors>, request: Request, next: Next) -> Response {
    if cors.concerns(&request) {
        let Ok(response) = cors.layer.layer(next).oneshot(request).await;
        return response.into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().append(VARY, HeaderValue::from_name(ORIGIN));
    response
}
