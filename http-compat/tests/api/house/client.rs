//! Requests through the router, and answers that are easy to look at.

use std::net::SocketAddr;

use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tidewire_http_compat::PeerAddr;
use tower::ServiceExt as _;

/// Sends requests, with or without a token.
pub(crate) struct Client {
    router: Router,
    token: Option<String>,
}

pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Client {
    pub(super) fn new(router: &Router, token: Option<&str>) -> Self {
        Self { router: router.clone(), token: token.map(str::to_owned) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.send(self.request(Method::GET, path), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answered {
        self.send(self.request(Method::POST, path), Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answered {
        self.send(self.request(Method::PUT, path), Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answered {
        self.send(self.request(Method::PATCH, path), Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answered {
        self.send(self.request(Method::DELETE, path), None).await
    }

    pub(crate) async fn get_with(&self, path: &str, header: &str, value: &str) -> Answered {
        self.send(self.request(Method::GET, path).header(header, value), None).await
    }

    pub(crate) async fn put_with(
        &self,
        path: &str,
        header: &str,
        value: &str,
        body: Value,
    ) -> Answered {
        self.send(self.request(Method::PUT, path).header(header, value), Some(body)).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        header: &str,
        value: &str,
        body: Value,
    ) -> Answered {
        self.send(self.request(Method::POST, path).header(header, value), Some(body)).await
    }

    pub(crate) async fn post_with_key(&self, path: &str, key: &str, body: Value) -> Answered {
        self.post_with(path, "idempotency-key", key, body).await
    }

    /// Any request, to a whole path.
    pub(crate) async fn call(&self, method: &str, uri: &str, body: Option<Value>) -> Answered {
        self.send(self.request_to(method.parse().unwrap(), uri), body).await
    }

    /// Below `/api/v1`.
    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        self.request_to(method, &format!("/api/v1{path}"))
    }

    fn request_to(&self, method: Method, uri: &str) -> http::request::Builder {
        let peer = PeerAddr(SocketAddr::from(([192, 0, 2, 1], 1)));
        let request = Request::builder().method(method).uri(uri).extension(peer);
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    async fn send(&self, request: http::request::Builder, body: Option<Value>) -> Answered {
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        let response = self.router.clone().oneshot(request.unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let text = String::from_utf8(bytes.into()).unwrap();
        Answered { status: parts.status.as_u16(), headers: parts.headers, body, text }
    }
}

impl Answered {
    pub(crate) fn data(&self) -> &Value {
        assert!(self.status < 300, "{}", self.body);
        &self.body["data"]
    }

    /// Status and code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.body["error"]["code"].as_str().unwrap_or("not refused"))
    }

    /// The fields that broke a rule.
    pub(crate) fn fields(&self) -> Vec<&str> {
        assert_eq!(self.refusal(), (400, "VALIDATION_FAILED"), "{}", self.body);
        let fields = self.body["error"]["details"]["fields"].as_array().unwrap();
        fields.iter().map(|field| field["field"].as_str().unwrap()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// All but the name of the request, which differs every time.
    pub(crate) fn error(&self) -> Value {
        let mut error = self.body["error"].clone();
        error["requestId"] = Value::Null;
        error
    }
}
