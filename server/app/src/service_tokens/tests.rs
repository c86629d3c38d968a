use serde_json::json;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    testing::{House, code, input, person},
    users,
};

async fn made(house: &House, name: &str, permissions: &[&str]) -> ServiceTokenCreated {
    let draft = input(json!({ "name": name, "permissions": permissions }));
    create(&house.app, &house.admin().await, draft).await.unwrap()
}

on_both_engines! {
    async fn a_token_is_shown_once_and_known_by_its_hash(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let made = made(&house, "Mail", &["users.read", "tokens.introspect"]).await;
        assert!(made.token.starts_with(&made.service_token.prefix) && made.token.len() == 46);
        assert_eq!(made.service_token.permissions, ["tokens.introspect", "users.read"]);
        let expected = house.app.clock.now().plus_ms(90 * DAY_MS);
        assert_eq!(made.service_token.expires_at, expected);
        let listed = list(&house.app, &admin).await.unwrap().items;
        assert_eq!(listed, std::slice::from_ref(&made.service_token));
        let service = authenticate(&house.app, &made.token).await.unwrap();
        assert_eq!((service.tenant_id, &*service.name), (admin.tenant_id(), "Mail"));
        for bad in ["st_", "st_x", &made.token[3..], &made.token.replace("st_", "ST_"), &made.token[..45]] {
            assert_eq!(code(authenticate(&house.app, bad).await), "TOKEN_INVALID", "{bad}");
        }
        let noted = house.rows("select detail from audit where action = 'service_tokens.created'").await;
        let noted = noted[0].json::<serde_json::Value>(0).unwrap();
        assert_eq!(noted, json!({ "name": "Mail", "permissions": ["tokens.introspect", "users.read"] }));
    }

    async fn services_hold_what_services_may_hold(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        for bad in ["users.create", "chat.read", "audit.read", "nothing"] {
            let draft = input(json!({ "name": "Mail", "permissions": ["users.read", bad] }));
            let refused = create(&house.app, &admin, draft).await.map(|_| ()).unwrap_err();
            assert_eq!(refused.body().details.unwrap()["fields"][0]["field"], "permissions[1]");
        }
        made(&house, "Mail", &["users.read"]).await;
        let again = input(json!({ "name": "MAIL", "permissions": ["users.read"] }));
        assert_eq!(code(create(&house.app, &admin, again).await.map(|_| ())), "NAME_TAKEN");
        for n in 1..SERVICE_TOKENS_MAX {
            made(&house, &format!("Module {n}"), &["users.read"]).await;
        }
        let more = input(json!({ "name": "More", "permissions": ["users.read"] }));
        assert_eq!(code(create(&house.app, &admin, more).await.map(|_| ())), "TOKEN_LIMIT");
        house.member(person("Bert")).await;
        let bert = house.actor("bert@acme.example").await;
        assert_eq!(code(list(&house.app, &bert).await), "FORBIDDEN");
        let unknown = admin.session_id().uuid().into();
        assert_eq!(code(revoke(&house.app, &bert, unknown).await), "FORBIDDEN");
        assert_eq!(code(revoke(&house.app, &admin, unknown).await), "NOT_FOUND");
    }

    async fn a_token_ends_when_it_is_revoked_or_too_old_or_its_company_is(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let (one, other) =
            (made(&house, "One", &["users.read"]).await, made(&house, "Two", &["users.read"]).await);
        for _ in 0..2 {
            assert!(revoke(&house.app, &admin, one.service_token.id).await.unwrap().revoked);
        }
        assert_eq!(house.count("select count(*) from audit where action = 'service_tokens.revoked'").await, 1);
        let elsewhere = house.other_node();
        assert_eq!(code(authenticate(&elsewhere, &one.token).await), "TOKEN_INVALID");
        house.execute("update tenants set status = 'suspended'").await;
        assert_eq!(code(authenticate(&house.app, &other.token).await), "TENANT_SUSPENDED");
        house.execute("update tenants set status = 'active'").await;
        house.app.clock.advance(90 * DAY_MS - 1);
        authenticate(&house.app, &other.token).await.unwrap();
        house.app.clock.advance(1);
        assert_eq!(code(authenticate(&house.app, &other.token).await), "TOKEN_INVALID");
    }

    async fn its_use_is_noted_once_a_minute(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let token = made(&house, "Mail", &["users.read"]).await.token;
        let used = async || list(&house.app, &admin).await.unwrap().items[0].last_used_at.unwrap();
        authenticate(&house.app, &token).await.unwrap();
        let first = used().await;
        house.app.clock.advance(MINUTE_MS - 1);
        authenticate(&house.app, &token).await.unwrap();
        assert_eq!(used().await, first);
        house.app.clock.advance(1);
        authenticate(&house.app, &token).await.unwrap();
        assert_eq!(used().await, first.plus_ms(MINUTE_MS));
    }

    async fn a_live_token_of_the_company_is_told_and_nothing_of_others(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let service = made(&house, "Mail", &["tokens.introspect"]).await.token;
        let service = authenticate(&house.app, &service).await.unwrap();
        let ada = house.login("ada@acme.example").await.unwrap().tokens;
        let ask = async |service: &Service, token: &str| {
            super::introspect(&house.app, service, Introspect { token: token.to_owned() }).await
        };
        let told = json!(ask(&service, &ada.access_token).await.unwrap());
        assert_eq!((&told["active"], &told["sid"]), (&json!(true), &json!(ada.session_id)));
        assert_eq!(told["exp"], house.app.clock.now().ms() / 1_000 + 900);
        assert_eq!(told["permissions"].as_array().unwrap().len(), 30);
        let foreign = Service { tenant_id: admin.session_id().uuid().into(), ..service.clone() };
        let dead = json!({ "active": false });
        assert_eq!(json!(ask(&foreign, &ada.access_token).await.unwrap()), dead);
        assert_eq!(json!(ask(&service, "nonsense").await.unwrap()), dead);
        users::revoke_sessions(&house.app, &admin, tidewire_protocol::id::UserKey::Number(1))
            .await.unwrap();
        assert_eq!(json!(ask(&service, &ada.access_token).await.unwrap()), dead);
        let plain = Service { permissions: Permissions::default(), ..service };
        assert_eq!(code(ask(&plain, "x").await), "FORBIDDEN");
    }
}
