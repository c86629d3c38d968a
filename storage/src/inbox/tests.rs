use serde_json::Map;
use tidewire_protocol::notification_event::EventKey;
use tidewire_testkit::on_both_engines;
use uuid::Uuid;

use super::*;
use crate::{
    notifications::NewNotification,
    testing::{ACME, NOW, add, open, person, user_id, within},
};

fn id(n: u128) -> NotificationId {
    NotificationId::new(Uuid::from_u128(n))
}

async fn arrive(conn: &mut Conn, owner: (TenantId, UserId), n: u128) -> Result<()> {
    let new = NewNotification {
        id: id(n),
        event: EventKey::TaskAssigned,
        topic: None,
        title: "",
        body: "",
        data: &Map::new(),
        action_url: None,
        actor_id: None,
        silent: true,
        at: NOW,
    };
    notifications::insert(conn, owner, &new).await
}

on_both_engines! {
    async fn entries_are_numbered_and_show_what_is_there_now(db: TestDb) {
        let db = open(&db).await;
        add(&db, &[person(1, "ann@acme.example", "Ann"), person(2, "ben@acme.example", "Ben")]).await;
        let (ann, ben) = ((ACME, user_id(1)), (ACME, user_id(2)));
        within(&db, async |conn| {
            assert_eq!(hold(conn, ann, NOW).await?, 0);
            for n in 1..=2 {
                arrive(conn, ann, n).await?;
                append(conn, ann, Happening::Created(id(n)), NOW).await?;
            }
            notifications::remove(conn, ann, id(2)).await?;
            append(conn, ann, Happening::Removed(id(2)), NOW).await?;
            assert_eq!(append(conn, ann, Happening::AllRead(NOW), NOW).await?, 4);
            assert_eq!(hold(conn, ann, NOW.plus_ms(5)).await?, 4);
            Ok(())
        })
        .await;
        let mut conn = db.read().await.unwrap();
        assert_eq!(head(&mut conn, ann).await.unwrap(), 4);
        assert_eq!(head(&mut conn, ben).await.unwrap(), 0);
        let entries = after(&mut conn, ann, 0, 10).await.unwrap();
        let shown: Vec<_> = entries
            .iter()
            .map(|entry| (entry.seq, entry.happening, entry.notification.is_some()))
            .collect();
        assert_eq!(shown, [
            (1, Happening::Created(id(1)), true),
            (2, Happening::Created(id(2)), false),
            (3, Happening::Removed(id(2)), false),
            (4, Happening::AllRead(NOW), false),
        ]);
        assert_eq!(after(&mut conn, ann, 2, 1).await.unwrap().len(), 1);
        assert_eq!(after(&mut conn, ben, 0, 10).await.unwrap(), []);
        assert_eq!(touched_since(&mut conn, NOW.plus_ms(5)).await.unwrap(), [(user_id(1), 4)]);
        assert_eq!(touched_since(&mut conn, NOW.plus_ms(6)).await.unwrap(), []);
        within(&db, async |conn| purge(conn, NOW.plus_ms(1)).await).await;
        assert_eq!(after(&mut conn, ann, 0, 10).await.unwrap(), []);
        assert_eq!(head(&mut conn, ann).await.unwrap(), 4, "the head stays");
    }
}
