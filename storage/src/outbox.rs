//! Work that leaves the server: written in the transaction of its cause, done at least once, given
//! up at an end.
//!
//! Claiming a row moves its due time to the end of the lease, so a worker that dies makes it due
//! again. Each claim has an id of its own; a worker whose lease has lapsed cannot settle what
//! somebody else has taken over.

use serde::Serialize;
use serde_json::Value;
use tidewire_protocol::{Timestamp, id::TenantId};
use uuid::Uuid;

use crate::{Conn, Result, dialect::locking, query::query};

const INSERT: &str = "\
insert into outbox (id, tenant_id, kind, payload, state, due_ms, created_ms)
values ($1, $2, $3, $4, 'queued', $5, $5)";

/// Adds work that is due at once.
pub async fn put(
    conn: &mut Conn,
    (id, tenant_id): (Uuid, TenantId),
    kind: &str,
    payload: &impl Serialize,
    at: Timestamp,
) -> Result<()> {
    query(INSERT)
        .bind(id)
        .bind(tenant_id)
        .bind(kind)
        .bind_json(payload)
        .bind(at)
        .execute(conn)
        .await
        .map(drop)
}

const IS_DUE: &str =
    "select 1 from outbox where kind = $1 and state = 'queued' and due_ms <= $2 limit 1";

/// Whether there is anything to claim; cheaper than claiming nothing.
pub async fn is_due(conn: &mut Conn, kind: &str, at: Timestamp) -> Result<bool> {
    Ok(query(IS_DUE).bind(kind).bind(at).fetch_optional(conn).await?.is_some())
}

const HAS_OVERDUE: &str = "select 1 from outbox where state = 'queued' and due_ms < $1 limit 1";

/// Whether anything that was due before `before` is still waiting.
pub async fn has_overdue(conn: &mut Conn, before: Timestamp) -> Result<bool> {
    Ok(query(HAS_OVERDUE).bind(before).fetch_optional(conn).await?.is_some())
}

/// A piece of work in the hands of one worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    pub id: Uuid,
    pub tenant_id: TenantId,
    pub payload: Value,
    /// How often it has been claimed, this time included.
    pub attempts: i64,
}

/// Takes at most `limit` pieces of due work, until `lease_until`.
pub async fn claim(
    conn: &mut Conn,
    kind: &str,
    claim: Uuid,
    (at, lease_until): (Timestamp, Timestamp),
    limit: u64,
) -> Result<Vec<Claimed>> {
    let sql = locking!(
        "update outbox set claim = $2, due_ms = $4, attempts = attempts + 1 where id in (\
         select id from outbox where kind = $1 and state = 'queued' and due_ms <= $3 \
         order by due_ms limit $5",
        " for update skip locked",
        ") returning id, tenant_id, payload, attempts"
    );
    let claimed = query(sql).bind(kind).bind(claim).bind(at).bind(lease_until).bind(limit);
    let rows = claimed.fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(Claimed {
                id: row.get(0)?,
                tenant_id: row.id(1)?,
                payload: row.json(2)?,
                attempts: row.int(3)?,
            })
        })
        .collect()
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<'a> {
    Done,
    Retry { due_at: Timestamp, error: &'a str },
    Failed { error: &'a str },
}

const RETRY: &str = "\
update outbox set due_ms = $3, error = $4, claim = null
where id = $1 and claim = $2 and state = 'queued'";

// The payload may hold a secret of the mail; nobody needs it any more.
const CLOSE: &str = "\
update outbox set state = $3, error = $4, done_ms = $5, payload = $6, claim = null
where id = $1 and claim = $2 and state = 'queued'";

/// Notes how an attempt ended. Answers `false` when the claim was no longer held.
pub async fn settle(
    conn: &mut Conn,
    (id, claim): (Uuid, Uuid),
    outcome: Outcome<'_>,
    at: Timestamp,
) -> Result<bool> {
    let (state, error) = match outcome {
        Outcome::Retry { due_at, error } => {
            let retried = query(RETRY).bind(id).bind(claim).bind(due_at).bind(error);
            return Ok(retried.execute(conn).await? == 1);
        }
        Outcome::Done => ("done", None),
        Outcome::Failed { error } => ("failed", Some(error)),
    };
    let closed =
        query(CLOSE).bind(id).bind(claim).bind(state).bind(error).bind(at).bind_json(&Value::Null);
    Ok(closed.execute(conn).await? == 1)
}

const PENDING: &str =
    "select count(*) from outbox where tenant_id = $1 and kind = $2 and state = 'queued'";

const FAILED_SINCE: &str = "\
select count(*) from outbox
where tenant_id = $1 and kind = $2 and state = 'failed' and done_ms >= $3";

/// How much of a tenant's work is waiting, and how much was given up since `since`.
pub async fn count(
    conn: &mut Conn,
    tenant_id: TenantId,
    kind: &str,
    since: Timestamp,
) -> Result<(i64, i64)> {
    let pending = query(PENDING).bind(tenant_id).bind(kind).fetch_one(conn).await?.int(0)?;
    let failed = query(FAILED_SINCE).bind(tenant_id).bind(kind).bind(since);
    Ok((pending, failed.fetch_one(conn).await?.int(0)?))
}

/// Work that did not go well, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Troubled {
    pub id: Uuid,
    /// The company's short name; absent for work that is nobody's yet.
    pub tenant: Option<String>,
    pub kind: String,
    /// Queued once more, or failed.
    pub state: String,
    pub attempts: i64,
    pub created_at: Timestamp,
    /// When it is tried again; absent once it was given up.
    pub due_at: Option<Timestamp>,
    pub error: String,
}

const TROUBLED: &str = "\
select o.id, t.slug, o.kind, o.state, o.attempts, o.created_ms,
  case when o.state = 'queued' then o.due_ms end, o.error
from outbox o left join tenants t on t.id = o.tenant_id
where o.error is not null order by o.created_ms desc, o.id desc limit $1";

/// Work of all tenants that was given up or is being tried again, the newest first.
pub async fn troubled(conn: &mut Conn, limit: u64) -> Result<Vec<Troubled>> {
    let rows = query(TROUBLED).bind(limit).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(Troubled {
                id: row.get(0)?,
                tenant: row.get(1)?,
                kind: row.text(2)?,
                state: row.text(3)?,
                attempts: row.int(4)?,
                created_at: row.timestamp(5)?,
                due_at: row.optional_timestamp(6)?,
                error: row.text(7)?,
            })
        })
        .collect()
}

const PURGE: &str = "delete from outbox where done_ms < $1";

/// Forgets work that was done or given up before `before`.
pub async fn purge(conn: &mut Conn, before: Timestamp) -> Result<u64> {
    query(PURGE).bind(before).execute(conn).await
}

#[cfg(test)]
mod tests;
