//! What the server tells without being asked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Timestamp,
    id::{ChannelId, NotificationId, UserId},
    model::{
        channels::{Channel, ChannelMember, ChannelNotify},
        digests::DigestSettings,
        email_settings::EmailSection,
        messages::Message,
        notification_preferences::{ChosenPreference, Dnd},
        notifications::Notification,
        org_settings::SettingKey,
        preferences::Preferences,
        presence::PresenceItem,
        unread::UnreadChanged,
        users::{Role, UserRef},
    },
};

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident($data:ty) = $name:literal,)+) => {
        /// An event, by name. Its data is what the variant holds.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Event { $($(#[$doc])* $variant($data),)+ }

        impl Event {
            pub const NAMES: &[&str] = &[$($name,)+];

            /// The event's name on the wire.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            /// Reads the data of the event called `name`; `None` for an unknown name.
            pub fn from_parts(name: &str, data: Value) -> Option<Result<Self, serde_json::Error>> {
                Some(match name {
                    $($name => serde_json::from_value(data).map(Self::$variant),)+
                    _ => return None,
                })
            }
        }
    };
}

events! {
    MessageCreated(MessageData) = "chat.message.created",
    MessageUpdated(MessageData) = "chat.message.updated",
    MessageDeleted(MessageData) = "chat.message.deleted",
    MembersAdded(MembersAdded) = "chat.member.added",
    MemberRemoved(MemberRemoved) = "chat.member.removed",
    MemberUpdated(MemberUpdated) = "chat.member.updated",
    ChannelUpdated(ChannelUpdated) = "chat.channel.updated",
    /// The receiver is now in this channel; `channel` is as the receiver sees it.
    ChannelCreated(ChannelCreated) = "chat.channel.created",
    /// The receiver is no longer in this channel.
    ChannelRemoved(ChannelRemoved) = "chat.channel.removed",
    /// Somebody's read marker moved.
    Read(Read) = "chat.read",
    Typing(Typing) = "chat.typing",
    /// Entries up to the frame's position were left out: page `chat.history` up to there.
    Behind(Empty) = "channel.behind",
    UnreadChanged(UnreadChanged) = "unread.changed",
    PresenceChanged(PresenceChanged) = "presence.changed",
    PermissionsChanged(PermissionsChanged) = "permissions.changed",
    UserUpdated(UserUpdated) = "user.updated",
    OrgSettingsChanged(OrgSettingsChanged) = "org_settings.changed",
    /// The receiver's own, as they are now.
    PreferencesChanged(Box<PreferencesChanged>) = "preferences.changed",
    /// An entry of the inbox, as the four that follow.
    NotificationCreated(Box<NotificationShown>) = "notification.created",
    NotificationUpdated(Box<NotificationShown>) = "notification.updated",
    NotificationRemoved(NotificationRemoved) = "notification.removed",
    NotificationsAllRead(NotificationsAllRead) = "notifications.all_read",
    /// Entries up to the frame's `inbox` were left out: read the notifications again.
    InboxBehind(Empty) = "inbox.behind",
    SessionRevoked(SessionRevoked) = "session.revoked",
    EmailSettingsChanged(EmailSettingsChanged) = "email_settings.changed",
    Draining(Draining) = "server.draining",
}

/// What the receiver has chosen, as it is now; of what to be notified of, the choice that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreferencesChanged {
    #[serde(flatten)]
    pub preferences: Preferences,
    pub preference: Option<ChosenPreference>,
    pub dnd: Option<Dnd>,
    pub digest: Option<DigestSettings>,
}

/// The notification as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationShown {
    pub notification: Notification,
    /// Nobody is to be disturbed by it.
    pub silent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationRemoved {
    pub id: NotificationId,
}

/// Whatever was created at or before `before` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationsAllRead {
    pub before: Timestamp,
}

/// Data without fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// The message as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageData {
    pub message: Message,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MembersAdded {
    pub members: Vec<ChannelMember>,
    pub by: Option<UserRef>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberRemoved {
    pub user: UserRef,
    pub by: Option<UserRef>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberUpdated {
    pub member: ChannelMember,
}

/// What changed about a channel: for everybody (`name`, `description`, `archived`), or for the
/// receiver alone (`muted`, `notify`). Unchanged parts are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChannelUpdated {
    pub channel_id: Option<ChannelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", with = "present")]
    pub description: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<ChannelNotify>,
}

/// `Some(None)` is `null`, `None` is absent.
mod present {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(
        clippy::ref_option,
        clippy::option_option,
        reason = "the signature that serde's `with` calls"
    )]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<Option<String>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    #[expect(clippy::option_option, reason = "absent and null differ")]
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<String>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelCreated {
    pub channel: Box<Channel>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelRemoved {
    pub channel_id: ChannelId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Read {
    pub channel_id: ChannelId,
    pub user_id: UserId,
    pub last_read_seq: u64,
    pub last_read_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    pub channel_id: ChannelId,
    pub user_id: UserId,
    pub expires_in_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceChanged {
    pub items: Vec<PresenceItem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionsChanged {
    pub role: Role,
    pub permissions: Vec<String>,
}

/// Somebody was added, changed or removed. What is older than the receiver knows is to be ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserUpdated {
    pub user: UserRef,
    pub deleted: bool,
    pub version: i64,
}

/// A setting of the company has another value. What is older than the receiver knows is to be ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrgSettingsChanged {
    pub key: SettingKey,
    pub value: Value,
    pub version: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRevoked {
    pub reason: String,
}

/// Somebody has saved a section of the email settings; for administrators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailSettingsChanged {
    pub section: EmailSection,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draining {
    pub reconnect_after_ms: u64,
    pub ticket: String,
}
