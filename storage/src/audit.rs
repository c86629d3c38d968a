//! Who did what, to whom, from where. Rows are only ever added.

use serde_json::Value;
use tidewire_protocol::{
    Timestamp,
    id::{TenantId, UserId},
};
use uuid::Uuid;

use crate::{Conn, Result, query::query};

/// One line of the audit log.
#[derive(Debug)]
pub struct Entry<'a> {
    pub id: Uuid,
    pub tenant_id: TenantId,
    pub at: Timestamp,
    /// As the audit log names it, e.g. `users.created`.
    pub action: &'static str,
    pub actor_id: Option<UserId>,
    pub target_type: Option<&'static str>,
    pub target_id: Option<String>,
    pub address: Option<String>,
    pub request_id: &'a str,
    pub detail: Value,
}

const INSERT: &str = "\
insert into audit (id, tenant_id, at_ms, action, actor_id, target_type, target_id, address,
  request_id, detail)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

pub async fn append(conn: &mut Conn, entry: Entry<'_>) -> Result<()> {
    query(INSERT)
        .bind(entry.id)
        .bind(entry.tenant_id)
        .bind(entry.at)
        .bind(entry.action)
        .bind(entry.actor_id)
        .bind(entry.target_type)
        .bind(entry.target_id)
        .bind(entry.address)
        .bind(entry.request_id)
        .bind_json(&entry.detail)
        .execute(conn)
        .await
        .map(drop)
}
