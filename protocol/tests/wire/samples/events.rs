//! One fixed value of every event.

use tidewire_protocol::{
    clock_time::ClockTime,
    event::{
        ChannelCreated, ChannelRemoved, ChannelUpdated, Draining, EmailSettingsChanged, Empty,
        Event, MemberRemoved, MemberUpdated, MembersAdded, MessageData, NotificationRemoved,
        NotificationShown, NotificationsAllRead, OrgSettingsChanged, PermissionsChanged,
        PreferencesChanged, PresenceChanged, Read, SessionRevoked, Typing, UserUpdated,
    },
    limits,
    model::{
        channels::{Channel, ChannelMember, ChannelNotify, ChannelRole, ChannelType},
        digests::{DigestFrequency, DigestSettings},
        email_settings::EmailSection,
        messages::{Message, MessageType},
        notification_preferences::{
            Channel as Way, ChosenPreference, Dnd, PreferenceSource, Priority,
        },
        notifications::Notification,
        org_settings::SettingKey,
        preferences::Preferences,
        presence::{PresenceItem, PresenceStatus},
        unread::{ChannelUnread, UnreadChanged, UnreadTotals},
        users::{Role, UserRef, UserRefStatus},
    },
    notification_event::{EventKey, Module},
};

use super::{NOW, channel_id, message_id, notification_id, user_id};

pub(crate) fn events() -> Vec<Event> {
    vec![
        Event::MessageCreated(MessageData { message: message() }),
        Event::MessageUpdated(MessageData {
            message: Message { edited_at: Some(NOW.plus_ms(1_000)), ..message() },
        }),
        Event::MessageDeleted(MessageData {
            message: Message { content: None, deleted_at: Some(NOW.plus_ms(2_000)), ..message() },
        }),
        Event::MembersAdded(MembersAdded { members: vec![member()], by: Some(user_ref()) }),
        Event::MemberRemoved(MemberRemoved { user: user_ref(), by: None }),
        Event::MemberUpdated(MemberUpdated { member: member() }),
        Event::ChannelUpdated(ChannelUpdated {
            channel_id: Some(channel_id()),
            name: Some("Day shift".to_owned()),
            description: Some(None),
            muted: Some(true),
            ..ChannelUpdated::default()
        }),
        Event::ChannelCreated(ChannelCreated { channel: Box::new(channel()) }),
        Event::ChannelRemoved(ChannelRemoved { channel_id: channel_id() }),
        Event::Read(Read {
            channel_id: channel_id(),
            user_id: user_id(),
            last_read_seq: 42,
            last_read_at: NOW,
        }),
        Event::Typing(Typing {
            channel_id: channel_id(),
            user_id: user_id(),
            expires_in_ms: limits::TYPING_EXPIRY_MS,
        }),
        Event::Behind(Empty {}),
        Event::UnreadChanged(unread()),
        Event::PresenceChanged(PresenceChanged {
            items: vec![PresenceItem {
                user_id: user_id(),
                user_number: 5,
                status: PresenceStatus::Offline,
                last_seen_at: Some(NOW),
            }],
        }),
        Event::PermissionsChanged(PermissionsChanged {
            role: Role::Manager,
            permissions: vec!["users.read".to_owned()],
        }),
        Event::UserUpdated(UserUpdated { user: user_ref(), deleted: false, version: 7 }),
        Event::OrgSettingsChanged(OrgSettingsChanged {
            key: SettingKey::EditWindowMinutes,
            value: 30.into(),
            version: 2,
        }),
        Event::PreferencesChanged(preferences().into()),
        Event::NotificationCreated(
            NotificationShown { notification: notification(), silent: false }.into(),
        ),
        Event::NotificationUpdated(
            NotificationShown { notification: notification(), silent: true }.into(),
        ),
        Event::NotificationRemoved(NotificationRemoved { id: notification_id() }),
        Event::NotificationsAllRead(NotificationsAllRead { before: NOW }),
        Event::InboxBehind(Empty {}),
        Event::SessionRevoked(SessionRevoked { reason: "logout_all".to_owned() }),
        Event::EmailSettingsChanged(EmailSettingsChanged { section: EmailSection::Smtp }),
        Event::Draining(Draining { reconnect_after_ms: 1_500, ticket: "ticket".to_owned() }),
    ]
}

fn preferences() -> PreferencesChanged {
    PreferencesChanged {
        preferences: Preferences { updated_at: Some(NOW), ..Preferences::default() },
        preference: Some(ChosenPreference {
            event_key: EventKey::Mention,
            module: Module::Chat,
            channel: Way::Push,
            enabled: false,
            source: PreferenceSource::User,
            updated_at: Some(NOW),
        }),
        dnd: Some(Dnd {
            enabled: true,
            start_time: ClockTime::from_minutes(22 * 60).unwrap_or_default(),
            end_time: ClockTime::from_minutes(8 * 60).unwrap_or_default(),
            timezone: "Europe/Berlin".to_owned(),
            days: vec![1, 2, 3, 4, 5],
            active_now: false,
            active_until: None,
            paused_until: Some(NOW),
            quiet_now: true,
            quiet_until: Some(NOW),
        }),
        digest: Some(DigestSettings {
            frequency: DigestFrequency::Weekly,
            time: ClockTime::from_minutes(8 * 60).unwrap_or_default(),
            weekday: 1,
            timezone: "Europe/Berlin".to_owned(),
            next_run_at: Some(NOW),
            pending_items: 4,
        }),
    }
}

fn notification() -> Notification {
    Notification {
        id: notification_id(),
        event_key: EventKey::TaskAssigned,
        module: Module::Tasks,
        title: "A task for you".to_owned(),
        body: "Ring Ada".to_owned(),
        data: [("taskTitle".to_owned(), "Ring Ada".into())].into_iter().collect(),
        action_url: Some("/tasks/5".to_owned()),
        priority: Priority::Normal,
        actor: Some(user_ref()),
        count: 2,
        is_read: false,
        read_at: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn unread() -> UnreadChanged {
    UnreadChanged {
        totals: UnreadTotals::new(3, 2),
        inbox: 7,
        channels: vec![ChannelUnread {
            id: channel_id(),
            seq: 42,
            last_read_seq: 39,
            unread_count: 3,
            mention_count: 1,
            revision: 2,
        }],
    }
}

fn user_ref() -> UserRef {
    UserRef {
        id: user_id(),
        number: 5,
        display_name: "Ada Lovelace".to_owned(),
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        email: None,
        avatar: None,
        status: UserRefStatus::Active,
    }
}

fn member() -> ChannelMember {
    ChannelMember {
        user: user_ref(),
        role: ChannelRole::Admin,
        joined_at: NOW,
        last_read_seq: 41,
        last_read_at: None,
    }
}

fn message() -> Message {
    Message {
        id: message_id(),
        channel_id: channel_id(),
        seq: 42,
        kind: MessageType::Text,
        sender: Some(user_ref()),
        content: Some("Grüße, @5 🦀".to_owned()),
        mentions: vec![user_ref()],
        client_message_id: Some("c-00000001".to_owned()),
        created_at: NOW,
        edited_at: None,
        deleted_at: None,
    }
}

fn channel() -> Channel {
    Channel {
        id: channel_id(),
        kind: ChannelType::Group,
        name: Some("Night shift".to_owned()),
        description: None,
        members: vec![user_ref()],
        member_count: 1,
        role: ChannelRole::Owner,
        last_message: None,
        last_message_at: Some(NOW),
        last_seq: 42,
        last_read_seq: 39,
        unread_count: 3,
        muted: false,
        notify: ChannelNotify::All,
        archived: false,
        created_by: Some(user_ref()),
        created_at: NOW,
    }
}
