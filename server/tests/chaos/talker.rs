//! A client that lives through it: it sends, edits, reads, leaves, comes back anywhere, and keeps books.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use tidewire_protocol::{codec::Codec, event::Draining, frame::Reply, id::ChannelId};
use tidewire_testkit::{Client, Installation, Pass, Replica, installation::Person};
use tokio::time::{sleep, timeout};

use crate::{Random, world::World};

/// A server that says nothing for so long is left.
pub(crate) const PATIENCE: Duration = Duration::from_secs(6);
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) struct Talker {
    pub person: Person,
    pub number: usize,
    pub channels: Vec<ChannelId>,
    pub replica: Replica,
    pub sent: Vec<Sent>,
    /// Contents that were asked for and may be there or not, and those that are there for sure.
    pub edits: HashMap<String, Edits>,
    /// The highest marker that was acknowledged.
    pub read: HashMap<ChannelId, u64>,
    /// What came again by paging, since the server had let it go.
    pub paged: HashMap<ChannelId, Vec<u64>>,
    pub visits: usize,
    /// How often a node that was about to stop has sent the talker elsewhere.
    pub sent_away: usize,
    /// Messages that may be there or not: nobody could be asked any more.
    pub abandoned: Vec<String>,
    unanswered: Option<Draft>,
    /// What a node that is about to stop said.
    invited: Option<Draining>,
    count: usize,
    random: Random,
}

/// A message that was acknowledged.
pub(crate) struct Sent {
    pub channel: ChannelId,
    pub client_id: String,
    pub seq: u64,
    pub id: String,
}

#[derive(Default)]
pub(crate) struct Edits {
    pub tried: Vec<String>,
    pub acknowledged: Option<String>,
}

#[derive(Clone)]
struct Draft {
    channel: ChannelId,
    client_id: String,
}

impl Talker {
    pub(crate) fn new(installation: &Installation, number: usize, seed: u64) -> Self {
        let channels = World::channels_of(installation, number);
        let mut replica = Replica::default();
        for channel in &channels {
            replica.begin(*channel);
        }
        Self {
            person: installation.people[number].clone(),
            number,
            channels,
            replica,
            sent: Vec::new(),
            edits: HashMap::new(),
            read: HashMap::new(),
            paged: HashMap::new(),
            visits: 0,
            sent_away: 0,
            abandoned: Vec::new(),
            unanswered: None,
            invited: None,
            count: 0,
            random: Random::new(seed, number),
        }
    }

    /// Comes and goes until it is over, and then once more until nothing is left to say.
    pub(crate) async fn live(mut self, world: Arc<World>) -> Self {
        while !world.is_over() {
            if let Some(client) = self.visit(&world).await {
                world.here.fetch_add(1, Ordering::Relaxed);
                self.stay(client, &world).await;
                world.here.fetch_sub(1, Ordering::Relaxed);
            } else {
                sleep(PAUSE).await;
            }
        }
        while self.unanswered.is_some() {
            if let Some(mut client) = self.visit(&world).await {
                self.send(&mut client).await;
                self.take_arrived(&mut client);
            }
        }
        self
    }

    /// A connection to some node, with everything missed so far.
    pub(crate) async fn visit(&mut self, world: &World) -> Option<Client> {
        let address = world.address(self.random.below(3))?;
        let codec = Codec::ALL[self.random.below(2)];
        let invited = self.invited.take();
        let pass = match &invited {
            Some(Draining { reconnect_after_ms, ticket }) => {
                sleep(Duration::from_millis(*reconnect_after_ms)).await;
                Pass::Ticket(ticket)
            }
            None => Pass::Token(&self.person.token),
        };
        let attempt = Client::attempt(codec, address, pass, self.replica.known());
        let (mut client, welcome) = timeout(PATIENCE, attempt).await.ok()??;
        self.visits += 1;
        let welcome = self.replica.welcome(&welcome);
        assert_eq!(welcome.resume.forked, [], "the log was never restored");
        self.channels.retain(|channel| !welcome.resume.gone.contains(channel));
        self.page(&mut client).await?;
        Some(client)
    }

    /// Pages what the server says was left out.
    async fn page(&mut self, client: &mut Client) -> Option<()> {
        for (channel, known, head) in self.replica.take_behind() {
            let mut after = known;
            while after < head.seq {
                let query = json!({ "channelId": channel, "afterSeq": after, "limit": 100 });
                let page = self.ask(client, "chat.history", query).await?.data?;
                let seqs = page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["seq"].as_u64().unwrap());
                let seqs: Vec<u64> = seqs.collect();
                after = seqs.last().copied().unwrap_or(head.seq);
                self.paged.entry(channel).or_default().extend(seqs);
            }
            // Entries that are no messages are not in the history; they are known to have been there.
            self.paged.entry(channel).or_default().extend(known + 1..=head.seq);
        }
        Some(())
    }

    /// Acts until the connection ends, or for as long as it likes.
    async fn stay(&mut self, mut client: Client, world: &World) {
        let acts = if world.is_calm() { usize::MAX } else { 20 + self.random.below(60) };
        for _ in 0..acts {
            if world.is_over() || self.act(&mut client).await.is_none() {
                break;
            }
            let pause = Duration::from_millis(self.random.below(60) as u64);
            if let Ok(event) = timeout(pause, client.event()).await {
                let Some(event) = event else { break };
                self.take(event);
            }
            self.take_arrived(&mut client);
            if self.page(&mut client).await.is_none() {
                break;
            }
        }
        self.take_arrived(&mut client);
    }

    async fn act(&mut self, client: &mut Client) -> Option<()> {
        if self.channels.is_empty() {
            return self.ask(client, "ping", json!({})).await.map(drop);
        }
        let channel = self.channels[self.random.below(self.channels.len())];
        match self.random.below(8) {
            0 => self.edit(client).await,
            1 => self.read(client, channel).await,
            2 => self.ask(client, "ping", json!({})).await.map(drop),
            _ => self.say_something(client).await,
        }
    }

    pub(crate) async fn say_something(&mut self, client: &mut Client) -> Option<()> {
        if self.unanswered.is_none() {
            if self.channels.is_empty() {
                return Some(());
            }
            let channel = self.channels[self.random.below(self.channels.len())];
            self.count += 1;
            let client_id = format!("talker-{}-{}", self.number, self.count);
            self.unanswered = Some(Draft { channel, client_id });
        }
        self.send(client).await
    }

    /// Sends what is unanswered; `None` when it still is.
    async fn send(&mut self, client: &mut Client) -> Option<()> {
        let Draft { channel, client_id } = self.unanswered.clone()?;
        let data =
            json!({ "channelId": channel, "content": client_id, "clientMessageId": client_id });
        let reply = self.ask(client, "chat.send", data).await?;
        if reply.error.is_none() {
            let message = &reply.data?["message"];
            let (seq, id) = (message["seq"].as_u64().unwrap(), text(&message["id"]));
            self.sent.push(Sent { channel, client_id, seq, id });
        } else {
            // Whoever is no member any more is told so, and has nothing left to say there.
            self.abandoned.push(client_id);
        }
        self.unanswered = None;
        Some(())
    }

    async fn edit(&mut self, client: &mut Client) -> Option<()> {
        let mut own = self.sent.iter().rev().filter(|sent| self.channels.contains(&sent.channel));
        let Some(Sent { channel, id, .. }) = own.next() else { return Some(()) };
        let content = format!("edited {}", self.random.below(1_000_000));
        let data = json!({ "channelId": channel, "messageId": id, "content": content });
        let id = id.clone();
        self.edits.entry(id.clone()).or_default().tried.push(content.clone());
        let reply = self.ask(client, "chat.edit", data).await?;
        if reply.error.is_none() {
            let edits = self.edits.entry(id).or_default();
            edits.tried.clear();
            edits.acknowledged = Some(content);
        }
        Some(())
    }

    async fn read(&mut self, client: &mut Client, channel: ChannelId) -> Option<()> {
        let reply = self.ask(client, "chat.read", json!({ "channelId": channel })).await?;
        if let Some(answer) = reply.data.filter(|_| reply.error.is_none()) {
            let marker = self.read.entry(channel).or_default();
            *marker = answer["lastReadSeq"].as_u64().unwrap().max(*marker);
        }
        Some(())
    }

    /// An answer, or a refusal for good; `None` when the connection is of no use any more.
    async fn ask(&mut self, client: &mut Client, op: &str, data: Value) -> Option<Reply<Value>> {
        let asked = async {
            let id = client.send(op, data).await;
            client.reply(id).await
        };
        let reply = timeout(PATIENCE, asked).await.ok()?;
        self.take_arrived(client);
        let reply = reply?;
        match &reply.error {
            Some(error) if error.retryable => None,
            Some(error) => {
                assert!(
                    ["NOT_FOUND", "NOT_A_MEMBER"].contains(&error.code.as_str()),
                    "{op}: {error:?}"
                );
                Some(reply)
            }
            None => Some(reply),
        }
    }

    fn take_arrived(&mut self, client: &mut Client) {
        let events: Vec<_> = client.arrived().collect();
        for event in events {
            self.take(event);
        }
    }

    fn take(&mut self, event: tidewire_protocol::frame::EventRead) {
        if event.event == "chat.channel.removed" {
            let channel = serde_json::from_value(event.data["channelId"].clone()).unwrap();
            self.replica.leave(channel);
            self.channels.retain(|known| *known != channel);
        } else if event.event == "server.draining" {
            self.invited = Some(serde_json::from_value(event.data).unwrap());
            self.sent_away += 1;
        } else {
            self.replica.take(event);
        }
    }

    /// Reads until the copies of all channels are whole.
    pub(crate) async fn catch_up(&mut self, client: &mut Client, heads: &HashMap<ChannelId, u64>) {
        for channel in self.channels.clone() {
            while self.replica.position(channel).unwrap().seq < heads[&channel] {
                let event = client.event().await.expect("this server lives");
                self.take(event);
                self.page(client).await.expect("this server lives");
            }
        }
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
