//! Conversations and who is in them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{messages::Message, presence::PresenceStatus, users::UserRef, words};
use crate::{
    Timestamp,
    id::{ChannelId, UserId, UserKey},
    input::{Fields, Input},
    limits::{
        CHANNEL_DESCRIPTION_CHARS_MAX, CHANNEL_NAME_CHARS_MAX, GROUP_ADD_MEMBERS_MAX,
        GROUP_CREATE_MEMBERS_MAX, INTEGER_MAX, PEOPLE_LIMIT_DEFAULT, PEOPLE_LIMIT_MAX,
        SEARCH_CHARS_MAX,
    },
};

words! {
    /// Two people, or many.
    ChannelType { Direct = "direct", Group = "group", }
}

words! {
    /// What a member may do in a channel; ordered by rank.
    ChannelRole { Member = "member", Admin = "admin", Owner = "owner", }
}

words! {
    /// Which messages of a channel notify the member.
    ChannelNotify { All = "all", Mentions = "mentions", None = "none", }
}

/// A channel as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    pub id: ChannelId,
    #[serde(rename = "type")]
    pub kind: ChannelType,
    pub name: Option<String>,
    pub description: Option<String>,
    /// Both people of a direct channel, the first 20 of a group.
    pub members: Vec<UserRef>,
    pub member_count: i64,
    pub role: ChannelRole,
    pub last_message: Option<Message>,
    pub last_message_at: Option<Timestamp>,
    pub last_seq: u64,
    pub last_read_seq: u64,
    pub unread_count: i64,
    pub muted: bool,
    pub notify: ChannelNotify,
    pub archived: bool,
    pub created_by: Option<UserRef>,
    pub created_at: Timestamp,
}

/// One member of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelMember {
    pub user: UserRef,
    pub role: ChannelRole,
    pub joined_at: Timestamp,
    pub last_read_seq: u64,
    pub last_read_at: Option<Timestamp>,
}

/// `POST /chat/channels/direct`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenDirect {
    pub user_id: UserKey,
}

impl Input for OpenDirect {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { user_id: fields.user_key("userId")? })
    }
}

/// `POST /chat/channels/group`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateGroup {
    #[schema(min_length = 1, max_length = 80)]
    pub name: String,
    #[schema(min_items = 1, max_items = 255)]
    pub member_ids: Vec<UserKey>,
    #[schema(max_length = 500)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Input for CreateGroup {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.line("name", 1, CHANNEL_NAME_CHARS_MAX);
        let member_ids = fields.user_keys("memberIds", 1, GROUP_CREATE_MEMBERS_MAX);
        let description = fields.nullable_text("description", CHANNEL_DESCRIPTION_CHARS_MAX);
        Some(Self { name: name?, member_ids: member_ids?, description: description.flatten() })
    }
}

/// `PATCH /chat/channels/:id`: absent fields stay, `null` clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateChannel {
    #[schema(min_length = 1, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[schema(max_length = 500, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Option<String>>,
}

impl Input for UpdateChannel {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            name: fields.optional_line("name", 1, CHANNEL_NAME_CHARS_MAX),
            description: fields.nullable_text("description", CHANNEL_DESCRIPTION_CHARS_MAX),
        })
    }
}

/// `POST /chat/channels/:id/members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddMembers {
    #[schema(min_items = 1, max_items = 100)]
    pub member_ids: Vec<UserKey>,
}

impl Input for AddMembers {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { member_ids: fields.user_keys("memberIds", 1, GROUP_ADD_MEMBERS_MAX)? })
    }
}

/// `PUT /chat/channels/:id/members/:userId`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetMemberRole {
    pub role: ChannelRole,
}

impl Input for SetMemberRole {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { role: fields.word("role")? })
    }
}

/// `PATCH /chat/channels/:id/settings`: the caller's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<ChannelNotify>,
}

impl Input for MemberSettings {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { muted: fields.optional_bool("muted"), notify: fields.optional_word("notify") })
    }
}

/// `GET /chat/channels`: all channels of the caller, newest activity first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelList {
    pub items: Vec<Channel>,
    pub total_unread: i64,
}

/// A channel after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelAnswer {
    pub channel: Channel,
}

/// `GET /chat/channels/:id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelDetail {
    pub channel: Channel,
    pub members: Vec<ChannelMember>,
}

/// What opening a direct channel answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenedDirect {
    pub channel: Channel,
    /// Whether the channel did not exist before.
    pub created: bool,
}

/// What adding people to a group answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Added {
    /// Those who were not in the group before.
    pub added: Vec<UserRef>,
    pub channel: Channel,
}

/// What removing somebody from a group answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Removed {
    pub removed: bool,
    pub user_id: UserId,
}

/// A member after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberAnswer {
    pub member: ChannelMember,
}

/// Somebody to write to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatPerson {
    #[serde(flatten)]
    pub user: UserRef,
    pub presence: PresenceStatus,
    /// The channel with this person, if there is one yet.
    pub direct_channel_id: Option<ChannelId>,
}

/// `GET /chat/users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    #[param(min_length = 1, max_length = 100)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// More than 1,000 is lowered to that.
    #[param(required = false, default = 500, minimum = 1, value_type = u64)]
    pub limit: u32,
}

impl Input for PeopleQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let search = fields.optional_line("search", 1, SEARCH_CHARS_MAX);
        let limit = fields
            .optional_integer("limit", 1, INTEGER_MAX)
            .map_or(PEOPLE_LIMIT_DEFAULT, |limit| limit.min(i64::from(PEOPLE_LIMIT_MAX)) as u32);
        Some(Self { search, limit })
    }
}
