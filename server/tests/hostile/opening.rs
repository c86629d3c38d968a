//! Upgrades that are refused as REST would refuse them.

use serde_json::json;
use tidewire_testkit::{Client, Socket, socket::Answer};

use crate::house::{House, is_served};

const PATH: &str = "/api/v1/ws";

async fn refusal(house: &House, target: &str, headers: &[(&str, &str)]) -> (u16, String) {
    match Socket::open(house.address(), target, headers).await {
        Ok(_) => (101, String::new()),
        Err(answer) => (answer.status, answer.error_code()),
    }
}

async fn ticket(client: &mut Client) -> String {
    let call = json!({ "method": "POST", "path": "/api/v1/realtime/ticket" });
    let answer = client.call("call", call).await.unwrap();
    answer["data"]["ticket"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_access_token_in_the_address_is_refused() {
    let house = House::start().await;
    let token = &house.people[0].token;
    for name in ["token", "access_token"] {
        let target = format!("{PATH}?{name}={token}");
        assert_eq!(refusal(&house, &target, &[]).await, (400, "VALIDATION_FAILED".into()));
    }
}

#[tokio::test]
async fn pages_of_other_sites_cannot_open_sockets() {
    let house = House::start().await;
    for origin in ["https://evil.test", "http://app.test", "https://app.test.evil.test", "null", ""]
    {
        let refused = refusal(&house, PATH, &[("Origin", origin)]).await;
        assert_eq!(refused, (403, "ORIGIN_NOT_ALLOWED".into()), "{origin}");
    }
    assert_eq!(refusal(&house, PATH, &[("Origin", "https://app.test")]).await.0, 101);
}

#[tokio::test]
async fn unknown_subprotocols_alone_are_refused() {
    let house = House::start().await;
    let offered = |value| [("Sec-WebSocket-Protocol", value)];
    for value in ["mqtt", "tidewire.v2.json, tidewire.v9"] {
        assert_eq!(refusal(&house, PATH, &offered(value)).await, (400, "BAD_REQUEST".into()));
    }
    assert_eq!(refusal(&house, PATH, &offered("mqtt, tidewire.v1.json")).await.0, 101);
}

#[tokio::test]
async fn what_asks_for_no_socket_is_told_to() {
    let house = House::start().await;
    let answer: Answer = Socket::connect(house.address()).await.request("GET", PATH, &[]).await;
    assert_eq!((answer.status, answer.error_code()), (426, "UPGRADE_REQUIRED".into()));
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
    assert_eq!(answer.header("upgrade"), Some("websocket"));
}

#[tokio::test]
async fn a_wrong_token_is_refused_before_the_upgrade() {
    let house = House::start().await;
    for value in ["Bearer x", "Bearer ", "Basic eDp5", "Bearer"] {
        let refused = refusal(&house, PATH, &[("Authorization", value)]).await;
        assert_eq!(refused, (401, "TOKEN_INVALID".into()), "{value}");
    }
}

#[tokio::test]
async fn a_ticket_opens_one_socket() {
    let house = House::start().await;
    let mut witness = house.client(1).await;
    let (first, second) = (ticket(&mut witness).await, ticket(&mut witness).await);
    let target = format!("{PATH}?ticket={first}");
    assert_eq!(refusal(&house, &target, &[]).await.0, 101);
    assert_eq!(refusal(&house, &target, &[]).await, (401, "TICKET_INVALID".into()));
    let protocols = format!("tidewire.v1.json, ticket.{second}");
    let offer = [("Sec-WebSocket-Protocol", protocols.as_str())];
    assert_eq!(refusal(&house, PATH, &offer).await.0, 101);
    assert_eq!(refusal(&house, PATH, &offer).await, (401, "TICKET_INVALID".into()));
    for made_up in ["", "x", &"A".repeat(96)] {
        let target = format!("{PATH}?ticket={made_up}");
        assert_eq!(refusal(&house, &target, &[]).await, (401, "TICKET_INVALID".into()));
    }
    is_served(&mut witness).await;
}

/// Two browsers with the same ticket at the same time: one of them is let in.
#[tokio::test]
async fn a_ticket_cannot_be_used_twice_at_once() {
    let house = House::start().await;
    let mut witness = house.client(1).await;
    for _ in 0..10 {
        let target = format!("{PATH}?ticket={}", ticket(&mut witness).await);
        let (one, other) =
            tokio::join!(refusal(&house, &target, &[]), refusal(&house, &target, &[]));
        let mut statuses = [one.0, other.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [101, 401]);
    }
}
