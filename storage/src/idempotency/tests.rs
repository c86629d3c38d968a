use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    Db,
    testing::{ACME, NOW, open, user_id, within},
};

const LEASE_MS: i64 = 60_000;

fn key(body: &[u8; 32]) -> Key<'_> {
    Key { tenant_id: ACME, caller_id: user_id(2), key_hash: &[1; 32], body_hash: body }
}

async fn claim_at(db: &Db, key: Key<'_>, at: Timestamp) -> Claim {
    within(db, async |conn| claim(conn, key, at, at.plus_ms(LEASE_MS)).await).await
}

async fn record_at(db: &Db, key: Key<'_>, at: Timestamp) -> bool {
    within(db, async |conn| record(conn, key, at, 201, r#"{"a":1}"#).await).await
}

on_both_engines! {
    async fn a_request_is_answered_once_and_then_repeated(db: TestDb) {
        let db = open(&db).await;
        assert_eq!(claim_at(&db, key(&[2; 32]), NOW).await, Claim::Fresh);
        assert_eq!(claim_at(&db, key(&[2; 32]), NOW).await, Claim::InProgress);
        assert_eq!(claim_at(&db, key(&[3; 32]), NOW).await, Claim::Reused);
        assert!(record_at(&db, key(&[2; 32]), NOW).await);
        assert!(!record_at(&db, key(&[2; 32]), NOW).await);
        let answered = Claim::Answered { status: 201, answer: r#"{"a":1}"#.to_owned() };
        assert_eq!(claim_at(&db, key(&[2; 32]), NOW.plus_ms(LEASE_MS * 2)).await, answered);
        assert_eq!(claim_at(&db, key(&[3; 32]), NOW.plus_ms(LEASE_MS * 2)).await, Claim::Reused);
        let other = Key { caller_id: user_id(3), ..key(&[3; 32]) };
        assert_eq!(claim_at(&db, other, NOW).await, Claim::Fresh);
        let next_day = NOW.plus_ms(IDEMPOTENCY_LIFETIME_MS);
        assert_eq!(claim_at(&db, key(&[3; 32]), next_day).await, Claim::Fresh);
    }

    async fn a_lapsed_lease_is_taken_over_by_the_same_request_only(db: TestDb) {
        let db = open(&db).await;
        assert_eq!(claim_at(&db, key(&[2; 32]), NOW).await, Claim::Fresh);
        let later = NOW.plus_ms(LEASE_MS);
        assert_eq!(claim_at(&db, key(&[3; 32]), later).await, Claim::Reused);
        assert_eq!(claim_at(&db, key(&[2; 32]), later).await, Claim::Fresh);
        // Both finish; the effect of one of them may stand.
        assert!(record_at(&db, key(&[2; 32]), later).await);
        assert!(!record_at(&db, key(&[2; 32]), later).await);
    }

    async fn an_abandoned_request_starts_anew_but_an_answer_stays(db: TestDb) {
        let db = open(&db).await;
        assert_eq!(claim_at(&db, key(&[2; 32]), NOW).await, Claim::Fresh);
        within(&db, async |conn| abandon(conn, key(&[2; 32])).await).await;
        assert_eq!(claim_at(&db, key(&[3; 32]), NOW).await, Claim::Fresh);
        assert!(record_at(&db, key(&[3; 32]), NOW).await);
        within(&db, async |conn| abandon(conn, key(&[3; 32])).await).await;
        assert!(matches!(claim_at(&db, key(&[3; 32]), NOW).await, Claim::Answered { .. }));
    }

    async fn of_two_who_record_at_once_one_succeeds(db: TestDb) {
        let db = open(&db).await;
        assert_eq!(claim_at(&db, key(&[2; 32]), NOW).await, Claim::Fresh);
        for round in 0..20_u8 {
            let hash = [round; 32];
            let key = Key { key_hash: &hash, ..key(&[2; 32]) };
            let (a, b) = tokio::join!(record_at(&db, key, NOW), record_at(&db, key, NOW));
            assert!(a ^ b, "round {round}: {a} {b}");
        }
    }
}
