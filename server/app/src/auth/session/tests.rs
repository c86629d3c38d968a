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

    async fn what_was_read_before_a_change_is_not_answered_after_it(db: TestDb) {
        let house = House::open(&db).await;
        for change in ["its own end", "its person", "its tenant"] {
            let token = house.login("ada@acme.example").await.unwrap().tokens.access_token;
            let actor = house.actor_with(&token).await.unwrap();
            let (stale, id) = (Arc::clone(&actor.identity), actor.session_id());
            invalidate_session(&house.app, id).await;
            // A reader has looked into the database and is slow to say so.
            let slot = house.app.identities.0.get_with(id, async { Slot::default() }).await;
            match change {
                "its person" => invalidate_user(&house.app, stale.user_id),
                "its tenant" => invalidate_tenant(&house.app, stale.tenant_id),
                _ => drop(sessions::logout(&house.app, &actor).await.unwrap()),
            }
            slot.set(Arc::clone(&stale)).unwrap();
            let now = authenticate(&house.app, &token).await;
            assert!(!now.is_ok_and(|now| Arc::ptr_eq(&now, &stale)), "{change}");
        }
    }

    async fn many_readers_of_one_session_are_one_look_up(db: TestDb) {
        let house = House::open(&db).await;
        let token = house.login("ada@acme.example").await.unwrap().tokens.access_token;
        let readers = (0..100).map(|_| authenticate(&house.app, &token));
        let identities: Vec<_> = futures_util::future::join_all(readers).await;
        let first = identities[0].as_ref().unwrap();
        assert!(identities.iter().all(|found| Arc::ptr_eq(found.as_ref().unwrap(), first)));
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
        house.app.clock.advance(30 * 86_400_000 - 1);
        assert!(of_session(&house.app, actor.session_id()).await.is_ok());
        house.app.clock.advance(1);
        assert_eq!(code(of_session(&house.app, actor.session_id()).await), "SESSION_REVOKED");
    }
}
