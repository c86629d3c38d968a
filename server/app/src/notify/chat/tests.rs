use serde_json::json;
use tidewire_protocol::model::users::Role;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    Actor, channel_members, messages as operations, notification_preferences,
    notifications::list,
    testing::{House, input},
};

async fn titles(house: &House, actor: &Actor) -> Vec<(String, i64)> {
    house.settle().await;
    let page = list(&house.app, actor, input(json!({}))).await.unwrap();
    page.items.into_iter().map(|one| (one.body, one.count)).collect()
}

async fn group(house: &House, ann: &Actor, ben: &Actor) -> ChannelId {
    let wanted = input(json!({ "name": "Harbour", "memberIds": [ben.user_id()] }));
    channels::create_group(&house.app, ann, wanted).await.unwrap().id
}

async fn say(house: &House, by: &Actor, channel: ChannelId, mentions: &[&Actor]) {
    let mentions: Vec<_> = mentions.iter().map(|one| one.user_id()).collect();
    let message = input(json!({ "content": "High\n tide", "mentions": mentions }));
    operations::send(&house.app, by, channel, message).await.unwrap();
}

on_both_engines! {
    async fn who_is_named_is_told_and_nobody_of_their_own_words(db: TestDb) {
        let house = House::open_unlimited(&db).await;
        let (ann, ben) = (house.of_role("Ann", Role::User).await, house.of_role("Ben", Role::User).await);
        let channel = group(&house, &ann, &ben).await;
        assert_eq!(titles(&house, &ben).await.len(), 1, "added to the group");
        assert_eq!(titles(&house, &ann).await, []);
        say(&house, &ann, channel, &[&ann, &ben]).await;
        say(&house, &ann, channel, &[]).await;
        let told = titles(&house, &ben).await;
        assert_eq!(told.len(), 2);
        let of_mention = |(body, _): &(String, i64)| body.contains("High tide");
        assert!(told.iter().any(of_mention), "in one line: {told:?}");
        assert_eq!(titles(&house, &ann).await, []);
        say(&house, &ann, channel, &[&ben]).await;
        let told = titles(&house, &ben).await;
        assert_eq!(told.iter().find(|one| of_mention(one)).unwrap().1, 2, "put together while unread");
    }

    async fn each_message_is_told_once_whatever_node_looks_and_however_often(db: TestDb) {
        let house = House::open_unlimited(&db).await;
        let (ann, ben) = (house.of_role("Ann", Role::User).await, house.of_role("Ben", Role::User).await);
        let channel = group(&house, &ann, &ben).await;
        house.settle().await;
        let other = house.idle_node();
        for _ in 0..5 {
            say(&house, &ann, channel, &[&ben]).await;
        }
        let works = house.app.unnoticed.take();
        let work = works[&channel];
        let (one, two) = tokio::join!(notice(&house.app, channel, work), notice(&other, channel, work));
        one.and(two).unwrap();
        notice(&house.app, channel, work).await.unwrap();
        assert_eq!(house.count("select count(*) from notification_decisions where event = 'chat.mention'").await, 15);
    }

    async fn what_a_dead_node_has_left_is_found_by_another(db: TestDb) {
        let house = House::open_unlimited(&db).await;
        let (ann, ben) = (house.of_role("Ann", Role::User).await, house.of_role("Ben", Role::User).await);
        let channel = group(&house, &ann, &ben).await;
        house.settle().await;
        say(&house, &ann, channel, &[&ben]).await;
        drop(house.app.unnoticed.take());
        let other = house.idle_node();
        let find = async || {
            let mut conn = other.db.read().await.unwrap();
            find_lagging(&other, &mut conn, Timestamp::from_ms(0)).await.unwrap();
            other.unnoticed.take()
        };
        assert!(find().await.is_empty(), "its own node may be at it");
        house.app.clock.advance(5_001);
        for (channel, work) in find().await {
            notice(&other, channel, work).await.unwrap();
        }
        assert_eq!(titles(&house, &ben).await.len(), 2);
        assert!(find().await.is_empty());
    }

    async fn a_choice_brings_messages_into_the_inbox_from_then_on(db: TestDb) {
        let house = House::open_unlimited(&db).await;
        let (ann, ben) = (house.of_role("Ann", Role::User).await, house.of_role("Ben", Role::User).await);
        let channel = group(&house, &ann, &ben).await;
        say(&house, &ann, channel, &[]).await;
        assert_eq!(titles(&house, &ben).await.len(), 1);
        house.app.clock.advance(1_000);
        let wanted = json!({ "eventKey": "chat.group_message", "channel": "in_app", "enabled": true });
        notification_preferences::set(&house.app, &ben, input(wanted)).await.unwrap();
        say(&house, &ann, channel, &[]).await;
        assert_eq!(titles(&house, &ben).await.len(), 2, "the one before the choice stays out");
        let settings = input(json!({ "muted": true }));
        channel_members::set_settings(&house.app, &ben, channel, settings).await.unwrap();
        say(&house, &ann, channel, &[]).await;
        assert_eq!(titles(&house, &ben).await.len(), 2);
    }
}

#[test]
fn a_preview_is_one_short_line() {
    assert_eq!(preview(" a\n\tb  c "), "a b c");
    let long = preview(&"tide ".repeat(100));
    assert!(long.chars().count() <= PREVIEW_CHARS_MAX + 1);
    assert!(long.ends_with("tide…"), "{long}");
}
