//! What the server in the tests says, with nothing in it that a load generator would look at but ids,
//! numbers and contents.

use serde_json::{Value, json};
use tidewire_protocol::{
    Mark, Timestamp,
    id::{ChannelId, MessageId, UserId},
    model::{
        messages::{Message, MessageType, SendMessage},
        users::{UserRef, UserRefStatus},
    },
};
use uuid::Uuid;

pub(crate) fn message(id: ChannelId, seq: u64, user: usize, draft: SendMessage) -> Message {
    Message {
        id: MessageId::new(Uuid::from_u128(u128::from(seq))),
        channel_id: id,
        seq,
        kind: MessageType::Text,
        sender: Some(sender(user)),
        content: Some(draft.content),
        mentions: Vec::new(),
        client_message_id: draft.client_message_id,
        created_at: Timestamp::from_ms(0),
        edited_at: None,
        deleted_at: None,
    }
}

fn sender(user: usize) -> UserRef {
    UserRef {
        id: UserId::new(Uuid::from_u128(user as u128)),
        number: user as i64,
        display_name: "Somebody".to_owned(),
        first_name: "Some".to_owned(),
        last_name: "Body".to_owned(),
        email: None,
        avatar: None,
        status: UserRefStatus::Active,
    }
}

pub(crate) fn welcome(channel: ChannelId, seq: u64) -> Value {
    let nobody = Uuid::nil();
    let totals = json!({"email": 0, "tasks": 0, "chat": 0, "notifications": 0, "total": 0});
    json!({
        "connectionId": nobody,
        "user": {
            "id": nobody, "number": 1, "email": "a@example.com", "firstName": "A", "lastName": "B",
            "displayName": "A B", "role": "user", "profileId": null, "profileName": null,
            "status": "active", "emailVerified": true, "phone": null, "avatar": null,
            "timezone": null, "locale": null, "lastLoginAt": null, "invitedAt": null,
            "invitationExpiresAt": null, "deactivatedAt": null, "version": 1,
            "createdAt": Timestamp::from_ms(0), "updatedAt": Timestamp::from_ms(0),
        },
        "unread": totals,
        "inbox": 0,
        "channels": [{
            "id": channel, "type": "group", "seq": seq, "mark": Mark::START,
            "lastReadSeq": 0, "unreadCount": 0, "mentionCount": 0, "revision": 0, "muted": false,
        }],
        "heartbeatSeconds": 25,
        "limits": {
            "frameBytes": 65536, "messageChars": 4000, "commandsPerWindow": 60,
            "commandWindowMs": 10000,
        },
        "serverTime": Timestamp::from_ms(0),
        "resume": {"status": "fresh", "behind": [], "forked": [], "gone": [], "inboxBehind": false},
    })
}
