//! What has not been read yet.

use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn reading_lowers_the_figure_and_never_goes_back() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let channel = ada.direct(&bob).await;
    for number in 1..=3 {
        ada.say(&channel, &number.to_string()).await;
    }
    let count = bob.get("/chat/unread-count").await;
    assert_eq!((&count.data()["total"], &count.data()["channels"]), (&json!(3), &json!(1)));
    let by_channel = json!([{"channelId": channel, "unreadCount": 3}]);
    assert_eq!(count.data()["byChannel"], by_channel);
    assert_eq!(ada.get("/chat/unread-count").await.data()["total"], 0);

    let path = format!("/chat/channels/{channel}/read");
    let read = bob.post(&path, json!({"seq": 2})).await;
    assert_eq!((&read.data()["lastReadSeq"], &read.data()["unreadCount"]), (&json!(2), &json!(1)));
    let back = bob.post(&path, json!({"seq": 1})).await;
    assert_eq!(back.data()["lastReadSeq"], 2);
    let all = bob.post(&path, json!({})).await;
    assert_eq!((&all.data()["unreadCount"], &all.data()["totalUnread"]), (&json!(0), &json!(0)));
    assert_eq!(bob.post(&path, json!({"seq": 99})).await.data()["lastReadSeq"], 3);
    assert_eq!(bob.post(&path, json!({"seq": -1})).await.fields(), ["seq"]);
}

#[tokio::test]
async fn a_channel_can_be_marked_unread_again() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let channel = ada.direct(&bob).await;
    for number in 1..=3 {
        ada.say(&channel, &number.to_string()).await;
    }
    let before = bob.post(&format!("/chat/channels/{channel}/read"), json!({})).await;
    let path = format!("/chat/channels/{channel}/unread");
    let marked = bob.post(&path, json!({"seq": 2})).await;
    assert_eq!(marked.data()["unreadCount"], 2);
    let revision = before.data()["revision"].clone();
    let late = json!({"seq": 3, "revision": revision});
    let void = bob.post(&format!("/chat/channels/{channel}/read"), late).await;
    assert_eq!(void.data()["unreadCount"], 2);
    for bad in [json!({}), json!({"seq": 0}), json!({"seq": "2"})] {
        assert_eq!(bob.post(&path, bad).await.fields(), ["seq"]);
    }
}

#[tokio::test]
async fn strangers_have_nothing_to_read() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let eve = house.member(&ada, "eve").await;
    let channel = ada.direct(&bob).await;
    for action in ["read", "unread"] {
        let answer =
            eve.post(&format!("/chat/channels/{channel}/{action}"), json!({"seq": 1})).await;
        assert_eq!(answer.refusal(), (404, "NOT_FOUND"), "{action}");
    }
}
