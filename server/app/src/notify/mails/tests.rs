use serde_json::{Value, json};
use tidewire_protocol::model::users::Role;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    Actor,
    actor::Service,
    jobs::send_mail,
    notifications, quiet_hours,
    testing::{House, input},
    users as people,
};

struct World {
    house: House,
    ben: Actor,
    module: Service,
    /// Mails that were there before.
    before: usize,
}

async fn world(db: &tidewire_testkit::TestDb) -> World {
    let house = House::open_unlimited(db).await;
    let (ben, module) = (house.of_role("Ben", Role::User).await, house.module().await);
    house.execute("update users set email_verified = true").await;
    let mut world = World { house, ben, module, before: 0 };
    world.send().await;
    world.before = world.house.letters().len();
    world
}

impl World {
    async fn assign(&self, tasks: impl IntoIterator<Item = u32>) {
        for task in tasks {
            let wanted = input(json!({
                "eventKey": "tasks.assigned", "userIds": [self.ben.user_id()],
                "data": { "taskTitle": format!("Task {task}") }, "actionUrl": format!("/tasks/{task}"),
            }));
            notifications::emit(&self.house.app, &self.module, wanted).await.unwrap();
        }
        self.house.settle().await;
    }

    async fn digest(&self, frequency: &str, more: Value) -> DigestFrequency {
        let mut wanted = json!({ "frequency": frequency });
        wanted.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let changed = digests::change(&self.house.app, &self.ben, input(wanted)).await.unwrap();
        self.house.settle().await;
        changed.digest.frequency
    }

    async fn send(&self) {
        self.house.settle().await;
        while send_mail::send_due(&self.house.app).await.unwrap() > 0 {}
    }

    /// The subjects of what has come, in order.
    async fn subjects(&self) -> Vec<String> {
        self.send().await;
        let letters = self.house.letters();
        let subject = |letter: &String| {
            let line = letter.lines().find_map(|line| line.strip_prefix("Subject: "));
            line.unwrap_or_default().trim().to_owned()
        };
        letters[self.before..].iter().map(subject).collect()
    }

    async fn read(&self, task: u32) {
        let page = notifications::list(&self.house.app, &self.ben, input(json!({}))).await.unwrap();
        let url = format!("/tasks/{task}");
        let one = page.items.iter().find(|one| one.action_url.as_deref() == Some(&url)).unwrap();
        notifications::mark_read(&self.house.app, &self.ben, one.id).await.unwrap();
    }

    async fn pending(&self) -> i64 {
        digests::mine(&self.house.app, &self.ben).await.unwrap().digest.pending_items
    }

    fn advance(&self, hours: i64) {
        self.house.app.clock.advance(hours * 3_600_000);
    }
}

on_both_engines! {
    async fn who_wants_them_at_once_gets_each_by_itself(db: TestDb) {
        let world = world(&db).await;
        world.assign(1..=2).await;
        let subjects = world.subjects().await;
        assert_eq!(subjects.len(), 2);
        assert!(subjects.iter().all(|subject| subject.contains("Task")), "{subjects:?}");
    }

    async fn a_digest_is_one_mail_for_what_is_unread(db: TestDb) {
        let world = world(&db).await;
        world.digest("daily", json!({ "time": "08:00", "timezone": "Europe/Berlin" })).await;
        world.assign(1..=4).await;
        assert_eq!((world.subjects().await.len(), world.pending().await), (0, 4));
        world.read(2).await;
        world.advance(24);
        let subjects = world.subjects().await;
        assert_eq!(subjects.len(), 1, "{subjects:?}");
        let letter = world.house.letters().pop().unwrap();
        for (task, is_in) in [(1, true), (2, false), (3, true), (4, true)] {
            assert_eq!(letter.contains(&format!("Task {task}")), is_in, "{letter}");
        }
        world.advance(24 * 7);
        assert_eq!((world.subjects().await.len(), world.pending().await), (1, 0), "nothing twice");
    }

    async fn several_windows_that_were_missed_make_one_mail(db: TestDb) {
        let world = world(&db).await;
        world.digest("hourly", json!({})).await;
        world.assign(1..=2).await;
        world.advance(1);
        let wanted = json!({ "eventKey": "tasks.assigned", "userIds": [world.ben.user_id()], "data": {} });
        notifications::emit(&world.house.app, &world.module, input(wanted)).await.unwrap();
        crate::jobs::notify::tell_due(&world.house.app).await.unwrap();
        world.advance(3);
        assert_eq!(world.subjects().await.len(), 1);
        assert_eq!(world.house.count("select count(*) from digests").await, 1);
    }

    async fn one_that_is_left_is_a_mail_of_its_own_and_none_is_no_mail(db: TestDb) {
        let world = world(&db).await;
        world.digest("hourly", json!({})).await;
        world.assign(1..=2).await;
        world.read(1).await;
        world.advance(1);
        let subjects = world.subjects().await;
        assert!(subjects.len() == 1 && subjects[0].contains("Task 2"), "{subjects:?}");
        world.assign(3..=4).await;
        notifications::mark_all_read(&world.house.app, &world.ben, input(json!({}))).await.unwrap();
        world.advance(1);
        assert_eq!(world.subjects().await.len(), 1);
        assert_eq!(world.house.count("select count(*) from digests").await, 0);
    }

    async fn another_choice_counts_for_what_was_collected(db: TestDb) {
        let world = world(&db).await;
        world.digest("weekly", json!({})).await;
        world.assign(1..=3).await;
        world.digest("instant", json!({})).await;
        assert_eq!(world.subjects().await.len(), 1, "at once, as one");
        world.digest("never", json!({})).await;
        world.assign(4..=5).await;
        world.advance(24 * 8);
        assert_eq!((world.subjects().await.len(), world.pending().await), (1, 0));
    }

    async fn a_quiet_time_holds_mails_and_more_than_five_become_one(db: TestDb) {
        let world = world(&db).await;
        let pause = || input(json!({ "minutes": 60 }));
        quiet_hours::pause(&world.house.app, &world.ben, pause()).await.unwrap();
        world.assign(1..=3).await;
        world.read(2).await;
        assert_eq!(world.subjects().await.len(), 0);
        world.advance(1);
        assert_eq!(world.subjects().await.len(), 2);
        quiet_hours::pause(&world.house.app, &world.ben, pause()).await.unwrap();
        world.assign(11..=16).await;
        world.advance(1);
        assert_eq!(world.subjects().await.len(), 3);
    }

    async fn two_workers_and_a_crash_make_one_digest(db: TestDb) {
        let world = world(&db).await;
        let app = &world.house.app;
        world.digest("hourly", json!({})).await;
        world.assign(1..=5).await;
        world.advance(1);
        let now = app.clock.now();
        let dead: Uuid = app.clock.id();
        let taken = claim_due(app, dead, now).await.unwrap();
        assert_eq!(taken.len(), 5, "all of them, and nothing was sent yet");
        app.clock.advance(LEASE_MS);
        let other = world.house.idle_node();
        let (one, two) = tokio::join!(send_due(app), send_due(&other));
        assert_eq!(one.unwrap() + two.unwrap(), 5);
        send(app, dead, (world.ben.tenant_id(), world.ben.user_id()), taken).await.unwrap();
        assert_eq!(world.subjects().await.len(), 1);
    }

    async fn who_was_shut_out_gets_nothing_that_was_queued(db: TestDb) {
        let world = world(&db).await;
        let app = &world.house.app;
        world.assign(1..=1).await;
        world.digest("hourly", json!({})).await;
        world.assign(2..=3).await;
        let key = tidewire_protocol::id::UserKey::Id(world.ben.user_id());
        people::deactivate(app, &world.house.admin().await, key).await.unwrap();
        world.advance(2);
        let subjects = world.subjects().await;
        assert!(subjects.len() == 1 && subjects[0].contains("deactivated"), "{subjects:?}");
        let states = world.house.rows("select state from deliveries order by created_ms, id").await;
        assert!(states.iter().all(|row| row.text(0).unwrap() == "canceled"));
    }

    async fn administrators_hear_once_an_hour_that_mails_do_not_arrive(db: TestDb) {
        let world = world(&db).await;
        let (app, ada) = (&world.house.app, world.house.admin().await);
        let before = notifications::unread_count(app, &ada).await.unwrap().count;
        std::fs::remove_dir_all(app.config.data_dir.join("mail")).unwrap();
        std::fs::write(app.config.data_dir.join("mail"), "not a folder").unwrap();
        world.assign(1..=3).await;
        for _ in 0..6 {
            world.send().await;
            world.advance(2);
        }
        world.send().await;
        assert_eq!(notifications::unread_count(app, &ada).await.unwrap().count, before + 1);
    }
}
