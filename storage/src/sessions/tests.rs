use tidewire_protocol::model::users::UserRefStatus;
use tidewire_testkit::{TestDb, on_both_engines};
use uuid::Uuid;

use super::*;
use crate::{
    Db,
    profiles::{self, Profile},
    testing::{ACME, NOW, add, open, person, user_id, within},
};

const REASON: RevocationReason = RevocationReason::SessionLimit;

fn session_id(n: u32) -> SessionId {
    SessionId::new(Uuid::from_u128(u128::from(n)))
}

async fn open_session(db: &Db, n: u32) {
    let session = NewSession {
        id: session_id(n),
        tenant_id: ACME,
        user_id: user_id(1),
        at: NOW.plus_ms(i64::from(n)),
        idle_expires_at: NOW.plus_ms(10_000),
        expires_at: NOW.plus_ms(20_000),
        device_name: Some("laptop"),
        user_agent: None,
        address: Some("192.0.2.1".to_owned()),
    };
    within(db, async |conn| insert(conn, &session).await).await;
}

async fn with_ada(db: &TestDb) -> Db {
    let db = open(db).await;
    add(&db, &[person(1, "ada@acme.example", "Ada")]).await;
    db
}

async fn find(db: &Db, n: u32) -> Session {
    by_id(&mut db.read().await.unwrap(), session_id(n)).await.unwrap().unwrap()
}

on_both_engines! {
    async fn a_session_is_read_with_its_person_and_their_permissions(db: TestDb) {
        let db = with_ada(&db).await;
        open_session(&db, 1).await;
        let session = find(&db, 1).await;
        assert_eq!((session.generation, session.revoked), (0, false));
        assert_eq!(session.user.display_name, "Ada Tester");
        assert_eq!(session.user.status, UserRefStatus::Active);
        assert!(session.permission_ids.is_empty(), "a profile that is not there grants nothing");
        let profile = Profile {
            id: 1,
            name: "Everybody".to_owned(),
            description: None,
            is_system: true,
            is_active: true,
            permission_ids: vec![1, 2, 30],
            created_at: NOW,
            updated_at: NOW,
            version: 1,
        };
        within(&db, async |conn| profiles::insert(conn, ACME, &profile).await).await;
        assert_eq!(find(&db, 1).await.permission_ids, [1, 2, 30]);
        assert!(by_id(&mut db.read().await.unwrap(), session_id(2)).await.unwrap().is_none());
    }

    async fn a_session_moves_on_once_from_each_generation(db: TestDb) {
        let db = with_ada(&db).await;
        open_session(&db, 1).await;
        let before = find(&db, 1).await;
        let (at, idle) = (NOW.plus_ms(5), NOW.plus_ms(15_000));
        assert!(within(&db, async |conn| rotate(conn, &before, at, idle).await).await);
        assert!(!within(&db, async |conn| rotate(conn, &before, at, idle).await).await);
        let after = find(&db, 1).await;
        assert_eq!((after.generation, after.rotated_at, after.idle_expires_at), (1, at, idle));
        let revoked = within(&db, async |conn| revoke(conn, ACME, after.id, REASON, at).await).await;
        assert!(revoked);
        assert!(!within(&db, async |conn| rotate(conn, &after, at, idle).await).await);
        assert!(!within(&db, async |conn| revoke(conn, ACME, after.id, REASON, at).await).await);
        assert!(find(&db, 1).await.revoked);
    }

    async fn the_oldest_live_sessions_make_room(db: TestDb) {
        let db = with_ada(&db).await;
        for n in 1..=5 {
            open_session(&db, n).await;
        }
        let owner = (ACME, user_id(1));
        within(&db, async |conn| revoke(conn, ACME, session_id(4), REASON, NOW).await).await;
        let at = NOW.plus_ms(100);
        let mut ended =
            within(&db, async |conn| revoke_oldest(conn, owner, 2, REASON, at).await).await;
        ended.sort();
        assert_eq!(ended, [session_id(1), session_id(2)]);
        let all = within(&db, async |conn| revoke_oldest(conn, owner, 0, REASON, at).await).await;
        assert_eq!(all.len(), 2);
    }
}
