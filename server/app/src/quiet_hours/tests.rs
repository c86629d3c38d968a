use serde_json::json;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    own_profile,
    testing::{House, Screen, code, input},
};

// Every test begins on Friday, 2025-01-31 at 08:15:30 UTC.
const MORNING: &str = "2025-01-31T09:00:00.000Z";

async fn nightly(house: &House, actor: &Actor, zone: &str) -> Dnd {
    let wanted = json!({
        "enabled": true, "startTime": "22:00", "endTime": "09:00", "timezone": zone,
    });
    change(&house.app, actor, input(wanted)).await.unwrap().dnd
}

on_both_engines! {
    async fn it_is_off_until_somebody_wants_it_and_follows_their_zone(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ada) = (&house.app, house.admin().await);
        let before = mine(app, &ada).await.unwrap().dnd;
        assert_eq!((before.enabled, before.timezone.as_str(), before.days.len()), (false, "UTC", 7));
        assert_eq!((before.start_time.to_string(), before.end_time.to_string()), ("22:00".into(), "08:00".into()));
        house.set("general.timezone", "Europe/Vienna").await;
        assert_eq!(mine(app, &ada).await.unwrap().dnd.timezone, "Europe/Vienna");
        let own = input(json!({ "timezone": "Asia/Tokyo" }));
        own_profile::change(app, &ada, own, &crate::versions::Expected::Any).await.unwrap();
        assert_eq!(mine(app, &ada).await.unwrap().dnd.timezone, "Asia/Tokyo");
        let said = nightly(&house, &ada, "America/New_York").await;
        assert_eq!((said.timezone.as_str(), said.active_now), ("America/New_York", true), "03:15 there");
        assert_eq!(mine(app, &ada).await.unwrap().dnd, said);
    }

    async fn a_pause_is_ended_and_a_window_is_left_until_its_end(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ada) = (&house.app, house.admin().await);
        let screen = Screen::of(app, &ada).await;
        let dnd = nightly(&house, &ada, "UTC").await;
        assert_eq!((dnd.quiet_now, dnd.quiet_until.unwrap().to_string().as_str()), (true, MORNING));
        let resumed = resume(app, &ada).await.unwrap().dnd;
        assert_eq!((resumed.active_now, resumed.quiet_now), (false, false));
        let paused = pause(app, &ada, input(json!({ "minutes": 90 }))).await.unwrap().dnd;
        let until = app.clock.now().plus_ms(90 * MINUTE_MS);
        assert_eq!((paused.paused_until, paused.quiet_until), (Some(until), Some(until)));
        assert!(paused.active_now, "a pause brings the schedule back");
        let resumed = resume(app, &ada).await.unwrap().dnd;
        assert_eq!((resumed.quiet_now, resumed.paused_until), (false, None));
        assert_eq!(resume(app, &ada).await.unwrap().dnd, resumed, "twice is once");
        app.clock.advance(16 * 3_600_000);
        assert!(mine(app, &ada).await.unwrap().dnd.quiet_now, "the next night");
        let shown = screen.shown("preferences.changed");
        assert_eq!(shown.len(), 5);
        assert_eq!(shown[0]["dnd"]["startTime"], "22:00");
        assert!(shown[0]["ui"].is_object() && shown[0]["preference"].is_null());
    }

    async fn what_is_absent_stays_and_what_makes_no_sense_is_refused(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ada) = (&house.app, house.admin().await);
        nightly(&house, &ada, "UTC").await;
        let changed = change(app, &ada, input(json!({ "enabled": false, "days": [7, 1] }))).await;
        let dnd = changed.unwrap().dnd;
        assert_eq!((dnd.enabled, dnd.days, dnd.end_time.to_string()), (false, vec![1, 7], "09:00".into()));
        let same = input(json!({ "enabled": true, "startTime": "09:00" }));
        assert_eq!(code(change(app, &ada, same).await), "VALIDATION_FAILED");
        for bad in [json!({ "until": "2025-01-31T08:15:30Z" }), json!({ "until": "2025-03-03T08:15:31Z" })] {
            assert_eq!(code(pause(app, &ada, input(bad)).await), "VALIDATION_FAILED");
        }
        assert!(!mine(app, &ada).await.unwrap().dnd.quiet_now);
    }

    async fn the_coming_days_are_shown_before_they_surprise_anybody(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ada) = (&house.app, house.admin().await);
        nightly(&house, &ada, "UTC").await;
        let shown = preview(app, &ada, DndPreviewQuery { days: 7 }).await.unwrap();
        assert_eq!((shown.windows.len(), shown.timezone.as_str()), (8, "UTC"));
        assert_eq!(shown.windows[0].ends_at.to_string(), MORNING);
        let bob = house.of_role("Bob", tidewire_protocol::model::users::Role::User).await;
        assert!(preview(app, &bob, DndPreviewQuery { days: 7 }).await.unwrap().windows.is_empty());
    }
}
