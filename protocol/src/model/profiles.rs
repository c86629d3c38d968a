//! Profiles: named sets of permissions that a company gives to its people.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::users::Role;
use crate::{
    Timestamp,
    input::{Fields, Input},
    limits::{NAME_CHARS_MAX, PROFILE_DESCRIPTION_CHARS_MAX, PROFILE_PERMISSIONS_MAX},
};

/// A profile. The counts are of active and invited people, and of permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    pub id: i64,
    pub name: String,
    pub description: Option<String>,
    pub is_system: bool,
    pub is_active: bool,
    pub user_count: i64,
    pub permission_count: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

/// One profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileData {
    pub profile: Profile,
}

/// A profile with what it grants, in the order of the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProfileDetail {
    pub profile: Profile,
    pub permissions: Vec<i64>,
    pub permission_keys: Vec<String>,
}

/// A profile that can be given to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignableProfile {
    pub id: i64,
    pub name: String,
    pub description: Option<String>,
    pub is_system: bool,
}

/// `GET /profiles`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ProfilesQuery {
    #[param(required = false, default = true)]
    pub include_inactive: bool,
}

impl Input for ProfilesQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { include_inactive: fields.optional_bool("includeInactive").unwrap_or(true) })
    }
}

/// `POST /profiles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CreateProfile {
    #[schema(min_length = 1, max_length = 80)]
    pub name: String,
    #[schema(max_length = 500)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Numbers of permissions; repeats are dropped.
    #[schema(max_items = 200)]
    pub permissions: Vec<i64>,
}

impl Input for CreateProfile {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.line("name", 1, NAME_CHARS_MAX);
        let description = fields.nullable_text("description", PROFILE_DESCRIPTION_CHARS_MAX);
        let permissions = fields.integers("permissions", PROFILE_PERMISSIONS_MAX);
        Some(Self { name: name?, description: description.flatten(), permissions: permissions? })
    }
}

/// `PUT /profiles/:id`. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UpdateProfile {
    #[schema(min_length = 1, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[schema(value_type = Option<String>, max_length = 500)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Option<String>>,
    /// Replaces the whole set.
    #[schema(max_items = 200)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<i64>>,
}

impl Input for UpdateProfile {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            name: fields.optional_line("name", 1, NAME_CHARS_MAX),
            description: fields.nullable_text("description", PROFILE_DESCRIPTION_CHARS_MAX),
            permissions: fields.optional_integers("permissions", PROFILE_PERMISSIONS_MAX),
        })
    }
}

/// A permission as it is explained to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionInfo {
    pub id: i64,
    pub key: String,
    pub module: String,
    pub name: String,
    pub description: String,
    /// The least role that can hold it.
    pub min_role: Role,
}

/// The permissions of one module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionModule {
    pub module: String,
    pub permission_ids: Vec<i64>,
}

/// `GET /profiles/permissions`: all that a profile can grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PermissionCatalogue {
    pub items: Vec<PermissionInfo>,
    pub modules: Vec<PermissionModule>,
}
