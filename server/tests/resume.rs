//! Coming back: one round trip, exactly what was missed, and the truth about what cannot be had.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};
use tidewire_protocol::{Position, codec::Codec, frame::Welcome, id::ChannelId};
use tidewire_testkit::{
    Client, Filling, Installation, Replica, TestDb, installation::Person, on_both_engines,
};
use tokio::task::JoinSet;

const BINARY: &str = env!("CARGO_BIN_EXE_tidewire");
const CODECS: [Codec; 2] = [Codec::Json, Codec::MessagePack];
/// Commands that are sent before their answers are read.
const PIPELINE: usize = 200;

on_both_engines! {
    async fn two_thousand_channels_resume_in_one_round_trip(db: TestDb) {
        let installation = Installation::new(BINARY, db, pair_in(2_000));
        let server = installation.start().await;
        let (reader, mut writer) = pair(&installation, server.address()).await;
        say(&mut writer, &installation.channels, 1).await;
        for codec in CODECS {
            let mut replica = Replica::default();
            let welcome = come_back(codec, server.address(), &reader, &mut replica, true).await.1;
            assert_eq!(welcome.channels.len(), 2_000);
            let moved: Vec<_> = installation.channels.iter().step_by(100).copied().collect();
            say(&mut writer, &moved, 3).await;
            let (entries, welcome) = come_back(codec, server.address(), &reader, &mut replica, false).await;
            assert_eq!(entries, 60);
            let told: BTreeSet<_> = welcome.channels.iter().map(|state| state.id).collect();
            assert_eq!(told, moved.into_iter().collect());
            let outcome = welcome.resume;
            assert_eq!((outcome.behind, outcome.forked, outcome.gone), (vec![], vec![], vec![]));
            let (entries, welcome) = come_back(codec, server.address(), &reader, &mut replica, false).await;
            assert_eq!((entries, welcome.channels), (0, vec![]), "nothing moved");
        }
    }

    async fn more_than_a_hundred_missed_entries_are_paged(db: TestDb) {
        let installation = Installation::new(BINARY, db, pair_in(2));
        let server = installation.start().await;
        let (reader, mut writer) = pair(&installation, server.address()).await;
        let [many, few] = installation.channels[..] else { panic!("two channels") };
        say(&mut writer, &[many], 101).await;
        say(&mut writer, &[few], 100).await;
        for codec in CODECS {
            let mut replica = knowing(&installation.channels);
            let (entries, welcome) = come_back(codec, server.address(), &reader, &mut replica, false).await;
            assert_eq!((entries, replica.entries(few).len()), (100, 100));
            assert_eq!(welcome.resume.behind.len(), 1);
            let behind = replica.take_behind();
            assert_eq!(behind[0].0, many);
            assert_eq!(page(&mut writer, behind[0]).await, (1..=101).collect::<Vec<_>>());
            assert_eq!(Some(replica.position(many).unwrap().mark), mark_of_last(&mut writer, many).await);
            let (entries, _) = come_back(codec, server.address(), &reader, &mut replica, false).await;
            assert_eq!(entries, 0, "the head that was told is the head");
        }
    }

    async fn more_than_a_thousand_missed_entries_are_paged(db: TestDb) {
        let installation = Installation::new(BINARY, db, pair_in(13));
        let server = installation.start().await;
        let (reader, mut writer) = pair(&installation, server.address()).await;
        say(&mut writer, &installation.channels, 90).await;
        let mut replica = knowing(&installation.channels);
        let (entries, _) = come_back(Codec::Json, server.address(), &reader, &mut replica, false).await;
        assert_eq!(entries, 990, "eleven whole channels");
        let behind = replica.take_behind();
        assert_eq!(behind.len(), 2);
        for channel in behind {
            assert_eq!(page(&mut writer, channel).await.len(), 90);
        }
        say(&mut writer, &installation.channels, 1).await;
        let (entries, _) = come_back(Codec::Json, server.address(), &reader, &mut replica, false).await;
        assert_eq!(entries, 13);
    }

    async fn a_channel_that_one_was_removed_from_is_gone(db: TestDb) {
        let installation = Installation::new(BINARY, db, pair_in(2));
        let server = installation.start().await;
        let address = server.address();
        let (mut owner, _) = Client::hello(address, &installation.people[0].token).await;
        let removed = installation.people[1].clone();
        say(&mut owner, &installation.channels, 1).await;
        let mut replica = knowing(&installation.channels);
        come_back(Codec::Json, address, &removed, &mut replica, false).await;
        let [left, kept] = installation.channels[..] else { panic!("two channels") };
        let path = format!("/api/v1/chat/channels/{left}/members/{}", removed.id);
        owner.call("call", json!({ "method": "DELETE", "path": path })).await.unwrap();
        say(&mut owner, &[left, kept], 2).await;
        let (entries, welcome) = come_back(Codec::Json, address, &removed, &mut replica, false).await;
        assert_eq!((entries, replica.entries(kept).len()), (2, 3));
        assert_eq!(welcome.resume.gone, [left]);
        assert!(welcome.channels.iter().all(|state| state.id == kept));
    }

    async fn whoever_comes_and_goes_while_others_write_sees_every_entry_once(db: TestDb) {
        let installation = Installation::new(BINARY, db, Filling { people: 8, channels: 3, members: 8 });
        let server = installation.start().await;
        let address = server.address();
        let done = Arc::new(AtomicBool::new(false));
        let mut writers = JoinSet::new();
        for person in &installation.people[..2] {
            writers.spawn(write_on(address, person.clone(), installation.channels.clone(), Arc::clone(&done)));
        }
        let mut readers = JoinSet::new();
        for (person, seed) in installation.people[2..].iter().zip(1..) {
            readers.spawn(come_and_go(address, person.clone(), installation.channels.clone(), seed));
        }
        let replicas = readers.join_all().await;
        done.store(true, Ordering::Relaxed);
        writers.join_all().await;
        for (mut replica, person) in replicas {
            come_back(Codec::Json, address, &person, &mut replica, false).await;
            let (mut client, _) = Client::hello(address, &person.token).await;
            for (channel, known, head) in replica.take_behind() {
                assert_eq!(page(&mut client, (channel, known, head)).await.len() as u64, head.seq - known);
            }
            for channel in &installation.channels {
                let last = mark_of_last(&mut client, *channel).await;
                assert_eq!(Some(replica.position(*channel).unwrap().mark), last);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_restored_and_written_on_is_told_from_the_one_that_was_known() {
    let installation = Installation::new(BINARY, TestDb::sqlite(), pair_in(3));
    let reader = installation.people[0].clone();
    let mut replica = knowing(&installation.channels);
    let [longer, shorter, same] = installation.channels[..] else { panic!("three channels") };
    let saved = tempfile::tempdir().unwrap();
    let database = PathBuf::from(installation.database().url().trim_start_matches("sqlite://"));

    written(&installation, &mut replica, &[(longer, 2), (shorter, 2), (same, 2)]).await;
    copy_database(&database, &saved.path().join("tidewire.db"));
    written(&installation, &mut replica, &[(longer, 3), (shorter, 3)]).await;
    copy_database(&saved.path().join("tidewire.db"), &database);
    written(&installation, &mut Replica::default(), &[(longer, 4), (shorter, 1)]).await;

    let server = installation.start().await;
    for codec in CODECS {
        let mut copy = replica.known();
        let (mut client, welcome) =
            Client::resume_in(codec, server.address(), &reader.token, copy.take()).await;
        let welcome: Welcome = serde_json::from_value(welcome).unwrap();
        let forked: BTreeSet<_> = welcome.resume.forked.into_iter().collect();
        assert_eq!(forked, BTreeSet::from([longer, shorter]));
        client.call("ping", json!({})).await.unwrap();
        assert!(client.arrived().all(|event| event.seq.is_none()), "nothing of a forked log");
    }
    let mut anew = knowing(&[longer, shorter]);
    let (entries, _) = come_back(Codec::Json, server.address(), &reader, &mut anew, false).await;
    assert_eq!(entries, 6 + 3);
}

/// Two people in as many channels.
const fn pair_in(channels: usize) -> Filling {
    Filling { people: 2, channels, members: 2 }
}

/// The first person, and the second one's connection.
async fn pair(installation: &Installation, address: SocketAddr) -> (Person, Client) {
    let (writer, _) = Client::hello(address, &installation.people[1].token).await;
    (installation.people[0].clone(), writer)
}

fn knowing(channels: &[ChannelId]) -> Replica {
    let mut replica = Replica::default();
    for channel in channels {
        replica.begin(*channel);
    }
    replica
}

/// So many messages in each of `channels`.
async fn say(client: &mut Client, channels: &[ChannelId], count: usize) {
    let all: Vec<_> = (0..count).flat_map(|_| channels).collect();
    for part in all.chunks(PIPELINE) {
        let mut ids = Vec::new();
        for channel in part {
            ids.push(
                client.send("chat.send", json!({ "channelId": channel, "content": "x" })).await,
            );
        }
        for id in ids {
            assert!(client.reply(id).await.unwrap().ok);
        }
        client.arrived().for_each(drop);
    }
}

/// Resumes (or begins), takes what comes before the answer to a `ping`, and leaves without a word.
/// Answers how many entries came, and the welcome.
async fn come_back(
    codec: Codec,
    address: SocketAddr,
    person: &Person,
    replica: &mut Replica,
    fresh: bool,
) -> (usize, Welcome) {
    let known = if fresh { Value::Null } else { replica.known() };
    let (mut client, welcome) = Client::resume_in(codec, address, &person.token, known).await;
    let welcome = replica.welcome(&welcome);
    client.call("ping", json!({})).await.unwrap();
    let events: Vec<_> = client.arrived().collect();
    let entries = events.iter().filter(|event| event.seq.is_some()).count();
    for event in events {
        replica.take(event);
    }
    (entries, welcome)
}

/// The seqs of the messages after `known`, paged up to `head`.
async fn page(client: &mut Client, (channel, known, head): (ChannelId, u64, Position)) -> Vec<u64> {
    let mut seqs: Vec<u64> = Vec::new();
    while seqs.last().copied().unwrap_or(known) < head.seq {
        let after = seqs.last().copied().unwrap_or(known);
        let query = json!({ "channelId": channel, "afterSeq": after, "limit": 40 });
        let page = client.call("chat.history", query).await.unwrap();
        seqs.extend(page["items"].as_array().unwrap().iter().map(|m| m["seq"].as_u64().unwrap()));
    }
    seqs.retain(|seq| *seq <= head.seq);
    seqs
}

/// The mark of a channel's head, as a new connection is told.
async fn mark_of_last(client: &mut Client, channel: ChannelId) -> Option<tidewire_protocol::Mark> {
    let query = json!({ "channelId": channel, "limit": 1 });
    let history = client.call("chat.history", query).await.unwrap();
    let id: uuid::Uuid = serde_json::from_value(history["items"][0]["id"].clone()).unwrap();
    Some(tidewire_protocol::Mark::of_entry(id))
}

async fn write_on(
    address: SocketAddr,
    person: Person,
    channels: Vec<ChannelId>,
    done: Arc<AtomicBool>,
) {
    let (mut client, _) = Client::hello(address, &person.token).await;
    while !done.load(Ordering::Relaxed) {
        say(&mut client, &channels, 1).await;
    }
}

/// Connects forty times, each time for a few events, and sometimes as somebody who knows nothing.
async fn come_and_go(
    address: SocketAddr,
    person: Person,
    channels: Vec<ChannelId>,
    seed: u64,
) -> (Replica, Person) {
    let mut replica = knowing(&channels);
    let mut random = seed;
    for _ in 0..40 {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let codec = CODECS[(random >> 33) as usize % 2];
        let fresh = (random >> 35).is_multiple_of(4);
        let mut other = Replica::default();
        let copy = if fresh { &mut other } else { &mut replica };
        let known = if fresh { Value::Null } else { copy.known() };
        let (mut client, welcome) = Client::resume_in(codec, address, &person.token, known).await;
        copy.welcome(&welcome);
        for (channel, known, head) in copy.take_behind() {
            let paged = page(&mut client, (channel, known, head)).await;
            assert_eq!(paged, (known + 1..=head.seq).collect::<Vec<_>>());
        }
        for channel in &channels {
            copy.begin(*channel);
        }
        for _ in 0..(random >> 40) % 12 {
            copy.take(client.event().await.unwrap());
        }
        for event in client.arrived() {
            copy.take(event);
        }
    }
    (replica, person)
}

/// Starts the server, writes, lets the reader read it all, and stops it.
async fn written(
    installation: &Installation,
    replica: &mut Replica,
    counts: &[(ChannelId, usize)],
) {
    let server = installation.start().await;
    let (reader, mut writer) = pair(installation, server.address()).await;
    for (channel, count) in counts {
        say(&mut writer, &[*channel], *count).await;
    }
    drop(writer);
    come_back(Codec::Json, server.address(), &reader, replica, false).await;
    assert!(server.terminate().await.success());
}

/// A SQLite database is its file and, unless it was closed in peace, its log beside it.
fn copy_database(from: &Path, to: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        let (from, to) = (name(from), name(to));
        if from.exists() {
            std::fs::copy(from, to).unwrap();
        } else if to.exists() {
            std::fs::remove_file(to).unwrap();
        }
    }
}
