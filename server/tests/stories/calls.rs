//! REST over the socket is REST.

use serde_json::{Value, json};
use tidewire_testkit::{Socket, on_both_engines};

use crate::world::{World, say};

on_both_engines! {
    async fn a_call_answers_what_rest_answers(db: TestDb) {
        let world = World::new(db).await;
        let mut ann = world.client(0).await;
        say(&mut ann, &json!(world.group()), "something to look at").await;
        let channel = format!("/api/v1/chat/channels/{}", world.group());
        let bearer = format!("Bearer {}", world.token(0));
        for path in [
            "/api/v1/auth/me".to_owned(),
            "/api/v1/chat/channels".to_owned(),
            "/api/v1/chat/unread-count".to_owned(),
            format!("{channel}/messages"),
            channel,
        ] {
            let mut socket = Socket::connect(world.address()).await;
            let answer = socket.request("GET", &path, &[("Authorization", &bearer)]).await;
            let called = ann.call("call", json!({ "method": "GET", "path": path })).await.unwrap();
            assert_eq!((&called["status"], answer.status), (&json!(200), 200), "{path}");
            assert_eq!(called["data"], answer.json()["data"], "{path}");
        }
    }

    async fn a_call_is_refused_as_rest_refuses(db: TestDb) {
        let world = World::new(db).await;
        let mut dan = world.client(3).await;
        let bearer = format!("Bearer {}", world.token(3));
        for path in [
            format!("/api/v1/chat/channels/{}", world.group()),
            format!("/api/v1/chat/channels/{}/messages", world.group()),
            "/api/v1/nothing".to_owned(),
        ] {
            let mut socket = Socket::connect(world.address()).await;
            let answer = socket.request("GET", &path, &[("Authorization", &bearer)]).await;
            let code = dan.refused("call", json!({ "method": "GET", "path": path })).await;
            assert_eq!(code, answer.error_code(), "{path}");
        }
        for path in ["/api/v1/ws", "/metrics", "/api/v1/chat/channels?limit=1"] {
            let code = dan.refused("call", json!({ "method": "GET", "path": path })).await;
            assert_eq!(code, "NOT_CALLABLE", "{path}");
        }
    }

    async fn sending_over_the_socket_and_over_rest_is_the_same_operation(db: TestDb) {
        let world = World::new(db).await;
        let mut ann = world.client(0).await;
        let message = json!({ "content": "once", "clientMessageId": "one-and-only" });
        let path = format!("/api/v1/chat/channels/{}/messages", world.group());
        let call = json!({ "method": "POST", "path": path, "body": message });
        let first = ann.call("call", call.clone()).await.unwrap();
        let again = ann.call("call", call).await.unwrap();
        assert_eq!((&first["status"], &again["status"]), (&json!(201), &json!(200)));
        let mut over_socket = message;
        over_socket["channelId"] = json!(world.group());
        let sent = ann.call("chat.send", over_socket).await.unwrap();
        for answer in [&again["data"], &sent] {
            assert_eq!(*answer, first["data"]);
        }
        let head = ann.call("chat.history", json!({ "channelId": world.group() })).await.unwrap();
        assert_eq!((&head["lastSeq"], &head["pagination"]["nextCursor"]), (&json!(1), &Value::Null));
    }
}
