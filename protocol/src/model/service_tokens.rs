//! Tokens with which modules call on behalf of a company.

use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use super::users::Role;
use crate::{
    Timestamp,
    id::{ServiceTokenId, SessionId, TenantId, UserId},
    input::{Fields, Input},
    limits::{
        NAME_CHARS_MAX, SERVICE_PERMISSIONS_MAX, SERVICE_TOKEN_DAYS_DEFAULT, SERVICE_TOKEN_DAYS_MAX,
    },
};

/// A token, without what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceToken {
    pub id: ServiceTokenId,
    pub name: String,
    pub permissions: Vec<String>,
    /// How the token begins.
    pub prefix: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
}

/// `POST /service-tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateServiceToken {
    #[schema(min_length = 1, max_length = 80)]
    pub name: String,
    /// Keys of permissions that services can hold; repeats are dropped.
    #[schema(min_items = 1, max_items = 20)]
    pub permissions: Vec<String>,
    #[schema(default = 90, minimum = 1, maximum = 365, required = false)]
    pub expires_in_days: i64,
}

impl Input for CreateServiceToken {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.line("name", 1, NAME_CHARS_MAX);
        let permissions = fields.printables("permissions", SERVICE_PERMISSIONS_MAX);
        let days = fields.optional_integer("expiresInDays", 1, SERVICE_TOKEN_DAYS_MAX);
        Some(Self {
            name: name?,
            permissions: permissions?,
            expires_in_days: days.unwrap_or(SERVICE_TOKEN_DAYS_DEFAULT),
        })
    }
}

/// What creating answers. The token is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceTokenCreated {
    #[schema(example = "st_...")]
    pub token: String,
    pub service_token: ServiceToken,
}

/// What revoking answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceTokenRevoked {
    pub revoked: bool,
    pub id: ServiceTokenId,
}

/// `POST /auth/introspect`.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Introspect {
    #[schema(min_length = 1, max_length = 4096)]
    pub token: String,
}

impl Input for Introspect {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { token: fields.printable("token", 1, 4096)? })
    }
}

/// Whom an access token stands for (RFC 7662); of one that is not live nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Introspection {
    Live {
        #[schema(schema_with = always::<true>)]
        active: bool,
        sub: UserId,
        tid: TenantId,
        sid: SessionId,
        role: Role,
        permissions: Vec<String>,
        /// Seconds since 1970.
        exp: i64,
    },
    Dead {
        #[schema(schema_with = always::<false>)]
        active: bool,
    },
}

/// What tells the two apart: an answer must fit exactly one.
fn always<const ACTIVE: bool>() -> Object {
    ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([ACTIVE])).build()
}
