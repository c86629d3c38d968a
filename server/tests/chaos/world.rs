//! What can break: nodes, Redis, the database, and each node's way to them and to its clients.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex as Held, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tidewire_protocol::{codec::Codec, id::ChannelId};
use tidewire_testkit::{
    Client, Filling, Installation, Pass, Postgres, Proxy, Redis, Server, TestDb, Weather,
    eventually, installation::Person,
};
use tokio::{sync::Mutex, task::JoinSet, time::timeout};

use crate::talker::{PATIENCE, Talker};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewire");
pub(crate) const NODES: usize = 3;
pub(crate) const FILLING: Filling = Filling { people: 18, channels: 5, members: 6 };

pub(crate) struct World {
    pub installation: Installation,
    pub redis: Held<Redis>,
    pub postgres: Held<Postgres>,
    nodes: [Mutex<Option<Server>>; NODES],
    ways: [Ways; NODES],
    seed: u64,
    /// How many people have a connection.
    pub here: AtomicUsize,
    is_calm: AtomicBool,
    is_over: AtomicBool,
}

/// How a node is connected. Nodes that are not equally far from Redis see one another's news out of
/// order.
pub(crate) struct Ways {
    pub to_redis: Proxy,
    pub to_postgres: Proxy,
    pub to_clients: Proxy,
    /// Whether clients may try it.
    is_open: AtomicBool,
}

impl Ways {
    async fn to(redis: &Redis, postgres: &Postgres) -> Self {
        Self {
            to_redis: Proxy::to(local(redis.port())).await,
            to_postgres: Proxy::to(local(postgres.port())).await,
            // Nobody listens there; the node's address is not known before it starts.
            to_clients: Proxy::to(local(0)).await,
            is_open: AtomicBool::new(false),
        }
    }

    fn all(&self) -> [&Proxy; 3] {
        [&self.to_redis, &self.to_postgres, &self.to_clients]
    }
}

const fn local(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl World {
    /// `None` where a counterpart is not installed.
    pub(crate) async fn begin(seed: u64, environment: &[(&str, &str)]) -> Option<Self> {
        let (postgres, redis) = (Postgres::start_own()?, Redis::start()?);
        let installation =
            Installation::new(BINARY, TestDb::on(&postgres), FILLING).with_environment(environment);
        let ways = [
            Ways::to(&redis, &postgres).await,
            Ways::to(&redis, &postgres).await,
            Ways::to(&redis, &postgres).await,
        ];
        let world = Self {
            installation,
            redis: Held::new(redis),
            postgres: Held::new(postgres),
            nodes: Default::default(),
            ways,
            seed,
            here: AtomicUsize::new(0),
            is_calm: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        };
        for place in 0..NODES {
            world.start_node(place).await;
        }
        Some(world)
    }

    /// Everybody begins.
    pub(crate) fn talk(self: &Arc<Self>) -> JoinSet<Talker> {
        (0..FILLING.people)
            .map(|number| Talker::new(&self.installation, number, self.seed))
            .map(|talker| talker.live(Arc::clone(self)))
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

    /// From now on, nobody leaves without a reason.
    pub(crate) fn calm_down(&self) {
        self.is_calm.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::Relaxed)
    }

    pub(crate) async fn everybody_is_somewhere(&self) {
        eventually("everybody has a connection", async || {
            (self.here.load(Ordering::Relaxed) == FILLING.people).then_some(())
        })
        .await;
    }

    pub(crate) fn stop_talking(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    pub(crate) const fn ways(&self, place: usize) -> &Ways {
        &self.ways[place % NODES]
    }

    /// Where a node is found, unless it is away.
    pub(crate) fn address(&self, place: usize) -> Option<SocketAddr> {
        let ways = self.ways(place);
        ways.is_open.load(Ordering::Relaxed).then(|| ways.to_clients.address())
    }

    fn close(&self, place: usize) {
        self.ways(place).is_open.store(false, Ordering::Relaxed);
    }

    /// Starts a node that is away.
    pub(crate) async fn start_node(&self, place: usize) {
        let mut node = self.nodes[place % NODES].lock().await;
        if node.is_none() {
            let ways = self.ways(place);
            let redis = format!("redis://{}", ways.to_redis.address());
            let database = self.installation.database().url_by(ways.to_postgres.address());
            let environment = [("REDIS_URL", &*redis), ("DATABASE_URL", &*database)];
            let server = self.installation.start_with(&environment).await;
            ways.to_clients.lead_to(server.address());
            ways.is_open.store(true, Ordering::Relaxed);
            *node = Some(server);
        }
    }

    pub(crate) async fn kill_node(&self, place: usize) {
        self.close(place);
        if let Some(server) = self.nodes[place % NODES].lock().await.take() {
            server.kill_9();
        }
    }

    /// Stops a node as an operator does: it sends its clients elsewhere.
    pub(crate) async fn drain_node(&self, place: usize) {
        self.close(place);
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
                let attempt =
                    Client::attempt(Codec::Json, address, Pass::Token(&owner.token), Value::Null);
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

    /// How news pass between all nodes and Redis.
    pub(crate) fn set_redis(&self, weather: Weather) {
        self.ways.iter().for_each(|ways| ways.to_redis.set(weather));
    }

    /// Everything works again.
    pub(crate) async fn heal(&self) {
        self.ways.iter().flat_map(Ways::all).for_each(|way| way.set(Weather::Fair));
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
