//! What a client may ask over the socket. The data of a command is the path parameters and the body
//! of its REST endpoint in one object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Position,
    id::{ChannelId, MessageId, NotificationId, UserKey},
    input::{self, FieldError, Fields, Input},
    limits::{INTEGER_MAX, PRESENCE_WATCH_MAX, RESUME_CHANNELS_MAX},
    model::{
        channels::{CreateGroup, OpenDirect},
        messages::{EditMessage, HistoryQuery, SendMessage},
        notifications::MarkAllRead,
        presence::PresenceStatus,
        unread::MarkRead,
    },
};

/// A command, by operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Hello(Box<Hello>),
    Ping,
    AuthRefresh {
        token: String,
    },
    /// The user is looking at this channel, or at nothing.
    Activity {
        channel_id: Option<ChannelId>,
    },
    ChatSend {
        channel_id: ChannelId,
        message: SendMessage,
    },
    ChatEdit {
        channel_id: ChannelId,
        message_id: MessageId,
        edit: EditMessage,
    },
    ChatDelete {
        channel_id: ChannelId,
        message_id: MessageId,
    },
    ChatRead {
        channel_id: ChannelId,
        read: MarkRead,
    },
    ChatHistory {
        channel_id: ChannelId,
        query: HistoryQuery,
    },
    ChatTyping {
        channel_id: ChannelId,
    },
    ChatDirect(OpenDirect),
    ChatGroup(CreateGroup),
    PresenceSet {
        status: PresenceStatus,
    },
    PresenceWatch {
        user_ids: Vec<UserKey>,
    },
    PresenceUnwatch {
        user_ids: Vec<UserKey>,
    },
    NotificationsRead {
        id: NotificationId,
    },
    NotificationsReadAll(MarkAllRead),
    NotificationsDismiss {
        id: NotificationId,
    },
    EntityWatch {
        canonical_id: String,
    },
    EntityUnwatch {
        canonical_id: String,
    },
    Call(Box<Call>),
}

/// Why a command was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandError {
    UnknownOp,
    Invalid(Vec<FieldError>),
}

impl From<Vec<FieldError>> for CommandError {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Invalid(errors)
    }
}

impl Command {
    /// The operation's name on the wire.
    pub const fn op(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Ping => "ping",
            Self::AuthRefresh { .. } => "auth.refresh",
            Self::Activity { .. } => "activity",
            Self::ChatSend { .. } => "chat.send",
            Self::ChatEdit { .. } => "chat.edit",
            Self::ChatDelete { .. } => "chat.delete",
            Self::ChatRead { .. } => "chat.read",
            Self::ChatHistory { .. } => "chat.history",
            Self::ChatTyping { .. } => "chat.typing",
            Self::ChatDirect(_) => "chat.direct",
            Self::ChatGroup(_) => "chat.group",
            Self::PresenceSet { .. } => "presence.set",
            Self::PresenceWatch { .. } => "presence.watch",
            Self::PresenceUnwatch { .. } => "presence.unwatch",
            Self::NotificationsRead { .. } => "notifications.read",
            Self::NotificationsReadAll(_) => "notifications.read_all",
            Self::NotificationsDismiss { .. } => "notifications.dismiss",
            Self::EntityWatch { .. } => "entity.watch",
            Self::EntityUnwatch { .. } => "entity.unwatch",
            Self::Call(_) => "call",
        }
    }

    /// Whether this command may come without an `id`, and then gets no reply.
    pub const fn may_be_silent(&self) -> bool {
        matches!(self, Self::ChatTyping { .. } | Self::PresenceSet { .. } | Self::Activity { .. })
    }

    /// The channel whose commands are applied in the order sent.
    pub const fn channel(&self) -> Option<ChannelId> {
        match self {
            Self::ChatSend { channel_id, .. }
            | Self::ChatEdit { channel_id, .. }
            | Self::ChatDelete { channel_id, .. }
            | Self::ChatRead { channel_id, .. }
            | Self::ChatHistory { channel_id, .. }
            | Self::ChatTyping { channel_id } => Some(*channel_id),
            Self::Hello(_)
            | Self::Ping
            | Self::AuthRefresh { .. }
            | Self::Activity { .. }
            | Self::ChatDirect(_)
            | Self::ChatGroup(_)
            | Self::PresenceSet { .. }
            | Self::PresenceWatch { .. }
            | Self::PresenceUnwatch { .. }
            | Self::NotificationsRead { .. }
            | Self::NotificationsReadAll(_)
            | Self::NotificationsDismiss { .. }
            | Self::EntityWatch { .. }
            | Self::EntityUnwatch { .. }
            | Self::Call(_) => None,
        }
    }

    /// Reads the data of operation `op`.
    pub fn parse(op: &str, data: &Map<String, Value>) -> Result<Self, CommandError> {
        Ok(match op {
            "hello" => Self::Hello(Box::new(input::parse(data)?)),
            "ping" => Self::Ping,
            "auth.refresh" => {
                Self::AuthRefresh { token: read(data, |f| f.printable("token", 1, 4096))? }
            }
            "activity" => {
                Self::Activity { channel_id: read(data, |f| Some(f.optional_id("channelId")))? }
            }
            "chat.send" => {
                Self::ChatSend { channel_id: channel_id(data)?, message: input::parse(data)? }
            }
            "chat.edit" => Self::ChatEdit {
                channel_id: channel_id(data)?,
                message_id: read(data, |f| f.id("messageId"))?,
                edit: input::parse(data)?,
            },
            "chat.delete" => Self::ChatDelete {
                channel_id: channel_id(data)?,
                message_id: read(data, |f| f.id("messageId"))?,
            },
            "chat.read" => {
                Self::ChatRead { channel_id: channel_id(data)?, read: input::parse(data)? }
            }
            "chat.history" => {
                Self::ChatHistory { channel_id: channel_id(data)?, query: input::parse(data)? }
            }
            "chat.typing" => Self::ChatTyping { channel_id: channel_id(data)? },
            "chat.direct" => Self::ChatDirect(input::parse(data)?),
            "chat.group" => Self::ChatGroup(input::parse(data)?),
            "presence.set" => Self::PresenceSet { status: read(data, read_settable_presence)? },
            "presence.watch" => Self::PresenceWatch { user_ids: read(data, read_watch_list)? },
            "presence.unwatch" => Self::PresenceUnwatch { user_ids: read(data, read_watch_list)? },
            "notifications.read" => Self::NotificationsRead { id: read(data, |f| f.id("id"))? },
            "notifications.read_all" => Self::NotificationsReadAll(input::parse(data)?),
            "notifications.dismiss" => {
                Self::NotificationsDismiss { id: read(data, |f| f.id("id"))? }
            }
            "entity.watch" => Self::EntityWatch {
                canonical_id: read(data, |f| f.printable("canonicalId", 1, 64))?,
            },
            "entity.unwatch" => Self::EntityUnwatch {
                canonical_id: read(data, |f| f.printable("canonicalId", 1, 64))?,
            },
            "call" => Self::Call(Box::new(input::parse(data)?)),
            _ => return Err(CommandError::UnknownOp),
        })
    }

    /// The data that [`Command::parse`] reads back; for clients.
    pub fn data(&self) -> Map<String, Value> {
        match self {
            Self::Hello(hello) => object(hello),
            Self::Ping => Map::new(),
            Self::NotificationsReadAll(wanted) => object(wanted),
            Self::AuthRefresh { token } => object(&serde_json::json!({ "token": token })),
            Self::Activity { channel_id } => {
                object(&serde_json::json!({ "channelId": channel_id }))
            }
            Self::ChatSend { channel_id, message } => {
                with("channelId", channel_id, object(message))
            }
            Self::ChatEdit { channel_id, message_id, edit } => {
                with("channelId", channel_id, with("messageId", message_id, object(edit)))
            }
            Self::ChatDelete { channel_id, message_id } => {
                with("channelId", channel_id, with("messageId", message_id, Map::new()))
            }
            Self::ChatRead { channel_id, read } => with("channelId", channel_id, object(read)),
            Self::ChatHistory { channel_id, query } => with("channelId", channel_id, object(query)),
            Self::ChatTyping { channel_id } => with("channelId", channel_id, Map::new()),
            Self::ChatDirect(direct) => object(direct),
            Self::ChatGroup(group) => object(group),
            Self::PresenceSet { status } => with("status", status, Map::new()),
            Self::PresenceWatch { user_ids } | Self::PresenceUnwatch { user_ids } => {
                with("userIds", user_ids, Map::new())
            }
            Self::NotificationsRead { id } | Self::NotificationsDismiss { id } => {
                with("id", id, Map::new())
            }
            Self::EntityWatch { canonical_id } | Self::EntityUnwatch { canonical_id } => {
                with("canonicalId", canonical_id, Map::new())
            }
            Self::Call(call) => object(call),
        }
    }
}

/// What a client says first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<PresenceStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
}

/// Which program connects; for logs and the list of sessions only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientInfo {
    pub name: Option<String>,
    pub version: Option<String>,
    pub platform: Option<String>,
}

/// All that a returning client knows: its position in each channel and in its inbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    pub channels: BTreeMap<ChannelId, Position>,
    #[serde(default)]
    pub inbox: u64,
}

impl Input for Hello {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            token: fields.optional_printable("token", 1, 4096),
            client: fields.optional_object("client"),
            device_id: fields.optional_printable("deviceId", 1, 128),
            presence: fields.value("presence").and_then(|_| read_settable(fields, "presence")),
            resume: read_resume(fields),
        })
    }
}

impl Input for ClientInfo {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            name: fields.optional_line("name", 0, 64),
            version: fields.optional_line("version", 0, 64),
            platform: fields.optional_line("platform", 0, 64),
        })
    }
}

fn read_resume(fields: &mut Fields<'_>) -> Option<Resume> {
    let Ok(resume) = Resume::deserialize(fields.value("resume")?) else {
        return fields.fail("resume", "type", "must be {channels: {id: [seq, mark]}, inbox}");
    };
    if resume.channels.len() > RESUME_CHANNELS_MAX {
        return fields.fail(
            "resume.channels",
            "count",
            format!("must have at most {RESUME_CHANNELS_MAX} entries"),
        );
    }
    let numbers = resume.channels.values().map(|position| position.seq).chain([resume.inbox]);
    if numbers.max() > Some(INTEGER_MAX as u64) {
        return fields.fail("resume", "range", "must have numbers below 2^53");
    }
    Some(resume)
}

/// Any REST operation over the socket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    pub method: String,
    pub path: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub query: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub headers: Map<String, Value>,
}

impl Input for Call {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let method = fields.printable("method", 1, 16);
        let path = fields.printable("path", 1, crate::limits::URL_BYTES_MAX);
        let query = fields.optional_object::<Scalars>("query").unwrap_or_default().0;
        let headers = fields.optional_object::<Scalars>("headers").unwrap_or_default().0;
        Some(Self {
            method: method?,
            path: path?,
            query,
            body: fields.value("body").cloned(),
            headers,
        })
    }
}

/// An object whose values are strings, numbers or booleans.
#[derive(Default)]
struct Scalars(Map<String, Value>);

impl Input for Scalars {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let object = fields.object().clone();
        for (name, value) in &object {
            if value.is_object() || value.is_array() {
                fields.fail::<()>(name, "type", "must be a string, a number or a boolean");
            }
        }
        Some(Self(object))
    }
}

fn read<T>(
    data: &Map<String, Value>,
    reader: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> Result<T, CommandError> {
    Ok(input::read_with(data, reader)?)
}

fn channel_id(data: &Map<String, Value>) -> Result<ChannelId, CommandError> {
    read(data, |fields| fields.id("channelId"))
}

fn read_settable_presence(fields: &mut Fields<'_>) -> Option<PresenceStatus> {
    read_settable(fields, "status")
}

/// A client may say online or away; offline is what the server sees.
fn read_settable(fields: &mut Fields<'_>, field: &str) -> Option<PresenceStatus> {
    match fields.word(field)? {
        PresenceStatus::Offline => fields.fail(field, "one_of", "must be one of online, away"),
        status @ (PresenceStatus::Online | PresenceStatus::Away) => Some(status),
    }
}

fn read_watch_list(fields: &mut Fields<'_>) -> Option<Vec<UserKey>> {
    fields.user_keys("userIds", 1, PRESENCE_WATCH_MAX)
}

fn object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn with(field: &str, value: &impl Serialize, mut data: Map<String, Value>) -> Map<String, Value> {
    data.insert(field.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
    data
}
