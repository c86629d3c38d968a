use tidewire_testkit::on_both_engines;

use super::*;
use crate::testing::{House, code, person};

on_both_engines! {
    async fn signing_out_ends_this_session_alone(db: TestDb) {
        let house = House::open(&db).await;
        let (here, there) = (house.admin().await, house.login("ada@acme.example").await.unwrap());
        assert!(logout(&house.app, &here).await.unwrap().logged_out);
        let ended = crate::auth::session::of_session(&house.app, here.session_id()).await;
        assert_eq!(code(ended), "SESSION_REVOKED");
        house.actor_with(&there.tokens.access_token).await.unwrap();
        assert_eq!(house.count("select count(*) from feed where kind = 'session_revoked'").await, 1);
        assert_eq!(house.count("select count(*) from audit where action = 'auth.logout'").await, 1);
    }

    async fn signing_out_everywhere_ends_all_sessions_of_this_person(db: TestDb) {
        let house = House::open(&db).await;
        house.member(person("Bert")).await;
        let bert = house.actor("bert@acme.example").await;
        let tokens: Vec<_> = [
            house.login("ada@acme.example").await.unwrap(),
            house.login("ada@acme.example").await.unwrap(),
        ].into_iter().map(|signed_in| signed_in.tokens.access_token).collect();
        let actor = house.actor_with(&tokens[0]).await.unwrap();
        assert_eq!(logout_all(&house.app, &actor).await.unwrap().revoked_sessions, 3);
        for token in &tokens {
            assert_eq!(code(house.actor_with(token).await), "SESSION_REVOKED");
        }
        crate::auth::session::of_session(&house.app, bert.session_id()).await.unwrap();
        assert_eq!(house.count("select count(*) from feed where kind = 'session_revoked'").await, 3);
    }

    async fn people_see_their_sessions_and_end_the_one_they_do_not_know(db: TestDb) {
        let house = House::open(&db).await;
        house.member(person("Bert")).await;
        let (ada, bert) = (house.admin().await, house.actor("bert@acme.example").await);
        house.app.clock.advance(1_000);
        let other = house.actor("ada@acme.example").await;
        let listed = list(&house.app, &ada).await.unwrap().items;
        let ids: Vec<_> = listed.iter().map(|item| (item.id, item.current)).collect();
        assert_eq!(ids, [(other.session_id(), false), (ada.session_id(), true)]);
        assert_eq!(code(end_own(&house.app, &ada, bert.session_id()).await), "NOT_FOUND");
        assert!(end_own(&house.app, &ada, other.session_id()).await.unwrap().revoked);
        assert_eq!(code(end_own(&house.app, &ada, other.session_id()).await), "NOT_FOUND");
        let ended = crate::auth::session::of_session(&house.app, other.session_id()).await;
        assert_eq!(code(ended), "SESSION_REVOKED");
        crate::auth::session::of_session(&house.app, bert.session_id()).await.unwrap();
        assert_eq!(list(&house.app, &ada).await.unwrap().items.len(), 1);
        assert_eq!(house.count("select count(*) from audit where action = 'auth.session_revoked'").await, 1);
    }
}
