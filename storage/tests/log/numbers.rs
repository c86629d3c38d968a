//! Every entry's number: consecutive, in the order of the commits, and kept.

use std::collections::HashMap;

use tidewire_protocol::{Mark, id::ChannelId};
use tidewire_storage::entries::EntryKind;
use tidewire_testkit::on_both_engines;
use tokio::task::JoinSet;

use crate::world::{Size, TRIO, World};

const MESSAGES: usize = 12;

on_both_engines! {
    async fn parallel_senders_get_consecutive_numbers_in_the_order_of_the_commits(db: TestDb) {
        let world = World::new(&db, Size { users: 64, channels: 8, members: 64 }).await;
        let mut senders = JoinSet::new();
        for user in 0..64 {
            let drafts: Vec<_> =
                (0..MESSAGES).map(|n| world.draft(user, (user + n) % 8, &format!("{user}/{n}"))).collect();
            let log = world.log.clone();
            senders.spawn(async move {
                for draft in drafts {
                    log.send(draft).await.unwrap();
                }
            });
        }
        senders.join_all().await;
        committed_in_order(&world);
        for channel in 0..8 {
            stored_without_gaps(&world, channel).await;
        }
    }

    async fn only_messages_are_counted(db: TestDb) {
        let world = World::new(&db, TRIO).await;
        let first = world.say(0, 0, "one").await;
        assert_eq!(world.edit(first, "uno").await.ord, 1);
        assert_eq!(world.system().await.ord, 1);
        assert!(world.delete(first).await);
        let second = world.append(world.draft(1, 0, "two")).await;
        assert_eq!((second.position.seq, second.ord), (5, 2));
        let kinds: Vec<_> = world.entries(0).await.iter().map(|entry| (entry.kind, entry.ord)).collect();
        let expected = [
            (EntryKind::Message, 1), (EntryKind::Edit, 1), (EntryKind::System, 1),
            (EntryKind::Delete, 1), (EntryKind::Message, 2),
        ];
        assert_eq!(kinds, expected);
    }

    async fn positions_survive_a_restart(db: TestDb) {
        let world = World::new(&db, TRIO).await;
        world.say(0, 0, "before").await;
        world.system().await;
        let before = world.standing(1).await.unwrap();
        let world = world.reopened(&db).await;
        assert_eq!(world.standing(1).await, Some(before));
        let next = world.append(world.draft(1, 0, "after")).await;
        assert_eq!((next.position.seq, next.ord), (3, 2));
    }
}

/// Each channel's entries were handed out in the order of their numbers, and no number twice.
fn committed_in_order(world: &World) {
    let mut heads: HashMap<ChannelId, (u64, u64)> = HashMap::new();
    let appended = world.appended.lock().unwrap();
    assert_eq!(appended.len(), 64 * MESSAGES);
    for entry in &*appended {
        let (seq, ord) = heads.entry(entry.draft.channel_id).or_default();
        assert_eq!((entry.position.seq, entry.ord), (*seq + 1, *ord + 1));
        assert_eq!(entry.position.mark, Mark::of_entry(entry.draft.id.uuid()));
        (*seq, *ord) = (entry.position.seq, entry.ord);
    }
}

/// What is stored is what was handed out; each sender's messages stand in the order sent.
async fn stored_without_gaps(world: &World, channel: usize) {
    let entries = world.entries(channel).await;
    let mut last_of_sender = HashMap::new();
    for (entry, seq) in entries.iter().zip(1_u64..) {
        let message = entry.message.as_ref().unwrap();
        assert_eq!((entry.position.seq, entry.ord, message.seq), (seq, seq, seq));
        assert_eq!(entry.position.mark, Mark::of_entry(message.id.uuid()));
        let content = message.content.clone().unwrap();
        let (sender, n) = content.split_once('/').unwrap();
        let n: usize = n.parse().unwrap();
        assert!(last_of_sender.insert(sender.to_owned(), n).is_none_or(|last| last < n));
    }
    let handed_out = world.appended.lock().unwrap();
    let of_channel =
        handed_out.iter().filter(|entry| entry.draft.channel_id == world.channels[channel]);
    assert_eq!(entries.len(), of_channel.count());
}
