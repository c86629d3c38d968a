use serde_json::json;
use tidewire_protocol::model::accounts::RevocationReason;
use tidewire_testkit::{TestDb, on_both_engines};
use uuid::Uuid;

use super::*;
use crate::{
    Db,
    sessions::{self, NewSession},
    testing::{ACME, NOW, add, open, person, user_id, within},
};

fn session_id(n: u32) -> SessionId {
    SessionId::new(Uuid::from_u128(u128::from(n)))
}

fn device_id(n: u128) -> DeviceId {
    DeviceId::new(Uuid::from_u128(n))
}

/// Two people, each with a sign-in of the same number.
async fn with_two(db: &TestDb) -> Db {
    let db = open(db).await;
    add(&db, &[person(1, "ann@acme.example", "Ann"), person(2, "ben@acme.example", "Ben")]).await;
    for n in 1..=2 {
        let session = NewSession {
            id: session_id(n),
            tenant_id: ACME,
            user_id: user_id(n),
            at: NOW,
            idle_expires_at: NOW.plus_ms(1_000),
            expires_at: NOW.plus_ms(2_000),
            device_name: None,
            user_agent: None,
            address: None,
        };
        within(&db, async |conn| sessions::insert(conn, &session).await).await;
    }
    db
}

async fn register_as(db: &Db, n: u128, person: u32, address: u8) -> DeviceId {
    let target = json!({ "fcm": { "token": "secret" } });
    let new = NewDevice {
        id: device_id(n),
        session_id: session_id(person),
        platform: "fcm",
        address: [address; 32],
        target: &target,
        label: Some("Phone"),
        at: NOW.plus_ms(n as i64),
    };
    let owner = (ACME, user_id(person));
    within(db, async |conn| Ok(register(conn, owner, &new).await?.0)).await
}

async fn all_of(db: &Db, person: u32, now: Timestamp) -> Vec<DeviceId> {
    let mut conn = db.read().await.unwrap();
    let mut all = of(&mut conn, ACME, &[user_id(1), user_id(2)], now).await.unwrap();
    all.remove(&user_id(person)).unwrap_or_default().into_iter().map(|one| one.id).collect()
}

on_both_engines! {
    async fn a_device_is_known_by_its_address_and_belongs_to_one_person(db: TestDb) {
        let db = with_two(&db).await;
        assert_eq!(register_as(&db, 1, 1, 7).await, device_id(1));
        assert_eq!(register_as(&db, 2, 1, 7).await, device_id(1), "the same one again");
        assert_eq!(register_as(&db, 3, 1, 8).await, device_id(3));
        within(&db, async |conn| taken(conn, (ACME, user_id(1)), device_id(1), Some(4), NOW).await).await;
        assert_eq!(all_of(&db, 1, NOW).await, [device_id(3), device_id(1)], "newest first");
        assert_eq!(register_as(&db, 4, 2, 7).await, device_id(4), "somebody else's now");
        assert_eq!(all_of(&db, 1, NOW).await, [device_id(3)]);
        let mut conn = db.read().await.unwrap();
        let moved = by_id(&mut conn, (ACME, user_id(2)), device_id(4), NOW).await.unwrap().unwrap();
        assert_eq!((moved.badge, moved.label.as_deref()), (None, Some("Phone")));
        assert_eq!(by_id(&mut conn, (ACME, user_id(1)), device_id(4), NOW).await.unwrap(), None);
        drop(conn);
        within(&db, async |conn| {
            assert!(!remove(conn, (ACME, user_id(1)), device_id(4)).await?);
            assert!(remove(conn, (ACME, user_id(2)), device_id(4)).await?);
            Ok(())
        })
        .await;
    }

    async fn devices_end_with_their_sign_in(db: TestDb) {
        let db = with_two(&db).await;
        register_as(&db, 1, 1, 7).await;
        register_as(&db, 2, 2, 8).await;
        assert_eq!(all_of(&db, 1, NOW.plus_ms(999)).await, [device_id(1)]);
        assert_eq!(all_of(&db, 1, NOW.plus_ms(1_000)).await, [], "unused for too long");
        within(&db, async |conn| {
            sessions::revoke(conn, ACME, session_id(1), RevocationReason::Logout, NOW).await
        })
        .await;
        assert_eq!((all_of(&db, 1, NOW).await, all_of(&db, 2, NOW).await.len()), (vec![], 1));
        assert_eq!(within(&db, purge).await, 1);
        within(&db, async |conn| sessions::purge(conn, NOW.plus_ms(9_999)).await).await;
        assert_eq!(within(&db, purge).await, 0, "it goes with the row of its sign-in");
    }

    async fn the_last_badge_stays_where_a_push_carries_none(db: TestDb) {
        let db = with_two(&db).await;
        register_as(&db, 1, 1, 7).await;
        let owner = (ACME, user_id(1));
        for (badge, kept) in [(Some(3), Some(3)), (None, Some(3)), (Some(0), Some(0))] {
            within(&db, async |conn| taken(conn, owner, device_id(1), badge, NOW).await).await;
            let mut conn = db.read().await.unwrap();
            let device = by_id(&mut conn, owner, device_id(1), NOW).await.unwrap().unwrap();
            assert_eq!((device.badge, device.used_at), (kept, Some(NOW)));
        }
    }
}
