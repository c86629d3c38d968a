//! A client's own id makes sending idempotent, for ever and on every node.

use tidewire_storage::{
    Db,
    append::{Draft, Log, SendOutcome},
};
use tidewire_testkit::{eventually, on_both_engines};
use tokio::task::JoinSet;

use crate::world::{Size, TRIO, World, id};

const MESSAGES: usize = 40;

on_both_engines! {
    async fn a_repetition_in_the_same_batch_is_the_first_message(db: TestDb) {
        let mut world = World::waiting(Db::open(db.url()).await.unwrap(), TRIO).await;
        let mut sends = JoinSet::new();
        for n in 0..3 {
            let (log, draft) = (world.log.clone(), with_client_id(&world, 0, "same-id", &format!("{n}")));
            sends.spawn(async move { log.send(draft).await.unwrap() });
        }
        eventually("all three wait", async || (world.log.waiting() == 3).then_some(())).await;
        world.start();
        let outcomes = sends.join_all().await;
        let appended = outcomes.iter().filter(|outcome| matches!(outcome, SendOutcome::Appended(_)));
        assert_eq!(appended.count(), 1);
        assert_eq!(outcomes.iter().map(seq).collect::<Vec<_>>(), [1, 1, 1]);
        assert_eq!(world.messages().await.len(), 1);
    }

    async fn a_repetition_much_later_is_the_first_message(db: TestDb) {
        let world = World::new(&db, TRIO).await;
        let first = world.append(with_client_id(&world, 0, "later-id", "first")).await;
        world.say(1, 0, "in between").await;
        world.delete(first.position.seq).await;
        let again = world.log.send(with_client_id(&world, 0, "later-id", "second")).await.unwrap();
        assert!(matches!(again, SendOutcome::Repeated { seq: 1 }), "{again:?}");
        assert_eq!(world.messages().await.len(), 2);
    }

    async fn the_same_id_of_another_person_or_in_another_channel_is_another_message(db: TestDb) {
        let world = World::new(&db, Size { users: 3, channels: 2, members: 3 }).await;
        let mut elsewhere = with_client_id(&world, 0, "shared-id", "elsewhere");
        elsewhere.channel_id = world.channels[1];
        world.append(with_client_id(&world, 0, "shared-id", "mine")).await;
        world.append(with_client_id(&world, 1, "shared-id", "yours")).await;
        world.append(elsewhere).await;
        assert_eq!(world.messages().await.len(), 2);
    }

    async fn two_nodes_that_get_the_same_id_at_once_store_one_message(db: TestDb) {
        let mut world = World::new(&db, TRIO).await;
        let nodes = [world.log.clone(), world.second_log()];
        let mut sends = JoinSet::new();
        for n in 0..MESSAGES {
            for log in &nodes {
                sends.spawn(send(log.clone(), n, with_client_id(&world, n % 3, &format!("client-{n}"), "x")));
            }
        }
        let outcomes = sends.join_all().await;
        for n in 0..MESSAGES {
            let seqs: Vec<_> = outcomes.iter().filter(|(of, _)| *of == n).map(|(_, outcome)| seq(outcome)).collect();
            assert!(seqs.len() == 2 && seqs[0] == seqs[1], "{n}: {seqs:?}");
        }
        let fresh = outcomes.iter().filter(|(_, outcome)| matches!(outcome, SendOutcome::Appended(_)));
        assert_eq!(fresh.count(), MESSAGES);
        let stored: Vec<_> = world.messages().await.iter().map(|message| message.seq).collect();
        assert_eq!(stored, (1..=MESSAGES as u64).collect::<Vec<_>>());
    }
}

fn with_client_id(world: &World, user: usize, client_id: &str, content: &str) -> Draft {
    Draft { client_id: Some(client_id.to_owned()), id: id(), ..world.draft(user, 0, content) }
}

async fn send(log: Log, n: usize, draft: Draft) -> (usize, SendOutcome) {
    (n, log.send(draft).await.unwrap())
}

fn seq(outcome: &SendOutcome) -> u64 {
    match outcome {
        SendOutcome::Appended(appended) => appended.position.seq,
        SendOutcome::Repeated { seq } => *seq,
        SendOutcome::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}
