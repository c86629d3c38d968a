//! Unread figures are arithmetic; counting the messages one by one must give the same, whatever
//! happened before.

use std::collections::BTreeSet;

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use tidewire_protocol::{id::UserId, model::messages::MessageType};
use tidewire_storage::{Db, append::Draft, messages::StoredMessage};
use tidewire_testkit::on_both_engines;
use tokio::{runtime::Handle, task::block_in_place};

use crate::world::{TRIO, World};

const CASES: u32 = 24;

/// Something that one of three people does; a share of 256 picks the entry it is about.
#[derive(Debug, Clone, Copy)]
enum Act {
    Send { mentions: Option<usize> },
    Edit(u8),
    Delete(u8),
    Read(u8),
    ReadAll,
    MarkUnread(u8),
    Note,
    Leave,
    Join,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => prop::option::of(0..3_usize).prop_map(|mentions| Act::Send { mentions }),
        1 => any::<u8>().prop_map(Act::Edit),
        3 => any::<u8>().prop_map(Act::Delete),
        3 => any::<u8>().prop_map(Act::Read),
        1 => Just(Act::ReadAll),
        3 => any::<u8>().prop_map(Act::MarkUnread),
        1 => Just(Act::Note),
        1 => Just(Act::Leave),
        2 => Just(Act::Join),
    ]
}

on_both_engines! {
    async fn unread_figures_equal_a_count_of_the_messages(db: TestDb) {
        let db = Db::open(db.url()).await.unwrap();
        let runtime = Handle::current();
        let story = prop::collection::vec((0..3_usize, act()), 1..40);
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        let outcome = block_in_place(|| {
            TestRunner::new(config).run(&story, |story| runtime.block_on(play(db.clone(), &story)))
        });
        outcome.unwrap();
    }
}

async fn play(db: Db, story: &[(usize, Act)]) -> Result<(), TestCaseError> {
    let world = World::at_work(db, TRIO).await;
    let mut present = BTreeSet::from([0, 1, 2]);
    for (user, act) in story {
        perform(&world, &mut present, *user, *act).await;
        compare(&world, &present).await?;
    }
    Ok(())
}

async fn perform(world: &World, present: &mut BTreeSet<usize>, user: usize, act: Act) {
    let head = world.entries(0).await.len() as u64;
    let messages = world.messages().await;
    let is_in = present.contains(&user);
    match act {
        Act::Join if present.insert(user) => world.join(user).await,
        Act::Leave if present.remove(&user) => world.leave(user).await,
        Act::Send { mentions } if is_in => {
            let mentioned = mentions.filter(|user| present.contains(user));
            let mentions = mentioned.map(|user| world.users[user]).into_iter().collect();
            world.append(Draft { mentions, ..world.draft(user, 0, "something") }).await;
        }
        Act::Note => {
            let _ = world.system().await;
        }
        Act::Read(share) if is_in => {
            let _ = world.read(world.reading(user, Some(head * u64::from(share) / 200))).await;
        }
        Act::ReadAll if is_in => {
            let _ = world.read(world.reading(user, None)).await;
        }
        Act::MarkUnread(share) if is_in && head > 0 => {
            world.mark_unread(user, 1 + (head - 1) * u64::from(share) / 255).await;
        }
        Act::Edit(share) => {
            if let Some(message) = pick(&messages, share).filter(|m| m.deleted_at.is_none()) {
                world.edit(message.seq, "something else").await;
            }
        }
        Act::Delete(share) => {
            if let Some(message) = pick(&messages, share) {
                world.delete(message.seq).await;
            }
        }
        _ => {}
    }
}

/// One of the messages that people wrote.
fn pick(messages: &[StoredMessage], share: u8) -> Option<&StoredMessage> {
    let written: Vec<_> = messages.iter().filter(|m| m.kind == MessageType::Text).collect();
    let index = (written.len() * usize::from(share)) >> 8;
    written.get(index).copied()
}

async fn compare(world: &World, present: &BTreeSet<usize>) -> Result<(), TestCaseError> {
    let messages = world.messages().await;
    for user in 0..3 {
        let standing = world.standing(user).await;
        prop_assert_eq!(standing.is_some(), present.contains(&user));
        let Some(standing) = standing else { continue };
        let unread = unread_by_count(&messages, world.users[user], standing.read_seq);
        prop_assert_eq!(standing.unread(), unread.len() as i64, "user {} at {:?}", user, standing);
        prop_assert_eq!(standing.head.seq, world.entries(0).await.len() as u64);
    }
    Ok(())
}

fn unread_by_count(messages: &[StoredMessage], user: UserId, read_seq: u64) -> Vec<u64> {
    messages
        .iter()
        .filter(|message| message.seq > read_seq && message.kind == MessageType::Text)
        .filter(|message| message.sender_id != Some(user) && message.deleted_at.is_none())
        .map(|message| message.seq)
        .collect()
}
