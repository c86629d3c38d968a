use serde_json::{Value, json};
use tidewire_testkit::{eventually, on_both_engines};

use super::*;
use tidewire_protocol::limits::PROFILES_MAX;

use crate::{
    actor::Request,
    testing::{House, Screen, code, draft, input, person, registration},
    users,
    versions::Expected,
};

async fn made(house: &House, name: &str, permissions: &[i64]) -> ProfileDetail {
    let draft = input(json!({ "name": name, "permissions": permissions }));
    create(&house.app, &house.admin().await, draft).await.unwrap()
}

async fn change(house: &House, id: i64, body: Value) -> Result<ProfileDetail> {
    update(&house.app, &house.admin().await, id, input(body), &Expected::Any).await
}

on_both_engines! {
    async fn a_company_makes_profiles_of_its_own(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let sales = made(&house, " Sales ", &[3, 1, 3, 2]).await;
        assert_eq!((sales.profile.id, &*sales.profile.name), (5, "Sales"));
        assert_eq!(sales.permissions, [1, 2, 3]);
        assert_eq!(sales.permission_keys, ["users.read", "chat.read", "chat.write"]);
        assert_eq!(get(&house.app, &admin, 5).await.unwrap(), sales);
        let taken = input(json!({ "name": "SALES", "permissions": [] }));
        assert_eq!(code(create(&house.app, &admin, taken).await), "NAME_TAKEN");
        for bad in [json!([1, 31]), json!([1, 101]), json!([1, 0])] {
            let bad = input(json!({ "name": "Bad", "permissions": bad }));
            let refused = create(&house.app, &admin, bad).await.unwrap_err();
            let field = refused.body().details.unwrap()["fields"][0]["field"].clone();
            assert_eq!(field, "permissions[1]");
        }
        let query = ProfilesQuery { include_inactive: true };
        let names = list(&house.app, &admin, query).await.unwrap().items;
        let names: Vec<_> = names.iter().map(|profile| (profile.id, profile.user_count)).collect();
        assert_eq!(names, [(3, 1), (2, 0), (4, 0), (1, 0), (5, 0)]);
        let noted = "select count(*) from audit where action = 'profiles.created'";
        assert_eq!(house.count(noted).await, 1);
    }

    async fn profiles_end_at_their_limit(db: TestDb) {
        let house = House::open(&db).await;
        for n in 0..PROFILES_MAX {
            made(&house, &format!("Profile {n}"), &[]).await;
        }
        let more = input(json!({ "name": "One more", "permissions": [] }));
        assert_eq!(code(create(&house.app, &house.admin().await, more).await), "PROFILE_LIMIT");
    }

    async fn those_of_the_system_and_of_others_stay_as_they_are(db: TestDb) {
        let house = House::open(&db).await;
        crate::tenants::register(&house.app, &Request::default(), registration("other"))
            .await.unwrap();
        let admin = house.admin().await;
        for id in 1..=4 {
            assert_eq!(code(change(&house, id, json!({ "name": "Mine" })).await), "SYSTEM_PROFILE");
            assert_eq!(code(deactivate(&house.app, &admin, id).await), "SYSTEM_PROFILE");
        }
        assert_eq!(code(change(&house, 5, json!({})).await), "NOT_FOUND");
        assert_eq!(code(deactivate(&house.app, &admin, 5).await), "NOT_FOUND");
        assert_eq!(code(activate(&house.app, &admin, 5).await), "NOT_FOUND");
        house.member(person("Bert")).await;
        let bert = house.actor("bert@acme.example").await;
        let wanted = input(json!({ "name": "Mine" }));
        let refused = update(&house.app, &bert, 99, wanted, &Expected::Any).await;
        assert_eq!(code(refused), "FORBIDDEN");
        assert_eq!(code(deactivate(&house.app, &bert, 99).await), "FORBIDDEN");
    }

    async fn a_change_takes_effect_on_open_connections_of_every_node(db: TestDb) {
        let house = House::open(&db).await;
        let elsewhere = house.other_node();
        made(&house, "Sales", &[1, 2, 3]).await;
        let mut bert = person("Bert");
        bert["profileId"] = 5.into();
        house.member(bert).await;
        house.member(person("Cleo")).await;
        let (bert, cleo) =
            (house.actor("bert@acme.example").await, house.actor("cleo@acme.example").await);
        let here = Screen::of(&house.app, &bert).await;
        let there = Screen::of(&elsewhere, &bert).await;
        let other = Screen::of(&house.app, &cleo).await;
        assert!(bert.may(Permission::ChatWrite));

        let wanted = json!({ "name": "Readers", "permissions": [2, 1] });
        let updated = change(&house, 5, wanted).await.unwrap();
        assert_eq!((updated.profile.version, updated.profile.user_count), (2, 1));
        let told = json!({ "role": "user", "permissions": ["chat.read", "users.read"] });
        assert_eq!(here.shown("permissions.changed"), std::slice::from_ref(&told));
        eventually("the other node hears of it", async || {
            (there.shown("permissions.changed") == [told.clone()]).then_some(())
        })
        .await;
        assert!(other.shown("permissions.changed").is_empty());
        let identity = crate::auth::session::of_session(&house.app, bert.session_id()).await.unwrap();
        assert!(!identity.permissions.contains(Permission::ChatWrite));
        let noted = house.rows("select detail from audit where action = 'profiles.updated'").await;
        assert_eq!(noted[0].json::<Value>(0).unwrap(), json!({
            "granted": [], "withdrawn": ["chat.write"],
            "name": { "before": "Sales", "after": "Readers" },
        }));
    }

    async fn a_stale_version_is_refused_and_the_same_again_changes_nothing(db: TestDb) {
        let house = House::open(&db).await;
        made(&house, "Sales", &[1]).await;
        let same = change(&house, 5, json!({ "name": "Sales", "permissions": [1] })).await.unwrap();
        assert_eq!(same.profile.version, 1);
        let cleared = json!({ "description": "For sales" });
        assert_eq!(change(&house, 5, cleared).await.unwrap().profile.version, 2);
        let cleared = change(&house, 5, json!({ "description": null })).await.unwrap();
        assert_eq!((cleared.profile.description, cleared.profile.version), (None, 3));
        let (admin, seen) = (house.admin().await, Expected::OneOf(vec![2]));
        let stale = update(&house.app, &admin, 5, input(json!({ "name": "Other" })), &seen);
        assert_eq!(code(stale.await), "PRECONDITION_FAILED");
        made(&house, "Support", &[]).await;
        assert_eq!(code(change(&house, 5, json!({ "name": "SUPPORT" })).await), "NAME_TAKEN");
    }

    async fn a_profile_in_use_stays_and_one_out_of_use_cannot_be_given(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        made(&house, "Sales", &[1]).await;
        let mut bert = person("Bert");
        bert["profileId"] = 5.into();
        house.invite(bert).await;
        let refused = deactivate(&house.app, &admin, 5).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ProfileInUse);
        assert_eq!(refused.body().details, Some(json!({ "userCount": 1 })));
        house.execute("update users set profile_id = 1").await;
        for _ in 0..2 {
            assert!(!deactivate(&house.app, &admin, 5).await.unwrap().profile.is_active);
        }
        let noted = "select count(*) from audit where action = 'profiles.deactivated'";
        assert_eq!(house.count(noted).await, 1);
        let mut cleo = person("Cleo");
        cleo["profileId"] = 5.into();
        let refused = users::create(&house.app, &admin, draft(cleo)).await;
        assert_eq!(code(refused), "VALIDATION_FAILED");
        let given = assignable_ones(&house.app, &admin).await.unwrap().items;
        assert!(given.iter().all(|profile| profile.id != 5));
        let query = ProfilesQuery { include_inactive: false };
        assert_eq!(list(&house.app, &admin, query).await.unwrap().items.len(), 4);
        assert!(activate(&house.app, &admin, 5).await.unwrap().profile.is_active);
    }
}
