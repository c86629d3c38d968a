use std::sync::Arc;

use serde_json::json;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    actor::{IdempotencyKey, Request},
    testing::{House, code, draft, person},
    users,
};

async fn actor_with_key(house: &House, body: u8) -> Actor {
    let key = IdempotencyKey { key_hash: [1; 32], body_hash: [body; 32] };
    let request = Request { idempotency: Some(key), ..Request::default() };
    Actor { request: Arc::new(request), ..house.admin().await }
}

on_both_engines! {
    async fn a_repeated_creation_is_answered_with_the_first_one(db: TestDb) {
        let house = House::open(&db).await;
        let actor = actor_with_key(&house, 2).await;
        assert!(matches!(claim(&house.app, &actor).await.unwrap(), Claim::Fresh));
        assert!(matches!(claim(&house.app, &actor).await.unwrap(), Claim::InProgress));
        let created = users::create(&house.app, &actor, draft(person("Bert"))).await.unwrap();
        let Claim::Replay { status: 201, answer } = claim(&house.app, &actor).await.unwrap() else {
            panic!("not answered");
        };
        assert_eq!(answer.get(), serde_json::to_string(&created).unwrap());
        let other = actor_with_key(&house, 3).await;
        assert!(matches!(claim(&house.app, &other).await.unwrap(), Claim::Reused));
    }

    async fn an_effect_whose_answer_is_kept_already_is_undone(db: TestDb) {
        let house = House::open(&db).await;
        let actor = actor_with_key(&house, 2).await;
        claim(&house.app, &actor).await.unwrap();
        // Somebody took the lapsed lease over and was faster.
        record_late(&house.app, &actor, 201, &json!({})).await.unwrap();
        let late = users::create(&house.app, &actor, draft(person("Bert"))).await;
        assert_eq!(code(late), "IDEMPOTENCY_IN_PROGRESS");
        assert_eq!(house.count("select count(*) from users").await, 1);
        record_late(&house.app, &actor, 500, &json!({})).await.unwrap();
        assert!(matches!(claim(&house.app, &actor).await.unwrap(), Claim::Replay { status: 201, .. }));
    }

    async fn an_abandoned_request_is_a_first_one_again(db: TestDb) {
        let house = House::open(&db).await;
        let actor = actor_with_key(&house, 2).await;
        claim(&house.app, &actor).await.unwrap();
        abandon(&house.app, &actor).await.unwrap();
        assert!(matches!(claim(&house.app, &actor).await.unwrap(), Claim::Fresh));
        house.app.clock.advance(LEASE_MS);
        assert!(matches!(claim(&house.app, &actor).await.unwrap(), Claim::Fresh));
    }

    async fn without_a_key_nothing_is_kept(db: TestDb) {
        let house = House::open(&db).await;
        let actor = house.admin().await;
        assert!(matches!(claim(&house.app, &actor).await.unwrap(), Claim::Fresh));
        assert!(matches!(claim(&house.app, &actor).await.unwrap(), Claim::Fresh));
        record_late(&house.app, &actor, 200, &json!({})).await.unwrap();
        abandon(&house.app, &actor).await.unwrap();
        assert_eq!(house.count("select count(*) from idempotency").await, 0);
    }
}
