use serde_json::{Value, json};
use tidewire_protocol::{
    command::{Hello, Resume},
    model::{
        notification_decisions::{OutcomeKind, Reason},
        notification_preferences::Channel,
        users::Role,
    },
    notification_event::EventKey,
};
use tidewire_testkit::on_both_engines;
use uuid::Uuid;

use super::*;
use crate::{
    actor::Service,
    fanout::inbox as hub,
    testing::{House, Screen, code, input},
};

/// Tells people of a task, once for each of `tasks`.
async fn assign(
    house: &House,
    module: &Service,
    to: &[&Actor],
    tasks: impl IntoIterator<Item = u32>,
) {
    let to: Vec<_> = to.iter().map(|actor| actor.user_id()).collect();
    for task in tasks {
        let wanted = input(json!({
            "eventKey": "tasks.assigned", "userIds": to, "actionUrl": format!("/tasks/{task}"),
            "data": { "taskTitle": format!("Task {task}") },
        }));
        let emitted = emit(&house.app, module, wanted).await.unwrap();
        assert_eq!(emitted.accepted, to.len() as u64);
        house.settle().await;
        house.app.clock.advance(1);
    }
}

async fn page(house: &House, actor: &Actor, query: Value) -> NotificationsPage {
    list(&house.app, actor, input(query)).await.unwrap()
}

fn returning(inbox: u64) -> Hello {
    Hello { resume: Some(Resume { inbox, ..Resume::default() }), ..Hello::default() }
}

on_both_engines! {
    async fn what_a_module_raises_is_in_the_inbox_once_and_in_order(db: TestDb) {
        let house = House::open(&db).await;
        let (ben, module) = (house.of_role("Ben", Role::User).await, house.module().await);
        assign(&house, &module, &[&ben], 1..=3).await;
        house.settle().await;
        let page = page(&house, &ben, json!({})).await;
        assert_eq!((page.unread_count, page.pagination.total), (3, 3));
        let titles: Vec<_> = page.items.iter().map(|one| one.data["taskTitle"].as_str().unwrap()).collect();
        assert_eq!(titles, ["Task 3", "Task 2", "Task 1"]);
        let newest = &page.items[0];
        assert_eq!((newest.event_key, newest.action_url.as_deref()), (EventKey::TaskAssigned, Some("/tasks/3")));
        assert!(!newest.is_read && newest.count == 1 && newest.actor.is_none());
        assert_eq!(unread_count(&house.app, &ben).await.unwrap().count, 3);
    }

    async fn all_devices_see_the_same_and_the_figure_with_it(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ben, module) = (&house.app, house.of_role("Ben", Role::User).await, house.module().await);
        let screens = [Screen::of(app, &ben).await, Screen::of(app, &ben).await];
        assign(&house, &module, &[&ben], 1..=2).await;
        let of_ben = async || {
            hub::catch_up(app, ben.user_id()).await.unwrap();
            page(&house, &ben, json!({})).await.items
        };
        let [second, first] = of_ben().await.try_into().unwrap();
        let read = mark_read(app, &ben, first.id).await.unwrap();
        assert_eq!((read.unread_count, read.notification.read_at), (1, Some(app.clock.now())));
        app.clock.advance(1_000);
        let again = mark_read(app, &ben, first.id).await.unwrap();
        assert_eq!(again.notification.read_at, read.notification.read_at, "the first time stays");
        let gone = dismiss(app, &ben, second.id).await.unwrap();
        assert_eq!((gone.unread_count, gone.id, gone.dismissed), (0, second.id, true));
        assert_eq!(code(dismiss(app, &ben, second.id).await), "NOT_FOUND");
        of_ben().await;
        for screen in &screens {
            let names = ["notification.created", "notification.created", "notification.updated", "notification.removed"];
            let expected: Vec<_> = names.into_iter().map(str::to_owned).zip(1..=4).collect();
            assert_eq!(screen.inbox(), expected);
            assert_eq!(screen.shown("notification.created")[0]["silent"], json!(false));
            assert_eq!(screen.shown("notification.updated")[0]["notification"]["isRead"], json!(true));
        }
        let late = Screen::of(app, &ben).await.welcome();
        assert_eq!((&late["inbox"], &late["unread"]["notifications"], &late["unread"]["total"]), (&json!(4), &json!(0), &json!(0)));
    }

    async fn who_comes_back_gets_what_was_missed_and_nothing_else(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ben, module) = (&house.app, house.of_role("Ben", Role::User).await, house.module().await);
        assign(&house, &module, &[&ben], 1..=5).await;
        let screen = Screen::saying(app, &ben, &returning(3)).await;
        let created = |seq| ("notification.created".to_owned(), seq);
        assert_eq!(screen.inbox(), [created(4), created(5)]);
        assert_eq!(screen.welcome()["resume"]["inboxBehind"], json!(false));
        let up_to_date = Screen::saying(app, &ben, &returning(5)).await;
        assert_eq!(up_to_date.inbox(), []);
        for known in [6, 9_000] {
            let other = Screen::saying(app, &ben, &returning(known)).await;
            assert_eq!(other.welcome()["resume"]["inboxBehind"], json!(true), "another inbox");
            assert_eq!(other.inbox(), []);
        }
        house.execute("delete from inbox_entries where seq <= 2").await;
        let forgotten = Screen::saying(app, &ben, &returning(1)).await;
        assert_eq!(forgotten.welcome()["resume"]["inboxBehind"], json!(true));
        assert_eq!(forgotten.inbox(), []);
    }

    async fn marking_all_read_leaves_what_comes_later(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ben, module) = (&house.app, house.of_role("Ben", Role::User).await, house.module().await);
        assign(&house, &module, &[&ben], 1..=2).await;
        let between = app.clock.now().plus_ms(-1);
        assign(&house, &module, &[&ben], 3..=3).await;
        let before = MarkAllRead { before: Some(between) };
        let marked = mark_all_read(app, &ben, before).await.unwrap();
        assert_eq!((marked.updated, marked.unread_count), (2, 1));
        let unread = page(&house, &ben, json!({ "unread": true })).await;
        assert_eq!(unread.items[0].data["taskTitle"], json!("Task 3"));
        let future = MarkAllRead { before: Some(app.clock.now().plus_ms(60_000)) };
        assert_eq!(mark_all_read(app, &ben, future).await.unwrap().updated, 1);
        assert_eq!(mark_all_read(app, &ben, MarkAllRead::default()).await.unwrap().updated, 0);
        assign(&house, &module, &[&ben], 4..=4).await;
        assert_eq!(unread_count(app, &ben).await.unwrap().count, 1, "not read before it came");
    }

    async fn nobody_touches_what_is_somebody_elses(db: TestDb) {
        let house = House::open(&db).await;
        let (app, module) = (&house.app, house.module().await);
        let (ben, cat) = (house.of_role("Ben", Role::User).await, house.of_role("Cat", Role::User).await);
        assign(&house, &module, &[&ben], 1..=1).await;
        let id = page(&house, &ben, json!({})).await.items[0].id;
        let unknown = NotificationId::new(Uuid::from_u128(7));
        for id in [id, unknown] {
            assert_eq!(code(mark_read(app, &cat, id).await), "NOT_FOUND");
            assert_eq!(code(dismiss(app, &cat, id).await), "NOT_FOUND");
            assert_eq!(code(trace(app, &cat, id).await), "NOT_FOUND");
        }
        assert_eq!(mark_all_read(app, &cat, MarkAllRead::default()).await.unwrap().updated, 0);
        assert_eq!(unread_count(app, &ben).await.unwrap().count, 1);
        let of_task = input(json!({ "eventKey": "tasks.assigned" }));
        assert_eq!(decisions(app, &cat, of_task).await.unwrap().pagination.total, 0);
    }

    async fn repeats_about_the_same_are_put_together_while_unread(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ben, module) = (&house.app, house.of_role("Ben", Role::User).await, house.module().await);
        let screen = Screen::of(app, &ben).await;
        assign(&house, &module, &[&ben], [7, 7, 8, 7]).await;
        let items = page(&house, &ben, json!({})).await.items;
        let counts: Vec<_> = items.iter().map(|one| (one.action_url.as_deref().unwrap(), one.count)).collect();
        assert_eq!(counts, [("/tasks/8", 1), ("/tasks/7", 3)]);
        hub::catch_up(app, ben.user_id()).await.unwrap();
        let names: Vec<_> = screen.inbox().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["notification.created", "notification.updated", "notification.created", "notification.updated"]);
        mark_all_read(app, &ben, MarkAllRead::default()).await.unwrap();
        assign(&house, &module, &[&ben], [7]).await;
        assert_eq!(page(&house, &ben, json!({ "unread": true })).await.items[0].count, 1);
        app.clock.advance(5 * 60_000);
        assign(&house, &module, &[&ben], [7]).await;
        assert_eq!(page(&house, &ben, json!({})).await.pagination.total, 4, "five minutes are over");
    }

    async fn each_way_is_decided_and_says_why(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ben, module) = (&house.app, house.of_role("Ben", Role::User).await, house.module().await);
        assign(&house, &module, &[&ben], 1..=1).await;
        let id = page(&house, &ben, json!({})).await.items[0].id;
        let traced = trace(app, &ben, id).await.unwrap();
        assert_eq!((traced.notification_id, traced.event_key), (id, EventKey::TaskAssigned));
        let outcomes: Vec<_> = traced.decisions.iter().map(|one| (one.channel, one.outcome)).collect();
        assert_eq!(outcomes, [
            (Channel::InApp, OutcomeKind::Deliver),
            (Channel::Push, OutcomeKind::Skip),
            (Channel::Email, OutcomeKind::Deliver),
        ]);
        let listed = decisions(app, &ben, input(json!({ "outcome": "skip", "eventKey": "tasks.assigned" }))).await.unwrap();
        let [push] = listed.items.try_into().unwrap();
        assert_eq!((push.channel, push.reason, push.notification_id), (Channel::Push, Reason::NoDevice, Some(id)));
        dismiss(app, &ben, id).await.unwrap();
        let later = input(json!({ "eventKey": "tasks.assigned" }));
        let later = decisions(app, &ben, later).await.unwrap();
        assert_eq!(later.pagination.total, 3);
        assert!(later.items.iter().all(|one| one.notification_id.is_none()), "it is not in the inbox");
        app.clock.advance(DECISIONS_KEPT_MS + 1);
        assert_eq!(decisions(app, &ben, input(json!({}))).await.unwrap().pagination.total, 0);
    }
}
