//! What people write, and reading it page by page.

use serde_json::{Value, json};

use crate::house::House;

fn contents(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().into_iter().flatten();
    items.filter_map(|message| message["content"].as_str()).collect()
}

#[tokio::test]
async fn a_message_is_sent_edited_and_deleted() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let channel = ada.direct(&bob).await;
    let message = ada.say(&channel, " as\r\ntyped ").await;
    assert_eq!(message["content"], " as\r\ntyped ");
    let path = format!("/chat/channels/{channel}/messages/{}", message["id"].as_str().unwrap());

    let edited = ada.patch(&path, json!({"content": "better"})).await;
    assert_eq!(edited.data()["message"]["seq"], message["seq"]);
    assert!(edited.data()["message"]["editedAt"].is_string());
    let refused = bob.patch(&path, json!({"content": "mine"})).await;
    assert_eq!(refused.refusal(), (403, "NOT_MESSAGE_AUTHOR"));

    for _ in 0..2 {
        let deleted = ada.delete(&path).await;
        assert_eq!(deleted.data()["message"]["content"], Value::Null);
    }
    let late = ada.patch(&path, json!({"content": "too late"})).await;
    assert_eq!(late.refusal(), (409, "MESSAGE_DELETED"));
}

#[tokio::test]
async fn sending_again_answers_the_first_message() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let path = format!("/chat/channels/{}/messages", ada.direct(&bob).await);
    let draft = json!({"content": "once", "clientMessageId": "client-id-1"});
    let first = ada.post(&path, draft.clone()).await;
    let again = ada.post(&path, draft).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.data(), again.data());
    assert_eq!(first.data().as_object().unwrap().len(), 1);

    let first = ada.post_with_key(&path, "key-1", json!({"content": "twice"})).await;
    let again = ada.post_with_key(&path, "key-1", json!({"content": "twice"})).await;
    assert_eq!((first.body, 201), (again.body, again.status));
    assert_eq!(ada.get(&path).await.data()["lastSeq"], 2);
}

#[tokio::test]
async fn history_is_read_back_page_by_page_while_others_write() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let channel = ada.direct(&bob).await;
    for number in 1..=5 {
        ada.say(&channel, &number.to_string()).await;
    }
    let path = format!("/chat/channels/{channel}/messages");
    let first = bob.get(&format!("{path}?limit=2")).await;
    assert_eq!(contents(first.data()), ["5", "4"]);
    ada.say(&channel, "6").await;
    let mut cursor = first.data()["pagination"]["nextCursor"].as_str().map(str::to_owned);
    let mut rest = Vec::new();
    while let Some(at) = cursor {
        let page = bob.get(&format!("{path}?limit=2&cursor={at}")).await;
        rest.extend(contents(page.data()).into_iter().map(str::to_owned));
        cursor = page.data()["pagination"]["nextCursor"].as_str().map(str::to_owned);
    }
    assert_eq!(rest, ["3", "2", "1"]);
    let after = bob.get(&format!("{path}?afterSeq=4")).await;
    assert_eq!(contents(after.data()), ["5", "6"]);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_channel_only() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let (direct, group) = (ada.direct(&bob).await, ada.group("Team", &[&bob]).await);
    for number in 0..3 {
        ada.say(&direct, &number.to_string()).await;
    }
    let page = ada.get(&format!("/chat/channels/{direct}/messages?limit=1")).await;
    let cursor = page.data()["pagination"]["nextCursor"].as_str().unwrap().to_owned();
    let elsewhere = ada.get(&format!("/chat/channels/{group}/messages?cursor={cursor}")).await;
    assert_eq!(elsewhere.refusal(), (400, "INVALID_CURSOR"));
    let flipped = if cursor.ends_with('A') { 'B' } else { 'A' };
    let altered = format!("{}{flipped}", &cursor[..cursor.len() - 1]);
    for bad in [altered.as_str(), "x", "AQ", &"A".repeat(512)] {
        let answer = ada.get(&format!("/chat/channels/{direct}/messages?cursor={bad}")).await;
        assert_eq!(answer.refusal(), (400, "INVALID_CURSOR"), "{bad}");
    }
    let answer =
        ada.get(&format!("/chat/channels/{direct}/messages?cursor={}", "A".repeat(513))).await;
    assert_eq!(answer.fields(), ["cursor"]);

    ada.delete(&format!("/chat/channels/{group}/members/{}", bob.id)).await;
    let gone = bob.get(&format!("/chat/channels/{group}/messages?cursor={cursor}")).await;
    assert_eq!(gone.refusal(), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn what_is_no_message_is_refused() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let channel = ada.direct(&bob).await;
    let path = format!("/chat/channels/{channel}/messages");
    let bad = [
        json!({}),
        json!({"content": " \n\t "}),
        json!({"content": "x".repeat(4_001)}),
        json!({"content": "nul\u{0}"}),
        json!({"content": ["x"]}),
    ];
    for body in bad {
        assert_eq!(ada.post(&path, body.clone()).await.fields(), ["content"], "{body}");
    }
    assert_eq!(ada.post(&path, json!({"content": "🦀".repeat(4_000)})).await.status, 201);
    let mention = json!({"content": "hello", "mentions": [99]});
    assert_eq!(ada.post(&path, mention).await.fields(), ["mentions[0]"]);
    for query in ["limit=0", "limit=x", "afterSeq=-1"] {
        let answer = ada.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.refusal(), (400, "VALIDATION_FAILED"), "{query}");
    }
    assert_eq!(ada.get(&format!("{path}?limit=500")).await.data()["pagination"]["limit"], 200);
}
