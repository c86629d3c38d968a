//! Two people talk.

use serde_json::{Value, json};
use tidewire_testkit::on_both_engines;

use crate::world::{World, everything, say};

on_both_engines! {
    async fn two_people_talk(db: TestDb) {
        let world = World::new(db).await;
        let (mut ann, mut bob) = (world.client(0).await, world.client(1).await);
        let opened = ann.call("chat.direct", json!({ "userId": world.id(1) })).await.unwrap();
        let channel = opened["channel"]["id"].clone();
        let first = say(&mut ann, &channel, "hello?").await;
        assert_eq!(first["seq"], 1);

        let heard = bob.event_of("chat.message.created").await;
        assert_eq!((heard.seq, &heard.data["message"]), (Some(1), &first));
        let about = json!({ "channelId": channel, "messageId": first["id"], "content": "hello!" });
        let edited = ann.call("chat.edit", about).await.unwrap();
        let heard = bob.event_of("chat.message.updated").await;
        assert_eq!((heard.seq, &heard.data["message"]), (Some(2), &edited["message"]));
        assert_eq!((&edited["message"]["seq"], &edited["message"]["content"]), (&json!(1), &json!("hello!")));

        let answer = say(&mut bob, &channel, "here I am").await;
        assert_eq!(ann.event_of("chat.message.created").await.seq, Some(1), "one's own comes as well");
        assert_eq!(ann.event_of("chat.message.created").await.data["message"], answer);
        let about = json!({ "channelId": channel, "messageId": first["id"] });
        let deleted = ann.call("chat.delete", about).await.unwrap();
        let heard = bob.event_of("chat.message.deleted").await;
        assert_eq!((heard.seq, &heard.data["message"]), (Some(4), &deleted["message"]));
        assert_eq!(deleted["message"]["content"], Value::Null);
    }

    async fn reading_and_typing_are_shown_to_the_other_one(db: TestDb) {
        let world = World::new(db).await;
        let (mut ann, mut bob) = (world.client(0).await, world.client(1).await);
        let channel = json!(world.group());
        bob.tell("chat.typing", json!({ "channelId": channel })).await;
        let typing = ann.event_of("chat.typing").await;
        assert_eq!((&typing.data["userId"], typing.seq), (&world.id(1), None));
        say(&mut ann, &channel, "a question").await;
        let read = bob.call("chat.read", json!({ "channelId": channel })).await.unwrap();
        assert_eq!((&read["lastReadSeq"], &read["unreadCount"]), (&json!(1), &json!(0)));
        let receipt = ann.event_of("chat.read").await;
        assert_eq!((&receipt.data["userId"], &receipt.data["lastReadSeq"]), (&world.id(1), &json!(1)));
        let own = everything(&mut bob).await;
        assert!(own.iter().all(|event| event.event != "chat.typing" && event.event != "chat.read"));
    }

    async fn whoever_watches_sees_a_person_come_and_step_away(db: TestDb) {
        let world = World::new(db).await;
        let mut ann = world.client(0).await;
        let watched = ann.call("presence.watch", json!({ "userIds": [world.id(1)] })).await.unwrap();
        assert_eq!(watched["items"][0]["status"], "offline");
        let mut bob = world.client(1).await;
        assert_eq!(ann.event_of("presence.changed").await.data["items"][0]["status"], "online");
        bob.call("presence.set", json!({ "status": "away" })).await.unwrap();
        assert_eq!(ann.event_of("presence.changed").await.data["items"][0]["status"], "away");
    }

    async fn what_is_not_ones_own_cannot_be_changed(db: TestDb) {
        let world = World::new(db).await;
        let (mut ann, mut bob) = (world.client(0).await, world.client(1).await);
        let channel = json!(world.group());
        let message = say(&mut ann, &channel, "mine").await;
        let about = json!({ "channelId": channel, "messageId": message["id"], "content": "yours" });
        assert_eq!(bob.refused("chat.edit", about.clone()).await, "NOT_MESSAGE_AUTHOR");
        assert_eq!(bob.refused("chat.delete", about.clone()).await, "NOT_MESSAGE_AUTHOR");
        let mut stranger = world.client(3).await;
        for op in ["chat.send", "chat.edit", "chat.delete", "chat.read", "chat.history", "chat.typing"] {
            assert_eq!(stranger.refused(op, about.clone()).await, "NOT_FOUND", "{op}");
        }
    }
}
