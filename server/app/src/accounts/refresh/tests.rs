use std::collections::HashSet;

use futures_util::future::join_all;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::testing::{House, code};

async fn exchange(house: &House, token: &str) -> Result<Tokens> {
    let refresh = Refresh { refresh_token: token.to_owned() };
    super::refresh(&house.app, &Request::default(), refresh).await
}

async fn signed_in(house: &House) -> Tokens {
    house.login("ada@acme.example").await.unwrap().tokens
}

fn refused(result: Result<Tokens>) -> &'static str {
    code(result.map(|_| ()))
}

/// As a client would: a server that is busy says so, and is asked again.
async fn exchange_patiently(house: &House, token: &str) -> Result<Tokens> {
    loop {
        match exchange(house, token).await {
            Err(error) if error.code() == ErrorCode::Unavailable => tokio::task::yield_now().await,
            answer => return answer,
        }
    }
}

on_both_engines! {
    async fn each_exchange_gives_a_successor_and_moves_the_idle_end(db: TestDb) {
        let house = House::open(&db).await;
        let first = signed_in(&house).await;
        house.app.clock.advance(3_600_000);
        let second = exchange(&house, &first.refresh_token).await.unwrap();
        assert_ne!(second.refresh_token, first.refresh_token);
        assert_eq!(second.session_id, first.session_id);
        assert_eq!(second.refresh_expires_at, first.refresh_expires_at.plus_ms(3_600_000));
        house.actor_with(&second.access_token).await.unwrap();
        exchange(&house, &second.refresh_token).await.unwrap();
    }

    async fn two_tabs_refreshing(db: TestDb) {
        let house = House::open(&db).await;
        let first = signed_in(&house).await;
        let second = exchange(&house, &first.refresh_token).await.unwrap();
        house.app.clock.advance(30_000);
        let again = exchange(&house, &first.refresh_token).await.unwrap();
        assert_eq!(again.refresh_token, second.refresh_token);
        assert_eq!(again.refresh_expires_at, second.refresh_expires_at);
        let third = exchange(&house, &second.refresh_token).await.unwrap();
        exchange(&house, &third.refresh_token).await.unwrap();
    }

    async fn a_parent_that_comes_late_ends_the_session(db: TestDb) {
        let house = House::open(&db).await;
        let first = signed_in(&house).await;
        let second = exchange(&house, &first.refresh_token).await.unwrap();
        house.app.clock.advance(30_001);
        assert_eq!(refused(exchange(&house, &first.refresh_token).await), "REFRESH_TOKEN_REUSED");
        assert_eq!(refused(exchange(&house, &second.refresh_token).await), "REFRESH_TOKEN_INVALID");
        assert_eq!(code(house.actor_with(&second.access_token).await), "SESSION_REVOKED");
    }

    async fn a_parent_whose_successor_was_used_ends_the_session(db: TestDb) {
        let house = House::open(&db).await;
        let first = signed_in(&house).await;
        let second = exchange(&house, &first.refresh_token).await.unwrap();
        exchange(&house, &second.refresh_token).await.unwrap();
        assert_eq!(refused(exchange(&house, &first.refresh_token).await), "REFRESH_TOKEN_REUSED");
    }

    async fn replay_of_a_week_old_refresh_token(db: TestDb) {
        let house = House::open(&db).await;
        let (stolen, other) = (signed_in(&house).await, signed_in(&house).await);
        let mut current = stolen.clone();
        for _ in 0..8 {
            house.app.clock.advance(86_400_000);
            current = exchange(&house, &current.refresh_token).await.unwrap();
        }
        let kept = house.count("select count(*) from outbox where kind = 'mail'").await;
        assert_eq!(refused(exchange(&house, &stolen.refresh_token).await), "REFRESH_TOKEN_REUSED");
        assert_eq!(refused(exchange(&house, &stolen.refresh_token).await), "REFRESH_TOKEN_INVALID");
        assert_eq!(code(house.actor_with(&current.access_token).await), "SESSION_REVOKED");
        let mails = "select count(*) from outbox where kind = 'mail'";
        assert_eq!(house.count(mails).await, kept + 1, "the owner is told");
        let noted = "select count(*) from audit where action = 'auth.refresh_reuse'";
        assert_eq!(house.count(noted).await, 1);
        let fed = "select count(*) from feed where kind = 'session_revoked'";
        assert_eq!(house.count(fed).await, 1);
        // The other session has ended of itself: it was idle for more than a week.
        assert_eq!(refused(exchange(&house, &other.refresh_token).await), "REFRESH_TOKEN_INVALID");
        assert_eq!(house.count("select count(*) from sessions where revoked_ms is null").await, 1);
    }

    async fn a_session_ends_after_a_week_of_idleness_and_after_a_month_at_most(db: TestDb) {
        let house = House::open(&db).await;
        let idle = signed_in(&house).await;
        let mut busy = signed_in(&house).await;
        let start = house.app.clock.now();
        for _ in 0..5 {
            house.app.clock.advance(6 * 86_400_000 - 1);
            busy = exchange(&house, &busy.refresh_token).await.unwrap();
        }
        assert_eq!(busy.refresh_expires_at, start.plus_ms(30 * 86_400_000));
        assert_eq!(refused(exchange(&house, &idle.refresh_token).await), "REFRESH_TOKEN_INVALID");
        house.app.clock.advance(5);
        assert_eq!(refused(exchange(&house, &busy.refresh_token).await), "REFRESH_TOKEN_INVALID");
    }

    async fn an_altered_token_changes_nothing(db: TestDb) {
        let house = House::open(&db).await;
        let tokens = signed_in(&house).await;
        let mut altered = tokens.refresh_token.clone().into_bytes();
        altered[30] = if altered[30] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert_eq!(refused(exchange(&house, &altered).await), "REFRESH_TOKEN_INVALID");
        let unknown = refresh_token::mint(&house.app.refresh_key, house.app.clock.id(), 0);
        assert_eq!(refused(exchange(&house, &unknown).await), "REFRESH_TOKEN_INVALID");
        exchange(&house, &tokens.refresh_token).await.unwrap();
    }

    async fn a_token_from_a_future_that_was_restored_away_ends_the_session(db: TestDb) {
        let house = House::open(&db).await;
        let tokens = signed_in(&house).await;
        let future = refresh_token::mint(&house.app.refresh_key, tokens.session_id, 3);
        assert_eq!(refused(exchange(&house, &future).await), "REFRESH_TOKEN_REUSED");
    }

    async fn refresh_during_deactivation(db: TestDb) {
        let house = House::open(&db).await;
        let tokens = signed_in(&house).await;
        house.execute("update users set status = 'inactive'").await;
        assert_eq!(refused(exchange(&house, &tokens.refresh_token).await), "ACCOUNT_DEACTIVATED");
        house.execute("update tenants set status = 'suspended'").await;
        assert_eq!(refused(exchange(&house, &tokens.refresh_token).await), "TENANT_SUSPENDED");
        assert_eq!(house.count("select generation from sessions").await, 0);
    }

    async fn a_thousand_parallel_refreshes_are_one_rotation_with_one_successor(db: TestDb) {
        let house = House::open_unlimited(&db).await;
        let tokens = signed_in(&house).await;
        let answers =
            join_all((0..1_000).map(|_| exchange_patiently(&house, &tokens.refresh_token))).await;
        let successors: HashSet<_> =
            answers.into_iter().map(|answer| answer.unwrap().refresh_token).collect();
        assert_eq!(successors.len(), 1);
        assert_eq!(house.count("select generation from sessions").await, 1);
        let successor = successors.into_iter().next().unwrap();
        exchange(&house, &successor).await.unwrap();
    }

    async fn a_session_refreshes_thirty_times_a_minute_at_most(db: TestDb) {
        let house = House::open(&db).await;
        let (mut tokens, other) = (signed_in(&house).await, signed_in(&house).await);
        for _ in 0..30 {
            tokens = exchange(&house, &tokens.refresh_token).await.unwrap();
        }
        assert_eq!(refused(exchange(&house, &tokens.refresh_token).await), "RATE_LIMITED");
        exchange(&house, &other.refresh_token).await.unwrap();
        house.app.clock.advance(2_000);
        exchange(&house, &tokens.refresh_token).await.unwrap();
    }

    async fn refreshing_against_signing_out_leaves_nothing_that_works(db: TestDb) {
        let house = House::open(&db).await;
        for round in 0..100 {
            let tokens = signed_in(&house).await;
            let actor = house.actor_with(&tokens.access_token).await.unwrap();
            let (refreshed, ended) = tokio::join!(
                exchange(&house, &tokens.refresh_token),
                sessions::logout(&house.app, &actor),
            );
            ended.unwrap();
            if let Ok(refreshed) = refreshed {
                let dead = house.actor_with(&refreshed.access_token).await;
                assert_eq!(code(dead), "SESSION_REVOKED", "round {round}");
                let dead = exchange(&house, &refreshed.refresh_token).await;
                assert_eq!(refused(dead), "REFRESH_TOKEN_INVALID", "round {round}");
            }
            let dead = exchange(&house, &tokens.refresh_token).await;
            assert_eq!(refused(dead), "REFRESH_TOKEN_INVALID", "round {round}");
        }
    }
}
