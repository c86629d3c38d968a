//! Frames: what travels in one WebSocket message, before and after the codec.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    ErrorCode, Mark, Position, Timestamp,
    event::Event,
    id::{ChannelId, ConnectionId},
    model::{channels::ChannelType, unread::UnreadTotals, users::User},
};

/// Client to server: a command.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClientFrame {
    /// A positive integer, unique among the client's commands in flight; absent when no reply is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    pub op: String,
    pub data: Map<String, Value>,
}

/// Server to client: the answer to a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply<T> {
    pub id: u64,
    pub ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
}

impl<T> Reply<T> {
    pub const fn ok(id: u64, data: T) -> Self {
        Self { id, ok: true, data: Some(data), error: None }
    }

    pub const fn error(id: u64, error: ErrorBody) -> Self {
        Self { id, ok: false, data: None, error: Some(error) }
    }
}

/// A failure, as both mouths show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    pub code: String,
    pub message: String,
    pub details: Option<Value>,
    pub retryable: bool,
}

impl ErrorBody {
    pub fn new(code: ErrorCode, details: Option<Value>) -> Self {
        Self {
            code: code.code().to_owned(),
            message: code.sentence().to_owned(),
            details,
            retryable: code.retryable(),
        }
    }
}

/// Server to client: an event. `channel`, `seq` and `mark` only on entries of a channel's log, `inbox`
/// only on entries of the user's inbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventFrame<'a> {
    pub event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbox: Option<u64>,
    pub data: &'a Event,
}

impl<'a> EventFrame<'a> {
    /// An event that is no entry of a log.
    pub const fn plain(event: &'a Event) -> Self {
        Self { event: event.name(), channel: None, seq: None, mark: None, inbox: None, data: event }
    }

    /// An entry of the user's inbox.
    pub const fn inbox(seq: u64, event: &'a Event) -> Self {
        Self { inbox: Some(seq), ..Self::plain(event) }
    }

    /// An entry of a channel's log.
    pub const fn entry(channel: ChannelId, position: Position, event: &'a Event) -> Self {
        Self {
            event: event.name(),
            channel: Some(channel),
            seq: Some(position.seq),
            mark: Some(position.mark),
            inbox: None,
            data: event,
        }
    }
}

/// Server to client, as a client reads it: a reply has an `id`, an event has an `event`.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerFrame {
    Reply(Reply<Value>),
    Event(EventRead),
}

/// Free-form values are moved out of the object before the rest is read: `serde_json`'s own reader of
/// a `Value` would take a reserved key inside them for an instruction.
impl ServerFrame {
    pub(crate) fn from_object(frame: Map<String, Value>) -> Option<Self> {
        if frame.contains_key("event") {
            read_event(frame).map(Self::Event)
        } else {
            read_reply(frame).map(Self::Reply)
        }
    }
}

fn read_event(mut frame: Map<String, Value>) -> Option<EventRead> {
    let data = frame.remove("data")?;
    let event = EventRead::deserialize(Value::Object(frame)).ok()?;
    Some(EventRead { data, ..event })
}

fn read_reply(mut frame: Map<String, Value>) -> Option<Reply<Value>> {
    let data = frame.remove("data").filter(|data| !data.is_null());
    let error = frame.get_mut("error").and_then(Value::as_object_mut);
    let details = error.and_then(|error| error.remove("details"));
    let mut reply = Reply::deserialize(Value::Object(frame)).ok()?;
    reply.data = data;
    if let Some(error) = &mut reply.error {
        error.details = details.filter(|details| !details.is_null());
    }
    Some(reply)
}

/// An event as a client reads it; its data still untyped, so that unknown events can be passed over.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EventRead {
    pub event: String,
    #[serde(default)]
    pub channel: Option<ChannelId>,
    #[serde(default)]
    pub seq: Option<u64>,
    #[serde(default)]
    pub mark: Option<Mark>,
    #[serde(default)]
    pub inbox: Option<u64>,
    #[serde(skip)]
    pub data: Value,
}

/// The answer to `hello`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    pub connection_id: ConnectionId,
    pub user: User,
    pub unread: UnreadTotals,
    /// The last entry of the user's inbox.
    pub inbox: u64,
    /// The channels of the user; on a resume only those that moved, have something unread, or are
    /// muted. In all others everything is read, and they are not muted.
    pub channels: Vec<ChannelState>,
    pub heartbeat_seconds: u64,
    pub limits: WelcomeLimits,
    pub server_time: Timestamp,
    pub resume: ResumeOutcome,
}

/// What a client should know before it runs into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WelcomeLimits {
    pub frame_bytes: usize,
    pub message_chars: usize,
    pub commands_per_window: u32,
    pub command_window_ms: u64,
}

/// Where a channel stands for the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelState {
    pub id: ChannelId,
    #[serde(rename = "type")]
    pub kind: ChannelType,
    pub seq: u64,
    pub mark: Mark,
    pub last_read_seq: u64,
    pub unread_count: i64,
    pub mention_count: i64,
    pub revision: i64,
    pub muted: bool,
}

/// How a returning client fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResumeOutcome {
    pub status: ResumeStatus,
    /// Channels whose missed entries do not follow: page `chat.history` up to this position.
    pub behind: Vec<Behind>,
    /// Channels whose log is another one than the client knew: drop the copy.
    pub forked: Vec<ChannelId>,
    /// Channels the user is no longer in.
    pub gone: Vec<ChannelId>,
    /// The missed entries of the inbox do not follow: read the notifications again.
    pub inbox_behind: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResumeStatus {
    Fresh,
    Resumed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behind {
    pub channel: ChannelId,
    pub seq: u64,
    pub mark: Mark,
}
