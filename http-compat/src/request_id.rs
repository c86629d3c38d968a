//! A name for each request, on the answer and in every log line about it.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue};
use tidewire_app::App;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Kept from the client when it is 8 to 64 of `[A-Za-z0-9_-]`, otherwise drawn.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    fn kept(headers: &HeaderMap) -> Option<Self> {
        let id = headers.get(X_REQUEST_ID)?;
        let fits = (8..=64).contains(&id.len())
            && id.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        fits.then(|| Self(id.clone()))
    }

    fn drawn(app: &App) -> Self {
        let id = URL_SAFE_NO_PAD.encode(app.clock.random_bytes::<12>());
        Self(HeaderValue::from_maybe_shared(id).expect("base64url is visible ASCII"))
    }
}

pub(crate) async fn assign(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId::kept(request.headers()).unwrap_or_else(|| RequestId::drawn(&app));
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    response.headers_mut().insert(X_REQUEST_ID, id.0);
    response
}
