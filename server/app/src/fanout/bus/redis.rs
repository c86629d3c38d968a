//! The bus over Redis: nodes subscribe to what somebody on them watches, and publish what they commit.
//!
//! Redis may be restarted, flushed or cut off at any time. Whatever is missed meanwhile is read from
//! storage, at once when it is back and every few seconds while it is away.

mod inbound;
mod link;
mod server;
mod topics;

use std::{hash::Hasher as _, sync::Arc};

use futures_util::future::join_all;
use redis::{Client, ErrorKind, IntoConnectionInfo as _, ProtocolVersion, RedisError};
use siphasher::sip::SipHasher13;
use tidewire_protocol::id::NodeId;
use tokio::sync::Notify;

use super::{News, TopicKey, wire};
use crate::tasks::Tasks;
use inbound::Inbound;
pub use inbound::Inbox;
use link::Link;
pub use server::Server;

/// Where Redis is.
#[derive(Clone)]
pub struct RedisAddresses(Vec<Client>);

impl RedisAddresses {
    /// One server or cluster for each address; topics are spread over them.
    ///
    /// # Errors
    ///
    /// An address that is none, or no address.
    pub fn parse<'a>(addresses: impl Iterator<Item = &'a str>) -> Result<Self, RedisError> {
        let clients = addresses.map(client).collect::<Result<Vec<_>, _>>()?;
        if clients.is_empty() {
            return Err((ErrorKind::InvalidClientConfig, "no address").into());
        }
        Ok(Self(clients))
    }

    /// The names of one installation begin alike, and unlike those of others.
    pub fn with_prefix(self, prefix: &str) -> RedisOptions {
        RedisOptions { clients: self.0, prefix: prefix.into() }
    }
}

/// Where Redis is, and what tells this installation's names from others'.
#[derive(Clone)]
pub struct RedisOptions {
    clients: Vec<Client>,
    prefix: Arc<str>,
}

/// Only the newer protocol pushes messages beside answers.
fn client(address: &str) -> Result<Client, RedisError> {
    let info = address.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(settings))
}

/// The names of channels in Redis.
#[derive(Clone)]
struct Names {
    prefix: Arc<str>,
    node_id: NodeId,
}

impl Names {
    fn of(&self, topic: TopicKey) -> String {
        let prefix = &self.prefix;
        match topic {
            TopicKey::Channel(channel) => format!("{prefix}:channel:{channel}"),
            TopicKey::User(user) => format!("{prefix}:user:{user}"),
            TopicKey::Presence(user) => format!("{prefix}:presence-of:{user}"),
            TopicKey::Everywhere => format!("{prefix}:all"),
        }
    }

    fn all(&self, topics: &[TopicKey]) -> Vec<String> {
        topics.iter().map(|topic| self.of(*topic)).collect()
    }

    fn probe(&self) -> String {
        format!("{}:probe:{}", self.prefix, self.node_id)
    }
}

/// This node's place on the bus.
pub struct RedisBus {
    node_id: NodeId,
    prefix: Arc<str>,
    places: Vec<Place>,
}

struct Place {
    /// Of the address, so that all nodes choose alike, in whatever order they name the servers.
    hash: u64,
    link: Arc<Link>,
}

impl RedisBus {
    /// Joins the bus; each inbox has the news of its own topics, in order. `sweep` is told whenever
    /// news may have been missed.
    pub fn join(
        options: &RedisOptions,
        node_id: NodeId,
        tasks: &Tasks,
        sweep: &Arc<Notify>,
    ) -> (Self, Vec<Inbox>) {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let (inbound, inboxes) = Inbound::new(node_id, workers, Arc::clone(sweep));
        let inbound = Arc::new(inbound);
        let names = Names { prefix: Arc::clone(&options.prefix), node_id };
        let place = |client: &Client| {
            let address = client.get_connection_info().addr().to_string();
            let (link, parcels) = Link::new(client.clone(), names.clone());
            let link = Arc::new(link);
            let (runner, inbound, sweep) =
                (Arc::clone(&link), Arc::clone(&inbound), Arc::clone(sweep));
            tasks.spawn_until_stop(async move { runner.run(inbound, parcels, sweep).await });
            Place { hash: hash(&[address.as_bytes()]), link }
        };
        let places = options.clients.iter().map(place).collect();
        (Self { node_id, prefix: Arc::clone(&options.prefix), places }, inboxes)
    }

    /// Rendezvous hashing (Thaler and Ravishankar, 1998): a server more or less moves only its share.
    fn link(&self, topic: TopicKey) -> &Link {
        let weight = |place: &Place| match topic {
            TopicKey::Channel(channel) => {
                hash(&[&place.hash.to_be_bytes(), channel.uuid().as_bytes()])
            }
            TopicKey::User(user) | TopicKey::Presence(user) => {
                hash(&[&place.hash.to_be_bytes(), user.uuid().as_bytes()])
            }
            TopicKey::Everywhere => place.hash,
        };
        match self.places.as_slice() {
            [only] => &only.link,
            places => &places.iter().max_by_key(|place| weight(place)).expect("an address").link,
        }
    }

    pub(super) fn prefix(&self) -> Arc<str> {
        Arc::clone(&self.prefix)
    }

    pub(super) fn publish(&self, topic: TopicKey, news: &News) {
        self.link(topic).publish(topic, wire::encode(self.node_id, news));
    }

    pub(super) fn subscribe(&self, topic: TopicKey) {
        self.link(topic).subscribe(topic);
    }

    pub(super) fn unsubscribe(&self, topic: TopicKey) {
        self.link(topic).unsubscribe(topic);
    }

    /// Resolves when everything asked for so far is subscribed, as far as servers are there.
    pub(super) async fn settled(&self) {
        join_all(self.places.iter().map(|place| place.link.settled())).await;
    }

    /// The connection to the server that keeps what nodes share; `None` while it is away.
    pub(super) fn shared(&self) -> Option<Server> {
        self.link(TopicKey::Everywhere).server()
    }

    /// Whether news come and go on all servers.
    pub(super) fn is_up(&self) -> bool {
        self.places.iter().all(|place| place.link.is_up())
    }
}

fn hash(parts: &[&[u8]]) -> u64 {
    let mut hasher = SipHasher13::new();
    for part in parts {
        hasher.write(part);
    }
    hasher.finish()
}
