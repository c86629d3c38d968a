//! What happens to a job that had to wait for another node's transaction.

use tidewire_storage::{
    Db,
    append::{Refusal, SendOutcome},
    entries::{self, EntryKind},
    query::query,
};
use tidewire_testkit::{TestDb, eventually, on_both_engines};
use tokio::task::JoinSet;

use crate::world::{TRIO, World};

on_both_engines! {
    async fn whoever_is_removed_while_their_message_waits_is_refused(db: TestDb) {
        let world = World::new(&db, TRIO).await;
        let mut removal = world.locked().await;
        world.take_out(&mut removal, 1).await;
        let (log, draft) = (world.log.clone(), world.draft(1, 0, "too late"));
        let send = JoinSet::from_iter([async move { log.send(draft).await.unwrap() }]);
        waits_for_a_lock(&world, &db).await;
        removal.commit().await.unwrap();
        let outcome = send.join_all().await.remove(0);
        assert!(matches!(outcome, SendOutcome::Refused(Refusal::NotMember)), "{outcome:?}");
        assert_eq!(world.messages().await.len(), 0);
    }

    async fn reading_to_an_entry_that_was_committed_meanwhile_reads_what_is_before_it(db: TestDb) {
        let world = World::new(&db, TRIO).await;
        world.say(0, 0, "one").await;
        world.say(0, 0, "two").await;
        let mut edit = world.locked().await;
        entries::append(&mut edit, &world.entry(EntryKind::Edit, Some(1))).await.unwrap();
        let (log, draft) = (world.log.clone(), world.reading(1, None));
        let read = JoinSet::from_iter([async move { log.read(draft).await.unwrap() }]);
        waits_for_a_lock(&world, &db).await;
        edit.commit().await.unwrap();
        read.join_all().await;
        let standing = world.standing(1).await.unwrap();
        assert_eq!((standing.read_seq, standing.unread()), (3, 0));
    }
}

/// The log's writer has taken the job and cannot go on. With one writing connection, as on SQLite,
/// having taken it is all there is to see.
async fn waits_for_a_lock(world: &World, db: &TestDb) {
    eventually("the job is taken", async || (world.log.waiting() == 0).then_some(())).await;
    if db.name() == "postgres" {
        eventually("somebody waits for a lock", async || blocked(&world.db).await.then_some(()))
            .await;
    }
}

async fn blocked(db: &Db) -> bool {
    let blocked = "select 1 from pg_stat_activity
where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0";
    let mut conn = db.read().await.unwrap();
    query(blocked).fetch_optional(&mut conn).await.unwrap().is_some()
}
