//! Users, channels, messages and figures.

use proptest::{collection::vec, prelude::*};
use tidewire_protocol::{
    model::{
        channels::{Channel, ChannelMember, ChannelNotify, ChannelRole, ChannelType},
        messages::{Message, MessageType},
        notifications::Notification,
        presence::{PresenceItem, PresenceStatus},
        unread::{ChannelUnread, UnreadTotals},
        users::{Role, User, UserRef, UserRefStatus, UserStatus},
    },
    notification_event::EventKey,
};

use super::{id, maybe, object, one_of, scalar, seq, text, time};

prop_compose! {
    pub(crate) fn user_ref()(
        id in id(),
        number in any::<i64>(),
        display_name in text(),
        first_name in text(),
        last_name in text(),
        email in maybe(text()),
        avatar in maybe(text()),
        status in one_of(UserRefStatus::ALL),
    ) -> UserRef {
        UserRef { id, number, display_name, first_name, last_name, email, avatar, status }
    }
}

prop_compose! {
    fn names_of_user()(
        email in text(),
        first_name in text(),
        last_name in text(),
        display_name in text(),
        profile_name in maybe(text()),
        phone in maybe(text()),
        avatar in maybe(text()),
        timezone in maybe(text()),
        locale in maybe(text()),
    ) -> [Option<String>; 9] {
        [Some(email), Some(first_name), Some(last_name), Some(display_name),
         profile_name, phone, avatar, timezone, locale]
    }
}

prop_compose! {
    fn times_of_user()(
        last_login_at in maybe(time()),
        invited_at in maybe(time()),
        invitation_expires_at in maybe(time()),
        deactivated_at in maybe(time()),
        created_at in time(),
        updated_at in time(),
    ) -> ([Option<tidewire_protocol::Timestamp>; 4], [tidewire_protocol::Timestamp; 2]) {
        ([last_login_at, invited_at, invitation_expires_at, deactivated_at], [created_at, updated_at])
    }
}

prop_compose! {
    pub(crate) fn user()(
        id in id(),
        number in any::<i64>(),
        role in one_of(Role::ALL),
        profile_id in maybe(any::<i64>()),
        status in one_of(UserStatus::ALL),
        email_verified in any::<bool>(),
        version in any::<i64>(),
        names in names_of_user(),
        times in times_of_user(),
    ) -> User {
        let [email, first_name, last_name, display_name, profile_name, phone, avatar, timezone, locale] = names;
        let ([last_login_at, invited_at, invitation_expires_at, deactivated_at], [created_at, updated_at]) = times;
        User {
            id, number, role, profile_id, status, email_verified, version,
            email: email.unwrap_or_default(),
            first_name: first_name.unwrap_or_default(),
            last_name: last_name.unwrap_or_default(),
            display_name: display_name.unwrap_or_default(),
            profile_name, phone, avatar, timezone, locale,
            last_login_at, invited_at, invitation_expires_at, deactivated_at, created_at, updated_at,
        }
    }
}

prop_compose! {
    pub(crate) fn message()(
        id in id(),
        channel_id in id(),
        seq in seq(),
        kind in one_of(MessageType::ALL),
        sender in maybe(user_ref()),
        content in maybe(text()),
        mentions in vec(user_ref(), 0..3),
        client_message_id in maybe(text()),
        created_at in time(),
        edited_at in maybe(time()),
        deleted_at in maybe(time()),
    ) -> Message {
        Message {
            id, channel_id, seq, kind, sender, content, mentions, client_message_id,
            created_at, edited_at, deleted_at,
        }
    }
}

prop_compose! {
    pub(crate) fn member()(
        user in user_ref(),
        role in one_of(ChannelRole::ALL),
        joined_at in time(),
        last_read_seq in seq(),
        last_read_at in maybe(time()),
    ) -> ChannelMember {
        ChannelMember { user, role, joined_at, last_read_seq, last_read_at }
    }
}

prop_compose! {
    /// The part of a channel that is the same for everybody.
    fn shared_channel()(
        id in id(),
        kind in one_of(ChannelType::ALL),
        name in maybe(text()),
        description in maybe(text()),
        members in vec(user_ref(), 0..3),
        member_count in any::<i64>(),
        last_message in maybe(message()),
        last_seq in seq(),
        archived in any::<bool>(),
        created_by in maybe(user_ref()),
        created_at in time(),
    ) -> Channel {
        Channel {
            id, kind, name, description, members, member_count, last_seq, archived, created_by, created_at,
            last_message_at: last_message.as_ref().map(|message| message.created_at),
            last_message,
            role: ChannelRole::Member,
            last_read_seq: 0,
            unread_count: 0,
            muted: false,
            notify: ChannelNotify::All,
        }
    }
}

prop_compose! {
    pub(crate) fn channel()(
        shared in shared_channel(),
        role in one_of(ChannelRole::ALL),
        last_read_seq in seq(),
        unread_count in any::<i64>(),
        muted in any::<bool>(),
        notify in one_of(ChannelNotify::ALL),
    ) -> Channel {
        Channel { role, last_read_seq, unread_count, muted, notify, ..shared }
    }
}

prop_compose! {
    pub(crate) fn presence_item()(
        user_id in id(),
        user_number in any::<i64>(),
        status in one_of(PresenceStatus::ALL),
        last_seen_at in maybe(time()),
    ) -> PresenceItem {
        PresenceItem { user_id, user_number, status, last_seen_at }
    }
}

prop_compose! {
    pub(crate) fn totals()(
        email in any::<i64>(),
        tasks in any::<i64>(),
        chat in any::<i64>(),
        notifications in any::<i64>(),
        total in any::<i64>(),
    ) -> UnreadTotals {
        UnreadTotals { email, tasks, chat, notifications, total }
    }
}

prop_compose! {
    pub(crate) fn channel_unread()(
        id in id(),
        seq in seq(),
        last_read_seq in seq(),
        unread_count in any::<i64>(),
        mention_count in any::<i64>(),
        revision in any::<i64>(),
    ) -> ChannelUnread {
        ChannelUnread { id, seq, last_read_seq, unread_count, mention_count, revision }
    }
}

prop_compose! {
    pub(crate) fn notification()(
        id in id(),
        event_key in one_of(EventKey::ALL),
        (title, body) in (text(), text()),
        data in object(scalar()),
        action_url in maybe(text()),
        actor in maybe(user_ref()),
        count in any::<i64>(),
        read_at in maybe(time()),
        (created_at, updated_at) in (time(), time()),
    ) -> Notification {
        Notification {
            id,
            event_key,
            module: event_key.module(),
            title,
            body,
            data,
            action_url,
            priority: event_key.priority(),
            actor,
            count,
            is_read: read_at.is_some(),
            read_at,
            created_at,
            updated_at,
        }
    }
}
