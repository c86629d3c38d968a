//! The server is killed in the middle of many senders, again and again: what it acknowledged is there
//! once, and whoever comes back gets exactly what they missed.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};
use tidewire_protocol::id::ChannelId;
use tidewire_testkit::{
    Client, Filling, Installation, Replica, eventually, installation::Person, on_both_engines,
};
use tokio::{sync::Barrier, task::JoinSet};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewire");
const ROUNDS: usize = 20;
const FILLING: Filling = Filling { people: 64, channels: 8, members: 16 };

on_both_engines! {
    async fn nothing_acknowledged_is_lost_or_doubled_by_twenty_crashes(db: TestDb) {
        let installation = Installation::new(BINARY, db, FILLING);
        let mut senders = senders(&installation);
        for round in 0..ROUNDS {
            senders = round_with_crash(&installation, senders, 100 + round * 61 % 150).await;
        }
        let resent: usize = senders.iter().map(|sender| sender.resent).sum();
        assert!(resent >= ROUNDS, "the crashes came in the middle of sending");
        let server = installation.start().await;
        let meeting = Meeting::of(senders.len());
        let mut tasks = JoinSet::new();
        for sender in senders {
            tasks.spawn(sender.finish(server.address(), meeting.clone()));
        }
        check(&installation, server.address(), &tasks.join_all().await).await;
        assert!(server.terminate().await.success());
    }
}

/// What the senders of one round share.
#[derive(Clone)]
struct Meeting {
    /// Nobody begins before all are there: a crash shall meet senders and not newcomers.
    all_here: Arc<Barrier>,
    acknowledged: Arc<AtomicUsize>,
}

impl Meeting {
    fn of(count: usize) -> Self {
        Self { all_here: Arc::new(Barrier::new(count)), acknowledged: Arc::default() }
    }
}

/// Lets everybody send until the server was killed, after so many acknowledgements.
async fn round_with_crash(
    installation: &Installation,
    senders: Vec<Sender>,
    acknowledged: usize,
) -> Vec<Sender> {
    let server = installation.start().await;
    let meeting = Meeting::of(senders.len());
    let mut tasks = JoinSet::new();
    for sender in senders {
        tasks.spawn(sender.send_until_the_end(server.address(), meeting.clone()));
    }
    let enough =
        async || (meeting.acknowledged.load(Ordering::Relaxed) >= acknowledged).then_some(());
    eventually("enough is acknowledged", enough).await;
    server.kill_9();
    tasks.join_all().await
}

/// A client that sends without end, one message after the other.
struct Sender {
    person: Person,
    number: usize,
    channels: Vec<ChannelId>,
    replica: Replica,
    sent: usize,
    resent: usize,
    /// What the last server did not answer.
    unanswered: Option<Message>,
    acknowledged: Vec<Acknowledged>,
}

#[derive(Clone)]
struct Message {
    channel: ChannelId,
    client_id: String,
}

struct Acknowledged {
    channel: ChannelId,
    client_id: String,
    seq: u64,
    id: String,
}

fn senders(installation: &Installation) -> Vec<Sender> {
    let people = installation.people.iter().enumerate();
    people.map(|(number, person)| Sender::new(installation, number, person.clone())).collect()
}

impl Sender {
    fn new(installation: &Installation, number: usize, person: Person) -> Self {
        let is_in = |channel: &usize| {
            let first = channel * FILLING.members;
            (first..first + FILLING.members).any(|place| place % FILLING.people == number)
        };
        let channels: Vec<_> =
            (0..FILLING.channels).filter(is_in).map(|c| installation.channels[c]).collect();
        let mut replica = Replica::default();
        for channel in &channels {
            replica.begin(*channel);
        }
        let (unanswered, acknowledged) = (None, Vec::new());
        Self { person, number, channels, replica, sent: 0, resent: 0, unanswered, acknowledged }
    }

    async fn come_back(&mut self, address: SocketAddr) -> Client {
        let known = self.replica.known();
        let (client, welcome) = Client::resume(address, &self.person.token, known).await;
        let welcome = self.replica.welcome(&welcome);
        let outcome = welcome.resume;
        assert_eq!((outcome.behind, outcome.forked, outcome.gone), (vec![], vec![], vec![]));
        client
    }

    async fn send_until_the_end(mut self, address: SocketAddr, meeting: Meeting) -> Self {
        let mut client = self.come_back(address).await;
        meeting.all_here.wait().await;
        while self.send_one(&mut client).await.is_some() {
            meeting.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        while let Some(event) = client.event().await {
            self.replica.take(event);
        }
        self
    }

    /// Sends again what was not answered, and reads until nothing is missing.
    async fn finish(mut self, address: SocketAddr, meeting: Meeting) -> Self {
        let mut client = self.come_back(address).await;
        if self.unanswered.is_some() {
            self.send_one(&mut client).await.expect("this server lives");
        }
        meeting.all_here.wait().await;
        for channel in self.channels.clone() {
            let query = json!({ "channelId": channel, "limit": 1 });
            let history = client.call("chat.history", query).await.unwrap();
            let head = history["lastSeq"].as_u64().unwrap();
            while self.replica.position(channel).unwrap().seq < head {
                self.replica.take(client.event().await.expect("this server lives"));
            }
        }
        assert_eq!(client.arrived().filter(|event| event.seq.is_some()).count(), 0);
        self
    }

    /// Sends a message, or again the one that was not answered; `None` when the server is gone.
    async fn send_one(&mut self, client: &mut Client) -> Option<()> {
        self.resent += usize::from(self.unanswered.is_some());
        let message = self.unanswered.take().unwrap_or_else(|| self.next_message());
        self.unanswered = Some(message.clone());
        let Message { channel, client_id } = message;
        let data =
            json!({ "channelId": channel, "content": client_id, "clientMessageId": client_id });
        let id = client.send("chat.send", data).await;
        let reply = client.reply(id).await;
        for event in client.arrived() {
            self.replica.take(event);
        }
        let answer = reply?.data.expect("sending is not refused");
        let (seq, id) =
            (answer["message"]["seq"].as_u64().unwrap(), text(&answer["message"]["id"]));
        self.acknowledged.push(Acknowledged { channel, client_id, seq, id });
        self.unanswered = None;
        Some(())
    }

    fn next_message(&mut self) -> Message {
        self.sent += 1;
        let channel = self.channels[self.sent % self.channels.len()];
        Message { channel, client_id: format!("sender-{}-{}", self.number, self.sent) }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn check(installation: &Installation, address: SocketAddr, senders: &[Sender]) {
    for (channel, id) in installation.channels.iter().enumerate() {
        let reader = &installation.people[channel * FILLING.members % FILLING.people];
        let stored = stored(address, &reader.token, *id).await;
        check_acknowledged(*id, &stored, senders);
        check_replicas(*id, &stored, senders);
    }
}

/// All messages of a channel, as the server has them.
async fn stored(address: SocketAddr, token: &str, channel: ChannelId) -> Vec<Value> {
    let (mut client, _) = Client::hello(address, token).await;
    let (messages, head) = client.messages(channel).await;
    assert_eq!(head, messages.len() as u64);
    messages
}

fn check_acknowledged(channel: ChannelId, stored: &[Value], senders: &[Sender]) {
    let mut by_client_id = HashMap::new();
    for (message, seq) in stored.iter().zip(1_u64..) {
        assert_eq!(message["seq"], json!(seq), "the log of {channel} has a gap");
        let client_id = text(&message["clientMessageId"]);
        assert_eq!(message["content"], json!(client_id));
        assert!(by_client_id.insert(client_id, message).is_none(), "doubled: {message}");
    }
    let mut acknowledged = 0;
    for message in senders.iter().flat_map(|sender| &sender.acknowledged) {
        if message.channel == channel {
            acknowledged += 1;
            let found = by_client_id.get(&message.client_id);
            let found = found.unwrap_or_else(|| panic!("lost: {}", message.client_id));
            assert_eq!((&found["seq"], &found["id"]), (&json!(message.seq), &json!(message.id)));
        }
    }
    assert_eq!(acknowledged, stored.len(), "everything was acknowledged in the end");
}

/// Each client has the whole log, entry by entry: the same ones, in the same order.
fn check_replicas(channel: ChannelId, stored: &[Value], senders: &[Sender]) {
    for sender in senders.iter().filter(|sender| sender.channels.contains(&channel)) {
        let seen = sender.replica.entries(channel).iter().map(|entry| &entry.data["message"]["id"]);
        assert!(seen.eq(stored.iter().map(|message| &message["id"])), "sender {}", sender.number);
    }
}
