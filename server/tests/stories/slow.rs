//! A subscriber that stops reading.

use serde_json::{Value, json};
use tidewire_protocol::{codec::Codec, id::ChannelId};
use tidewire_testkit::{Client, Replica, TestDb};

use crate::world::{World, say};

/// More than a socket's buffers and a mailbox hold together, and soon enough sent that nobody is
/// given up meanwhile.
const MESSAGES: u64 = 800;
const IDLERS: usize = 16;
const PIPELINE: u64 = 50;
/// Below what a copy of everything for each of them would need.
const MEMORY_BYTES_MAX: u64 = 40 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stops_reading_delays_nobody_and_catches_up_exactly() {
    let world = World::new(TestDb::sqlite()).await;
    let mut ann = world.client(0).await;
    let mut idlers = Vec::new();
    for _ in 0..IDLERS {
        idlers.push(idler(&world).await);
    }
    let (mut cyd, mut of_cyd) = (world.client(2).await, Replica::default());
    of_cyd.begin(world.group());
    let before = memory_bytes(world.server.pid());
    for _ in 0..MESSAGES / PIPELINE {
        send(&mut ann, world.group()).await;
        let head = of_cyd.position(world.group()).unwrap().seq + PIPELINE;
        read_to(&mut cyd, &mut of_cyd, world.group(), head).await;
    }
    let grown = memory_bytes(world.server.pid()).saturating_sub(before);
    assert!(grown < MEMORY_BYTES_MAX, "{grown} bytes for {IDLERS} that do not read");
    assert_eq!(of_cyd.entries(world.group()).len() as u64, MESSAGES, "nothing was left out");
    for (client, replica) in &mut idlers {
        catch_up(client, replica, world.group()).await;
    }
    say(&mut ann, &json!(world.group()), "one more").await;
    for (client, replica) in &mut idlers {
        read_to(client, replica, world.group(), MESSAGES + 1).await;
        assert_eq!(replica.take_behind(), []);
    }
}

/// The second person on a connection that takes little before somebody reads it.
async fn idler(world: &World) -> (Client, Replica) {
    let mut replica = Replica::default();
    replica.begin(world.group());
    let mut client = Client::narrow(world.address(), Codec::Json, world.token(1)).await;
    client.call("hello", json!({})).await.unwrap();
    (client, replica)
}

async fn send(client: &mut Client, channel: ChannelId) {
    let data = json!({ "channelId": channel, "content": "x".repeat(4_000) });
    let mut ids = Vec::new();
    for _ in 0..PIPELINE {
        ids.push(client.send("chat.send", data.clone()).await);
    }
    for id in ids {
        assert!(client.reply(id).await.unwrap().ok);
    }
    client.arrived().for_each(drop);
}

async fn read_to(client: &mut Client, replica: &mut Replica, channel: ChannelId, seq: u64) {
    while replica.position(channel).unwrap().seq < seq {
        replica.take(client.event().await.expect("the connection lives"));
    }
}

/// Reads what waited, and pages what was left out: together it is the whole log.
async fn catch_up(client: &mut Client, replica: &mut Replica, channel: ChannelId) {
    read_to(client, replica, channel, MESSAGES).await;
    let behind = replica.take_behind();
    let [(_, known, head)] = behind[..] else { panic!("not told to page: {behind:?}") };
    let mut paged: Vec<u64> = Vec::new();
    while paged.last().copied().unwrap_or(known) < head.seq {
        let after = paged.last().copied().unwrap_or(known);
        let query = json!({ "channelId": channel, "afterSeq": after, "limit": 200 });
        let page = client.call("chat.history", query).await.unwrap();
        paged.extend(page["items"].as_array().unwrap().iter().filter_map(seq));
    }
    let came = replica.entries(channel).iter().filter_map(|entry| entry.seq);
    let mut all: Vec<u64> = came.chain(paged.into_iter().filter(|seq| *seq <= head.seq)).collect();
    all.sort_unstable();
    assert_eq!(all, (1..=MESSAGES).collect::<Vec<_>>());
}

fn seq(message: &Value) -> Option<u64> {
    message["seq"].as_u64()
}

/// Resident memory of a process, where the system tells it as Linux does; elsewhere 0.
fn memory_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
