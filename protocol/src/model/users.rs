//! People in a tenant.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    pages::{PageQuery, SortOrder},
    tenants::TenantRef,
    words,
};
use crate::{
    Timestamp,
    id::UserId,
    input::{Fields, Input},
    limits::{NAME_CHARS_MAX, PROFILE_ID_MAX, SEARCH_CHARS_MAX},
};

words! {
    /// What a person may at most do; ordered by rank.
    Role { User = "user", Manager = "manager", TenantAdmin = "tenant_admin", Super = "super", }
}

words! {
    /// Where an account stands between invitation and removal.
    UserStatus { Pending = "pending", Active = "active", Inactive = "inactive", }
}

words! {
    /// A user's status as others see it, with room for those who are gone.
    UserRefStatus { Pending = "pending", Active = "active", Inactive = "inactive", Deleted = "deleted", }
}

/// A person, as administrators and the person see it. Readers without `users.update` get `null` for
/// `phone`, `lastLoginAt`, `invitedAt` and `invitationExpiresAt` of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub id: UserId,
    pub number: i64,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub display_name: String,
    pub role: Role,
    pub profile_id: Option<i64>,
    pub profile_name: Option<String>,
    pub status: UserStatus,
    pub email_verified: bool,
    pub phone: Option<String>,
    pub avatar: Option<String>,
    pub timezone: Option<String>,
    pub locale: Option<String>,
    pub last_login_at: Option<Timestamp>,
    pub invited_at: Option<Timestamp>,
    pub invitation_expires_at: Option<Timestamp>,
    pub deactivated_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

/// The name a person goes by.
pub fn display_name(first_name: &str, last_name: &str) -> String {
    format!("{first_name} {last_name}")
}

/// A person, as everybody in the tenant sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserRef {
    pub id: UserId,
    pub number: i64,
    pub display_name: String,
    pub first_name: String,
    pub last_name: String,
    pub email: Option<String>,
    pub avatar: Option<String>,
    pub status: UserRefStatus,
}

/// `POST /users`: somebody to invite. `email` is checked by the operation, which knows its key form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateUser {
    #[schema(min_length = 3, max_length = 254)]
    pub email: String,
    #[schema(min_length = 1, max_length = 80)]
    pub first_name: String,
    #[schema(min_length = 1, max_length = 80)]
    pub last_name: String,
    #[schema(default = "user", value_type = Option<AssignableRole>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<i64>,
}

impl Input for CreateUser {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let email = fields.email("email");
        let first_name = fields.line("firstName", 1, NAME_CHARS_MAX);
        let last_name = fields.line("lastName", 1, NAME_CHARS_MAX);
        let role = fields.optional_word::<AssignableRole>("role").map(Role::from);
        let profile_id = fields.optional_integer("profileId", 1, PROFILE_ID_MAX);
        Some(Self {
            email: email?,
            first_name: first_name?,
            last_name: last_name?,
            role,
            profile_id,
        })
    }
}

/// `POST /users/accept-invitation`.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcceptInvitation {
    #[schema(min_length = 43, max_length = 43)]
    pub token: String,
    #[schema(min_length = 8, max_length = 128)]
    pub password: String,
    #[schema(min_length = 1, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[schema(min_length = 1, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
}

impl Input for AcceptInvitation {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let token = fields.one_time_token("token");
        let password = fields.password("password");
        let first_name = fields.optional_line("firstName", 1, NAME_CHARS_MAX);
        let last_name = fields.optional_line("lastName", 1, NAME_CHARS_MAX);
        Some(Self { token: token?, password: password?, first_name, last_name })
    }
}

/// `PUT /users/:id`. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateUser {
    #[schema(min_length = 1, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[schema(min_length = 1, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[schema(value_type = Option<AssignableRole>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// `null` gives the default one.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 2_147_483_647)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<Option<i64>>,
    #[schema(value_type = Option<WantedStatus>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
}

impl Input for UpdateUser {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let first_name = fields.optional_line("firstName", 1, NAME_CHARS_MAX);
        let last_name = fields.optional_line("lastName", 1, NAME_CHARS_MAX);
        let role = fields.optional_word::<AssignableRole>("role").map(Role::from);
        let profile_id = fields.nullable_integer("profileId", 1, PROFILE_ID_MAX);
        let status = fields.optional_word::<WantedStatus>("status").map(UserStatus::from);
        Some(Self { first_name, last_name, role, profile_id, status })
    }
}

words! {
    /// A role that somebody can be given; that of operators cannot.
    AssignableRole { User = "user", Manager = "manager", TenantAdmin = "tenant_admin", }
}

impl From<AssignableRole> for Role {
    fn from(role: AssignableRole) -> Self {
        match role {
            AssignableRole::User => Self::User,
            AssignableRole::Manager => Self::Manager,
            AssignableRole::TenantAdmin => Self::TenantAdmin,
        }
    }
}

words! {
    /// What becomes of somebody: let in again, or kept out.
    WantedStatus { Active = "active", Inactive = "inactive", }
}

impl From<WantedStatus> for UserStatus {
    fn from(status: WantedStatus) -> Self {
        match status {
            WantedStatus::Active => Self::Active,
            WantedStatus::Inactive => Self::Inactive,
        }
    }
}

words! {
    /// What a list of people is sorted by.
    UserSort {
        Name = "name",
        Email = "email",
        CreatedAt = "createdAt",
        LastLoginAt = "lastLoginAt",
    }
}

/// `GET /users`: which people, in which order.
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct UsersQuery {
    #[param(ignore)]
    pub page: PageQuery,
    /// A part of a name or an address; no character has a special meaning.
    #[param(min_length = 1, max_length = 100)]
    pub search: Option<String>,
    #[param(inline)]
    pub status: Option<UserStatus>,
    #[param(inline)]
    pub role: Option<Role>,
    #[param(minimum = 1, maximum = 2_147_483_647)]
    pub profile_id: Option<i64>,
    #[param(inline, required = false, default = "createdAt")]
    pub sort: UserSort,
    #[param(inline, required = false, default = "desc")]
    pub order: SortOrder,
}

impl Input for UsersQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let page = PageQuery::read(fields);
        let search = fields.optional_line("search", 1, SEARCH_CHARS_MAX);
        let status = fields.optional_word("status");
        let role = fields.optional_word("role");
        let profile_id = fields.optional_integer("profileId", 1, PROFILE_ID_MAX);
        let sort = fields.optional_word("sort").unwrap_or(UserSort::CreatedAt);
        let order = fields.optional_word("order").unwrap_or(SortOrder::Desc);
        Some(Self { page: page?, search, status, role, profile_id, sort, order })
    }
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserData {
    pub user: User,
}

/// What inviting somebody answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserCreated {
    pub user: User,
    pub invitation: Invitation,
}

/// An invitation on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    pub expires_at: Timestamp,
    pub email_queued: bool,
}

/// What sending an invitation again answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationData {
    pub invitation: Invitation,
}

/// What erasing somebody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserDeleted {
    pub deleted: bool,
    pub id: UserId,
}

/// What signing somebody out answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionsRevoked {
    pub revoked_sessions: i64,
}

/// `GET /users/invitations/:token`: what an invitation is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationPreview {
    pub tenant: TenantRef,
    /// Most of the local part is hidden.
    pub email: String,
    pub first_name: String,
    pub expires_at: Timestamp,
}

/// What accepting an invitation answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationAccepted {
    pub user: UserRef,
    pub tenant: TenantRef,
}
