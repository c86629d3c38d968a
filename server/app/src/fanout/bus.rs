//! News between nodes. It may be lost, doubled, late or out of order, and nothing but lateness follows.

pub mod local;
pub mod redis;
mod wire;

use std::sync::Arc;

use tidewire_protocol::id::{ChannelId, ConnectionId, NodeId, UserId};
use tokio::sync::{Notify, mpsc};

use super::{entry::LogEntry, mailbox::EphemeralKey, outgoing::Outgoing};
use crate::{
    auth::throttle::{Attempt, Outcome},
    news, presence,
    tasks::Tasks,
};
use local::LocalBus;
use redis::{RedisBus, RedisOptions, Server};

/// What nodes subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopicKey {
    Channel(ChannelId),
    User(UserId),
    /// Whether somebody is there, for those who watch.
    Presence(UserId),
    /// What every node hears.
    Everywhere,
}

/// What nodes tell one another.
#[derive(Debug, Clone)]
pub enum News {
    Entry(Arc<LogEntry>),
    Ephemeral {
        channel: ChannelId,
        key: EphemeralKey,
        frame: Arc<Outgoing>,
        except: UserId,
    },
    User {
        user: UserId,
        news: UserNews,
    },
    /// What one node says of somebody.
    Presence(presence::News),
    /// Somebody has tried to sign in.
    SignIn {
        attempt: Attempt,
        outcome: Outcome,
    },
    /// A link for a forgotten password was asked for.
    Forgot {
        account: [u8; 32],
    },
    /// Who may do what has changed.
    Rights(news::News),
}

/// What concerns one person.
#[derive(Debug, Clone)]
pub enum UserNews {
    /// To be shown on all connections.
    Event(Arc<Outgoing>),
    /// The person is now in a channel and needs its entries after `have`.
    Joined {
        channel: ChannelId,
        have: u64,
    },
    Left {
        channel: ChannelId,
    },
    /// A read marker or a setting moved.
    FiguresMoved {
        channel: ChannelId,
    },
    /// The inbox has entries up to `seq`.
    InboxMoved {
        seq: u64,
    },
    /// What a node holds of the person; it asks the others for the same when somebody has come.
    Connections {
        node: NodeId,
        connections: Vec<ConnectionId>,
        asks: bool,
    },
}

/// What carries news.
#[derive(Clone)]
pub enum Transport {
    /// Between the nodes of this process.
    Local(LocalBus),
    Redis(RedisOptions),
}

impl From<&LocalBus> for Transport {
    fn from(bus: &LocalBus) -> Self {
        Self::Local(bus.clone())
    }
}

/// This node's place on the bus.
pub struct Bus {
    node_id: NodeId,
    tasks: Tasks,
    membership: Membership,
    sweep: Arc<Notify>,
}

enum Membership {
    Local(local::Membership),
    Redis(RedisBus),
}

/// What other nodes say; the news of one topic all come through the same inbox.
pub enum Inbox {
    Local(mpsc::Receiver<News>),
    Redis(redis::Inbox),
}

/// News that are taken from an inbox at once.
const TAKEN_MAX: usize = 256;

impl Inbox {
    /// All news that have come, some at least; `None` when the bus is gone.
    pub async fn recv(&mut self) -> Option<Vec<News>> {
        match self {
            Self::Local(inbox) => {
                let mut news = Vec::new();
                (inbox.recv_many(&mut news, TAKEN_MAX).await > 0).then_some(news)
            }
            Self::Redis(inbox) => inbox.recv(TAKEN_MAX).await,
        }
    }
}

impl Bus {
    pub fn join(transport: &Transport, node_id: NodeId, tasks: &Tasks) -> (Self, Vec<Inbox>) {
        let sweep = Arc::<Notify>::default();
        let (membership, inboxes) = match transport {
            Transport::Local(bus) => {
                let (membership, news) = bus.join();
                (Membership::Local(membership), vec![Inbox::Local(news)])
            }
            Transport::Redis(options) => {
                let (bus, inboxes) = RedisBus::join(options, node_id, tasks, &sweep);
                (Membership::Redis(bus), inboxes.into_iter().map(Inbox::Redis).collect())
            }
        };
        let bus = Self { node_id, tasks: tasks.clone(), membership, sweep };
        bus.subscribe(TopicKey::Everywhere);
        (bus, inboxes)
    }

    pub const fn node_id(&self) -> NodeId {
        self.node_id
    }

    /// Tells the other nodes that subscribe to `topic`. Never waits.
    pub fn publish(&self, topic: TopicKey, news: &News) {
        match &self.membership {
            Membership::Local(local) => local.publish(&self.tasks, topic, news),
            Membership::Redis(redis) => redis.publish(topic, news),
        }
    }

    pub fn subscribe(&self, topic: TopicKey) {
        match &self.membership {
            Membership::Local(local) => local.subscribe(topic),
            Membership::Redis(redis) => redis.subscribe(topic),
        }
    }

    pub fn unsubscribe(&self, topic: TopicKey) {
        match &self.membership {
            Membership::Local(local) => local.unsubscribe(topic),
            Membership::Redis(redis) => redis.unsubscribe(topic),
        }
    }

    /// Resolves when what was subscribed so far is heard, or cannot be heard at present: what storage
    /// says after that, and what is heard from then on, leave nothing out.
    pub async fn settled(&self) {
        match &self.membership {
            Membership::Local(_) => {}
            Membership::Redis(redis) => redis.settled().await,
        }
    }

    /// What nodes share besides the bus: the server that keeps it, while it is there, and what names
    /// there begin with. `None` for a node without others.
    pub fn shared(&self) -> Option<(Option<Server>, Arc<str>)> {
        match &self.membership {
            Membership::Local(_) => None,
            Membership::Redis(redis) => Some((redis.shared(), redis.prefix())),
        }
    }

    /// Whether news come and go.
    pub fn is_up(&self) -> bool {
        match &self.membership {
            Membership::Local(_) => true,
            Membership::Redis(redis) => redis.is_up(),
        }
    }

    /// Resolves when news may have been missed and storage has to be asked.
    pub async fn missed_something(&self) {
        self.sweep.notified().await;
    }
}
