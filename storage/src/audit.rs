//! Who did what, to whom, from where. Rows are added and stay for as long as the tenant keeps them;
//! what is personal in them is erased with the person.

use serde_json::Value;
use tidewire_protocol::{
    Timestamp,
    id::{AuditEntryId, TenantId, UserId},
    model::org_settings::SettingKey,
};
use uuid::Uuid;

use crate::{
    Conn, Result,
    query::{Row, query},
};

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

/// Which lines of the log.
#[derive(Debug, Clone, Default)]
pub struct Filters {
    pub action: Option<String>,
    pub actor_id: Option<Uuid>,
    pub target_id: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// A line that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub id: AuditEntryId,
    pub at: Timestamp,
    pub action: String,
    pub actor_id: Option<Uuid>,
    /// When the actor is a service.
    pub service_name: Option<String>,
    pub target_type: Option<String>,
    pub target_id: Option<String>,
    pub address: Option<String>,
    pub request_id: String,
    pub detail: Option<Value>,
}

const LIST: &str = "\
select a.id, a.at_ms, a.action, a.actor_id, s.name, a.target_type, a.target_id, a.address,
  a.request_id, a.detail
from audit a left join service_tokens s on s.tenant_id = a.tenant_id and s.id = a.actor_id
where a.tenant_id = $1
  and (a.at_ms < $2 or (a.at_ms = $2 and a.id < $3))
  and ($4 is null or a.action = $4) and ($5 is null or a.actor_id = $5)
  and ($6 is null or a.target_id = $6) and a.at_ms >= $7 and a.at_ms < $8
order by a.at_ms desc, a.id desc limit $9";

/// Lines before a place, newest first; without a place from the newest on.
pub async fn list(
    conn: &mut Conn,
    tenant_id: TenantId,
    filters: &Filters,
    before: Option<(Timestamp, AuditEntryId)>,
    limit: u32,
) -> Result<Vec<Line>> {
    let (at, id) = before.unwrap_or((Timestamp::from_ms(i64::MAX), AuditEntryId::new(Uuid::max())));
    let rows = query(LIST)
        .bind(tenant_id)
        .bind(at)
        .bind(id)
        .bind(filters.action.as_deref())
        .bind(filters.actor_id)
        .bind(filters.target_id.as_deref())
        .bind(filters.from.map_or(0, Timestamp::ms))
        .bind(filters.to.map_or(i64::MAX, Timestamp::ms))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Line> {
    Ok(Line {
        id: row.id(0)?,
        at: row.timestamp(1)?,
        action: row.text(2)?,
        actor_id: row.get(3)?,
        service_name: row.get(4)?,
        target_type: row.get(5)?,
        target_id: row.get(6)?,
        address: row.get(7)?,
        request_id: row.get::<Option<String>>(8)?.unwrap_or_default(),
        detail: row.optional_json(9)?,
    })
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

const PURGE: &str = "\
delete from audit where id in (
  select id from audit where at_ms < $1 and tenant_id not in (
    select tenant_id from org_settings where key = $2 and value is not null)
  order by at_ms limit $3)";
const PURGE_OF: &str = "\
delete from audit where id in (
  select id from audit where tenant_id = $1 and at_ms < $2 order by at_ms limit $3)";

/// Forgets at most `limit` lines from before `before`, of all tenants that have decided nothing by
/// `setting`. Answers how many.
pub async fn purge(
    conn: &mut Conn,
    setting: SettingKey,
    before: Timestamp,
    limit: u64,
) -> Result<u64> {
    query(PURGE).bind(before).bind(setting.word()).bind(limit).execute(conn).await
}

/// As [`purge`], of one tenant.
pub async fn purge_of(
    conn: &mut Conn,
    tenant_id: TenantId,
    before: Timestamp,
    limit: u64,
) -> Result<u64> {
    query(PURGE_OF).bind(tenant_id).bind(before).bind(limit).execute(conn).await
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
