//! What stands before a handler, and in which order.

use std::net::SocketAddr;

use axum::body::Body;
use http::Request;
use serde_json::json;
use tidewire_app::{
    permission::Permission,
    rate_limit::{Class, Rate},
};

use super::harness::{CHANNEL, Surface, empty, get, post, somebody};
use crate::PeerAddr;

const ONCE: Rate = Rate { count: 1, seconds: 60 };

fn messages(id: &str) -> String {
    format!("/chat/{id}/messages")
}

fn writer() -> crate::PreAuthenticated {
    somebody(&[Permission::ChatWrite])
}

#[tokio::test]
async fn checks_come_in_the_promised_order() {
    let surface = Surface::new().await;
    let bad = messages("5");
    let text = |bytes: usize| Body::from("x".repeat(bytes));
    let steps = [
        (Request::post("/chat/5/nothing").body(text(300_000)), "ROUTE_NOT_FOUND"),
        (Request::post(&bad).body(text(300_000)), "PAYLOAD_TOO_LARGE"),
        (Request::post(&bad).body(text(9)), "UNSUPPORTED_MEDIA_TYPE"),
        (post(&bad).body(text(9)), "TOKEN_MISSING"),
        (post(&bad).extension(somebody(&[])).body(text(9)), "FORBIDDEN"),
        (post(&bad).extension(writer()).body(text(9)), "VALIDATION_FAILED"),
        (post(&messages(CHANNEL)).extension(writer()).body(text(9)), "BAD_REQUEST"),
        (post(&messages(CHANNEL)).extension(writer()).body(Body::from("{}")), "VALIDATION_FAILED"),
    ];
    for (request, expected) in steps {
        assert_eq!(surface.send(request.unwrap()).await.code(), expected);
    }
}

#[tokio::test]
async fn a_user_at_the_limit_does_not_learn_what_is_missing() {
    let surface = Surface::with_rates(&[(Class::ChatSend, ONCE)]).await;
    let request = || empty(post(&messages("5")).extension(somebody(&[])));
    assert_eq!(surface.send(request()).await.code(), "FORBIDDEN");
    let answer = surface.send(request()).await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "RATE_LIMITED"));
    assert_eq!(answer.header("retry-after"), Some("60"));
    assert_eq!(answer.header("ratelimit-remaining"), Some("0"));
    surface.clock.advance(60_000);
    assert_eq!(surface.send(request()).await.code(), "FORBIDDEN");
}

#[tokio::test]
async fn a_missing_permission_is_named_and_a_missing_token_asks_for_one() {
    let surface = Surface::new().await;
    let answer = surface.send(empty(post(&messages(CHANNEL)).extension(somebody(&[])))).await;
    assert_eq!(answer.json()["error"]["details"], json!({"required": "chat.write"}));
    for authorization in [None, Some("Basic eA=="), Some("Bearer")] {
        let request = authorization
            .into_iter()
            .fold(get(&messages(CHANNEL)), |request, value| request.header("authorization", value));
        let answer = surface.send(empty(request)).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "TOKEN_MISSING"));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    let twice = get(&messages(CHANNEL)).header("authorization", "Bearer a");
    let answer = surface.send(empty(twice.header("authorization", "Bearer b"))).await;
    assert_eq!(answer.code(), "TOKEN_INVALID");
    let in_query = get(&format!("{}?access_token=a", messages(CHANNEL)));
    assert_eq!(surface.send(empty(in_query)).await.code(), "TOKEN_MISSING");
}

#[tokio::test]
async fn public_routes_do_not_look_at_tokens() {
    let surface = Surface::new().await;
    let request = get("/big").header("authorization", "Bearer nonsense");
    assert_eq!(surface.send(empty(request)).await.status, 200);
}

#[tokio::test]
async fn every_failing_field_and_a_malformed_id_are_named() {
    let surface = Surface::new().await;
    let request = post(&messages(CHANNEL)).extension(writer());
    let body = json!({"content": " ", "clientMessageId": "short", "mentions": [0], "else": 1});
    let answer = surface.send(request.body(Body::from(body.to_string())).unwrap()).await;
    let details = answer.json()["error"]["details"].clone();
    let fields: Vec<_> =
        details["fields"].as_array().unwrap().iter().map(|f| &f["field"]).collect();
    assert_eq!(fields, ["content", "clientMessageId", "mentions[0]"]);

    for id in ["5", "%20", "%00", &CHANNEL[..35], "..%2F..%2Fx"] {
        let request = get(&messages(id)).extension(somebody(&[Permission::ChatRead]));
        let answer = surface.send(empty(request)).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "VALIDATION_FAILED"), "{id}");
        assert_eq!(answer.json()["error"]["details"]["fields"][0]["field"], "id");
    }
    let request = get(&messages("%ff")).extension(somebody(&[Permission::ChatRead]));
    assert_eq!(surface.send(empty(request)).await.code(), "BAD_REQUEST");
}

#[tokio::test]
async fn parameters_follow_the_rules_of_lists() {
    let surface = Surface::new().await;
    let reader = || somebody(&[Permission::ChatRead]);
    let ask =
        |query: &str| empty(get(&format!("{}?{query}", messages(CHANNEL))).extension(reader()));
    for bad in ["limit=0", "limit=-1", "limit=x", "limit=1&limit=2", "afterSeq=1&cursor=a"] {
        assert_eq!(surface.send(ask(bad)).await.code(), "VALIDATION_FAILED", "{bad}");
    }
    let answer = surface.send(ask("limit=500&unknown=1&unknown=2")).await;
    assert_eq!(answer.json()["data"]["limit"], 200);
}

#[tokio::test]
async fn addresses_have_their_own_buckets() {
    let surface = Surface::with_rates(&[(Class::Document, ONCE)]).await;
    let from = |peer: &str, forwarded: &str| {
        let peer = PeerAddr(SocketAddr::new(peer.parse().unwrap(), 1));
        empty(get("/big").extension(peer).header("x-forwarded-for", forwarded))
    };
    assert_eq!(surface.send(from("192.0.2.1", "198.51.100.1")).await.status, 200);
    assert_eq!(surface.send(from("192.0.2.1", "198.51.100.2")).await.status, 429);
    assert_eq!(surface.send(from("10.0.0.1", "198.51.100.1")).await.status, 200);
    assert_eq!(surface.send(from("10.0.0.1", "198.51.100.2")).await.status, 200);
    assert_eq!(surface.send(from("10.0.0.9", "198.51.100.2")).await.status, 429);
    assert_eq!(surface.send(from("2001:db8::1", "")).await.status, 200);
    assert_eq!(surface.send(from("2001:db8::2", "")).await.status, 429);
}

#[tokio::test]
async fn the_tightest_limit_is_told() {
    let surface = Surface::new().await;
    let send = |id: &str| {
        let request = post(&messages(id)).extension(writer());
        request.body(Body::from(json!({"content": "hello"}).to_string())).unwrap()
    };
    for remaining in ["19", "18"] {
        let answer = surface.send(send(CHANNEL)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-limit"), Some("20"));
        assert_eq!(answer.header("ratelimit-remaining"), Some(remaining));
    }
    while surface.send(send(CHANNEL)).await.status == 200 {}
    let elsewhere = CHANNEL.replace('0', "1");
    assert_eq!(surface.send(send(&elsewhere)).await.status, 200);
}

#[tokio::test]
async fn credentials_come_in_small_bodies() {
    let surface = Surface::new().await;
    let request = Request::get("/secret").header("content-type", "application/json");
    let answer = surface.send(request.body(Body::from("x".repeat(16 * 1024 + 1))).unwrap()).await;
    assert_eq!(answer.code(), "PAYLOAD_TOO_LARGE");
}
