//! `Idempotency-Key`.

use axum::body::Body;
use http::Request;
use serde_json::json;

use super::harness::{Answered, Surface, post, somebody};

fn make(key: &str, content: &str) -> Request<Body> {
    let request = post("/things").header("idempotency-key", key).extension(somebody(&[]));
    request.body(Body::from(json!({ "content": content }).to_string())).unwrap()
}

fn replayed(answer: &Answered) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer() {
    let surface = Surface::new().await;
    let first = surface.send(make("key-1", "a")).await;
    assert_eq!((first.status, replayed(&first)), (201, false));
    let again = surface.send(make("key-1", "a")).await;
    assert_eq!((again.status, replayed(&again)), (201, true));
    assert_eq!(again.json(), first.json());
    let other = surface.send(make("key-2", "a")).await;
    assert_eq!(other.json()["data"]["number"], 2);
    assert_eq!(surface.runs.count(), 2);
}

#[tokio::test]
async fn a_refusal_is_kept_too() {
    let surface = Surface::new().await;
    let first = surface.send(make("key", "taken")).await;
    let again = surface.send(make("key", "taken")).await;
    assert_eq!((first.status, again.status, replayed(&again)), (409, 409, true));
    assert_eq!(again.json()["error"]["details"], json!({"number": 1}));
    assert_eq!(again.code(), first.code());
    assert_eq!(surface.runs.count(), 1);
}

#[tokio::test]
async fn a_failure_of_the_server_is_tried_again() {
    let surface = Surface::new().await;
    for runs in 1..=2 {
        let answer = surface.send(make("key", "broken")).await;
        assert_eq!((answer.status, replayed(&answer)), (500, false));
        assert_eq!(surface.runs.count(), runs);
    }
}

#[tokio::test]
async fn a_key_belongs_to_one_body_and_one_caller() {
    let surface = Surface::new().await;
    surface.send(make("key", "a")).await;
    let answer = surface.send(make("key", "b")).await;
    assert_eq!((answer.status, answer.code().as_str()), (422, "IDEMPOTENCY_KEY_REUSED"));
    assert_eq!(surface.runs.count(), 1);
}

#[tokio::test]
async fn requests_at_the_same_time_run_once() {
    let surface = Surface::new().await;
    let answers =
        futures_util::future::join_all((0..8).map(|_| surface.send(make("key", "a")))).await;
    assert_eq!(surface.runs.count(), 1);
    for answer in answers {
        if answer.status == 201 {
            assert_eq!(answer.json()["data"]["number"], 1);
        } else {
            assert_eq!(answer.code(), "IDEMPOTENCY_IN_PROGRESS");
            assert!(answer.header("retry-after").is_some());
        }
    }
}

#[tokio::test]
async fn a_key_that_is_no_key_is_refused() {
    let surface = Surface::new().await;
    let long = "k".repeat(256);
    for bad in ["", "two words", long.as_str()] {
        assert_eq!(surface.send(make(bad, "a")).await.code(), "VALIDATION_FAILED", "{bad:?}");
    }
    let twice = post("/things").header("idempotency-key", "a").header("idempotency-key", "b");
    let answer = surface.send(twice.extension(somebody(&[])).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.code(), "VALIDATION_FAILED");
    assert_eq!(surface.runs.count(), 0);
}
