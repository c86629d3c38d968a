//! Calls from pages of other origins.

use http::{Method, Request};

use tidewire_app::permission::Permission::ChatRead;

use super::harness::{Answered, ORIGIN, Surface, empty, get, somebody};

fn preflight(path: &str, origin: &str) -> Request<axum::body::Body> {
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri(path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,idempotency-key");
    empty(request)
}

fn cors_headers(answer: &Answered) -> Vec<&str> {
    let names = answer.headers.keys().map(http::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn a_listed_origin_may_ask_before_it_calls() {
    let surface = Surface::new().await;
    let answer = surface.send(preflight("/things", ORIGIN)).await;
    assert!((200..300).contains(&answer.status));
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET,POST,PUT,PATCH,DELETE"));
    let allowed = answer.header("access-control-allow-headers").unwrap();
    assert!(allowed.contains("authorization") && allowed.contains("idempotency-key"), "{allowed}");
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert!(answer.header("x-request-id").is_some());
}

#[tokio::test]
async fn a_listed_origin_may_read_answers_and_failures() {
    let surface = Surface::new().await;
    for (path, status) in [("/big", 200), ("/nothing", 404), ("/panic", 500)] {
        let request = get(path).header("origin", ORIGIN).extension(somebody(&[ChatRead]));
        let answer = surface.send(empty(request)).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN), "{path}");
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for name in ["etag", "retry-after", "ratelimit-limit", "x-request-id"] {
            assert!(exposed.contains(name), "{name} in {exposed}");
        }
    }
}

#[tokio::test]
async fn other_origins_hear_nothing_of_origins() {
    let surface = Surface::new().await;
    let look_alikes =
        ["https://app.example.evil", "http://app.example", "https://APP.example", "null"];
    for origin in look_alikes {
        let answer = surface.send(empty(get("/big").header("origin", origin))).await;
        assert_eq!((answer.status, cors_headers(&answer).len()), (200, 0), "{origin}");
        assert_eq!(answer.header("vary"), Some("origin"));
        let answer = surface.send(preflight("/things", origin)).await;
        assert_eq!((answer.status, cors_headers(&answer).len()), (405, 0), "{origin}");
    }
}
