use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    auth::token::LIFETIME_SECONDS,
    testing::{House, START, code},
};

fn holder() -> Holder {
    Holder {
        tenant_id: Uuid::from_u128(1).into(),
        user_id: Uuid::from_u128(2).into(),
        session_id: Uuid::from_u128(3).into(),
    }
}

fn issue(app: &App) -> String {
    app.token_keys.issue(holder(), Uuid::nil(), app.clock.now(), LIFETIME_SECONDS).unwrap()
}

fn key_of(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

fn published(app: &App) -> Vec<String> {
    let set = app.token_keys.published(app.clock.now());
    set.keys.into_iter().map(|key| key.kid).collect()
}

async fn look(app: &App) {
    refresh(app).await.unwrap();
}

on_both_engines! {
    async fn a_new_key_is_published_first_then_signs_and_the_old_one_is_believed_for_a_while(db: TestDb) {
        let house = House::open(&db).await;
        let (app, other) = (&house.app, house.other_node());
        let first = key_of(&issue(app));
        let rotation = rotate(app, false).await.unwrap();
        assert_eq!(rotation.generation, 1);
        for node in [app, &other] {
            look(node).await;
        }
        assert_eq!((published(app).len(), published(app)), (2, published(&other)));
        let early = issue(app);
        assert_eq!(key_of(&early), first, "not yet");
        app.clock.advance(PUBLISHED_AHEAD_MS);
        let old = app.token_keys.issue(holder(), Uuid::nil(), START, 7_200).unwrap();
        let now = app.clock.now();
        let new = issue(app);
        assert!(key_of(&new) != first && published(app).contains(&key_of(&new)));
        assert_eq!(other.token_keys.verify(&new, now).unwrap(), holder(), "on every node");
        assert_eq!(other.token_keys.verify(&old, now).unwrap(), holder());
        let until = rotation.previous_until;
        assert_eq!(code(app.token_keys.verify(&old, until)), "TOKEN_EXPIRED");
        assert_eq!(app.token_keys.verify(&new, now).unwrap(), holder());
        assert_eq!(app.token_keys.published(until).keys.len(), 1);
    }

    async fn in_a_hurry_all_older_keys_end_at_once(db: TestDb) {
        let house = House::open(&db).await;
        let app = &house.app;
        let oldest = issue(app);
        rotate(app, false).await.unwrap();
        let rotation = rotate(app, true).await.unwrap();
        look(app).await;
        assert_eq!(app.token_keys.verify(&oldest, app.clock.now()).unwrap(), holder());
        app.clock.advance(HURRIED_AHEAD_MS);
        assert_eq!(rotation.signs_from, app.clock.now());
        assert_eq!(code(app.token_keys.verify(&oldest, app.clock.now())), "TOKEN_EXPIRED");
        let new = issue(app);
        assert_eq!(app.token_keys.verify(&new, app.clock.now()).unwrap(), holder());
        assert_eq!(published(app), [key_of(&new)]);
    }

    async fn keys_that_were_replaced_long_ago_are_forgotten(db: TestDb) {
        let house = House::open(&db).await;
        let app = &house.app;
        let oldest = issue(app);
        for _ in 0..REMEMBERED {
            rotate(app, true).await.unwrap();
        }
        look(app).await;
        app.clock.advance(HURRIED_AHEAD_MS);
        assert_eq!(code(app.token_keys.verify(&oldest, app.clock.now())), "TOKEN_EXPIRED");
        rotate(app, true).await.unwrap();
        look(app).await;
        assert_eq!(code(app.token_keys.verify(&oldest, app.clock.now())), "TOKEN_INVALID");
        look(app).await;
        assert_eq!(app.token_keys.verify(&issue(app), app.clock.now()).unwrap(), holder());
    }
}
