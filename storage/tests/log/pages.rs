//! Reading what was written, in pages, and who is there to read it.

use tidewire_protocol::Mark;
use tidewire_storage::{channel_members, channels, entries, messages};
use tidewire_testkit::on_both_engines;

use crate::world::{Size, TRIO, World};

const GROUP: Size = Size { users: 30, channels: 2, members: 25 };

on_both_engines! {
    async fn pages_hold_every_message_once_whatever_was_changed_in_between(db: TestDb) {
        let world = World::new(&db, TRIO).await;
        let mut seqs = Vec::new();
        for n in 0..25 {
            seqs.push(world.say(n % 3, 0, &format!("message {n}")).await);
            match n % 5 {
                1 => {
                    let _ = world.edit(seqs[n - 1], &format!("edited {}", n - 1)).await;
                }
                3 => assert!(world.delete(seqs[n - 1]).await),
                _ => {}
            }
        }
        assert_eq!(page_forward(&world).await, seqs);
        let mut newest_first = page_back(&world).await;
        newest_first.reverse();
        assert_eq!(newest_first, seqs);
        let stored = world.messages().await;
        assert_eq!(stored[0].content.as_deref(), Some("edited 0"));
        assert_eq!((stored[2].content.as_deref(), stored[2].deleted_at.is_some()), (None, true));
    }

    async fn an_entry_shows_the_message_as_it_is_now(db: TestDb) {
        let world = World::new(&db, TRIO).await;
        let seq = world.say(0, 0, "first words").await;
        world.edit(seq, "better words").await;
        let entries = world.entries(0).await;
        for entry in &entries {
            let message = entry.message.as_ref().unwrap();
            assert_eq!((message.seq, message.content.as_deref()), (seq, Some("better words")));
        }
        let mut conn = world.db.read().await.unwrap();
        let (tenant, channel) = (world.tenant, world.channels[0]);
        for entry in entries {
            let mark = entries::mark_at(&mut conn, tenant, channel, entry.position.seq).await.unwrap();
            assert_eq!(mark, Some(entry.position.mark));
        }
        assert_eq!(entries::mark_at(&mut conn, tenant, channel, 0).await.unwrap(), Some(Mark::START));
        assert_eq!(entries::mark_at(&mut conn, tenant, channel, 3).await.unwrap(), None);
    }

    async fn members_come_in_the_order_they_joined(db: TestDb) {
        let world = World::new(&db, GROUP).await;
        let (tenant, channel) = (world.tenant, world.channels[0]);
        world.leave(3).await;
        world.join(3).await;
        let mut conn = world.db.read().await.unwrap();
        let all = channel_members::all(&mut conn, tenant, channel).await.unwrap();
        assert_eq!(all.len(), 25);
        assert_eq!(all[24].user_id, world.users[3], "the last who came");
        let first = channel_members::first(&mut conn, tenant, &world.channels, 20).await.unwrap();
        let of_channel: Vec<_> = first.iter().filter(|member| member.channel_id == channel).map(|m| m.user_id).collect();
        assert_eq!(of_channel, all.iter().take(20).map(|member| member.user_id).collect::<Vec<_>>());
        assert_eq!(first.len(), 40);
        let some = [world.users[0], world.users[29], world.users[24]];
        let among = channel_members::among(&mut conn, tenant, channel, &some).await.unwrap();
        assert_eq!(among.len(), 2);
    }

    async fn whoever_is_in_as_many_groups_as_one_can_be_is_found(db: TestDb) {
        let world = World::new(&db, Size { users: 3, channels: 4, members: 2 }).await;
        let mut conn = world.db.read().await.unwrap();
        let at_limit = async |conn: &mut _, limit| {
            let mut found = channels::at_group_limit(conn, world.tenant, &world.users, limit).await.unwrap();
            found.sort();
            found
        };
        assert_eq!(at_limit(&mut conn, 2).await, world.users);
        assert_eq!(at_limit(&mut conn, 3).await, world.users[..2]);
        assert!(at_limit(&mut conn, 4).await.is_empty());
    }
}

async fn page_forward(world: &World) -> Vec<u64> {
    let mut conn = world.db.read().await.unwrap();
    let (mut seqs, mut after) = (Vec::new(), 0);
    loop {
        let page =
            messages::after(&mut conn, world.tenant, world.channels[0], after, 4).await.unwrap();
        let Some(last) = page.last() else { return seqs };
        after = last.seq;
        seqs.extend(page.iter().map(|message| message.seq));
    }
}

async fn page_back(world: &World) -> Vec<u64> {
    let mut conn = world.db.read().await.unwrap();
    let (mut seqs, mut before) = (Vec::new(), u64::MAX);
    loop {
        let page =
            messages::before(&mut conn, world.tenant, world.channels[0], before, 4).await.unwrap();
        let Some(last) = page.last() else { return seqs };
        before = last.seq;
        seqs.extend(page.iter().map(|message| message.seq));
    }
}
