//! News between nodes. It may be lost, doubled, late or out of order, and nothing but lateness follows.

pub mod local;

use std::sync::Arc;

use tidewire_protocol::id::{ChannelId, NodeId, UserId};

use super::{entry::LogEntry, mailbox::EphemeralKey, outgoing::Outgoing};
use crate::{news, tasks::Tasks};
use local::Membership;

/// What nodes subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopicKey {
    Channel(ChannelId),
    User(UserId),
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
}

/// This node's place on the bus.
pub struct Bus {
    node_id: NodeId,
    membership: Membership,
}

impl Bus {
    pub fn new(node_id: NodeId, membership: Membership) -> Self {
        membership.subscribe(TopicKey::Everywhere);
        Self { node_id, membership }
    }

    pub const fn node_id(&self) -> NodeId {
        self.node_id
    }

    /// Tells the other nodes that subscribe to `topic`. Never waits.
    pub fn publish(&self, tasks: &Tasks, topic: TopicKey, news: &News) {
        self.membership.publish(tasks, topic, news);
    }

    pub fn subscribe(&self, topic: TopicKey) {
        self.membership.subscribe(topic);
    }

    pub fn unsubscribe(&self, topic: TopicKey) {
        self.membership.unsubscribe(topic);
    }
}
