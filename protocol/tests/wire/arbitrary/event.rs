//! Every event.

use proptest::{collection::vec, prelude::*};
use tidewire_protocol::{
    event::{
        ChannelCreated, ChannelRemoved, ChannelUpdated, Draining, EmailSettingsChanged, Empty,
        Event, MemberRemoved, MemberUpdated, MembersAdded, MessageData, NotificationRemoved,
        NotificationShown, NotificationsAllRead, OrgSettingsChanged, PermissionsChanged,
        PreferencesChanged, PresenceChanged, Read, SessionRevoked, Typing, UserUpdated,
    },
    model::{
        channels::ChannelNotify,
        email_settings::EmailSection,
        notification_preferences::{Channel, ChosenPreference, PreferenceSource},
        org_settings::SettingKey,
        preferences::Preferences,
        unread::UnreadChanged,
        users::Role,
    },
    notification_event::EventKey,
};

use super::{
    id, maybe,
    model::{
        channel, channel_unread, member, message, notification, presence_item, totals, user_ref,
    },
    one_of, seq, text, time,
};

pub(crate) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => of_a_channel(),
        3 => about_a_channel(),
        8 => of_the_user(),
        5 => of_the_inbox(),
    ]
}

/// Entries of a channel's log.
fn of_a_channel() -> impl Strategy<Value = Event> {
    prop_oneof![
        message().prop_map(|message| Event::MessageCreated(MessageData { message })),
        message().prop_map(|message| Event::MessageUpdated(MessageData { message })),
        message().prop_map(|message| Event::MessageDeleted(MessageData { message })),
        (vec(member(), 0..3), maybe(user_ref()))
            .prop_map(|(members, by)| Event::MembersAdded(MembersAdded { members, by })),
        (user_ref(), maybe(user_ref()))
            .prop_map(|(user, by)| Event::MemberRemoved(MemberRemoved { user, by })),
        member().prop_map(|member| Event::MemberUpdated(MemberUpdated { member })),
        channel_updated().prop_map(Event::ChannelUpdated),
        Just(Event::Behind(Empty {})),
    ]
}

fn about_a_channel() -> impl Strategy<Value = Event> {
    prop_oneof![
        channel().prop_map(|channel| Event::ChannelCreated(ChannelCreated {
            channel: Box::new(channel)
        })),
        id().prop_map(|channel_id| Event::ChannelRemoved(ChannelRemoved { channel_id })),
        (id(), id(), seq(), time()).prop_map(
            |(channel_id, user_id, last_read_seq, last_read_at)| {
                Event::Read(Read { channel_id, user_id, last_read_seq, last_read_at })
            }
        ),
        (id(), id(), any::<u64>()).prop_map(|(channel_id, user_id, expires_in_ms)| {
            Event::Typing(Typing { channel_id, user_id, expires_in_ms })
        }),
    ]
}

/// Entries of the inbox.
fn of_the_inbox() -> impl Strategy<Value = Event> {
    let shown = || (notification(), any::<bool>());
    let shown = move || {
        shown()
            .prop_map(|(notification, silent)| Box::new(NotificationShown { notification, silent }))
    };
    prop_oneof![
        shown().prop_map(Event::NotificationCreated),
        shown().prop_map(Event::NotificationUpdated),
        id().prop_map(|id| Event::NotificationRemoved(NotificationRemoved { id })),
        time().prop_map(|before| Event::NotificationsAllRead(NotificationsAllRead { before })),
        Just(Event::InboxBehind(Empty {})),
    ]
}

fn of_the_user() -> impl Strategy<Value = Event> {
    prop_oneof![
        (totals(), seq(), vec(channel_unread(), 0..3)).prop_map(|(totals, inbox, channels)| {
            Event::UnreadChanged(UnreadChanged { totals, inbox, channels })
        }),
        vec(presence_item(), 0..3)
            .prop_map(|items| Event::PresenceChanged(PresenceChanged { items })),
        (one_of(Role::ALL), vec(text(), 0..3)).prop_map(|(role, permissions)| {
            Event::PermissionsChanged(PermissionsChanged { role, permissions })
        }),
        (user_ref(), any::<bool>(), any::<i64>()).prop_map(|(user, deleted, version)| {
            Event::UserUpdated(UserUpdated { user, deleted, version })
        }),
        (one_of(SettingKey::ALL), text(), any::<i64>()).prop_map(|(key, value, version)| {
            Event::OrgSettingsChanged(OrgSettingsChanged { key, value: value.into(), version })
        }),
        (any::<bool>(), text(), maybe(chosen())).prop_map(|(sound, language, preference)| {
            let mut preferences = Preferences::default();
            preferences.notifications.sound = sound;
            preferences.ui.language = Some(language);
            let changed = PreferencesChanged { preferences, preference, dnd: None, digest: None };
            Event::PreferencesChanged(changed.into())
        }),
        text().prop_map(|reason| Event::SessionRevoked(SessionRevoked { reason })),
        one_of(EmailSection::ALL)
            .prop_map(|section| { Event::EmailSettingsChanged(EmailSettingsChanged { section }) }),
        (any::<u64>(), text()).prop_map(|(reconnect_after_ms, ticket)| {
            Event::Draining(Draining { reconnect_after_ms, ticket })
        }),
    ]
}

prop_compose! {
    fn chosen()(
        event_key in one_of(EventKey::ALL),
        channel in one_of(Channel::ALL),
        enabled in any::<bool>(),
        source in one_of(PreferenceSource::ALL),
        updated_at in maybe(time()),
    ) -> ChosenPreference {
        let module = event_key.module();
        ChosenPreference { event_key, module, channel, enabled, source, updated_at }
    }
}

prop_compose! {
    fn channel_updated()(
        channel_id in maybe(id()),
        name in maybe(text()),
        description in maybe(maybe(text())),
        archived in maybe(any::<bool>()),
        muted in maybe(any::<bool>()),
        notify in maybe(one_of(ChannelNotify::ALL)),
    ) -> ChannelUpdated {
        ChannelUpdated { channel_id, name, description, archived, muted, notify }
    }
}
