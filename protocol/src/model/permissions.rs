//! What a person may do, as they see it themselves.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::users::Role;
use crate::Timestamp;

/// `GET /permissions/me`. Both lists are in the order of the keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyPermissions {
    pub role: Role,
    pub profile: Option<ProfileRef>,
    pub permissions: Vec<String>,
    pub permission_ids: Vec<i64>,
    pub computed_at: Timestamp,
}

/// A profile, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileRef {
    pub id: i64,
    pub name: String,
}
