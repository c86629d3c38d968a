//! A fixed answer to `hello`.

use tidewire_protocol::{
    frame::{Behind, ChannelState, ResumeOutcome, ResumeStatus, Welcome, WelcomeLimits},
    id::ConnectionId,
    limits,
    model::{
        channels::ChannelType,
        unread::UnreadTotals,
        users::{Role, User, UserStatus},
    },
};
use uuid::Uuid;

use super::{NOW, channel_id, position, user_id};

pub(crate) fn welcome() -> Welcome {
    Welcome {
        connection_id: ConnectionId::new(Uuid::from_u128(0xc0)),
        user: user(),
        unread: UnreadTotals::new(3, 2),
        inbox: 7,
        channels: vec![ChannelState {
            id: channel_id(),
            kind: ChannelType::Group,
            seq: 42,
            mark: position().mark,
            last_read_seq: 39,
            unread_count: 3,
            mention_count: 1,
            revision: 2,
            muted: false,
        }],
        heartbeat_seconds: limits::HEARTBEAT_INTERVAL_MS / 1_000,
        limits: WelcomeLimits {
            frame_bytes: limits::FRAME_BYTES_MAX,
            message_chars: limits::MESSAGE_CHARS_MAX,
            commands_per_window: limits::COMMANDS_PER_WINDOW_MAX,
            command_window_ms: limits::COMMAND_WINDOW_MS,
        },
        server_time: NOW,
        resume: ResumeOutcome {
            status: ResumeStatus::Resumed,
            behind: vec![Behind {
                channel: channel_id(),
                seq: position().seq,
                mark: position().mark,
            }],
            forked: vec![channel_id()],
            gone: vec![],
            inbox_behind: false,
        },
    }
}

fn user() -> User {
    User {
        id: user_id(),
        number: 5,
        email: "ada@example.com".to_owned(),
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        display_name: "Ada Lovelace".to_owned(),
        role: Role::User,
        profile_id: Some(4),
        profile_name: Some("User".to_owned()),
        status: UserStatus::Active,
        email_verified: true,
        phone: None,
        avatar: None,
        timezone: Some("Europe/Vienna".to_owned()),
        locale: None,
        last_login_at: Some(NOW),
        invited_at: None,
        invitation_expires_at: None,
        deactivated_at: None,
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    }
}
