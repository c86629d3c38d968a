//! What can break: nodes, the way to Redis, Redis, the database.

use std::{
    net::SocketAddr,
    sync::{
        Mutex as Held, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tidewire_protocol::{codec::Codec, id::ChannelId};
use tidewire_testkit::{
    Client, Filling, Installation, Postgres, Proxy, Redis, Server, TestDb, Weather, eventually,
    installation::Person,
};
use tokio::{sync::Mutex, time::timeout};

use crate::talker::{PATIENCE, Talker};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewire");
const NODES: usize = 3;
pub(crate) const FILLING: Filling = Filling { people: 18, channels: 5, members: 6 };

pub(crate) struct World {
    pub installation: Installation,
    pub redis: Held<Redis>,
    pub to_redis: Proxy,
    pub postgres: Held<Postgres>,
    nodes: [Mutex<Option<Server>>; NODES],
    addresses: RwLock<[Option<SocketAddr>; NODES]>,
    seed: u64,
    is_over: AtomicBool,
}

impl World {
    /// `None` where a counterpart is not installed.
    pub(crate) async fn begin(seed: u64, environment: &[(&str, &str)]) -> Option<Self> {
        let (postgres, redis) = (Postgres::start_own()?, Redis::start()?);
        let to_redis = Proxy::to(SocketAddr::from(([127, 0, 0, 1], redis.port()))).await;
        let installation = Installation::new(BINARY, TestDb::on(&postgres), FILLING)
            .with_redis(&format!("redis://{}", to_redis.address()))
            .with_environment(environment);
        let world = Self {
            installation,
            redis: Held::new(redis),
            to_redis,
            postgres: Held::new(postgres),
            nodes: Default::default(),
            addresses: RwLock::default(),
            seed,
            is_over: AtomicBool::new(false),
        };
        for place in 0..NODES {
            world.start_node(place).await;
        }
        Some(world)
    }

    pub(crate) fn talkers(&self) -> Vec<Talker> {
        (0..FILLING.people)
            .map(|number| Talker::new(&self.installation, number, self.seed))
            .collect()
    }

    /// The channels that a person is in.
    pub(crate) fn channels_of(installation: &Installation, number: usize) -> Vec<ChannelId> {
        let is_in = |channel: &usize| Self::members(*channel).any(|member| member == number);
        (0..FILLING.channels).filter(is_in).map(|channel| installation.channels[channel]).collect()
    }

    pub(crate) fn members(channel: usize) -> impl Iterator<Item = usize> {
        let first = channel * FILLING.members;
        (first..first + FILLING.members).map(|place| place % FILLING.people)
    }

    pub(crate) fn stop_talking(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Where a node listens, unless it is away.
    pub(crate) fn address(&self, place: usize) -> Option<SocketAddr> {
        self.addresses.read().unwrap_or_else(PoisonError::into_inner)[place % NODES]
    }

    fn note_address(&self, place: usize, address: Option<SocketAddr>) {
        self.addresses.write().unwrap_or_else(PoisonError::into_inner)[place] = address;
    }

    /// Starts a node that is away.
    pub(crate) async fn start_node(&self, place: usize) {
        let mut node = self.nodes[place % NODES].lock().await;
        if node.is_none() {
            let server = self.installation.start().await;
            self.note_address(place % NODES, Some(server.address()));
            *node = Some(server);
        }
    }

    pub(crate) async fn kill_node(&self, place: usize) {
        self.note_address(place % NODES, None);
        if let Some(server) = self.nodes[place % NODES].lock().await.take() {
            server.kill_9();
        }
    }

    /// Stops a node as an operator does: it sends its clients elsewhere.
    pub(crate) async fn drain_node(&self, place: usize) {
        self.note_address(place % NODES, None);
        let server = self.nodes[place % NODES].lock().await.take();
        if let Some(mut server) = server {
            server.ask_to_stop();
            let status = server.exited().await;
            assert!(status.success(), "a drained node: {status}\n{}", server.complaints());
        }
    }

    /// A process that is stopped in the middle, or goes on.
    pub(crate) async fn signal_node(&self, place: usize, signal: Signal) {
        if let Some(server) = &*self.nodes[place % NODES].lock().await {
            let pid = Pid::from_raw(server.pid() as i32).unwrap();
            kill_process(pid, signal).unwrap();
        }
    }

    /// The last member of each channel is put out by the first, whatever it takes.
    pub(crate) async fn put_out_the_last(&self) {
        for (channel, id) in self.installation.channels.iter().enumerate() {
            let members: Vec<usize> = Self::members(channel).collect();
            let (owner, last) = (&self.installation.people[members[0]], self.last_of(channel));
            let path = format!("/api/v1/chat/channels/{id}/members/{}", last.id);
            let call = json!({ "method": "DELETE", "path": path });
            eventually("somebody is put out", async || {
                let address = self.address(channel)?;
                let attempt = Client::attempt(Codec::Json, address, &owner.token, Value::Null);
                let (mut client, _) = timeout(PATIENCE, attempt).await.ok()??;
                let id = client.send("call", call.clone()).await;
                let reply = timeout(PATIENCE, client.reply(id)).await.ok()??;
                // Not there any more: an earlier try was heard after all.
                let is_out = reply.error.is_none_or(|error| error.code == "NOT_FOUND");
                is_out.then_some(())
            })
            .await;
        }
    }

    pub(crate) fn last_of(&self, channel: usize) -> &Person {
        let last = Self::members(channel).last().unwrap();
        &self.installation.people[last]
    }

    /// Whether all nodes say that they are so.
    pub(crate) async fn all_say(&self, status: &str) {
        for place in 0..NODES {
            let address = self.address(place).unwrap();
            eventually(&format!("node {place} is {status}"), async || {
                says(address, status).await.then_some(())
            })
            .await;
        }
    }

    /// Everything works again.
    pub(crate) async fn heal(&self) {
        self.to_redis.set(Weather::Fair);
        tokio::task::block_in_place(|| {
            self.redis.lock().unwrap_or_else(PoisonError::into_inner).make_run();
        });
        for place in 0..NODES {
            self.signal_node(place, Signal::CONT).await;
            self.start_node(place).await;
        }
        self.all_say("ok").await;
    }

    /// What the nodes have complained of.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let mut all = Vec::new();
        for node in &self.nodes {
            all.extend(node.lock().await.as_ref().map(Server::complaints));
        }
        all
    }
}

/// `ok` is with database and Redis, `degraded` without Redis.
async fn says(address: SocketAddr, status: &str) -> bool {
    let mut socket = tidewire_testkit::Socket::connect(address).await;
    let answer = socket.request("GET", "/api/v1/health/system", &[]).await;
    let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    told["data"]["status"] == serde_json::json!(status)
}
