//! The books against the database: every acknowledged entry is there once, everybody saw the same log,
//! and the figures are those of a recount.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};
use tidewire_protocol::{
    Mark,
    frame::EventRead,
    id::{ChannelId, UserId},
};
use tidewire_testkit::{Client, Weather};

use crate::{
    talker::{Sent, Talker, text},
    world::{FILLING, World},
};

/// # Panics
///
/// With what is wrong, if anything is.
pub(crate) async fn everything(world: &World, mut talkers: Vec<Talker>) {
    let mut clients = Vec::new();
    for talker in &mut talkers {
        clients.push(loop {
            if let Some(client) = talker.visit(world).await {
                break client;
            }
        });
    }
    last_words(world, &mut talkers, &mut clients).await;
    let mut logs = HashMap::new();
    for (place, channel) in world.installation.channels.iter().enumerate() {
        let reader = World::members(place).next().unwrap();
        logs.insert(*channel, Log::read(&mut clients[reader], *channel).await);
    }
    let heads = logs.iter().map(|(channel, log)| (*channel, log.head)).collect();
    for (talker, client) in talkers.iter_mut().zip(&mut clients) {
        talker.catch_up(client, &heads).await;
    }
    let sent: usize = talkers.iter().map(|talker| talker.sent.len()).sum();
    let visits: usize = talkers.iter().map(|talker| talker.visits).sum();
    println!("{sent} messages were acknowledged, on {visits} connections");
    assert!(sent > 100, "too little happened to prove anything: {:?}", world.complaints().await);
    for (place, channel) in world.installation.channels.iter().enumerate() {
        nothing_after_the_end(*channel, world.last_of(place).id, &talkers);
    }
    for (channel, log) in &logs {
        log.holds_all_that_was_acknowledged(*channel, &talkers);
        the_same_for_all(*channel, log, &talkers);
    }
    for (talker, client) in talkers.iter().zip(&mut clients) {
        figures_are_a_recount(talker, client, &logs).await;
    }
    everybody_is_here(world, &talkers, &mut clients).await;
}

/// While no news pass between nodes, everybody says something: it has to reach all connections, which
/// stay as they are.
async fn last_words(world: &World, talkers: &mut [Talker], clients: &mut [Client]) {
    world.set_redis(Weather::Cut);
    world.all_say("degraded").await;
    for (talker, client) in talkers.iter_mut().zip(clients) {
        talker.say_something(client).await.expect("this server lives");
    }
    world.set_redis(Weather::Fair);
    world.all_say("ok").await;
}

/// A channel as the database has it.
struct Log {
    head: u64,
    messages: Vec<Value>,
}

impl Log {
    async fn read(client: &mut Client, channel: ChannelId) -> Self {
        let (mut messages, head) = client.messages(channel).await;
        // The server's own lines, such as who was put out, are nobody's and never unread.
        messages.retain(|message| !message["clientMessageId"].is_null());
        Self { head, messages }
    }

    fn holds_all_that_was_acknowledged(&self, channel: ChannelId, talkers: &[Talker]) {
        let mut by_client_id = HashMap::new();
        for message in &self.messages {
            let client_id = text(&message["clientMessageId"]);
            assert!(by_client_id.insert(client_id, message).is_none(), "doubled: {message}");
        }
        let mut acknowledged = HashSet::new();
        for talker in talkers {
            for Sent { client_id, seq, id, .. } in
                talker.sent.iter().filter(|sent| sent.channel == channel)
            {
                let found = by_client_id.get(client_id);
                let found = found.unwrap_or_else(|| panic!("lost: {client_id}"));
                assert_eq!((&found["seq"], &found["id"]), (&json!(seq), &json!(id)));
                acknowledged.insert(client_id.clone());
                let content = text(&found["content"]);
                match talker.edits.get(id) {
                    None => assert_eq!(content, *client_id),
                    Some(edits) => assert!(
                        edits.tried.contains(&content)
                            || edits.acknowledged.as_deref().unwrap_or(client_id) == content,
                        "the edit of {client_id} is lost: {content}"
                    ),
                }
            }
        }
        let stored: HashSet<String> = by_client_id.into_keys().collect();
        let abandoned: HashSet<String> =
            talkers.iter().flat_map(|talker| talker.abandoned.iter().cloned()).collect();
        let nobodys: Vec<_> = stored.difference(&acknowledged).collect();
        let nobodys: Vec<_> = nobodys.into_iter().filter(|id| !abandoned.contains(*id)).collect();
        assert!(nobodys.is_empty(), "never acknowledged: {nobodys:?}");
    }
}

/// Who was put out has nothing that came after it.
fn nothing_after_the_end(channel: ChannelId, last: UserId, talkers: &[Talker]) {
    let is_end = |entry: &&EventRead| {
        entry.event == "chat.member.removed" && entry.data["user"]["id"] == json!(last)
    };
    let seen = talkers.iter().flat_map(|talker| talker.replica.entries(channel));
    let end = seen.filter(is_end).find_map(|entry| entry.seq);
    let end = end.expect("somebody saw how the last member was put out");
    let put_out = talkers.iter().find(|talker| talker.person.id == last).unwrap();
    assert!(!put_out.channels.contains(&channel), "who is out knows it");
    let newest = put_out.replica.entries(channel).iter().filter_map(|entry| entry.seq).max();
    assert!(newest.is_none_or(|newest| newest <= end), "{newest:?} after the end at {end}");
}

/// Whoever saw an entry saw the same one, and everybody has all of them.
fn the_same_for_all(channel: ChannelId, log: &Log, talkers: &[Talker]) {
    let mut known: BTreeMap<u64, (Mark, String)> = BTreeMap::new();
    for talker in talkers.iter().filter(|talker| talker.channels.contains(&channel)) {
        let mut seen: HashSet<u64> =
            talker.paged.get(&channel).into_iter().flatten().copied().collect();
        for entry in talker.replica.entries(channel) {
            let (seq, mark) = (entry.seq.unwrap(), entry.mark.unwrap());
            seen.insert(seq);
            let this = (mark, entry.event.clone());
            let first = known.entry(seq).or_insert_with(|| this.clone());
            assert_eq!(*first, this, "{seq} of {channel} is not the same for all");
        }
        let missing: Vec<u64> = (1..=log.head).filter(|seq| !seen.contains(seq)).collect();
        assert_eq!(missing, [0; 0], "talker {} lacks entries of {channel}", talker.number);
    }
    for message in &log.messages {
        let (seq, id) = (message["seq"].as_u64().unwrap(), text(&message["id"]));
        if let Some((mark, event)) = known.get(&seq) {
            assert_eq!(*mark, Mark::of_entry(id.parse().unwrap()));
            assert_eq!(event, "chat.message.created");
        }
    }
}

/// What is left to read is what the log has behind the marker.
async fn figures_are_a_recount(
    talker: &Talker,
    client: &mut Client,
    logs: &HashMap<ChannelId, Log>,
) {
    let call = json!({ "method": "GET", "path": "/api/v1/chat/channels" });
    let answer = client.call("call", call).await.unwrap();
    let (mut total, mut counted) = (0, 0);
    for state in answer["data"]["items"].as_array().unwrap() {
        let channel: ChannelId = serde_json::from_value(state["id"].clone()).unwrap();
        let marker = state["lastReadSeq"].as_u64().unwrap();
        let acknowledged = talker.read.get(&channel).copied().unwrap_or_default();
        assert!(marker >= acknowledged, "a marker went back from {acknowledged} to {marker}");
        let me = json!(talker.person.id);
        let is_unread = |message: &&Value| {
            message["seq"].as_u64().unwrap() > marker && message["sender"]["id"] != me
        };
        let recount = logs[&channel].messages.iter().filter(is_unread).count() as u64;
        assert_eq!(state["unreadCount"], json!(recount), "talker {} in {channel}", talker.number);
        total += recount;
        counted += 1;
    }
    assert_eq!(counted, talker.channels.len());
    let call = json!({ "method": "GET", "path": "/api/v1/chat/unread-count" });
    assert_eq!(client.call("call", call).await.unwrap()["data"]["total"], json!(total));
}

/// Every node says of everybody that they are here.
async fn everybody_is_here(world: &World, talkers: &[Talker], clients: &mut [Client]) {
    let ids: Vec<String> = talkers.iter().map(|talker| talker.person.id.to_string()).collect();
    let query = json!({ "userIds": ids.join(",") });
    let call = json!({ "method": "GET", "path": "/api/v1/presence", "query": query });
    for (place, client) in clients.iter_mut().enumerate() {
        tidewire_testkit::eventually(&format!("talker {place} sees everybody"), async || {
            let answer = client.call("call", call.clone()).await.unwrap();
            let items = answer["data"]["items"].as_array().unwrap();
            assert_eq!(items.len(), FILLING.people);
            items.iter().all(|item| item["status"] == json!("online")).then_some(())
        })
        .await;
    }
    drop(world.complaints().await);
}
