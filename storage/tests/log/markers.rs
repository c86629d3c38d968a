//! Read markers, and what is left to read behind them.

use tidewire_storage::append::{Draft, ReadDraft};
use tidewire_testkit::{TestDb, on_both_engines};

use crate::world::{TRIO, World};

on_both_engines! {
    async fn a_read_marker_only_rises(db: TestDb) {
        let world = conversation(&db).await;
        assert_eq!(world.read(world.reading(1, Some(2))).await, (2, true));
        assert_eq!(world.read(world.reading(1, Some(1))).await, (2, false));
        assert_eq!(world.unread(1).await, 3);
        assert_eq!(world.read(world.reading(1, Some(900))).await, (5, true));
        assert_eq!(world.read(world.reading(1, None)).await, (5, false));
        assert_eq!(world.unread(1).await, 0);
        assert_eq!(world.read(world.reading(2, None)).await, (5, true));
    }

    async fn a_read_that_was_sent_before_marking_unread_is_void(db: TestDb) {
        let world = conversation(&db).await;
        world.read(world.reading(1, None)).await;
        let revision = Some(world.standing(1).await.unwrap().revision);
        world.mark_unread(1, 3).await;
        let late = ReadDraft { revision, ..world.reading(1, None) };
        assert_eq!(world.read(late).await, (2, false));
        assert_eq!(world.unread(1).await, 3);
        let revision = Some(world.standing(1).await.unwrap().revision);
        let knowing = ReadDraft { revision, ..world.reading(1, Some(4)) };
        assert_eq!(world.read(knowing).await, (4, true));
        assert_eq!(world.unread(1).await, 1);
    }

    async fn whoever_writes_has_read(db: TestDb) {
        let world = conversation(&db).await;
        world.mark_unread(1, 2).await;
        let own = world.say(1, 0, "an answer").await;
        let standing = world.standing(1).await.unwrap();
        assert_eq!((standing.read_seq, standing.unread()), (own, 0));
    }

    async fn own_messages_are_never_unread(db: TestDb) {
        let world = conversation(&db).await;
        let own = [world.say(1, 0, "mine").await, world.say(1, 0, "mine too").await];
        world.say(0, 0, "yours").await;
        world.mark_unread(1, 1).await;
        assert_eq!(world.unread(1).await, 6, "5 and 1, without the 2 own");
        assert!(world.delete(own[0]).await);
        assert_eq!(world.unread(1).await, 6, "deleting an own message changes nothing");
        world.read(world.reading(1, Some(own[0]))).await;
        assert_eq!(world.unread(1).await, 1);
        world.read(world.reading(1, Some(own[1]))).await;
        assert_eq!(world.unread(1).await, 1);
    }

    async fn a_deletion_lowers_what_is_left_to_read(db: TestDb) {
        let world = conversation(&db).await;
        assert_eq!(world.unread(1).await, 5);
        assert!(world.delete(2).await);
        assert!(!world.delete(2).await, "it is gone already");
        assert_eq!(world.unread(1).await, 4);
        world.read(world.reading(1, Some(3))).await;
        assert_eq!(world.unread(1).await, 2);
        assert!(world.delete(1).await);
        assert_eq!(world.unread(1).await, 2, "one that was read counts no longer");
        world.system().await;
        world.edit(4, "changed").await;
        assert_eq!(world.unread(1).await, 2, "neither a note nor an edit is unread");
    }

    async fn whoever_joins_has_nothing_to_read(db: TestDb) {
        let world = conversation(&db).await;
        world.leave(1).await;
        world.say(0, 0, "while away").await;
        world.join(1).await;
        let standing = world.standing(1).await.unwrap();
        assert_eq!((standing.unread(), standing.read_seq), (0, standing.head.seq));
        world.say(0, 0, "welcome back").await;
        assert_eq!(world.unread(1).await, 1);
    }

    async fn mentions_count_until_they_are_read_or_deleted(db: TestDb) {
        let world = conversation(&db).await;
        let named = |content: &str| Draft { mentions: vec![world.users[1]], ..world.draft(0, 0, content) };
        let first = world.append(named("you")).await.position.seq;
        let second = world.append(named("you again")).await.position.seq;
        let mentions = async |user| world.standing(user).await.unwrap().mentions;
        assert_eq!((mentions(1).await, mentions(2).await), (2, 0));
        world.read(world.reading(1, Some(first))).await;
        assert_eq!(mentions(1).await, 1);
        world.delete(second).await;
        assert_eq!(mentions(1).await, 0);
        world.mark_unread(1, 1).await;
        assert_eq!(mentions(1).await, 1);
        world.leave(1).await;
        world.join(1).await;
        world.mark_unread(1, 1).await;
        assert_eq!(mentions(1).await, 0, "leaving forgets them");
    }
}

/// Five messages by the first of three.
async fn conversation(db: &TestDb) -> World {
    let world = World::new(db, TRIO).await;
    for n in 1..=5 {
        assert_eq!(world.say(0, 0, "something").await, n);
    }
    world
}
