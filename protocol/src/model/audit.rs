//! Who did what, when, from where.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::words;
use crate::{
    Timestamp,
    id::{AuditEntryId, UserKey},
    input::{Fields, Input},
    limits::{AUDIT_LIMIT_DEFAULT, AUDIT_LIMIT_MAX, CURSOR_CHARS_MAX, INTEGER_MAX},
};

words! {
    /// What kind of actor did something.
    AuditActorType { User = "user", Service = "service", System = "system", Anonymous = "anonymous", }
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditActor {
    #[serde(rename = "type")]
    pub kind: AuditActorType,
    pub id: Option<String>,
    pub name: Option<String>,
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    pub id: AuditEntryId,
    #[schema(example = "users.created")]
    pub action: String,
    pub at: Timestamp,
    pub actor: AuditActor,
    pub target_type: Option<String>,
    pub target_id: Option<String>,
    pub ip_address: Option<String>,
    pub request_id: String,
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
}

/// `GET /audit-log`: which lines, newest first.
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct AuditQuery {
    /// From an earlier answer.
    #[param(max_length = 512)]
    pub cursor: Option<String>,
    /// More than 200 is lowered to that.
    #[param(required = false, default = 50, minimum = 1, value_type = u64)]
    pub limit: u32,
    #[param(max_length = 64)]
    pub action: Option<String>,
    /// A user by id or number, or a service by id.
    pub actor_id: Option<UserKey>,
    #[param(max_length = 128)]
    pub target_id: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

impl Input for AuditQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let cursor = fields.optional_printable("cursor", 1, CURSOR_CHARS_MAX);
        let limit = fields.optional_integer("limit", 1, INTEGER_MAX);
        let action = fields.optional_printable("action", 1, 64);
        let actor_id = fields.optional_user_key("actorId");
        let target_id = fields.optional_line("targetId", 1, 128);
        let (from, to) = (fields.optional_time("from"), fields.optional_time("to"));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            fields.fail::<()>("from", "range", "must not be after to");
        }
        let limit =
            limit.map_or(AUDIT_LIMIT_DEFAULT, |limit| limit.min(i64::from(AUDIT_LIMIT_MAX)) as u32);
        Some(Self { cursor, limit, action, actor_id, target_id, from, to })
    }
}
