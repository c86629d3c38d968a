//! A person's sessions as the person sees them.

use tidewire_protocol::{
    Timestamp,
    id::{SessionId, TenantId, UserId},
    model::accounts::{RevocationReason, SessionItem},
};

use super::NewSession;
use crate::{
    Conn, Result,
    query::{Row, query},
};

const LIST: &str = "\
select id, device_name, user_agent, address, created_ms, last_seen_ms, idle_expires_ms, expires_ms
from sessions
where tenant_id = $1 and user_id = $2 and revoked_ms is null and idle_expires_ms > $3 and expires_ms > $3
order by last_seen_ms desc, id desc limit 1000";

/// The live sessions of a person, the one used last first. Which is the reader's own is not known here.
pub async fn list(
    conn: &mut Conn,
    (tenant_id, user_id): (TenantId, UserId),
    at: Timestamp,
) -> Result<Vec<SessionItem>> {
    let rows = query(LIST).bind(tenant_id).bind(user_id).bind(at).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<SessionItem> {
    Ok(SessionItem {
        id: row.id(0)?,
        current: false,
        device_name: row.get(1)?,
        user_agent: row.get(2)?,
        ip_address: row.get::<Option<String>>(3)?.unwrap_or_default(),
        created_at: row.timestamp(4)?,
        last_seen_at: row.timestamp(5)?,
        expires_at: row.timestamp(6)?.min(row.timestamp(7)?),
    })
}

const REVOKE_OTHERS: &str = "\
update sessions set revoked_ms = $4, revoked_reason = $5
where tenant_id = $1 and user_id = $2 and id <> $3 and revoked_ms is null and idle_expires_ms > $4
returning id";

/// Revokes the live sessions of a person but for one; answers which.
pub async fn revoke_others(
    conn: &mut Conn,
    (tenant_id, user_id): (TenantId, UserId),
    keep: SessionId,
    reason: RevocationReason,
    at: Timestamp,
) -> Result<Vec<SessionId>> {
    let rows = query(REVOKE_OTHERS)
        .bind(tenant_id)
        .bind(user_id)
        .bind(keep)
        .bind(at)
        .bind(reason.word())
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| row.id(0)).collect()
}

const IS_KNOWN_DEVICE: &str = "\
select 1 from sessions
where tenant_id = $1 and user_id = $2
  and device_name is not distinct from $3 and user_agent is not distinct from $4
limit 1";

/// Whether the person has signed in with the same device name and program before; to be asked before
/// the session is inserted.
pub async fn is_known_device(conn: &mut Conn, session: &NewSession<'_>) -> Result<bool> {
    let known = query(IS_KNOWN_DEVICE)
        .bind(session.tenant_id)
        .bind(session.user_id)
        .bind(session.device_name)
        .bind(session.user_agent);
    Ok(known.fetch_optional(conn).await?.is_some())
}
