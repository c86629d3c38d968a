//! What people write.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{pages::CursorPagination, users::UserRef, words};
use crate::{
    Timestamp,
    id::{ChannelId, MessageId, UserKey},
    input::{Fields, Input},
    limits::{
        CLIENT_MESSAGE_ID_CHARS_MAX, CLIENT_MESSAGE_ID_CHARS_MIN, CURSOR_CHARS_MAX,
        HISTORY_LIMIT_DEFAULT, HISTORY_LIMIT_MAX, INTEGER_MAX, MENTIONS_MAX, MESSAGE_CHARS_MAX,
    },
};

words! {
    /// Written by a person, or by the server about the channel.
    MessageType { Text = "text", System = "system", }
}

/// A message. `content` is `null` once deleted; `sender` is `null` for system messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: MessageId,
    pub channel_id: ChannelId,
    pub seq: u64,
    #[serde(rename = "type")]
    pub kind: MessageType,
    pub sender: Option<UserRef>,
    pub content: Option<String>,
    pub mentions: Vec<UserRef>,
    pub client_message_id: Option<String>,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
}

/// `POST /chat/channels/:id/messages`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendMessage {
    #[schema(min_length = 1, max_length = 4000)]
    pub content: String,
    #[schema(min_length = 8, max_length = 64, pattern = "^[A-Za-z0-9_-]{8,64}$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
    #[schema(max_items = 20)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserKey>,
}

impl Input for SendMessage {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let content = fields.content("content", MESSAGE_CHARS_MAX);
        let client_message_id = fields.optional_token(
            "clientMessageId",
            CLIENT_MESSAGE_ID_CHARS_MIN,
            CLIENT_MESSAGE_ID_CHARS_MAX,
        );
        let mentions = fields.optional_user_keys("mentions", MENTIONS_MAX);
        Some(Self { content: content?, client_message_id, mentions: mentions.unwrap_or_default() })
    }
}

/// `PATCH /chat/channels/:id/messages/:messageId`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditMessage {
    #[schema(min_length = 1, max_length = 4000)]
    pub content: String,
}

impl Input for EditMessage {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { content: fields.content("content", MESSAGE_CHARS_MAX)? })
    }
}

/// Which part of a channel's history: a page back from the newest or from a cursor, or everything
/// after a seq, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct HistoryQuery {
    /// From an earlier answer.
    #[param(max_length = 512)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Messages after this one, ascending; not together with a cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_seq: Option<u64>,
    /// More than 200 is lowered to that.
    #[param(required = false, default = 50, minimum = 1, value_type = u64)]
    pub limit: u32,
}

impl Input for HistoryQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let cursor = fields.optional_printable("cursor", 1, CURSOR_CHARS_MAX);
        let after_seq = fields.optional_integer("afterSeq", 0, INTEGER_MAX);
        let limit = fields.optional_integer("limit", 1, INTEGER_MAX);
        if cursor.is_some() && after_seq.is_some() {
            fields.fail::<()>("afterSeq", "exclusive", "cannot be combined with cursor");
        }
        let limit = limit
            .map_or(HISTORY_LIMIT_DEFAULT, |limit| limit.min(i64::from(HISTORY_LIMIT_MAX)) as u32);
        Some(Self { cursor, after_seq: after_seq.map(|seq| seq as u64), limit })
    }
}

/// What sending answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sent {
    pub message: Message,
    /// Whether this is the first message of a repeated `clientMessageId`. REST tells it by the
    /// status: 200 instead of 201.
    #[serde(skip)]
    pub repeated: bool,
}

/// A message after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageAnswer {
    pub message: Message,
}

/// A part of a channel's history: newest first, or ascending after a seq.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    pub items: Vec<Message>,
    pub pagination: CursorPagination,
    /// The head of the channel.
    pub last_seq: u64,
}
