use tidewire_protocol::id::ChannelId;
use tidewire_testkit::{TestDb, eventually};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::*;
use crate::{
    Db, channels,
    db::Engine,
    query::query,
    seed::{self, Groups, Place},
    testing::{ACME, NOW, open, user_id, within},
};

const CHANNELS: [ChannelId; 2] =
    [ChannelId::new(Uuid::from_u128(1)), ChannelId::new(Uuid::from_u128(2))];

async fn two_channels_of_one_person(db: &TestDb) -> Db {
    let db = open(db).await;
    within(&db, async |conn| {
        let place = Place { tenant_id: ACME, slug: "acme", first_number: 1, at: NOW };
        seed::users(conn, place, 0, &[user_id(1)]).await?;
        seed::channels(conn, place, Groups { size: 1, people: 1 }, 0, &CHANNELS).await
    })
    .await;
    db
}

fn message(channel_id: ChannelId) -> Draft {
    Draft {
        tenant_id: ACME,
        channel_id,
        actor_id: user_id(1),
        id: Uuid::from_u128(7).into(),
        at: NOW,
        content: "hello".to_owned(),
        client_id: None,
        mentions: Vec::new(),
    }
}

fn reading(channel_id: ChannelId) -> ReadDraft {
    let user_id = user_id(1);
    ReadDraft { tenant_id: ACME, channel_id, user_id, seq: None, revision: None, at: NOW }
}

/// Two nodes of which one sends where the other reads, and the other way round, would otherwise hold
/// what the other needs.
#[tokio::test]
async fn a_batch_that_waits_for_a_channel_holds_none_behind_it() {
    let Some(test_db) = TestDb::postgres() else { return };
    let db = two_channels_of_one_person(&test_db).await;
    let [first, second] = CHANNELS;
    let mut held = db.write().await.unwrap();
    assert!(channels::lock(&mut held, ACME, first).await.unwrap());
    let Engine::Postgres { pool, .. } = db.engine() else { unreachable!("it is a Postgres") };
    let pool = pool.clone();
    let batch = JoinSet::from_iter([async move {
        write(&pool, &[&message(second)], &[&reading(first)]).await.unwrap()
    }]);
    let blocked = "select 1 from pg_stat_activity
where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0";
    eventually("the batch waits", async || {
        query(blocked).fetch_optional(&mut db.read().await.unwrap()).await.unwrap()
    })
    .await;
    within(&db, async |conn| {
        query("select 1 from channels where id = $1 for update nowait")
            .bind(second)
            .fetch_one(conn)
            .await
    })
    .await;
    held.commit().await.unwrap();
    let (sent, read) = batch.join_all().await.remove(0);
    assert!(matches!(sent[..], [SendOutcome::Appended(_)]), "{sent:?}");
    assert!(matches!(read[..], [ReadOutcome::Marked { .. }]), "{read:?}");
}
