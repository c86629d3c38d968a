//! Commands that come at the wrong time, or that nobody knows.

use serde_json::json;
use tidewire_protocol::codec::Codec;
use tidewire_testkit::{
    Client,
    socket::{
        Frame,
        opcode::{PING, TEXT},
    },
};

use crate::house::{House, is_served};

#[tokio::test]
async fn a_connection_without_hello_is_closed_after_ten_seconds() {
    let house = House::start().await;
    let mut witness = house.client(1).await;
    let mut silent = house.stranger(Codec::Json).await;
    let mut signed_in =
        Client::open(house.address(), Codec::Json, Some(&house.people[0].token)).await.unwrap();
    let codes = tokio::join!(silent.closed(), signed_in.closed());
    assert_eq!(codes, (Some(4401), Some(4401)));
    is_served(&mut witness).await;
}

/// The wire is full and stays so: the close frame cannot go out, and the connection ends anyway.
#[tokio::test]
async fn a_stranger_who_takes_nothing_is_let_go() {
    let house = House::start().await;
    let mut stranger = house.stranger(Codec::Json).await;
    stranger.socket.flood(&Frame::new(PING, [b'x'; 125]).masked().repeat(500)).await;
    is_served(&mut house.client(1).await).await;
}

#[tokio::test]
async fn commands_before_hello_are_refused_and_hello_is_still_heard() {
    let house = House::start().await;
    let mut client = house.stranger(Codec::Json).await;
    let channel = &house.channels[0];
    let send = json!({ "channelId": channel, "content": "hello?" });
    let call = json!({ "method": "GET", "path": "/api/v1/users/me" });
    for (op, data) in [("ping", json!({})), ("chat.send", send), ("call", call)] {
        assert_eq!(client.refused(op, data).await, "HELLO_REQUIRED", "{op}");
    }
    client.call("hello", json!({ "token": house.people[0].token })).await.unwrap();
    is_served(&mut client).await;
}

#[tokio::test]
async fn hello_is_said_once() {
    let house = House::start().await;
    let mut client = house.client(0).await;
    let other = json!({ "token": house.people[1].token });
    for data in [json!({}), other] {
        assert_eq!(client.refused("hello", data).await, "ALREADY_SIGNED_IN");
    }
    is_served(&mut client).await;
}

#[tokio::test]
async fn hello_without_a_valid_token_ends_the_connection() {
    let house = House::start().await;
    for (data, code) in [
        (json!({}), "TOKEN_MISSING"),
        (json!({ "token": "x" }), "TOKEN_INVALID"),
        (json!({ "token": format!("{}x", house.people[0].token) }), "TOKEN_INVALID"),
    ] {
        let mut client = house.stranger(Codec::Json).await;
        assert_eq!(client.refused("hello", data).await, code);
        assert_eq!(client.closed().await, Some(4401));
    }
}

#[tokio::test]
async fn an_unknown_operation_is_refused_and_the_connection_stays() {
    let house = House::start().await;
    for codec in Codec::ALL {
        let mut client = house.speaker(codec).await;
        for op in ["", "Ping", "chat.sendx", "chat", "\u{0}", &"x".repeat(60_000)] {
            assert_eq!(client.refused(op, json!({})).await, "OP_UNKNOWN");
        }
        is_served(&mut client).await;
    }
}

#[tokio::test]
async fn what_must_be_answered_needs_an_id() {
    let house = House::start().await;
    let channel = &house.channels[0];
    for (op, data) in [
        ("ping", json!({})),
        ("chat.send", json!({ "channelId": channel, "content": "into the void" })),
        ("chat.send", json!({})),
        ("chat.typing", json!({})),
    ] {
        let mut client = house.client(0).await;
        client.tell(op, data).await;
        assert_eq!(client.closed().await, Some(4400), "{op}");
    }
    let mut client = house.client(0).await;
    client.tell("chat.typing", json!({ "channelId": channel })).await;
    client.tell("activity", json!({})).await;
    client.tell("presence.set", json!({ "status": "away" })).await;
    is_served(&mut client).await;
}

/// What comes after a protocol error is not carried out, though it was in the same segment.
#[tokio::test]
async fn nothing_happens_after_a_protocol_error() {
    let house = House::start().await;
    let mut witness = house.client(1).await;
    let mut client = house.client(0).await;
    let channel = &house.channels[0];
    let send =
        json!({ "id": 9, "op": "chat.send", "data": { "channelId": channel, "content": "x" } });
    let frame = |text: &str| Frame::new(TEXT, text).masked();
    client.socket.send(&[frame("{"), frame(&send.to_string())].concat()).await;
    assert_eq!(client.closed().await, Some(4400));
    let page = witness.call("chat.history", json!({ "channelId": channel })).await.unwrap();
    assert_eq!(page["items"], json!([]));
}
