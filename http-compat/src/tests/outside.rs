//! The outermost shell: names, headers, routing, panics, time, compression.

use axum::body::Body;
use http::{Method, Request};
use tidewire_app::permission::Permission;

use super::harness::{CHANNEL, Surface, empty, get, post, somebody};

#[tokio::test]
async fn every_answer_is_named_and_not_to_be_kept() {
    let surface = Surface::new().await;
    for path in ["/big", "/nothing/here"] {
        let answer = surface.send(empty(get(path).header("x-request-id", "kept_name-1"))).await;
        assert_eq!(answer.header("x-request-id"), Some("kept_name-1"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
}

#[tokio::test]
async fn a_request_id_that_does_not_fit_is_replaced() {
    let surface = Surface::new().await;
    let long = "a".repeat(65);
    for bad in ["", "short", "with space", "semi;colon", long.as_str()] {
        let answer = surface.send(empty(get("/nothing").header("x-request-id", bad))).await;
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(id.len(), 16, "{bad:?} became {id}");
        assert_eq!(answer.json()["error"]["requestId"], id);
    }
}

#[tokio::test]
async fn a_failure_has_exactly_four_fields() {
    let surface = Surface::new().await;
    let answer = surface.send(empty(get("/nothing").header("x-request-id", "failure-1"))).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.json(),
        serde_json::json!({"success": false, "error": {
            "code": "ROUTE_NOT_FOUND", "message": "There is no such endpoint.",
            "details": null, "requestId": "failure-1",
        }})
    );
}

#[tokio::test]
async fn routes_of_the_process_share_the_surface() {
    let surface = Surface::new().await;
    let answer = surface.send(empty(get("/upgrade"))).await;
    assert_eq!((answer.status, answer.code().as_str()), (426, "UPGRADE_REQUIRED"));
    assert_eq!(answer.header("x-request-id"), answer.json()["error"]["requestId"].as_str());
    assert_eq!(surface.send(empty(post("/upgrade"))).await.code(), "METHOD_NOT_ALLOWED");
    assert_eq!(surface.send(empty(get("/api/v1/openapi.json"))).await.status, 404);
}

#[tokio::test]
async fn a_trailing_slash_is_another_route() {
    let surface = Surface::new().await;
    assert_eq!(surface.send(empty(get("/big"))).await.status, 200);
    assert_eq!(surface.send(empty(get("/big/"))).await.code(), "ROUTE_NOT_FOUND");
    assert_eq!(surface.send(empty(get("//big"))).await.code(), "ROUTE_NOT_FOUND");
}

#[tokio::test]
async fn other_methods_are_refused_with_those_that_work() {
    let surface = Surface::new().await;
    let path = format!("/chat/{CHANNEL}/messages");
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        let answer = surface.send(empty(Request::builder().method(method).uri(&path))).await;
        assert_eq!((answer.status, answer.code().as_str()), (405, "METHOD_NOT_ALLOWED"));
        let mut allow: Vec<_> = answer.header("allow").unwrap().split(',').collect();
        allow.sort_unstable();
        assert_eq!(allow, ["GET", "HEAD", "POST"], "{method}");
    }
}

#[tokio::test]
async fn trace_and_connect_are_refused_everywhere() {
    let surface = Surface::new().await;
    for method in [Method::TRACE, Method::CONNECT] {
        for path in ["/big", "/nothing"] {
            let request = Request::builder().method(method.clone()).uri(path);
            let answer = surface.send(empty(request)).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert!(answer.header("allow").is_some());
        }
    }
}

#[tokio::test]
async fn head_tells_what_get_would_say_without_saying_it() {
    let surface = Surface::new().await;
    let full = surface.send(empty(get("/big"))).await;
    let head = surface.send(empty(Request::head("/big"))).await;
    assert_eq!((head.status, head.bytes.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(full.bytes.len().to_string().as_str()));
    let missing = surface.send(empty(Request::head("/nothing"))).await;
    assert_eq!((missing.status, missing.bytes.len()), (404, 0));
}

#[tokio::test]
async fn long_addresses_and_heavy_heads_are_refused() {
    let surface = Surface::new().await;
    let answer = surface.send(empty(get(&format!("/big?{}", "x".repeat(8 * 1024))))).await;
    assert_eq!((answer.status, answer.code().as_str()), (414, "URI_TOO_LONG"));
    let answer = surface.send(empty(get("/big").header("x-fill", "x".repeat(16 * 1024)))).await;
    assert_eq!((answer.status, answer.code().as_str()), (431, "HEADERS_TOO_LARGE"));
}

#[tokio::test]
async fn a_panic_is_an_answer_like_any_other() {
    let surface = Surface::new().await;
    let request = get("/panic").extension(somebody(&[Permission::ChatRead]));
    let answer = surface.send(empty(request)).await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "INTERNAL"));
    assert!(!answer.json().to_string().contains("panics"));
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_given_up() {
    let surface = Surface::new().await;
    tokio::time::pause();
    let answer = surface.send(empty(post("/slow"))).await;
    assert_eq!((answer.status, answer.code().as_str()), (504, "TIMEOUT"));
}

#[tokio::test]
async fn a_body_that_takes_too_long_is_given_up() {
    let surface = Surface::new().await;
    tokio::time::pause();
    let endless = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, String>>());
    let answer = surface.send(post("/slow").body(endless).unwrap()).await;
    assert_eq!((answer.status, answer.code().as_str()), (408, "REQUEST_TIMEOUT"));
}

#[tokio::test]
async fn answers_are_compressed_unless_they_are_secret() {
    let surface = Surface::new().await;
    let ask = |path| empty(get(path).header("accept-encoding", "gzip"));
    let big = surface.send(ask("/big")).await;
    assert_eq!(big.header("content-encoding"), Some("gzip"));
    assert!(big.bytes.len() < 1_000);
    let secret = surface.send(ask("/secret")).await;
    assert_eq!(secret.header("content-encoding"), None);
    assert!(secret.bytes.len() > 10_000);
}

#[tokio::test]
async fn figures_are_nowhere_among_the_rest() {
    let surface = Surface::new().await;
    assert_eq!(surface.send(empty(get("/metrics"))).await.code(), "ROUTE_NOT_FOUND");
}
