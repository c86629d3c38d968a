//! Visits of clients: coming back with what they know, reading, writing, leaving.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};
use tidewire_protocol::{Mark, Position, codec::Codec, frame::Welcome, id::ChannelId};
use tidewire_testkit::{Client, Filling, Installation, Replica, installation::Person};

pub(crate) const CODECS: [Codec; 2] = [Codec::Json, Codec::MessagePack];
/// Commands that are sent before their answers are read.
const PIPELINE: usize = 200;

/// Two people in as many channels.
pub(crate) const fn pair_in(channels: usize) -> Filling {
    Filling { people: 2, channels, members: 2 }
}

/// The first person, and the second one's connection.
pub(crate) async fn pair(installation: &Installation, address: SocketAddr) -> (Person, Client) {
    let (writer, _) = Client::hello(address, &installation.people[1].token).await;
    (installation.people[0].clone(), writer)
}

pub(crate) fn knowing(channels: &[ChannelId]) -> Replica {
    let mut replica = Replica::default();
    for channel in channels {
        replica.begin(*channel);
    }
    replica
}

/// So many messages in each of `channels`.
pub(crate) async fn say(client: &mut Client, channels: &[ChannelId], count: usize) {
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
pub(crate) async fn come_back(
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
pub(crate) async fn page(
    client: &mut Client,
    (channel, known, head): (ChannelId, u64, Position),
) -> Vec<u64> {
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
pub(crate) async fn mark_of_last(client: &mut Client, channel: ChannelId) -> Option<Mark> {
    let query = json!({ "channelId": channel, "limit": 1 });
    let history = client.call("chat.history", query).await.unwrap();
    let id: uuid::Uuid = serde_json::from_value(history["items"][0]["id"].clone()).unwrap();
    Some(Mark::of_entry(id))
}

pub(crate) async fn write_on(
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
pub(crate) async fn come_and_go(
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
pub(crate) async fn written(
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
pub(crate) fn copy_database(from: &Path, to: &Path) {
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
