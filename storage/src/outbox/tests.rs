use std::collections::HashSet;

use serde_json::json;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    Db,
    testing::{ACME, NOW, open, within},
};

async fn put_many(db: &Db, count: u128) {
    within(db, async |conn| {
        for n in 0..count {
            put(conn, (Uuid::from_u128(n), ACME), "mail", &json!({ "n": n as u64 }), NOW).await?;
        }
        Ok(())
    })
    .await;
}

async fn claim_some(db: &Db, by: u128, at: Timestamp, limit: u64) -> Vec<Claimed> {
    let lease = (at, at.plus_ms(1_000));
    within(db, async |conn| claim(conn, "mail", Uuid::from_u128(by), lease, limit).await).await
}

on_both_engines! {
    async fn each_piece_of_work_goes_to_one_worker(db: TestDb) {
        let db = open(&db).await;
        put_many(&db, 100).await;
        let workers: Vec<_> = (1..=10_u128)
            .map(|by| {
                let db = db.clone();
                #[expect(clippy::disallowed_methods, reason = "a worker of a test")]
                tokio::spawn(async move {
                    let mut taken = Vec::new();
                    loop {
                        let batch = claim_some(&db, by, NOW, 3).await;
                        if batch.is_empty() {
                            break taken;
                        }
                        taken.extend(batch.into_iter().map(|work| work.id));
                    }
                })
            })
            .collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.await.unwrap());
        }
        // Rows that a rival held were skipped; at the end none is left.
        all.extend(claim_some(&db, 99, NOW, 100).await.into_iter().map(|work| work.id));
        assert_eq!(all.len(), 100);
        assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), 100);
    }

    async fn a_lapsed_lease_is_taken_over_and_its_holder_settles_nothing(db: TestDb) {
        let db = open(&db).await;
        put_many(&db, 1).await;
        let first = claim_some(&db, 1, NOW, 10).await;
        assert_eq!((first.len(), first[0].attempts), (1, 1));
        assert!(claim_some(&db, 2, NOW.plus_ms(999), 10).await.is_empty());
        let later = NOW.plus_ms(1_000);
        let second = claim_some(&db, 2, later, 10).await;
        assert_eq!((second.len(), second[0].attempts), (1, 2));
        let id = first[0].id;
        let settled = |by: u128| {
            within(&db, async move |conn| {
                settle(conn, (id, Uuid::from_u128(by)), Outcome::Done, later).await
            })
        };
        assert!(!settled(1).await);
        assert!(settled(2).await);
        assert!(!settled(2).await);
    }

    async fn retried_work_waits_and_closed_work_has_no_payload(db: TestDb) {
        let db = open(&db).await;
        put_many(&db, 2).await;
        let taken = claim_some(&db, 1, NOW, 10).await;
        let retry = Outcome::Retry { due_at: NOW.plus_ms(50), error: "later" };
        let failed = Outcome::Failed { error: "never" };
        for (work, outcome) in taken.iter().zip([retry, failed]) {
            let key = (work.id, Uuid::from_u128(1));
            assert!(within(&db, async |conn| settle(conn, key, outcome.clone(), NOW).await).await);
        }
        assert!(claim_some(&db, 2, NOW.plus_ms(49), 10).await.is_empty());
        assert!(!is_due(&mut db.read().await.unwrap(), "mail", NOW.plus_ms(49)).await.unwrap());
        assert!(is_due(&mut db.read().await.unwrap(), "mail", NOW.plus_ms(50)).await.unwrap());
        assert!(!is_due(&mut db.read().await.unwrap(), "other", NOW.plus_ms(50)).await.unwrap());
        assert_eq!(claim_some(&db, 2, NOW.plus_ms(50), 10).await[0].id, taken[0].id);
        let closed = query("select payload, error from outbox where state = 'failed'");
        let row = closed.fetch_one(&mut db.read().await.unwrap()).await.unwrap();
        assert_eq!(row.json::<Value>(0).unwrap(), Value::Null);
        assert_eq!(row.text(1).unwrap(), "never");
        let counted = async |since| {
            count(&mut db.read().await.unwrap(), ACME, "mail", since).await.unwrap()
        };
        assert_eq!(counted(NOW).await, (1, 1));
        assert_eq!(counted(NOW.plus_ms(1)).await, (1, 0));
        assert_eq!(within(&db, async |conn| purge(conn, NOW.plus_ms(1)).await).await, 1);
    }
}
