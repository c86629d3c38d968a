use futures_util::future::join_all;
use serde_json::{Value, json};
use tidewire_protocol::{input, model::tenants::Registered};
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    actor::Request,
    testing::{House, code, draft, person, registration},
};

fn query(parameters: Value) -> UsersQuery {
    input::parse_query(&serde_json::from_value(parameters).unwrap()).unwrap()
}

async fn register_other(house: &House) -> Registered {
    crate::tenants::register(&house.app, &Request::default(), registration("other")).await.unwrap()
}

on_both_engines! {
    async fn an_invited_person_is_pending_and_numbered(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let created = create(&house.app, &admin, draft(person("Bert"))).await.unwrap();
        let user = &created.user;
        assert_eq!((user.number, user.status, user.role), (2, UserStatus::Pending, Role::User));
        assert_eq!(user.profile_id, Some(1));
        assert_eq!(user.invitation_expires_at, Some(created.invitation.expires_at));
        assert_eq!(created.invitation.expires_at, house.app.clock.now().plus_ms(7 * 86_400_000));
        let noted = "select count(*) from audit where action = 'users.created'";
        assert_eq!(house.count(noted).await, 1);
        let fed = "select count(*) from feed where kind = 'user_changed'";
        assert_eq!(house.count(fed).await, 1);
        let again = create(&house.app, &admin, draft(person("BERT"))).await.unwrap_err();
        assert_eq!(again.code(), ErrorCode::EmailTaken);
        let details = again.body().details.unwrap();
        assert_eq!(details, json!({ "userId": user.id, "status": "pending" }));
        let next = create(&house.app, &admin, draft(person("Cleo"))).await.unwrap();
        assert_eq!(next.user.number, 3, "a refused creation takes no number");
    }

    async fn the_same_email_twice_at_once_gives_one_person(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        for round in 0..100 {
            let add = || create(&house.app, &admin, draft(person(&format!("Bert{round}"))));
            let tries = join_all([add(), add()]).await;
            assert_eq!(tries.iter().filter(|created| created.is_ok()).count(), 1, "round {round}");
            for lost in tries.into_iter().filter(Result::is_err) {
                assert_eq!(code(lost), "EMAIL_TAKEN", "round {round}");
            }
        }
        assert_eq!(house.count("select count(*) from users").await, 101);
        assert_eq!(house.count("select max(number) from users").await, 101);
    }

    async fn nobody_gives_more_than_they_have(db: TestDb) {
        let house = House::open(&db).await;
        let mut manager = person("Mia");
        manager["role"] = "manager".into();
        house.member(manager).await;
        house.member(person("Uwe")).await;
        let mia = house.actor("mia@acme.example").await;
        let with = |field: &str, value: Value| {
            let mut draft = person("Next");
            draft[field] = value;
            draft
        };
        for (expected, body) in [
            ("ROLE_NOT_ASSIGNABLE", with("role", "manager".into())),
            ("ROLE_NOT_ASSIGNABLE", with("role", "tenant_admin".into())),
            ("ROLE_NOT_ASSIGNABLE", with("profileId", 3.into())),
            ("VALIDATION_FAILED", with("profileId", 7.into())),
            ("VALIDATION_FAILED", with("email", "änna@acme.example".into())),
        ] {
            let refused = create(&house.app, &mia, draft(body.clone())).await;
            assert_eq!(code(refused), expected, "{body}");
        }
        create(&house.app, &mia, draft(with("profileId", 4.into()))).await.unwrap();
        let uwe = house.actor("uwe@acme.example").await;
        let refused = create(&house.app, &uwe, draft(person("More"))).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Forbidden);
        assert_eq!(refused.body().details.unwrap()["required"], "users.create");
        let mut admin = person("Anton");
        admin["role"] = "tenant_admin".into();
        create(&house.app, &house.admin().await, draft(admin)).await.unwrap();
    }

    async fn a_profile_of_another_company_is_unknown(db: TestDb) {
        let house = House::open(&db).await;
        register_other(&house).await;
        house.execute("insert into profiles (tenant_id, id, name, name_key, is_system, is_active, \
            permissions, created_ms, updated_ms) \
            select id, 7, 'X', 'x', false, true, '[1]', 1, 1 from tenants where slug = 'other'").await;
        let mut body = person("Bert");
        body["profileId"] = 7.into();
        let refused = create(&house.app, &house.admin().await, draft(body)).await;
        assert_eq!(code(refused), "VALIDATION_FAILED");
    }

    async fn private_fields_are_for_those_who_may_change_people(db: TestDb) {
        let house = House::open(&db).await;
        house.member(person("Uwe")).await;
        let (pending, _) = house.invite(person("Pia")).await;
        let (admin, uwe) = (house.admin().await, house.actor("uwe@acme.example").await);
        let seen = get(&house.app, &admin, UserKey::Number(pending.number)).await.unwrap().user;
        assert_eq!(seen.invited_at, Some(house.app.clock.now()));
        let hidden = get(&house.app, &uwe, UserKey::Id(pending.id)).await.unwrap().user;
        assert_eq!((hidden.invited_at, hidden.invitation_expires_at), (None, None));
        let own = get(&house.app, &uwe, UserKey::Number(2)).await.unwrap().user;
        assert!(own.last_login_at.is_some());
        let by_name = query(json!({ "sort": "name", "order": "asc" }));
        let list = list(&house.app, &uwe, by_name).await.unwrap();
        let names: Vec<_> = list.items.iter().map(|user| user.first_name.as_str()).collect();
        assert_eq!(names, ["Ada", "Pia", "Uwe"]);
        assert!(list.items[0].last_login_at.is_none() && list.items[2].last_login_at.is_some());
        assert_eq!((list.pagination.total, list.pagination.has_more), (3, false));
        house.execute("update users set profile_id = null where number = 2").await;
        crate::auth::session::invalidate_user(&house.app, uwe.user_id());
        let uwe = house.actor("uwe@acme.example").await;
        get(&house.app, &uwe, UserKey::Id(uwe.user_id())).await.unwrap();
        assert_eq!(code(get(&house.app, &uwe, UserKey::Number(1)).await), "FORBIDDEN");
        let refused = super::list(&house.app, &uwe, query(json!({}))).await;
        assert_eq!(code(refused), "FORBIDDEN");
    }

    async fn unknown_foreign_and_deleted_people_are_equally_absent(db: TestDb) {
        let house = House::open(&db).await;
        let other = register_other(&house).await;
        let bert = house.member(person("Bert")).await;
        let admin = house.admin().await;
        let bodies = async |key| get(&house.app, &admin, key).await.unwrap_err().body();
        let unknown = bodies(UserKey::Number(999)).await;
        assert_eq!(unknown.code, "NOT_FOUND");
        assert_eq!(bodies(UserKey::Id(other.user.id)).await, unknown);
        house.execute("update users set deleted_ms = 1 where number = 2").await;
        assert_eq!(bodies(UserKey::Id(bert.id)).await, unknown);
        let mut conn = house.app.db.read().await.unwrap();
        let tenant_id = house.acme.tenant.id;
        let keys = [
            UserKey::Number(1), UserKey::Id(other.user.id), UserKey::Number(2),
            UserKey::Id(house.acme.user.id), UserKey::Number(5),
        ];
        let found = resolve(&mut conn, tenant_id, &keys).await.unwrap();
        let found: Vec<_> = found.iter().map(|user| user.as_ref().map(|user| user.number)).collect();
        assert_eq!(found, [Some(1), None, None, Some(1), None]);
        let refs = refs(&mut conn, tenant_id, &[bert.id, other.user.id]).await.unwrap();
        assert_eq!(refs.len(), 1);
        assert_eq!(refs[&bert.id].display_name, "Deleted user");
    }
}
