use std::fs;

use serde_json::{Value, json};
use tidewire_protocol::{
    id::ChannelId,
    model::{notifications::DeliveryStatus, users::Role},
};
use tidewire_testkit::{PushAnswer, PushKind, PushPeer, TestDb, on_both_engines};

use super::*;
use crate::{
    Actor, activity, channel_members, channels, devices as own_devices, messages, notifications,
    push::{Authorities, fcm::Account},
    quiet_hours,
    testing::{House, Screen, input},
};

/// A house whose people can be pushed to, Ann and Ben in a direct channel, and Ben with a device.
struct World {
    house: House,
    peer: PushPeer,
    ann: Actor,
    ben: Actor,
    channel: ChannelId,
}

async fn world(db: &TestDb) -> Option<World> {
    let peer = PushPeer::start(PushKind::Fcm)?;
    let house = House::with(db, |config| {
        let account = fs::read(peer.fcm_account_file()).unwrap();
        config.push.fcm = Some(Account::parse(&account).unwrap());
        config.push.fcm_base = Some(peer.base());
        let authorities = Authorities::parse(&fs::read(peer.ca_file()).unwrap()).unwrap();
        config.push.authorities = authorities;
        config.rate_limits = false;
    })
    .await;
    let (ann, ben) =
        (house.of_role("Ann", Role::User).await, house.of_role("Ben", Role::User).await);
    house.settle().await;
    let wanted = input(json!({ "userId": ben.user_id() }));
    let channel = channels::open_direct(&house.app, &ann, wanted).await.unwrap().channel.id;
    let world = World { house, peer, ann, ben, channel };
    world.register("phone").await;
    Some(world)
}

impl World {
    async fn register(&self, token: &str) -> DeviceId {
        let wanted = input(json!({ "kind": "fcm", "token": token }));
        own_devices::register(&self.house.app, &self.ben, wanted).await.unwrap().device.id
    }

    async fn say(&self, text: &str) -> u64 {
        self.house.app.clock.advance(1);
        let message = input(json!({ "content": text }));
        let sent = messages::send(&self.house.app, &self.ann, self.channel, message).await.unwrap();
        self.house.settle().await;
        sent.message.seq
    }

    /// Ben has read up to a message.
    async fn read(&self, seq: u64) {
        let read = input(json!({ "seq": seq }));
        unread::mark_read(&self.house.app, &self.ben, self.channel, read).await.unwrap();
    }

    async fn after(&self, ms: i64) {
        self.house.app.clock.advance(ms);
        self.house.settle().await;
    }

    /// What came to the device, each as its kind and what the program gets.
    fn pushed(&self) -> Vec<(String, Value)> {
        let read = |one: tidewire_testkit::ReceivedPush| {
            let data = &one.body["message"]["data"];
            let payload = serde_json::from_str(data["payload"].as_str().unwrap()).unwrap();
            (data["kind"].as_str().unwrap().to_owned(), payload)
        };
        self.peer.messages().into_iter().map(read).collect()
    }

    fn kinds(&self) -> Vec<String> {
        self.pushed().into_iter().map(|(kind, _)| kind).collect()
    }

    async fn states(&self) -> Vec<(String, Option<String>)> {
        let rows =
            self.house.rows("select state, reason from deliveries order by created_ms, id").await;
        rows.iter().map(|row| (row.text(0).unwrap(), row.get(1).unwrap())).collect()
    }

    async fn devices(&self) -> usize {
        own_devices::list(&self.house.app, &self.ben).await.unwrap().items.len()
    }
}

on_both_engines! {
    async fn who_is_away_is_pushed_at_once_and_with_ids_alone(db: TestDb) {
        let Some(world) = world(&db).await else { return };
        let seq = world.say("The tide is high.").await;
        world.after(0).await;
        let expected = json!({ "event": "chat.direct_message", "channelId": world.channel, "seq": seq });
        assert_eq!(world.pushed(), [("alert".to_owned(), expected)]);
        let message = world.peer.messages().remove(0).body["message"].clone();
        assert_eq!(message["data"]["badge"], json!("1"));
        assert_eq!(message["data"]["group"], json!(world.channel));
        assert_eq!((&message["notification"], &message["android"]["priority"]), (&Value::Null, &json!("HIGH")));
        world.house.set("notifications.push_previews", true).await;
        world.say("And dry.").await;
        world.after(0).await;
        let texts = world.peer.messages().remove(1).body["message"]["notification"].clone();
        assert_eq!(texts, json!({ "title": "Ann Tester", "body": "And dry." }));
    }

    async fn who_is_here_has_ten_seconds_to_read_it(db: TestDb) {
        let Some(world) = world(&db).await else { return };
        let _screen = Screen::of(&world.house.app, &world.ben).await;
        let first = world.say("One.").await;
        world.after(9_900).await;
        assert_eq!(world.kinds(), [""; 0], "not yet");
        world.read(first).await;
        world.say("Two.").await;
        world.after(100).await;
        assert_eq!(world.states().await[0], ("canceled".to_owned(), Some("read".to_owned())));
        world.after(9_900).await;
        assert_eq!(world.kinds(), ["alert"], "a socket alone is no reader");
    }

    async fn looking_at_the_conversation_is_enough(db: TestDb) {
        let Some(world) = world(&db).await else { return };
        let app = &world.house.app;
        let _screen = Screen::of(app, &world.ben).await;
        world.say("One.").await;
        world.after(0).await;
        app.clock.advance(5_000);
        let live = app.fanout.connections_of(world.ben.user_id()).remove(0);
        activity::note(app, &world.ben, &live, Some(world.channel)).await.unwrap();
        world.after(5_000).await;
        assert_eq!(world.states().await, [("canceled".to_owned(), Some("active".to_owned()))]);
        world.say("Two.").await;
        world.after(10_000).await;
        assert_eq!(world.states().await.len(), 1, "decided against from the start");
        activity::note(app, &world.ben, &live, None).await.unwrap();
        world.say("Three.").await;
        world.after(10_000).await;
        assert_eq!(world.kinds(), ["alert"]);
    }

    async fn a_quiet_time_ends_with_one_push_for_what_is_unread(db: TestDb) {
        let Some(world) = world(&db).await else { return };
        let app = &world.house.app;
        quiet_hours::pause(app, &world.ben, input(json!({ "minutes": 60 }))).await.unwrap();
        let first = world.say("One.").await;
        for text in ["Two.", "Three."] {
            world.say(text).await;
        }
        world.after(59 * 60_000).await;
        assert_eq!(world.kinds(), [""; 0]);
        world.read(first).await;
        world.after(60_000).await;
        assert_eq!(world.pushed(), [("summary".to_owned(), json!({ "count": 2 }))]);
        quiet_hours::pause(app, &world.ben, input(json!({ "minutes": 60 }))).await.unwrap();
        world.say("Four.").await;
        world.after(60_000).await;
        quiet_hours::resume(app, &world.ben).await.unwrap();
        world.after(0).await;
        assert_eq!(world.kinds(), ["summary", "alert"], "whoever ends it early is told at once");
    }

    async fn what_was_taken_back_or_left_is_not_pushed(db: TestDb) {
        let Some(world) = world(&db).await else { return };
        let app = &world.house.app;
        let _screen = Screen::of(app, &world.ben).await;
        world.say("Oops.").await;
        world.after(0).await;
        let id = world.house.rows("select id from entries where kind = 'message'").await[0].id(0).unwrap();
        messages::delete(app, &world.ann, world.channel, id).await.unwrap();
        world.after(10_000).await;
        assert_eq!(world.states().await, [("canceled".to_owned(), Some("deleted".to_owned()))]);
        let wanted = input(json!({ "name": "Harbour", "memberIds": [world.ben.user_id()] }));
        let group = channels::create_group(app, &world.ann, wanted).await.unwrap().id;
        messages::send(app, &world.ann, group, input(json!({ "content": "Hello." }))).await.unwrap();
        world.after(0).await;
        let me = "me".parse().unwrap();
        channel_members::remove(app, &world.ben, group, me).await.unwrap();
        world.after(10_000).await;
        assert_eq!(world.states().await[1], ("canceled".to_owned(), Some("left".to_owned())));
        assert_eq!(world.kinds(), [""; 0]);
    }

    async fn muted_channels_push_nothing_and_mentions_pass_where_they_may(db: TestDb) {
        let Some(world) = world(&db).await else { return };
        let app = &world.house.app;
        let wanted = input(json!({ "name": "Harbour", "memberIds": [world.ben.user_id()] }));
        let group = channels::create_group(app, &world.ann, wanted).await.unwrap().id;
        let say = async |mentions: Value| {
            let message = input(json!({ "content": "Look!", "mentions": mentions }));
            messages::send(app, &world.ann, group, message).await.unwrap();
            world.after(0).await;
            world.kinds().len()
        };
        let settings = async |settings: Value| {
            channel_members::set_settings(app, &world.ben, group, input(settings)).await.unwrap();
        };
        let ben = json!([world.ben.user_id()]);
        assert_eq!(say(json!([])).await, 1);
        settings(json!({ "notify": "mentions" })).await;
        assert_eq!((say(json!([])).await, say(ben.clone()).await), (1, 2));
        settings(json!({ "muted": true })).await;
        assert_eq!((say(json!([])).await, say(ben).await), (2, 2));
        let unread = unread::count(app, &world.ben).await.unwrap();
        assert_eq!((unread.total, unread.muted_total), (5, 5), "they still count");
    }

    async fn a_network_that_has_no_time_is_asked_again_until_a_day_is_over(db: TestDb) {
        let Some(world) = world(&db).await else { return };
        world.peer.answer(&PushAnswer::new(503, "").with_header("retry-after", "600"));
        world.say("One.").await;
        world.after(0).await;
        world.after(599_000).await;
        assert_eq!(world.states().await[0].0, "queued", "it has asked for ten minutes");
        world.after(1_000).await;
        assert_eq!(world.states().await, [("delivered".to_owned(), None)]);
        assert_eq!(world.kinds().len(), 2, "the same once more");
        for _ in 0..60 {
            world.peer.answer(&PushAnswer::new(500, ""));
        }
        world.say("Two.").await;
        for _ in 0..40 {
            world.after(3_700_000).await;
        }
        let (state, reason) = world.states().await.remove(1);
        assert_eq!((state.as_str(), reason.is_some()), ("failed", true));
    }

    async fn a_device_that_is_gone_is_forgotten(db: TestDb) {
        let Some(world) = world(&db).await else { return };
        let gone = json!({ "error": { "code": 404, "status": "NOT_FOUND", "details": [
            { "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "UNREGISTERED" },
        ] } });
        world.peer.answer(&PushAnswer::new(404, gone.to_string()));
        world.say("One.").await;
        world.after(0).await;
        assert_eq!((world.devices().await, world.states().await[0].0.as_str()), (0, "failed"));
        world.say("Two.").await;
        world.after(0).await;
        assert_eq!(world.kinds().len(), 1, "nobody is there");
    }

    async fn what_is_read_elsewhere_is_taken_back(db: TestDb) {
        let Some(world) = world(&db).await else { return };
        let first = world.say("One.").await;
        world.say("Two.").await;
        world.after(0).await;
        let clear = async || {
            super::super::clear::clear_read(&world.house.app).await.unwrap();
            world.after(0).await;
        };
        world.read(first).await;
        clear().await;
        let expected = json!({ "cleared": [{ "channelId": world.channel, "seq": first }] });
        assert_eq!(world.pushed()[2], ("clear".to_owned(), expected));
        assert_eq!(world.peer.messages()[2].body["message"]["data"]["badge"], json!("1"));
        world.read(first).await;
        clear().await;
        assert_eq!(world.kinds().len(), 3, "nothing has moved");
    }

    async fn two_workers_push_each_thing_once_and_a_dead_ones_again(db: TestDb) {
        let Some(world) = world(&db).await else { return };
        let (app, other) = (&world.house.app, world.house.idle_node());
        for n in 0..6 {
            app.clock.advance(1);
            let message = input(json!({ "content": format!("Number {n}.") }));
            messages::send(app, &world.ann, world.channel, message).await.unwrap();
        }
        crate::jobs::notice::notice_all(app).await;
        let now = app.clock.now();
        let mut conn = app.db.write().await.unwrap();
        let lease = (now, now.plus_ms(1_000));
        let dead = deliveries::claim(&mut conn, "fcm", app.clock.id(), lease, 2).await.unwrap();
        conn.commit().await.unwrap();
        let all = async |app| while push_due(app, "fcm").await.unwrap() > 0 {};
        tokio::join!(all(app), all(&other));
        assert_eq!(world.kinds().len(), 4);
        app.clock.advance(1_000);
        tokio::join!(all(app), all(&other));
        let mut seqs: Vec<_> = world.pushed().iter().map(|(_, data)| data["seq"].as_u64().unwrap()).collect();
        seqs.sort_unstable();
        assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
        assert_eq!(dead.len(), 2);
    }

    async fn a_push_is_traced_to_its_end(db: TestDb) {
        let Some(world) = world(&db).await else { return };
        let app = &world.house.app;
        let module = world.house.module().await;
        let wanted = input(json!({
            "eventKey": "tasks.overdue", "userIds": [world.ben.user_id()], "data": { "taskTitle": "Ring" },
        }));
        notifications::emit(app, &module, wanted).await.unwrap();
        world.after(0).await;
        let listed = notifications::list(app, &world.ben, input(json!({}))).await.unwrap();
        let traced = notifications::trace(app, &world.ben, listed.items[0].id).await.unwrap();
        let statuses: Vec<Vec<_>> = traced
            .decisions
            .iter()
            .map(|one| one.deliveries.iter().map(|delivery| delivery.status).collect())
            .collect();
        assert_eq!(statuses, [vec![], vec![DeliveryStatus::Delivered], vec![DeliveryStatus::Queued]]);
        crate::jobs::send_mail::send_due(app).await.unwrap();
        let traced = notifications::trace(app, &world.ben, listed.items[0].id).await.unwrap();
        assert_eq!(traced.decisions[2].deliveries[0].status, DeliveryStatus::Delivered);
    }
}

#[test]
fn many_gone_devices_are_a_fault_of_the_network() {
    let watch = Watch::default();
    let now = Timestamp::from_ms(0);
    let mut is_burst = false;
    for n in 0..100 {
        is_burst = watch.note("fcm", n % 5 == 0, now);
    }
    assert!(!is_burst, "one in five is usual");
    assert!(watch.note("fcm", true, now));
    assert!(!watch.note("apns", true, now), "each for itself, and one says nothing");
    assert!(
        !watch.note("fcm", true, now.plus_ms(WATCHED_MS)),
        "five minutes later it is forgotten"
    );
}
