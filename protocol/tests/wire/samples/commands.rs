//! One fixed value of every command.

use serde_json::{Value, json};
use tidewire_protocol::{
    command::{Call, ClientInfo, Command, Hello, Resume},
    id::UserKey,
    model::{
        channels::{CreateGroup, OpenDirect},
        messages::{EditMessage, HistoryQuery, SendMessage},
        notifications::MarkAllRead,
        presence::PresenceStatus,
        unread::MarkRead,
    },
};

use super::{NOW, channel_id, message_id, notification_id, position, user_id};

pub(crate) fn commands() -> Vec<Command> {
    vec![
        Command::Hello(Box::new(hello())),
        Command::Ping,
        Command::AuthRefresh { token: "header.claims.signature".to_owned() },
        Command::Activity { channel_id: Some(channel_id()) },
        Command::ChatSend {
            channel_id: channel_id(),
            message: SendMessage {
                content: "Grüße, @5 🦀".to_owned(),
                client_message_id: Some("c-00000001".to_owned()),
                mentions: vec![UserKey::Number(5), UserKey::Id(user_id())],
            },
        },
        Command::ChatEdit {
            channel_id: channel_id(),
            message_id: message_id(),
            edit: EditMessage { content: "corrected".to_owned() },
        },
        Command::ChatDelete { channel_id: channel_id(), message_id: message_id() },
        Command::ChatRead {
            channel_id: channel_id(),
            read: MarkRead { seq: Some(42), revision: Some(1) },
        },
        Command::ChatHistory {
            channel_id: channel_id(),
            query: HistoryQuery { cursor: None, after_seq: Some(41), limit: 100 },
        },
        Command::ChatTyping { channel_id: channel_id() },
        Command::ChatDirect(OpenDirect { user_id: UserKey::Number(5) }),
        Command::ChatGroup(CreateGroup {
            name: "Night shift".to_owned(),
            member_ids: vec![UserKey::Number(5)],
            description: None,
        }),
        Command::PresenceSet { status: PresenceStatus::Away },
        Command::PresenceWatch { user_ids: vec![UserKey::Id(user_id())] },
        Command::PresenceUnwatch { user_ids: vec![UserKey::Number(5)] },
        Command::NotificationsRead { id: notification_id() },
        Command::NotificationsReadAll(MarkAllRead { before: Some(NOW) }),
        Command::NotificationsDismiss { id: notification_id() },
        Command::EntityWatch { canonical_id: "order-17".to_owned() },
        Command::EntityUnwatch { canonical_id: "order-17".to_owned() },
        Command::Call(Box::new(call())),
    ]
}

fn hello() -> Hello {
    Hello {
        token: Some("header.claims.signature".to_owned()),
        client: Some(ClientInfo {
            name: Some("desk".to_owned()),
            version: Some("1.2.3".to_owned()),
            platform: None,
        }),
        device_id: Some("device-1".to_owned()),
        presence: Some(PresenceStatus::Online),
        resume: Some(Resume { channels: [(channel_id(), position())].into(), inbox: 7 }),
    }
}

fn call() -> Call {
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    Call {
        method: "PATCH".to_owned(),
        path: "/api/v1/users/5".to_owned(),
        query: object(json!({"limit": 20, "all": true})),
        body: Some(json!({"firstName": "Ada", "phone": null})),
        headers: object(json!({"Idempotency-Key": "k-1"})),
    }
}
