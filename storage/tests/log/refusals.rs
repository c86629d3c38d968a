//! What the log does not take, and that nothing else suffers from it.

use tidewire_protocol::{
    id::ChannelId,
    limits::LOG_QUEUE_MAX,
    model::channels::{ChannelRole, ChannelType},
};
use tidewire_storage::{
    Db, Error,
    append::{Draft, ReadDraft, ReadOutcome, Refusal},
    channel_members,
    channels::{self, NewChannel},
    entries::Placed,
    query::query,
};
use tidewire_testkit::{eventually, on_both_engines};
use tokio::task::JoinSet;

use crate::world::{Size, TRIO, World, id, now};

on_both_engines! {
    async fn whoever_is_not_in_the_channel_is_refused(db: TestDb) {
        let world = World::new(&db, Size { users: 4, channels: 1, members: 3 }).await;
        let stranger = World::at_work(world.db.clone(), TRIO).await;
        world.say(0, 0, "among us").await;
        world.leave(2).await;
        let outside = world.draft(3, 0, "outside");
        let removed = world.draft(2, 0, "removed");
        let unknown = Draft { channel_id: id(), ..world.draft(0, 0, "nowhere") };
        let foreign = Draft { tenant_id: stranger.tenant, ..world.draft(0, 0, "from elsewhere") };
        let alien = Draft { channel_id: world.channels[0], ..stranger.draft(0, 0, "alien") };
        for draft in [outside, removed, unknown, foreign, alien] {
            assert_eq!(world.refusal(draft).await, Refusal::NotMember);
        }
        for user in [2, 3] {
            let outcome = world.log.read(world.reading(user, None)).await.unwrap();
            assert_eq!(outcome, ReadOutcome::NotMember);
        }
        let foreign = ReadDraft { tenant_id: stranger.tenant, ..world.reading(0, None) };
        assert_eq!(world.log.read(foreign).await.unwrap(), ReadOutcome::NotMember);
        assert_eq!(world.messages().await.len(), 1);
        assert_eq!(world.entries(0).await.len(), 2, "one message, one removal");
    }

    async fn a_direct_message_to_somebody_inactive_is_refused(db: TestDb) {
        let world = World::new(&db, TRIO).await;
        let channel = open_direct(&world).await;
        let draft = |content: &str| Draft { channel_id: channel, ..world.draft(0, 0, content) };
        world.append(draft("still there")).await;
        let mut conn = world.db.write().await.unwrap();
        let deactivate = query("update users set status = 'inactive' where id = $1");
        deactivate.bind(world.users[1]).execute(&mut conn).await.unwrap();
        conn.commit().await.unwrap();
        assert_eq!(world.refusal(draft("gone")).await, Refusal::RecipientInactive);
        world.say(0, 0, "groups go on").await;
    }

    async fn a_full_queue_says_so_at_once_and_the_rest_is_stored(db: TestDb) {
        let mut world = World::waiting(Db::open(db.url()).await.unwrap(), TRIO).await;
        let mut sends = JoinSet::new();
        for n in 0..LOG_QUEUE_MAX {
            let (log, draft) = (world.log.clone(), world.draft(n % 3, 0, "one of many"));
            sends.spawn(async move { log.send(draft).await.unwrap() });
        }
        let full = async || (world.log.waiting() == LOG_QUEUE_MAX).then_some(());
        eventually("the queue is full", full).await;
        assert!(matches!(world.log.send(world.draft(0, 0, "too many")).await, Err(Error::Full)));
        assert!(matches!(world.log.read(world.reading(0, None)).await, Err(Error::Full)));
        world.start();
        assert_eq!(sends.join_all().await.len(), LOG_QUEUE_MAX);
        assert_eq!(world.standing(0).await.unwrap().ord, LOG_QUEUE_MAX as u64);
    }

    async fn a_job_that_the_database_refuses_does_not_take_the_others_with_it(db: TestDb) {
        let mut world = World::waiting(Db::open(db.url()).await.unwrap(), TRIO).await;
        let good = world.draft(0, 0, "good");
        let taken = Draft { id: good.id, ..world.draft(1, 0, "an id that is taken") };
        let mut sends = JoinSet::new();
        for draft in [good, taken, world.draft(2, 0, "good as well")] {
            let (log, expected) = (world.log.clone(), sends.len() + 1);
            sends.spawn(async move { log.send(draft).await });
            eventually("it waits", async || (world.log.waiting() == expected).then_some(())).await;
        }
        let (log, reading) = (world.log.clone(), world.reading(1, Some(1)));
        let read = tokio::task::JoinSet::from_iter([async move { log.read(reading).await.unwrap() }]);
        eventually("all wait", async || (world.log.waiting() == 4).then_some(())).await;
        world.start();
        let outcomes = sends.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 1, "{outcomes:?}");
        assert!(matches!(read.join_all().await[0], ReadOutcome::Marked { moved: true, .. }));
        let stored: Vec<_> = world.messages().await.into_iter().map(|message| message.content.unwrap()).collect();
        assert_eq!(stored, ["good", "good as well"]);
    }
}

async fn open_direct(world: &World) -> ChannelId {
    let (channel, both) = (id(), [world.users[0], world.users[1]]);
    let mut conn = world.db.write().await.unwrap();
    let new = NewChannel {
        id: channel,
        tenant_id: world.tenant,
        kind: ChannelType::Direct,
        name: None,
        description: None,
        direct_key: Some(channels::direct_key(both[0], both[1])),
        created_by: both[0],
        at: now(),
    };
    assert!(channels::insert(&mut conn, &new).await.unwrap());
    let (key, role) = ((world.tenant, channel), ChannelRole::Member);
    channel_members::insert(&mut conn, key, &both, role, Placed::START, now()).await.unwrap();
    conn.commit().await.unwrap();
    channel
}
