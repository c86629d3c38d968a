//! Rows of the log as the events that clients see. What is replayed after a reconnect is made by the
//! same functions as what is sent live.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidewire_protocol::{
    Timestamp,
    event::{ChannelUpdated, Event, MemberRemoved, MemberUpdated, MembersAdded, MessageData},
    id::UserId,
    model::{
        channels::{ChannelMember, ChannelRole},
        messages::Message,
    },
};
use tidewire_storage::{
    append::Appended,
    entries::{Entry, EntryKind},
    messages::StoredMessage,
};

use crate::{
    fanout::{
        entry::{Effect, LogEntry},
        outgoing::Outgoing,
    },
    messages::public_client_id,
    people::{Names, show},
};

/// What the log keeps of people who joined, left or changed their role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberDetail {
    pub user_id: UserId,
    pub role: ChannelRole,
    pub joined_at: Timestamp,
    pub last_read_seq: u64,
}

/// Everybody an entry names.
pub(crate) fn people_of(entry: &Entry) -> Vec<UserId> {
    let mut people: Vec<_> = entry.actor_id.into_iter().collect();
    people.extend(members(entry).iter().map(|member| member.user_id));
    if let Some(message) = &entry.message {
        people.extend(message.sender_id);
        people.extend(&message.mentions);
    }
    people
}

fn members(entry: &Entry) -> Vec<MemberDetail> {
    match entry.kind {
        EntryKind::MembersAdded | EntryKind::MemberRemoved | EntryKind::MemberUpdated => entry
            .detail
            .clone()
            .and_then(|detail: Value| serde_json::from_value(detail).ok())
            .unwrap_or_default(),
        EntryKind::Message
        | EntryKind::System
        | EntryKind::Edit
        | EntryKind::Delete
        | EntryKind::ChannelUpdated => Vec::new(),
    }
}

/// An entry ready to be handed out.
pub(crate) fn log_entry(entry: &Entry, names: &Names) -> LogEntry {
    let event = event(entry, names);
    LogEntry {
        channel: entry.channel_id,
        position: entry.position,
        ord: entry.ord,
        effect: effect(entry),
        outgoing: Outgoing::entry(entry.channel_id, entry.position, &event),
    }
}

fn event(entry: &Entry, names: &Names) -> Event {
    let message = || match &entry.message {
        Some(stored) => MessageData { message: message(stored, names) },
        None => MessageData { message: vanished(entry) },
    };
    let by = show(names, entry.actor_id);
    match entry.kind {
        EntryKind::Message | EntryKind::System => Event::MessageCreated(message()),
        EntryKind::Edit => Event::MessageUpdated(message()),
        EntryKind::Delete => Event::MessageDeleted(message()),
        EntryKind::MembersAdded => {
            let members =
                members(entry).iter().filter_map(|detail| member(detail, names)).collect();
            Event::MembersAdded(MembersAdded { members, by })
        }
        EntryKind::MemberRemoved => {
            let user = members(entry).first().and_then(|detail| show(names, Some(detail.user_id)));
            user.map_or_else(unchanged, |user| Event::MemberRemoved(MemberRemoved { user, by }))
        }
        EntryKind::MemberUpdated => {
            let member = members(entry).first().and_then(|detail| member(detail, names));
            member.map_or_else(unchanged, |member| Event::MemberUpdated(MemberUpdated { member }))
        }
        EntryKind::ChannelUpdated => {
            let change =
                entry.detail.clone().and_then(|detail| serde_json::from_value(detail).ok());
            Event::ChannelUpdated(change.unwrap_or_default())
        }
    }
}

/// An entry about somebody of whom nothing is left: its place in the log stays.
fn unchanged() -> Event {
    Event::ChannelUpdated(ChannelUpdated::default())
}

/// Stands for a message whose row is gone.
fn vanished(entry: &Entry) -> Message {
    use tidewire_protocol::{id::MessageId, model::messages::MessageType};
    Message {
        id: MessageId::new(uuid::Uuid::nil()),
        channel_id: entry.channel_id,
        seq: entry.position.seq,
        kind: MessageType::System,
        sender: None,
        content: None,
        mentions: Vec::new(),
        client_message_id: None,
        created_at: entry.at,
        edited_at: None,
        deleted_at: Some(entry.at),
    }
}

fn member(detail: &MemberDetail, names: &Names) -> Option<ChannelMember> {
    Some(ChannelMember {
        user: show(names, Some(detail.user_id))?,
        role: detail.role,
        joined_at: detail.joined_at,
        last_read_seq: detail.last_read_seq,
        last_read_at: None,
    })
}

fn effect(entry: &Entry) -> Effect {
    match entry.kind {
        EntryKind::Message => match &entry.message {
            Some(StoredMessage { sender_id: Some(sender), mentions, .. }) => {
                Effect::Message { sender: *sender, mentions: mentions.clone() }
            }
            _ => Effect::Nothing,
        },
        EntryKind::Delete => entry
            .message
            .as_ref()
            .map_or(Effect::Nothing, |message| Effect::Deleted { seq: message.seq }),
        EntryKind::MembersAdded => {
            Effect::MembersAdded(members(entry).iter().map(|member| member.user_id).collect())
        }
        EntryKind::MemberRemoved => members(entry)
            .first()
            .map_or(Effect::Nothing, |member| Effect::MemberRemoved(member.user_id)),
        EntryKind::System
        | EntryKind::Edit
        | EntryKind::MemberUpdated
        | EntryKind::ChannelUpdated => Effect::Nothing,
    }
}

/// A message as clients see it.
pub(crate) fn message(stored: &StoredMessage, names: &Names) -> Message {
    Message {
        id: stored.id,
        channel_id: stored.channel_id,
        seq: stored.seq,
        kind: stored.kind,
        sender: show(names, stored.sender_id),
        content: stored.content.clone(),
        mentions: stored.mentions.iter().filter_map(|id| show(names, Some(*id))).collect(),
        client_message_id: public_client_id(stored.client_id.as_deref()),
        created_at: stored.created_at,
        edited_at: stored.edited_at,
        deleted_at: stored.deleted_at,
    }
}

/// A message that was just appended.
pub(crate) fn appended(appended: &Appended, names: &Names) -> Message {
    use tidewire_protocol::model::messages::MessageType;
    let draft = &appended.draft;
    Message {
        id: draft.id,
        channel_id: draft.channel_id,
        seq: appended.position.seq,
        kind: MessageType::Text,
        sender: show(names, Some(draft.actor_id)),
        content: Some(draft.content.clone()),
        mentions: draft.mentions.iter().filter_map(|id| show(names, Some(*id))).collect(),
        client_message_id: public_client_id(draft.client_id.as_deref()),
        created_at: draft.at,
        edited_at: None,
        deleted_at: None,
    }
}
