use serde_json::json;
use tidewire_testkit::{TestDb, on_both_engines};

use super::*;
use crate::{
    Db,
    testing::{ACME, NOW, add, open, person, user_id, within},
};

const ANN: (TenantId, UserId) = (ACME, UserId::new(Uuid::from_u128(1)));

fn id(n: u128) -> DeliveryId {
    DeliveryId::new(Uuid::from_u128(n))
}

async fn with_ann(db: &TestDb) -> Db {
    let db = open(db).await;
    add(&db, &[person(1, "ann@acme.example", "Ann"), person(2, "ben@acme.example", "Ben")]).await;
    assert_eq!(ANN.1, user_id(1));
    db
}

async fn put_one(db: &Db, n: u128, route: &'static str, held: Option<Held>, due_at: Timestamp) {
    let new = NewDelivery {
        id: id(n),
        decision_id: Some(DecisionId::new(Uuid::from_u128(n + 100))),
        notification_id: None,
        event: EventKey::Mention,
        route,
        device_id: None,
        kind: Kind::Alert,
        held,
        message: Some((ChannelId::new(Uuid::from_u128(5)), n as u64)),
        content: &json!({ "n": n as u64 }),
        due_at,
        at: NOW,
    };
    within(db, async |conn| put(conn, ANN, &new).await).await;
}

async fn take(db: &Db, by: u128, route: &str, at: Timestamp, limit: u64) -> Vec<u128> {
    let lease = (at, at.plus_ms(1_000));
    let taken =
        within(db, async |conn| claim(conn, route, Uuid::from_u128(by), lease, limit).await).await;
    taken.into_iter().map(|one| one.id.uuid().as_u128()).collect()
}

async fn end(db: &Db, n: u128, by: u128, outcome: Outcome<'_>) -> bool {
    let key = (id(n), Uuid::from_u128(by));
    within(db, async |conn| settle(conn, key, outcome, NOW).await).await
}

on_both_engines! {
    async fn what_is_due_is_taken_once_until_its_lease_is_over(db: TestDb) {
        let db = with_ann(&db).await;
        put_one(&db, 1, "fcm", None, NOW).await;
        put_one(&db, 2, "fcm", Some(Held::Live), NOW.plus_ms(10)).await;
        put_one(&db, 3, "apns", None, NOW).await;
        assert!(is_due(&mut db.read().await.unwrap(), "fcm", NOW).await.unwrap());
        assert_eq!(take(&db, 1, "fcm", NOW, 9).await, [1]);
        assert_eq!(take(&db, 2, "fcm", NOW, 9).await, []);
        assert_eq!(take(&db, 2, "fcm", NOW.plus_ms(1_000), 9).await.len(), 2, "its worker is gone");
        assert!(!end(&db, 1, 1, Outcome::Delivered).await, "somebody else has it");
        assert!(end(&db, 1, 2, Outcome::Delivered).await);
        assert!(!end(&db, 1, 2, Outcome::Delivered).await);
        assert_eq!(take(&db, 3, "fcm", NOW.plus_ms(9_000), 9).await, [2]);
    }

    async fn it_is_read_as_it_was_written_and_forgets_what_it_said(db: TestDb) {
        let db = with_ann(&db).await;
        put_one(&db, 7, "fcm", Some(Held::Quiet), NOW).await;
        let lease = (NOW, NOW.plus_ms(5));
        let by = Uuid::from_u128(1);
        let one = within(&db, async |conn| claim(conn, "fcm", by, lease, 1).await).await.remove(0);
        assert_eq!((one.tenant_id, one.user_id), ANN);
        assert_eq!((one.kind, one.held, one.event), (Kind::Alert, Some(Held::Quiet), EventKey::Mention));
        assert_eq!((one.message.unwrap().1, one.content), (7, json!({ "n": 7 })));
        assert_eq!((one.attempts, one.window, one.created_at), (0, NOW, NOW));
        end(&db, 7, 1, Outcome::Failed { reason: "refused" }).await;
        let mut conn = db.read().await.unwrap();
        let decisions = [DecisionId::new(Uuid::from_u128(107))];
        let traced = of_decisions(&mut conn, ANN, &decisions).await.unwrap();
        let expected = Delivery {
            attempt: 1,
            status: DeliveryStatus::Failed,
            at: NOW,
            reason: Some("refused".to_owned()),
        };
        assert_eq!(traced, [(decisions[0], expected)]);
        let stranger = (ACME, user_id(2));
        assert_eq!(of_decisions(&mut conn, stranger, &decisions).await.unwrap(), []);
        let left = query("select count(*) from deliveries where content is not null");
        assert_eq!(left.fetch_one(&mut conn).await.unwrap().int(0).unwrap(), 0);
    }

    async fn a_failed_try_waits_and_a_postponed_one_was_none(db: TestDb) {
        let db = with_ann(&db).await;
        put_one(&db, 1, "fcm", None, NOW).await;
        take(&db, 1, "fcm", NOW, 1).await;
        end(&db, 1, 1, Outcome::Postponed { due_at: NOW.plus_ms(50), held: Some(Held::Quiet) }).await;
        assert_eq!(take(&db, 1, "fcm", NOW.plus_ms(49), 1).await, []);
        take(&db, 1, "fcm", NOW.plus_ms(50), 1).await;
        end(&db, 1, 1, Outcome::Retry { due_at: NOW.plus_ms(90), reason: "busy" }).await;
        let lease = (NOW.plus_ms(90), NOW.plus_ms(99));
        let by = Uuid::from_u128(1);
        let again = within(&db, async |conn| claim(conn, "fcm", by, lease, 1).await).await.remove(0);
        assert_eq!((again.attempts, again.held, again.window), (1, None, NOW.plus_ms(50)));
    }

    async fn what_waits_for_one_reason_is_taken_and_moved_together(db: TestDb) {
        let db = with_ann(&db).await;
        for n in 1..=5 {
            put_one(&db, n, EMAIL, Some(Held::Digest), NOW.plus_ms(n as i64)).await;
        }
        put_one(&db, 6, EMAIL, Some(Held::Quiet), NOW).await;
        let counted = async |held| within(&db, async |conn| waiting(conn, ANN, held).await).await;
        assert_eq!((counted(Held::Digest).await, counted(Held::Quiet).await), (5, 1));
        within(&db, async |conn| move_held(conn, ANN, Held::Digest, NOW.plus_ms(50)).await).await;
        assert_eq!(take(&db, 1, EMAIL, NOW.plus_ms(49), 9).await, [6]);
        assert_eq!(take(&db, 1, EMAIL, NOW.plus_ms(50), 1).await.len(), 1);
        let (by, lease) = (Uuid::from_u128(1), (NOW.plus_ms(50), NOW.plus_ms(99)));
        let place = (EMAIL, ANN.1, Held::Digest);
        let rest = within(&db, async |conn| claim_rest(conn, place, by, lease).await).await;
        assert_eq!(rest.len(), 4);
        within(&db, async |conn| move_held(conn, ANN, Held::Digest, NOW).await).await;
        assert_eq!(take(&db, 2, EMAIL, NOW.plus_ms(50), 9).await, [], "they are in somebody's hands");
    }

    async fn a_mail_of_several_ends_for_all_of_them(db: TestDb) {
        let db = with_ann(&db).await;
        for n in 1..=3 {
            put_one(&db, n, EMAIL, None, NOW).await;
        }
        take(&db, 1, EMAIL, NOW, 2).await;
        let (by, mail) = (Uuid::from_u128(1), Uuid::from_u128(99));
        within(&db, async |conn| {
            assert!(mailed(conn, (id(1), by), mail).await?);
            assert!(mailed(conn, (id(2), by), mail).await?);
            assert!(!mailed(conn, (id(3), by), mail).await?, "it was not taken");
            mail_tried(conn, mail, 1, Outcome::Retry { due_at: NOW, reason: "busy" }, NOW).await?;
            mail_tried(conn, mail, 2, Outcome::Delivered, NOW).await
        })
        .await;
        let decisions: Vec<_> = (101..=103).map(|n| DecisionId::new(Uuid::from_u128(n))).collect();
        let mut conn = db.read().await.unwrap();
        let traced = of_decisions(&mut conn, ANN, &decisions).await.unwrap();
        let ends: Vec<_> = traced.into_iter().map(|(_, one)| (one.attempt, one.status)).collect();
        let delivered = (2, DeliveryStatus::Delivered);
        assert_eq!(ends, [delivered, delivered, (0, DeliveryStatus::Queued)]);
    }

    async fn what_is_done_is_forgotten_in_time(db: TestDb) {
        let db = with_ann(&db).await;
        put_one(&db, 1, "fcm", None, NOW).await;
        put_one(&db, 2, "fcm", None, NOW).await;
        take(&db, 1, "fcm", NOW, 1).await;
        end(&db, 1, 1, Outcome::Canceled { reason: "read" }).await;
        let purged = async |before| within(&db, async |conn| purge(conn, before).await).await;
        assert_eq!((purged(NOW).await, purged(NOW.plus_ms(1)).await), (0, 1));
    }
}
