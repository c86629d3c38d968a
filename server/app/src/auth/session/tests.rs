use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    sessions,
    testing::{House, code, person},
};

on_both_engines! {
    async fn a_session_is_looked_up_once_and_again_after_news(db: TestDb) {
        let house = House::open(&db).await;
        let token = house.login("ada@acme.example").await.unwrap().tokens.access_token;
        let first = authenticate(&house.app, &token).await.unwrap();
        house.execute("update users set role = 'user', profile_id = 4").await;
        let cached = authenticate(&house.app, &token).await.unwrap();
        assert!(Arc::ptr_eq(&first, &cached));
        invalidate_user(&house.app, first.user_id);
        let fresh = authenticate(&house.app, &token).await.unwrap();
        assert_eq!(fresh.permissions.iter().count(), 12);
        invalidate_tenant(&house.app, first.tenant_id);
        assert!(!Arc::ptr_eq(&fresh, &authenticate(&house.app, &token).await.unwrap()));
        let again = authenticate(&house.app, &token).await.unwrap();
        invalidate_session(&house.app, first.session_id).await;
        assert!(!Arc::ptr_eq(&again, &authenticate(&house.app, &token).await.unwrap()));
    }

    async fn news_of_others_leave_a_session_in_memory(db: TestDb) {
        let house = House::open(&db).await;
        house.member(person("Bert")).await;
        let admin = house.admin().await;
        let bert = house.actor("bert@acme.example").await;
        invalidate_user(&house.app, bert.user_id());
        let identity = of_session(&house.app, admin.session_id()).await.unwrap();
        assert!(Arc::ptr_eq(&identity, &admin.identity));
    }

    async fn what_was_read_before_a_revocation_is_not_answered_after_it(db: TestDb) {
        let house = House::open(&db).await;
        for round in 0..100 {
            let token = house.login("ada@acme.example").await.unwrap().tokens.access_token;
            let actor = house.actor_with(&token).await.unwrap();
            invalidate_session(&house.app, actor.session_id()).await;
            // Readers fill the cache while the session ends.
            let readers = async {
                for _ in 0..5 {
                    let _ = authenticate(&house.app, &token).await;
                }
            };
            let ((), ended) = tokio::join!(readers, sessions::logout(&house.app, &actor));
            ended.unwrap();
            assert_eq!(code(authenticate(&house.app, &token).await), "SESSION_REVOKED", "{round}");
        }
    }

    async fn each_reason_not_to_be_let_in_has_its_code(db: TestDb) {
        let house = House::open(&db).await;
        let token = house.login("ada@acme.example").await.unwrap().tokens.access_token;
        let refused = async || {
            house.app.identities.0.invalidate_all();
            code(authenticate(&house.app, &token).await)
        };
        house.execute("update users set status = 'inactive'").await;
        assert_eq!(refused().await, "ACCOUNT_DEACTIVATED");
        house.execute("update tenants set status = 'suspended'").await;
        assert_eq!(refused().await, "TENANT_SUSPENDED");
        house.execute("update tenants set status = 'active'").await;
        house.execute("update users set status = 'active', deleted_ms = 1").await;
        assert_eq!(refused().await, "SESSION_REVOKED");
        house.execute("update users set deleted_ms = null").await;
        authenticate(&house.app, &token).await.unwrap();
        house.execute("delete from sessions").await;
        assert_eq!(refused().await, "SESSION_REVOKED");
        house.app.clock.advance(931_000);
        assert_eq!(refused().await, "TOKEN_EXPIRED");
        assert_eq!(code(authenticate(&house.app, "x").await), "TOKEN_INVALID");
    }

    async fn a_session_ends_with_its_longest_life_even_in_memory(db: TestDb) {
        let house = House::open(&db).await;
        let actor = house.admin().await;
        house.app.clock.advance(sessions::LIFETIME_MS - 1);
        assert!(of_session(&house.app, actor.session_id()).await.is_ok());
        house.app.clock.advance(1);
        assert_eq!(code(of_session(&house.app, actor.session_id()).await), "SESSION_REVOKED");
    }
}
