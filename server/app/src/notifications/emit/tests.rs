use serde_json::{Value, json};
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    Actor,
    notifications::list,
    tenants,
    testing::{House, code, input, registration},
};

fn wanted(change: impl FnOnce(&mut Value)) -> EmitNotification {
    let mut body = json!({ "eventKey": "tasks.due_soon", "userIds": [1], "data": {} });
    change(&mut body);
    input(body)
}

async fn unread(house: &House, actor: &Actor) -> usize {
    house.settle().await;
    let of_modules = |event: &EventKey| require_emittable(event.word()).is_ok();
    let page = list(&house.app, actor, input(json!({ "unread": true }))).await.unwrap();
    page.items.iter().filter(|one| of_modules(&one.event_key)).count()
}

on_both_engines! {
    async fn modules_raise_what_is_theirs_and_nothing_that_arises_here(db: TestDb) {
        let house = House::open(&db).await;
        let module = house.module().await;
        for event in ["auth.password_changed", "chat.mention", "users.invited", "billing.trial_ended", "tasks.nothing"] {
            let wanted = wanted(|body| body["eventKey"] = json!(event));
            assert_eq!(code(emit(&house.app, &module, wanted).await), "EVENT_UNKNOWN", "{event}");
        }
        assert_eq!(unread(&house, &house.admin().await).await, 0);
    }

    async fn those_who_cannot_be_told_are_named_with_the_reason(db: TestDb) {
        let house = House::open(&db).await;
        let (ada, module) = (house.admin().await, house.module().await);
        let ben = house.of_role("Ben", Role::User).await;
        let (cat, _) = house.invite(crate::testing::person("Cat")).await;
        let request = crate::actor::Request::default();
        let other = tenants::register(&house.app, &request, registration("other")).await.unwrap();
        let wanted = wanted(|body| {
            body["eventKey"] = json!("system.setup_incomplete");
            body["userIds"] = json!([1, "1", ben.user_id(), cat.id, 99, other.user.id]);
        });
        let emitted = emit(&house.app, &module, wanted).await.unwrap();
        assert_eq!((emitted.accepted, emitted.duplicate), (1, false), "named twice, told once");
        let skipped: Vec<_> = emitted.skipped.iter().map(|one| one.reason).collect();
        assert_eq!(skipped, [
            EmitSkipReason::NotAdministrator,
            EmitSkipReason::NotActive,
            EmitSkipReason::UnknownUser,
            EmitSkipReason::UnknownUser,
        ]);
        assert_eq!((unread(&house, &ada).await, unread(&house, &ben).await), (1, 0));
    }

    async fn a_key_raises_once_a_day_however_many_use_it_at_once(db: TestDb) {
        let house = House::open(&db).await;
        let (ada, module) = (house.admin().await, house.module().await);
        let again = || emit(&house.app, &module, wanted(|body| body["dedupeKey"] = json!("task-5-due")));
        let all = futures_util::future::join_all((0..8).map(|_| again())).await;
        let raised = all.iter().filter(|one| !one.as_ref().unwrap().duplicate).count();
        assert_eq!(raised, 1);
        assert_eq!(unread(&house, &ada).await, 1);
        house.app.clock.advance(DEDUPE_LIFETIME_MS);
        assert!(!again().await.unwrap().duplicate, "its day is over");
        let refused = wanted(|body| {
            body["dedupeKey"] = json!("other");
            body["eventKey"] = json!("tasks.nothing");
        });
        assert_eq!(code(emit(&house.app, &module, refused).await), "EVENT_UNKNOWN");
        let first = emit(&house.app, &module, wanted(|body| body["dedupeKey"] = json!("other"))).await;
        assert!(!first.unwrap().duplicate, "what was refused has used no key");
    }
}
