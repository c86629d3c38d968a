//! Commands that can be read and break a rule: refused with the code that REST has, and the
//! connection stays.

use serde_json::{Value, json};
use tidewire_testkit::{Client, socket::Frame};

use crate::house::{House, is_served};

const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";

/// Each of these is refused like that.
async fn refused(client: &mut Client, code: &str, commands: &[(&str, Value)]) {
    for (op, data) in commands {
        assert_eq!(client.refused(op, data.clone()).await, code, "{op} {data}");
    }
    is_served(client).await;
}

#[tokio::test]
async fn a_message_has_between_1_and_4000_characters() {
    let house = House::patient().await;
    let mut client = house.client(0).await;
    let send = |content: Value| {
        ("chat.send", json!({ "channelId": house.channels[0], "content": content }))
    };
    let wrong = [
        json!(""),
        json!(" \n\t\u{3000}"),
        json!("nul \u{0}"),
        json!("x".repeat(4_001)),
        json!("😀".repeat(4_001)),
        json!(null),
        json!(7),
        json!(["x"]),
    ];
    refused(&mut client, "VALIDATION_FAILED", &wrong.map(send)).await;
    for right in ["x".repeat(4_000), "😀".repeat(4_000), "<b>1 & 2</b>\n".to_owned()] {
        let (op, data) = send(json!(right));
        assert_eq!(client.call(op, data).await.unwrap()["message"]["content"], json!(right));
    }
}

#[tokio::test]
async fn a_client_message_id_and_mentions_have_their_form() {
    let house = House::patient().await;
    let mut client = house.client(0).await;
    let send = |more: Value| {
        let mut data = json!({ "channelId": house.channels[0], "content": "x" });
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("chat.send", data)
    };
    let wrong = [
        json!({ "clientMessageId": "short" }),
        json!({ "clientMessageId": "x".repeat(65) }),
        json!({ "clientMessageId": "with a space" }),
        json!({ "mentions": ["x"] }),
        json!({ "mentions": vec![&house.people[1].id; 21] }),
        json!({ "mentions": [house.people[2].id] }),
        json!({ "mentions": [UNKNOWN] }),
    ];
    refused(&mut client, "VALIDATION_FAILED", &wrong.map(send)).await;
}

#[tokio::test]
async fn a_page_has_a_limit_and_a_cursor_of_its_own() {
    let house = House::patient().await;
    let mut client = house.client(0).await;
    let [ours, other] = [&house.channels[0], &house.channels[1]];
    for channel in [ours, other] {
        for n in 0..3 {
            let send = json!({ "channelId": channel, "content": n.to_string() });
            client.call("chat.send", send).await.unwrap();
        }
    }
    let history = |more: Value| {
        let mut data = json!({ "channelId": ours });
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("chat.history", data)
    };
    let wrong = [
        json!({ "limit": 0 }),
        json!({ "limit": -1 }),
        json!({ "limit": 1.5 }),
        json!({ "limit": "many" }),
        json!({ "afterSeq": -1 }),
    ];
    refused(&mut client, "VALIDATION_FAILED", &wrong.map(history)).await;
    let (op, lowered) = history(json!({ "limit": 500 }));
    client.call(op, lowered).await.unwrap();

    let first = json!({ "channelId": other, "limit": 1 });
    let page = client.call("chat.history", first).await.unwrap();
    let cursor = page["pagination"]["nextCursor"].as_str().unwrap();
    let next = json!({ "channelId": other, "limit": 1, "cursor": cursor });
    client.call("chat.history", next).await.unwrap();
    let altered = format!("{cursor}A");
    let wrong = [cursor, "x", &altered].map(|cursor| history(json!({ "cursor": cursor })));
    refused(&mut client, "INVALID_CURSOR", &wrong).await;
}

#[tokio::test]
async fn a_foreign_channel_looks_like_one_that_never_was() {
    let house = House::patient().await;
    // A channel of another company; one of the own company without this person; none at all.
    let hidden = [house.foreign_channel.as_str(), &house.channels[1], UNKNOWN];
    let mut client = house.client(1).await;
    let commands = |channel: &str| {
        [
            ("chat.send", json!({ "channelId": channel, "content": "x" })),
            ("chat.edit", json!({ "channelId": channel, "messageId": UNKNOWN, "content": "x" })),
            ("chat.delete", json!({ "channelId": channel, "messageId": UNKNOWN })),
            ("chat.read", json!({ "channelId": channel })),
            ("chat.history", json!({ "channelId": channel })),
            ("chat.typing", json!({ "channelId": channel })),
        ]
    };
    for place in 0..commands("").len() {
        let mut answers = Vec::new();
        for channel in hidden {
            let (op, data) = commands(channel)[place].clone();
            let command = json!({ "id": 1_000, "op": op, "data": data }).to_string();
            client.socket.send(&Frame::new(1, command).masked()).await;
            answers.push(client.socket.frame().await.unwrap());
        }
        assert!(answers[0].text().contains("NOT_FOUND"), "{:?}", answers[0].text());
        assert_eq!(answers[0], answers[2]);
        assert_eq!(answers[1], answers[2]);
    }
}

#[tokio::test]
async fn ids_have_the_form_of_ids() {
    let house = House::patient().await;
    let mut client = house.client(0).await;
    let ids = [json!(null), json!(1), json!(""), json!("x"), json!([]), json!("../../etc/passwd")];
    let commands = ids.map(|id| ("chat.history", json!({ "channelId": id })));
    refused(&mut client, "VALIDATION_FAILED", &commands).await;
    refused(&mut client, "VALIDATION_FAILED", &[("chat.history", json!({}))]).await;
}

#[tokio::test]
async fn groups_and_direct_channels_need_somebody_else() {
    let house = House::patient().await;
    let mut client = house.client(0).await;
    let [me, other] = [&house.people[0].id, &house.people[1].id];
    let group =
        |name: &str, members: Value| ("chat.group", json!({ "name": name, "memberIds": members }));
    let wrong = [
        group("us", json!([])),
        group("us", json!([me])),
        group("us", json!([me, me])),
        group("us", json!([UNKNOWN])),
        group("us", json!([other, UNKNOWN])),
        group("us", json!(vec![UNKNOWN; 256])),
        group("us", json!(other)),
        group("", json!([other])),
        group("  ", json!([other])),
        group(&"x".repeat(81), json!([other])),
    ];
    refused(&mut client, "VALIDATION_FAILED", &wrong).await;
    let direct = |user: Value| ("chat.direct", json!({ "userId": user }));
    refused(&mut client, "CANNOT_MESSAGE_SELF", &[direct(json!(me))]).await;
    refused(&mut client, "USER_NOT_FOUND", &[direct(json!(UNKNOWN)), direct(json!(999_999))]).await;
    refused(&mut client, "VALIDATION_FAILED", &[direct(json!("x")), direct(json!(0))]).await;
}

#[tokio::test]
async fn others_messages_are_not_edited_or_deleted() {
    let house = House::patient().await;
    let (mut author, mut other) = (house.client(0).await, house.client(1).await);
    let channel = &house.channels[0];
    let send = json!({ "channelId": channel, "content": "mine" });
    let message = author.call("chat.send", send).await.unwrap()["message"]["id"].clone();
    let edit =
        |content: &str| json!({ "channelId": channel, "messageId": message, "content": content });
    let delete = json!({ "channelId": channel, "messageId": message });
    refused(
        &mut other,
        "NOT_MESSAGE_AUTHOR",
        &[("chat.edit", edit("yours")), ("chat.delete", delete)],
    )
    .await;
    let wrong = [("chat.edit", edit("")), ("chat.edit", edit(&"x".repeat(4_001)))];
    refused(&mut author, "VALIDATION_FAILED", &wrong).await;
}

#[tokio::test]
async fn calls_meet_the_rules_of_the_endpoints_and_reach_nothing_else() {
    let house = House::patient().await;
    let mut client = house.client(0).await;
    let call = |method: &str, path: &str| ("call", json!({ "method": method, "path": path }));
    let not_callable = [
        call("GET", "/api/v1/ws"),
        call("GET", "/metrics"),
        call("GET", "/"),
        call("GET", "api/v1/users/me"),
        call("GET", "/api/v1/users/me?x=1"),
        call("GET", "//api/v1/users/me"),
        call("GET", "http://other.test/api/v1/users/me"),
    ];
    refused(&mut client, "NOT_CALLABLE", &not_callable).await;
    refused(&mut client, "ROUTE_NOT_FOUND", &[call("GET", "/api/v1/../../etc/passwd")]).await;
    refused(&mut client, "METHOD_NOT_ALLOWED", &[call("DELETE", "/api/v1/users/me")]).await;
    let bad_page = json!({ "method": "GET", "path": "/api/v1/users", "query": { "page": "abc" } });
    let bad_method = json!({ "method": "G T", "path": "/api/v1/users" });
    let bad_header =
        json!({ "method": "GET", "path": "/api/v1/users/me", "headers": { "a b": "c" } });
    let wrong = [bad_page, bad_method, bad_header].map(|data| ("call", data));
    refused(&mut client, "VALIDATION_FAILED", &wrong).await;
    let body = json!({ "email": "a@b.test", "firstName": "A", "lastName": "B", "role": "super" });
    let create = json!({ "method": "POST", "path": "/api/v1/users", "body": body });
    refused(&mut client, "FORBIDDEN", &[("call", create)]).await;
}
