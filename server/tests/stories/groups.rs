//! A group: made, joined, left.

use serde_json::{Value, json};
use tidewire_testkit::{Client, on_both_engines};

use crate::world::{World, everything, rest, say};

on_both_engines! {
    async fn people_are_invited_and_leave(db: TestDb) {
        let world = World::new(db).await;
        let (mut ann, mut bob, mut dan) =
            (world.client(0).await, world.client(1).await, world.client(3).await);
        let wanted = json!({ "name": "Plans", "memberIds": [world.id(1)] });
        let created = ann.call("chat.group", wanted).await.unwrap();
        let channel = created["channel"]["id"].clone();
        let shown = bob.event_of("chat.channel.created").await;
        assert_eq!((&shown.data["channel"]["id"], &shown.data["channel"]["role"]), (&channel, &json!("member")));
        let before = say(&mut ann, &channel, "before dan").await;

        let path = format!("/api/v1/chat/channels/{}/members", channel.as_str().unwrap());
        let added = rest(&mut ann, "POST", &path, json!({ "memberIds": [world.id(3)] })).await;
        assert_eq!(added["added"][0]["id"], world.id(3));
        let shown = dan.event_of("chat.channel.created").await;
        assert_eq!((&shown.data["channel"]["id"], &shown.data["channel"]["unreadCount"]), (&channel, &json!(0)));
        let joined = bob.event_of("chat.member.added").await;
        assert_eq!(joined.data["members"][0]["user"]["id"], world.id(3));
        let after = say(&mut bob, &channel, "welcome").await;
        let heard = dan.event_of("chat.message.created").await;
        assert_eq!(heard.data["message"], after, "the first that comes is the first after joining");
        let history = dan.call("chat.history", json!({ "channelId": channel })).await.unwrap();
        assert!(history["items"].as_array().unwrap().contains(&before), "what was before can be read");

        rest(&mut dan, "DELETE", &format!("{path}/me"), Value::Null).await;
        assert_eq!(ann.event_of("chat.member.removed").await.data["user"]["id"], world.id(3));
        assert_eq!(dan.event_of("chat.channel.removed").await.data["channelId"], channel);
        assert_eq!(dan.refused("chat.send", json!({ "channelId": channel, "content": "x" })).await, "NOT_FOUND");
    }

    async fn a_removed_member_gets_nothing_that_came_after(db: TestDb) {
        let world = World::new(db).await;
        let (mut ann, mut bob, mut cyd) =
            (world.client(0).await, world.client(1).await, world.client(2).await);
        let channel = json!(world.group());
        let members = format!("/api/v1/chat/channels/{}/members", world.group());
        for round in 0..10 {
            say(&mut ann, &channel, "for all").await;
            let last_for_bob = bob.event_of("chat.message.created").await.seq.unwrap();
            let path = format!("{members}/{}", world.id(1).as_str().unwrap());
            rest(&mut ann, "DELETE", &path, Value::Null).await;
            let secret = say(&mut ann, &channel, "without bob").await;
            heard_by(&mut cyd, &secret).await;
            let seen = everything(&mut bob).await;
            let entries: Vec<_> = seen.iter().filter(|event| event.seq > Some(last_for_bob)).collect();
            assert!(entries.is_empty(), "round {round}: {entries:?}");
            assert!(seen.iter().any(|event| event.event == "chat.channel.removed"));
            assert_eq!(bob.refused("chat.history", json!({ "channelId": channel })).await, "NOT_FOUND");
            rest(&mut ann, "POST", &members, json!({ "memberIds": [world.id(1)] })).await;
            bob.event_of("chat.channel.created").await;
        }
    }
}

/// Reads on until a message has come.
async fn heard_by(client: &mut Client, message: &Value) {
    while client.event_of("chat.message.created").await.data["message"] != *message {}
}
