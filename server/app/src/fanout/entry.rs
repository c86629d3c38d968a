//! A committed line of a channel's log, ready to be handed out.

use serde::{Deserialize, Serialize};
use tidewire_protocol::{
    Position,
    id::{ChannelId, UserId},
};

use super::outgoing::Outgoing;

/// An entry with what the hub must know of it beside its bytes.
#[derive(Debug)]
pub struct LogEntry {
    pub channel: ChannelId,
    pub position: Position,
    /// Countable messages of the channel up to this entry.
    pub ord: u64,
    pub effect: Effect,
    pub outgoing: Outgoing,
}

/// What an entry changes besides the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// A countable message.
    Message {
        sender: UserId,
        mentions: Vec<UserId>,
    },
    /// The message at `seq` no longer counts.
    Deleted {
        seq: u64,
    },
    MembersAdded(Vec<UserId>),
    MemberRemoved(UserId),
    Nothing,
}
