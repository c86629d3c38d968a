use serde_json::json;
use tidewire_protocol::model::users::Role;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    fanout::inbox as hub,
    notifications::{self, emit},
    testing::{House, Screen, input},
};

on_both_engines! {
    async fn two_workers_and_a_lapsed_lease_tell_once(db: TestDb) {
        let house = House::open(&db).await;
        let (ben, module) = (house.of_role("Ben", Role::User).await, house.module().await);
        let other = house.idle_node();
        for task in 0..20 {
            let wanted = input(json!({
                "eventKey": "tasks.assigned", "userIds": [ben.user_id()], "data": {},
                "actionUrl": format!("/tasks/{task}"),
            }));
            emit(&house.app, &module, wanted).await.unwrap();
        }
        // Somebody has taken three of them and is gone.
        let now = house.app.clock.now();
        let mut conn = house.app.db.write().await.unwrap();
        let dead = house.app.clock.id();
        let lease = (now, now.plus_ms(10));
        let taken = outbox::claim(&mut conn, OUTBOX_KIND, dead, lease, 3).await.unwrap();
        conn.commit().await.unwrap();
        house.app.clock.advance(10);
        let all = async |app| while tell_due(app).await.unwrap() > 0 {};
        tokio::join!(all(&house.app), all(&other));
        for late in &taken {
            tell::tell(&house.app, dead, late).await.unwrap();
        }
        assert_eq!(notifications::unread_count(&house.app, &ben).await.unwrap().count, 20);
        assert_eq!(house.count("select count(*) from notification_decisions where event = 'tasks.assigned'").await, 60);
    }

    async fn reading_all_while_a_thousand_arrive_ends_with_equal_figures_everywhere(db: TestDb) {
        let house = House::open_unlimited(&db).await;
        let (ben, module) = (house.of_role("Ben", Role::User).await, house.module().await);
        let other = house.idle_node();
        let screens = [Screen::of(&house.app, &ben).await, Screen::of(&other, &ben).await];
        let arrivals = async {
            for n in 0..250 {
                let wanted = input(json!({
                    "eventKey": "tasks.assigned", "userIds": [ben.user_id()], "data": {},
                    "actionUrl": format!("/tasks/{n}"),
                }));
                emit(&house.app, &module, wanted).await.unwrap();
                if n % 10 == 0 {
                    tell_due(&house.app).await.unwrap();
                }
            }
            house.settle().await;
        };
        let readings = async {
            for n in 0..60 {
                let node = if n % 2 == 0 { &house.app } else { &other };
                notifications::mark_all_read(node, &ben, input(json!({}))).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(arrivals, readings);
        for node in [&house.app, &other] {
            hub::catch_up(node, ben.user_id()).await.unwrap();
        }
        let truth = notifications::unread_count(&house.app, &ben).await.unwrap().count;
        for (screen, node) in screens.iter().zip([&house.app, &other]) {
            let numbers: Vec<u64> = screen.inbox().into_iter().map(|(_, seq)| seq).collect();
            assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "each once, in order");
            let live = node.fanout.live_user(ben.user_id()).unwrap();
            assert_eq!(live.totals().notifications, truth);
        }
        let first = screens[0].inbox();
        assert_eq!(first, screens[1].inbox());
    }
}
