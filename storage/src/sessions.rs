//! Sign-ins.

mod live;

use tidewire_protocol::{
    Timestamp,
    id::{SessionId, TenantId, UserId},
    model::{
        accounts::RevocationReason,
        tenants::TenantStatus,
        users::{Role, UserRef},
    },
};

use crate::{
    Conn, Result,
    query::{Row, query},
    users::read_ref,
};

pub use live::{is_known_device, list, revoke_others};

/// A session to be opened.
#[derive(Debug)]
pub struct NewSession<'a> {
    pub id: SessionId,
    pub tenant_id: TenantId,
    pub user_id: UserId,
    pub at: Timestamp,
    pub idle_expires_at: Timestamp,
    pub expires_at: Timestamp,
    pub device_name: Option<&'a str>,
    pub user_agent: Option<&'a str>,
    pub address: Option<String>,
}

const INSERT: &str = "\
insert into sessions (id, tenant_id, user_id, rotated_ms, idle_expires_ms, expires_ms, created_ms,
  last_seen_ms, device_name, user_agent, address)
values ($1, $2, $3, $4, $5, $6, $4, $4, $7, $8, $9)";

pub async fn insert(conn: &mut Conn, session: &NewSession<'_>) -> Result<()> {
    query(INSERT)
        .bind(session.id)
        .bind(session.tenant_id)
        .bind(session.user_id)
        .bind(session.at)
        .bind(session.idle_expires_at)
        .bind(session.expires_at)
        .bind(session.device_name)
        .bind(session.user_agent)
        .bind(session.address.clone())
        .execute(conn)
        .await
        .map(drop)
}

/// A session with everything that decides whether it may be used, and for what.
#[derive(Debug)]
pub struct Session {
    pub id: SessionId,
    pub tenant_id: TenantId,
    /// How often the refresh token was exchanged.
    pub generation: u64,
    pub rotated_at: Timestamp,
    pub idle_expires_at: Timestamp,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
    pub revoked: bool,
    pub tenant_status: TenantStatus,
    pub user: UserRef,
    pub role: Role,
    pub permission_ids: Vec<i64>,
}

const BY_ID: &str = "\
select s.id, s.tenant_id, s.generation, s.rotated_ms, s.idle_expires_ms, s.expires_ms, s.created_ms,
  s.revoked_ms, t.status, u.role,
  u.id, u.number, u.first_name, u.last_name, u.email, u.avatar, u.status, u.deleted_ms, p.permissions
from sessions s
join tenants t on t.id = s.tenant_id
join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
left join profiles p on p.tenant_id = u.tenant_id and p.id = u.profile_id and p.is_active
where s.id = $1";

/// Takes an id out of a token that the server has signed.
pub async fn by_id(conn: &mut Conn, id: SessionId) -> Result<Option<Session>> {
    query(BY_ID).bind(id).fetch_optional(conn).await?.as_ref().map(read).transpose()
}

const ROTATE: &str = "\
update sessions set generation = generation + 1, rotated_ms = $4, last_seen_ms = $4,
  idle_expires_ms = $5
where tenant_id = $1 and id = $2 and generation = $3 and revoked_ms is null";

/// Moves the session on from `generation`. Answers whether it stood there, alive.
pub async fn rotate(
    conn: &mut Conn,
    session: &Session,
    at: Timestamp,
    idle_expires_at: Timestamp,
) -> Result<bool> {
    let changed = query(ROTATE)
        .bind(session.tenant_id)
        .bind(session.id)
        .bind(session.generation)
        .bind(at)
        .bind(idle_expires_at)
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

const REVOKE: &str = "\
update sessions set revoked_ms = $3, revoked_reason = $4
where tenant_id = $1 and id = $2 and revoked_ms is null";

/// Answers whether the session was alive.
pub async fn revoke(
    conn: &mut Conn,
    tenant_id: TenantId,
    id: SessionId,
    reason: RevocationReason,
    at: Timestamp,
) -> Result<bool> {
    let changed = query(REVOKE).bind(tenant_id).bind(id).bind(at).bind(reason.word());
    Ok(changed.execute(conn).await? == 1)
}

const REVOKE_OLDEST: &str = "\
update sessions set revoked_ms = $3, revoked_reason = $4
where tenant_id = $1 and id in (
  select id from sessions
  where tenant_id = $1 and user_id = $2 and revoked_ms is null and idle_expires_ms > $3
  order by created_ms desc, id desc limit 1000 offset $5)
returning id";

/// Revokes the live sessions of a person but for the newest `keep`; answers which.
pub async fn revoke_oldest(
    conn: &mut Conn,
    (tenant_id, user_id): (TenantId, UserId),
    keep: u64,
    reason: RevocationReason,
    at: Timestamp,
) -> Result<Vec<SessionId>> {
    let rows = query(REVOKE_OLDEST)
        .bind(tenant_id)
        .bind(user_id)
        .bind(at)
        .bind(reason.word())
        .bind(keep)
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| row.id(0)).collect()
}

const PURGE: &str = "delete from sessions where expires_ms < $1";

/// Forgets sessions that ended before `before`.
pub async fn purge(conn: &mut Conn, before: Timestamp) -> Result<u64> {
    query(PURGE).bind(before).execute(conn).await
}

fn read(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.id(0)?,
        tenant_id: row.id(1)?,
        generation: row.int(2)? as u64,
        rotated_at: row.timestamp(3)?,
        idle_expires_at: row.timestamp(4)?,
        expires_at: row.timestamp(5)?,
        created_at: row.timestamp(6)?,
        revoked: row.optional_timestamp(7)?.is_some(),
        tenant_status: row.word(8, TenantStatus::from_word)?,
        role: row.word(9, Role::from_word)?,
        user: read_ref(row, 10)?,
        permission_ids: row.optional_json(18)?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
