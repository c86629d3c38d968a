//! What a person has not read yet: absolute figures, from one function, everywhere.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::ChannelId,
    input::{Fields, Input},
    limits::INTEGER_MAX,
};

/// The figure of one channel for one member.
///
/// Figures are ordered by (`revision`, `lastReadSeq`, `seq`): a client keeps the greatest it has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelUnread {
    pub id: ChannelId,
    /// The head of the channel that the figure was computed at.
    pub seq: u64,
    pub last_read_seq: u64,
    pub unread_count: i64,
    pub mention_count: i64,
    /// Raised when the member marks the channel unread; a read sent with an older one is void.
    pub revision: i64,
}

/// All figures of a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnreadTotals {
    pub email: i64,
    pub tasks: i64,
    pub chat: i64,
    pub notifications: i64,
    pub total: i64,
}

impl UnreadTotals {
    pub const fn new(chat: i64, notifications: i64) -> Self {
        Self { email: 0, tasks: 0, chat, notifications, total: chat + notifications }
    }
}

/// `unread.changed`: the totals, and the channels whose figures moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadChanged {
    #[serde(flatten)]
    pub totals: UnreadTotals,
    /// The entry of the inbox that `notifications` was computed at: a client keeps the figure of the
    /// greatest it has seen.
    pub inbox: u64,
    pub channels: Vec<ChannelUnread>,
}

/// `POST /chat/channels/:id/read`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarkRead {
    /// Up to and with this entry; absent means the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The revision the reader had seen; an older one than the member's makes this a no-op.
    #[schema(minimum = 0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

impl Input for MarkRead {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let seq = fields.optional_integer("seq", 0, INTEGER_MAX);
        let revision = fields.optional_integer("revision", 0, INTEGER_MAX);
        Some(Self { seq: seq.map(|seq| seq as u64), revision })
    }
}

/// `POST /chat/channels/:id/unread`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarkUnread {
    /// The first entry that counts as unread again.
    #[schema(minimum = 1)]
    pub seq: u64,
}

impl Input for MarkUnread {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { seq: fields.integer("seq", 1, INTEGER_MAX)? as u64 })
    }
}

/// What marking read answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadMarker {
    pub channel_id: ChannelId,
    pub last_read_seq: u64,
    pub unread_count: i64,
    pub total_unread: i64,
    pub revision: i64,
}

/// What marking unread answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnreadMarker {
    pub channel_id: ChannelId,
    pub last_read_seq: u64,
    pub unread_count: i64,
    pub revision: i64,
}

/// `GET /chat/unread-count`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnreadCount {
    /// Unread messages, muted channels included.
    pub total: i64,
    /// Channels with something unread.
    pub channels: i64,
    pub muted_total: i64,
    pub by_channel: Vec<ChannelCount>,
}

/// The unread messages of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelCount {
    pub channel_id: ChannelId,
    pub unread_count: i64,
}
