use serde_json::json;
use tidewire_protocol::id::UserId;
use tidewire_testkit::{eventually, on_both_engines};

use super::*;
use crate::testing::{House, Screen, code, input, person};

async fn put(house: &House, actor: &Actor, id: UserId, body: Value) -> Result<UserData> {
    update(&house.app, actor, UserKey::Id(id), input(body), &Expected::Any).await
}

on_both_engines! {
    async fn a_change_is_noted_with_before_and_after_and_seen_by_everybody(db: TestDb) {
        let house = House::open(&db).await;
        let elsewhere = house.other_node();
        let admin = house.admin().await;
        let bert = house.member(person("Bert")).await;
        let screens = [Screen::of(&house.app, &admin).await, Screen::of(&elsewhere, &admin).await];
        let own = Screen::of(&house.app, &house.actor("bert@acme.example").await).await;
        let body = json!({ "firstName": "Bertram", "role": "manager" });
        let changed = put(&house, &admin, bert.id, body).await.unwrap().user;
        assert_eq!((&*changed.display_name, changed.role), ("Bertram Tester", Role::Manager));
        assert_eq!((changed.profile_id, changed.version), (Some(2), bert.version + 2));
        let noted = house.rows("select detail from audit where action = 'users.updated'").await;
        assert_eq!(noted[0].json::<Value>(0).unwrap(), json!({
            "before": { "firstName": "Bert", "role": "user", "profileId": 1 },
            "after": { "firstName": "Bertram", "role": "manager", "profileId": 2 },
        }));
        for screen in &screens {
            eventually("everybody sees it", async || {
                let shown = screen.shown("user.updated");
                let last = shown.last()?;
                (last["user"]["displayName"] == "Bertram Tester").then_some(())
            })
            .await;
        }
        assert_eq!(own.shown("permissions.changed").len(), 1);
        assert_eq!(own.shown("user.updated").len(), 1);
        assert_eq!(house.mailed("users.role_changed").await, 1);
        let found = crate::users::list(&house.app, &admin, input(json!({ "search": "bertram" })));
        assert_eq!(found.await.unwrap().items.len(), 1);
    }

    async fn managers_change_people_below_them_within_what_they_have(db: TestDb) {
        let house = House::open(&db).await;
        let mia = house.of_role("Mia", Role::Manager).await;
        let max = house.of_role("Max", Role::Manager).await;
        let bert = house.member(person("Bert")).await;
        let admin = house.admin().await.user_id();
        put(&house, &mia, bert.id, json!({ "lastName": "Other", "profileId": 4 })).await.unwrap();
        put(&house, &mia, mia.user_id(), json!({ "lastName": "Own" })).await.unwrap();
        for (target, body, refusal) in [
            (admin, json!({ "lastName": "X" }), "TARGET_OUTRANKS_CALLER"),
            (max.user_id(), json!({ "lastName": "X" }), "TARGET_OUTRANKS_CALLER"),
            (bert.id, json!({ "role": "manager" }), "ROLE_NOT_ASSIGNABLE"),
            (bert.id, json!({ "role": "tenant_admin" }), "ROLE_NOT_ASSIGNABLE"),
            (bert.id, json!({ "profileId": 3 }), "ROLE_NOT_ASSIGNABLE"),
            (bert.id, json!({ "status": "inactive" }), "FORBIDDEN"),
            (mia.user_id(), json!({ "profileId": 1 }), "ROLE_NOT_ASSIGNABLE"),
            (mia.session_id().uuid().into(), json!({}), "NOT_FOUND"),
        ] {
            let refused = put(&house, &mia, target, body.clone()).await;
            assert_eq!(code(refused), refusal, "{body}");
        }
        let bert = house.actor("bert@acme.example").await;
        assert_eq!(code(put(&house, &bert, bert.user_id(), json!({})).await), "FORBIDDEN");
    }

    async fn nobody_changes_their_own_rights_and_one_administrator_stays(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        for body in [json!({ "role": "user" }), json!({ "profileId": 1 }), json!({ "status": "inactive" })] {
            let refused = put(&house, &admin, admin.user_id(), body.clone()).await;
            assert_eq!(code(refused), "CANNOT_MODIFY_SELF", "{body}");
        }
        let same = json!({ "role": "tenant_admin", "status": "active", "lastName": "King" });
        put(&house, &admin, admin.user_id(), same).await.unwrap();
        let eve = house.of_role("Eve", Role::TenantAdmin).await;
        put(&house, &eve, admin.user_id(), json!({ "role": "user" })).await.unwrap();
        let refused = put(&house, &admin, eve.user_id(), json!({ "role": "user" })).await;
        assert_eq!(code(refused), "LAST_ADMIN", "an old proof of rights does not help");
    }

    async fn a_stale_version_a_foreign_profile_and_a_pending_person(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let (bert, _) = house.invite(person("Bert")).await;
        let stale = Expected::OneOf(vec![0]);
        let refused =
            update(&house.app, &admin, UserKey::Id(bert.id), input(json!({ "lastName": "X" })), &stale);
        assert_eq!(code(refused.await), "PRECONDITION_FAILED");
        assert_eq!(code(put(&house, &admin, bert.id, json!({ "profileId": 5 })).await), "VALIDATION_FAILED");
        for status in ["active", "inactive"] {
            let refused = put(&house, &admin, bert.id, json!({ "status": status })).await;
            assert_eq!(code(refused), "USER_PENDING");
        }
        let same = put(&house, &admin, bert.id, json!({ "firstName": "Bert" })).await.unwrap();
        assert_eq!(same.user.version, bert.version);
        let changed = put(&house, &admin, bert.id, json!({ "role": "manager", "profileId": null }));
        assert_eq!(changed.await.unwrap().user.profile_id, Some(2));
    }
}
