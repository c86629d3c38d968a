//! Too many commands, and too many connections.

use futures_util::future::join_all;
use serde_json::json;
use tidewire_protocol::{
    codec::Codec,
    limits::{COMMANDS_PER_WINDOW_MAX, CONNECTIONS_PER_USER_MAX},
};
use tidewire_testkit::{
    Client,
    socket::{Frame, opcode::TEXT},
};

use crate::house::{House, is_served};

#[tokio::test]
async fn the_command_over_the_limit_waits_and_a_flood_is_closed() {
    let house = House::start().await;
    let mut witness = house.client(1).await;
    let mut client = house.client(0).await;
    // `hello` was the first one.
    let allowed = u64::from(COMMANDS_PER_WINDOW_MAX) - 1;
    let refused = u64::from(COMMANDS_PER_WINDOW_MAX);
    let ping = |id: u64| Frame::new(TEXT, json!({ "id": id, "op": "ping" }).to_string()).masked();
    let ids = 101..=100 + allowed + refused;
    client.socket.send(&ids.clone().flat_map(ping).collect::<Vec<_>>()).await;
    for id in ids {
        let error = client.reply(id).await.unwrap().error.map(|error| error.code);
        let expected = (id > 100 + allowed).then(|| "RATE_LIMITED".to_owned());
        assert_eq!(error, expected, "{id}");
    }
    client.tell("ping", json!({})).await;
    assert_eq!(client.closed().await, Some(4429));
    is_served(&mut witness).await;
}

#[tokio::test]
async fn one_connection_too_many_replaces_the_oldest() {
    let house = House::start().await;
    let mut witness = house.client(1).await;
    let mut oldest = house.client(0).await;
    let mut others = Vec::new();
    for _ in 1..CONNECTIONS_PER_USER_MAX {
        others.push(house.client(0).await);
    }
    is_served(&mut oldest).await;
    let mut newest = house.client(0).await;
    assert_eq!(oldest.closed().await, Some(4409));
    for client in &mut others {
        is_served(client).await;
    }
    is_served(&mut newest).await;
    is_served(&mut witness).await;
}

#[tokio::test]
async fn connections_that_come_all_at_once_are_no_more_than_allowed() {
    let house = House::start().await;
    let token = &house.people[0].token;
    let hellos = (0..2 * CONNECTIONS_PER_USER_MAX).map(async |_| {
        let mut client = Client::open(house.address(), Codec::Json, Some(token)).await.unwrap();
        let id = client.send("hello", json!({})).await;
        let _ = client.reply(id).await;
        client
    });
    let clients = join_all(hellos).await;
    // A connection that was replaced is closed by now; its answer is the end.
    let alive = clients.into_iter().map(async |mut client| {
        let id = client.send("ping", json!({})).await;
        client.reply(id).await.is_some()
    });
    let alive = join_all(alive).await.into_iter().filter(|alive| *alive).count();
    assert_eq!(alive, CONNECTIONS_PER_USER_MAX);
}
