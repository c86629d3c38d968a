//! How connections end: a session that is over, a server that stops.

use serde_json::json;
use tidewire_testkit::{Client, Socket, on_both_engines};

use crate::world::{World, everything};

on_both_engines! {
    async fn signing_out_closes_the_sessions_sockets_and_no_others(db: TestDb) {
        let world = World::new(db).await;
        let (mut first, mut second) = (world.client(0).await, world.client(0).await);
        let mut other = world.client(1).await;
        let bearer = format!("Bearer {}", world.token(0));
        let headers = [("Authorization", bearer.as_str()), ("Content-Length", "0")];
        let answer = Socket::connect(world.address()).await.request("POST", "/api/v1/auth/logout", &headers).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        for client in [&mut first, &mut second] {
            client.event_of("session.revoked").await;
            assert_eq!(client.closed().await, Some(4410));
        }
        assert!(everything(&mut other).await.iter().all(|event| event.event != "session.revoked"));
        let refused = Client::open(world.address(), tidewire_protocol::codec::Codec::Json, Some(world.token(0))).await;
        assert_eq!(refused.err().unwrap().status, 401);
    }

    async fn a_server_that_stops_sends_its_clients_elsewhere(db: TestDb) {
        let mut world = World::new(db).await;
        let mut clients = [world.client(0).await, world.client(1).await, world.client(2).await];
        world.server.ask_to_stop();
        let mut tickets = Vec::new();
        for client in &mut clients {
            let draining = client.event_of("server.draining").await.data;
            assert!(draining["reconnectAfterMs"].is_u64());
            tickets.push(draining["ticket"].as_str().unwrap().to_owned());
            assert_eq!(client.closed().await, Some(1012));
        }
        assert!(world.server.exited().await.success());
        let server = world.installation.start().await;
        for ticket in tickets {
            let target = format!("/api/v1/ws?ticket={ticket}");
            let mut socket = Socket::open(server.address(), &target, &[]).await.unwrap();
            let hello = json!({ "id": 1, "op": "hello", "data": {} });
            socket.message(1, hello.to_string().as_bytes()).await;
            let welcome = socket.frame().await.unwrap();
            assert!(welcome.text().starts_with(r#"{"id":1,"ok":true"#), "{}", welcome.text());
            let again = Socket::open(server.address(), &target, &[]).await;
            assert_eq!(again.err().unwrap().status, 401, "a ticket is good for once");
        }
    }
}
