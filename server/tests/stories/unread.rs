//! What is left to read: the same figure on every device, and over REST.

use serde_json::{Value, json};
use tidewire_testkit::{Client, on_both_engines};

use crate::world::{World, rest, say};

on_both_engines! {
    async fn every_device_converges_to_the_same_figure(db: TestDb) {
        let world = World::new(db).await;
        let mut ann = world.client(0).await;
        let (mut desk, mut phone) = (world.client(1).await, world.client(1).await);
        let channel = json!(world.group());
        let mut last = Value::Null;
        for n in 0..5 {
            last = say(&mut ann, &channel, &format!("news {n}")).await;
        }
        agree(&mut desk, &mut phone, 5).await;
        let about = json!({ "channelId": channel, "messageId": last["id"] });
        ann.call("chat.delete", about).await.unwrap();
        agree(&mut desk, &mut phone, 4).await;
        phone.call("chat.read", json!({ "channelId": channel, "seq": 3 })).await.unwrap();
        agree(&mut desk, &mut phone, 1).await;
        say(&mut phone, &channel, "an answer").await;
        agree(&mut desk, &mut phone, 0).await;
        let welcome = Client::hello(world.address(), world.token(1)).await.1;
        assert_eq!((&welcome["unread"]["chat"], &welcome["channels"][0]["unreadCount"]), (&json!(0), &json!(0)));
    }

    async fn an_older_read_does_not_undo_marking_unread(db: TestDb) {
        let world = World::new(db).await;
        let mut ann = world.client(0).await;
        let (mut desk, mut phone) = (world.client(1).await, world.client(1).await);
        let channel = json!(world.group());
        for _ in 0..3 {
            say(&mut ann, &channel, "news").await;
        }
        let read = desk.call("chat.read", json!({ "channelId": channel })).await.unwrap();
        agree(&mut desk, &mut phone, 0).await;
        let path = format!("/api/v1/chat/channels/{}/unread", world.group());
        let marked = rest(&mut desk, "POST", &path, json!({ "seq": 2 })).await;
        assert_eq!(marked["unreadCount"], 2);
        agree(&mut desk, &mut phone, 2).await;
        let late = json!({ "channelId": channel, "seq": 3, "revision": read["revision"] });
        let answer = phone.call("chat.read", late).await.unwrap();
        assert_eq!((&answer["unreadCount"], &answer["revision"]), (&json!(2), &marked["revision"]));
        let knowing = json!({ "channelId": channel, "seq": 2, "revision": marked["revision"] });
        assert_eq!(phone.call("chat.read", knowing).await.unwrap()["unreadCount"], 1);
        agree(&mut desk, &mut phone, 1).await;
    }
}

/// Both devices are told the figure, and REST says the same.
async fn agree(desk: &mut Client, phone: &mut Client, unread: i64) {
    for device in [desk, phone] {
        while device.event_of("unread.changed").await.data["chat"] != json!(unread) {}
        let figures = rest(device, "GET", "/api/v1/chat/unread-count", Value::Null).await;
        assert_eq!(figures["total"], json!(unread));
    }
}
