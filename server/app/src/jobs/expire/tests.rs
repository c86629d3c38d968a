use serde_json::json;
use tidewire_protocol::model::users::Role;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    Actor, channels as rooms, messages as talk,
    testing::{House, Screen, input},
    unread,
};

async fn say(house: &House, actor: &Actor, channel: ChannelId, text: &str) {
    let draft = input(json!({ "content": text }));
    talk::send(&house.app, actor, channel, draft).await.unwrap();
}

async fn texts(house: &House, actor: &Actor, channel: ChannelId) -> Vec<Option<String>> {
    let page = talk::history(&house.app, actor, channel, input(json!({ "limit": 200 }))).await;
    let items = page.unwrap().items.into_iter();
    items.filter(|message| message.sender.is_some()).map(|message| message.content).collect()
}

on_both_engines! {
    async fn old_messages_expire_as_if_deleted_and_figures_follow(db: TestDb) {
        let house = House::open_at_work(&db).await;
        let app = &house.app;
        let (ada, bob) = (house.admin().await, house.of_role("Bob", Role::User).await);
        let wanted = input(json!({ "name": "Tides", "memberIds": [bob.user_id()] }));
        let channel = rooms::create_group(app, &ada, wanted).await.unwrap().id;
        for text in ["one", "two"] {
            say(&house, &ada, channel, text).await;
        }
        app.clock.advance(20 * DAY_MS);
        say(&house, &ada, channel, "three").await;
        let screen = Screen::of(app, &bob).await;
        all_messages(app, app.clock.now()).await.unwrap();
        assert_eq!(texts(&house, &ada, channel).await.len(), 3, "kept for ever by default");

        house.set("chat.retention_days", 14).await;
        all_messages(app, app.clock.now()).await.unwrap();
        let left = [Some("three".to_owned()), None, None];
        assert_eq!(texts(&house, &ada, channel).await, left);
        assert_eq!(unread::count(app, &bob).await.unwrap().total, 1);
        assert_eq!(screen.shown("chat.message.deleted").len(), 2);

        app.clock.advance(DAY_MS);
        all_messages(app, app.clock.now()).await.unwrap();
        assert_eq!(screen.shown("chat.message.deleted").len(), 2, "once");
        app.clock.advance(14 * DAY_MS);
        all_messages(app, app.clock.now()).await.unwrap();
        assert_eq!(texts(&house, &ada, channel).await, [None, None, None]);
        assert_eq!(unread::count(app, &bob).await.unwrap().total, 0);
    }

    async fn more_than_one_transaction_takes_expires_as_well(db: TestDb) {
        let house = House::open_unlimited(&db).await;
        let (app, ada) = (&house.app, house.admin().await);
        let bob = house.of_role("Bob", Role::User).await;
        let wanted = input(json!({ "name": "Tides", "memberIds": [bob.user_id()] }));
        let channel = rooms::create_group(app, &ada, wanted).await.unwrap().id;
        for n in 0..=ENTRIES_MAX {
            say(&house, &ada, channel, &n.to_string()).await;
        }
        house.set("chat.retention_days", 1).await;
        app.clock.advance(2 * DAY_MS);
        all_messages(app, app.clock.now()).await.unwrap();
        let standing = "select count(*) from entries where content is not null and kind = 'message'";
        assert_eq!(house.count(standing).await, 0);
    }

    async fn the_audit_log_is_kept_as_long_as_each_company_says(db: TestDb) {
        let house = House::open(&db).await;
        let app = &house.app;
        house.admin().await;
        let lines = async || house.count("select count(*) from audit").await;
        let before = lines().await;
        app.clock.advance(100 * DAY_MS);
        audit_lines(app, app.clock.now()).await.unwrap();
        assert_eq!(lines().await, before, "two years by default");
        house.set("data.audit_retention_days", 90).await;
        audit_lines(app, app.clock.now()).await.unwrap();
        assert_eq!(lines().await, 1, "only that it was set");
        house.set("data.audit_retention_days", serde_json::Value::Null).await;
        app.clock.advance(700 * DAY_MS);
        audit_lines(app, app.clock.now()).await.unwrap();
        assert_eq!(lines().await, 2);
        app.clock.advance(31 * DAY_MS);
        audit_lines(app, app.clock.now()).await.unwrap();
        assert_eq!(lines().await, 0);
    }

    async fn old_notifications_expire_and_everybody_sees_it(db: TestDb) {
        let house = House::open(&db).await;
        let (app, bob) = (&house.app, house.of_role("Bob", Role::User).await);
        let module = house.module().await;
        let assign = async || {
            let wanted = json!({ "eventKey": "tasks.assigned", "userIds": [bob.user_id()], "data": {} });
            crate::notifications::emit(app, &module, input(wanted)).await.unwrap();
            house.settle().await;
        };
        assign().await;
        let screen = Screen::of(app, &bob).await;
        app.clock.advance(20 * DAY_MS);
        assign().await;
        all_notifications(app, app.clock.now()).await.unwrap();
        let count = async || crate::notifications::unread_count(app, &bob).await.unwrap().count;
        assert_eq!(count().await, 2);
        house.set("notifications.retention_days", 7).await;
        all_notifications(app, app.clock.now()).await.unwrap();
        assert_eq!(count().await, 1);
        crate::fanout::inbox::catch_up(app, bob.user_id()).await.unwrap();
        assert_eq!(screen.shown("notification.removed").len(), 1);
        app.clock.advance(8 * DAY_MS);
        all_notifications(app, app.clock.now()).await.unwrap();
        assert_eq!(count().await, 0);
    }
}
