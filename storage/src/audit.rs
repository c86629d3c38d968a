//! Who did what, to whom, from where. Rows are added and stay; only what is personal in them is erased
//! with the person.

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

const FORGET_ABOUT: &str = "\
update audit set detail = null, address = null
where tenant_id = $1 and target_type = 'user' and target_id = $2";
const FORGET_BY: &str = "update audit set address = null where tenant_id = $1 and actor_id = $2";

/// Leaves nothing of a person in the log but their id: not their names, nor where they came from.
pub async fn forget(conn: &mut Conn, tenant_id: TenantId, user_id: UserId) -> Result<()> {
    let about = query(FORGET_ABOUT).bind(tenant_id).bind(user_id.to_string());
    about.execute(conn).await?;
    query(FORGET_BY).bind(tenant_id).bind(user_id).execute(conn).await.map(drop)
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
