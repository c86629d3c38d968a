use serde_json::json;
use tidewire_testkit::on_both_engines;
use uuid::Uuid;

use super::*;
use crate::{
    Db,
    testing::{ACME, NOW, add, add_tenant, open, person, user_id, within},
};

fn id(n: u128) -> NotificationId {
    NotificationId::new(Uuid::from_u128(n))
}

fn ann() -> (TenantId, UserId) {
    (ACME, user_id(1))
}

async fn with_ann(db: &tidewire_testkit::TestDb) -> Db {
    let db = open(db).await;
    add(&db, &[person(1, "ann@acme.example", "Ann"), person(2, "ben@acme.example", "Ben")]).await;
    db
}

fn about<'a>(
    n: u128,
    topic: Option<&'a str>,
    data: &'a Map<String, Value>,
    at: Timestamp,
) -> NewNotification<'a> {
    NewNotification {
        id: id(n),
        event: EventKey::TaskCommentAdded,
        topic,
        title: "A title",
        body: "A body",
        data,
        action_url: Some("/tasks/5"),
        actor_id: Some(user_id(2)),
        silent: false,
        at,
    }
}

async fn arrive(db: &Db, n: u128, at: Timestamp) {
    let data = Map::new();
    within(db, async |conn| insert(conn, ann(), &about(n, None, &data, at)).await).await;
}

async fn listed(db: &Db, filters: &Filters, page: (u32, u64)) -> (Vec<u128>, u64) {
    let mut conn = db.read().await.unwrap();
    let (found, total) = list(&mut conn, ann(), filters, page).await.unwrap();
    (found.into_iter().map(|one| one.id.uuid().as_u128()).collect(), total)
}

on_both_engines! {
    async fn one_is_read_as_it_was_written_and_by_its_owner_only(db: TestDb) {
        let db = with_ann(&db).await;
        add_tenant(&db, TenantId::new(Uuid::from_u128(2)), "other").await;
        let data = json!({ "taskTitle": "Ring {{Ann}}", "n": 5 }).as_object().unwrap().clone();
        let new = about(1, Some("task:5"), &data, NOW);
        within(&db, async |conn| insert(conn, ann(), &new).await).await;
        let mut conn = db.read().await.unwrap();
        let found = by_id(&mut conn, ann(), id(1)).await.unwrap().unwrap();
        assert_eq!(found.event, EventKey::TaskCommentAdded);
        assert_eq!((found.title.as_str(), found.body.as_str()), ("A title", "A body"));
        assert_eq!(found.data, data);
        assert_eq!((found.action_url.as_deref(), found.actor_id), (Some("/tasks/5"), Some(user_id(2))));
        assert_eq!((found.count, found.created_at, found.read_at), (1, NOW, None));
        for stranger in [(ACME, user_id(2)), (TenantId::new(Uuid::from_u128(2)), user_id(1))] {
            assert_eq!(by_id(&mut conn, stranger, id(1)).await.unwrap(), None);
            assert_eq!(unread(&mut conn, stranger).await.unwrap(), 0);
        }
    }

    async fn repeats_are_put_together_while_unread_and_recent(db: TestDb) {
        let db = with_ann(&db).await;
        let data = Map::new();
        let since = |at: Timestamp| at.plus_ms(-1_000);
        let again = async |n, topic, at: Timestamp| {
            within(&db, async |conn| {
                repeat(conn, ann(), &about(n, topic, &data, at), since(at)).await
            })
            .await
        };
        within(&db, async |conn| insert(conn, ann(), &about(1, Some("task:5"), &data, NOW)).await).await;
        assert_eq!(again(2, Some("task:5"), NOW.plus_ms(900)).await, Some(id(1)));
        assert_eq!(again(3, Some("task:5"), NOW.plus_ms(1_800)).await, Some(id(1)), "counted from the last");
        assert_eq!(again(4, Some("task:6"), NOW.plus_ms(1_900)).await, None);
        assert_eq!(again(5, None, NOW.plus_ms(1_900)).await, None);
        assert_eq!(again(6, Some("task:5"), NOW.plus_ms(2_800)).await, None, "too late");
        within(&db, async |conn| mark_read(conn, ann(), id(1), NOW).await).await;
        assert_eq!(again(7, Some("task:5"), NOW.plus_ms(1_900)).await, None, "it is read");
        let mut conn = db.read().await.unwrap();
        let found = by_id(&mut conn, ann(), id(1)).await.unwrap().unwrap();
        assert_eq!((found.count, found.created_at, found.updated_at), (3, NOW, NOW.plus_ms(1_800)));
    }

    async fn a_page_is_newest_first_and_filtered(db: TestDb) {
        let db = with_ann(&db).await;
        for n in 1..=5 {
            arrive(&db, n, NOW.plus_ms((n as i64).min(4))).await;
        }
        within(&db, async |conn| mark_read(conn, ann(), id(2), NOW).await).await;
        let all = Filters::default();
        assert_eq!(listed(&db, &all, (3, 0)).await, (vec![5, 4, 3], 5));
        assert_eq!(listed(&db, &all, (3, 3)).await, (vec![2, 1], 5));
        let unread = Filters { unread: true, ..all.clone() };
        assert_eq!(listed(&db, &unread, (9, 0)).await, (vec![5, 4, 3, 1], 4));
        let of = |module| Filters { module: Some(module), ..Filters::default() };
        assert_eq!(listed(&db, &of(Module::Tasks), (9, 0)).await.1, 5);
        assert_eq!(listed(&db, &of(Module::Sales), (9, 0)).await.1, 0);
        let named = |event: &str| Filters { event: Some(event.to_owned()), ..Filters::default() };
        assert_eq!(listed(&db, &named("tasks.comment_added"), (9, 0)).await.1, 5);
        assert_eq!(listed(&db, &named("tasks.%"), (9, 0)).await.1, 0);
    }

    async fn reading_counts_each_once_and_leaves_what_comes_later(db: TestDb) {
        let db = with_ann(&db).await;
        for n in 1..=4 {
            arrive(&db, n, NOW.plus_ms(n as i64)).await;
        }
        let later = NOW.plus_ms(100);
        within(&db, async |conn| {
            assert!(mark_read(conn, ann(), id(1), NOW).await?);
            assert!(!mark_read(conn, ann(), id(1), later).await?);
            assert!(!mark_read(conn, (ACME, user_id(2)), id(2), NOW).await?);
            assert_eq!(mark_all_read(conn, ann(), NOW.plus_ms(3), later).await?, 2);
            assert_eq!(unread(conn, ann()).await?, 1);
            assert_eq!(by_id(conn, ann(), id(1)).await?.unwrap().read_at, Some(NOW));
            assert!(!remove(conn, (ACME, user_id(2)), id(4)).await?);
            assert!(remove(conn, ann(), id(4)).await?);
            assert!(!remove(conn, ann(), id(4)).await?);
            assert_eq!(unread(conn, ann()).await?, 0);
            Ok(())
        })
        .await;
    }

    async fn too_many_lose_the_oldest_that_are_read_first(db: TestDb) {
        let db = with_ann(&db).await;
        for n in 1..=5 {
            arrive(&db, n, NOW.plus_ms(n as i64)).await;
        }
        within(&db, async |conn| mark_read(conn, ann(), id(4), NOW).await).await;
        let mut conn = db.read().await.unwrap();
        assert_eq!(overflowing(&mut conn, ann(), 5).await.unwrap(), []);
        assert_eq!(overflowing(&mut conn, ann(), 4).await.unwrap(), [id(4)]);
        assert_eq!(overflowing(&mut conn, ann(), 3).await.unwrap(), [id(1), id(4)]);
    }
}
