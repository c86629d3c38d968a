//! Answers kept for repeated requests with the same key.
//!
//! A row without an answer is a claim: somebody works on the request until the lease ends. The
//! answer is recorded in the transaction of the effect, and only once: a worker whose lease has
//! lapsed finds the row answered and must undo its effect.

use tidewire_protocol::{
    Timestamp,
    id::{TenantId, UserId},
    limits::IDEMPOTENCY_LIFETIME_MS,
};

use crate::{Conn, Result, query::query};

/// Whose request it is, and which.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    pub tenant_id: TenantId,
    pub caller_id: UserId,
    pub key_hash: &'a [u8; 32],
    pub body_hash: &'a [u8; 32],
}

/// What is known about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing; it is the caller's now.
    Fresh,
    /// It was answered, with this status and this JSON text.
    Answered { status: u16, answer: String },
    /// Somebody works on it.
    InProgress,
    /// The key belongs to a request with another body.
    Reused,
}

const CLAIM: &str = "\
insert into idempotency (tenant_id, caller_id, key_hash, body_hash, created_ms, lease_until_ms)
values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, caller_id, key_hash) do update set
  body_hash = excluded.body_hash, created_ms = excluded.created_ms,
  lease_until_ms = excluded.lease_until_ms, status = null, answer = null
where idempotency.created_ms <= $7
  or (idempotency.status is null and idempotency.lease_until_ms <= $5
      and idempotency.body_hash = excluded.body_hash)";

const FIND: &str = "\
select body_hash, status, answer from idempotency
where tenant_id = $1 and caller_id = $2 and key_hash = $3";

/// Takes the request until `lease_until`, unless it is answered or in other hands.
pub async fn claim(
    conn: &mut Conn,
    key: Key<'_>,
    at: Timestamp,
    lease_until: Timestamp,
) -> Result<Claim> {
    let claimed = query(CLAIM)
        .bind(key.tenant_id)
        .bind(key.caller_id)
        .bind(&key.key_hash[..])
        .bind(&key.body_hash[..])
        .bind(at)
        .bind(lease_until)
        .bind(at.plus_ms(-IDEMPOTENCY_LIFETIME_MS));
    if claimed.execute(conn).await? == 1 {
        return Ok(Claim::Fresh);
    }
    let row = query(FIND).bind(key.tenant_id).bind(key.caller_id).bind(&key.key_hash[..]);
    // A row that is gone again was abandoned a moment ago; the next try will get it.
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(Claim::InProgress) };
    if row.get::<Vec<u8>>(0)? != key.body_hash {
        return Ok(Claim::Reused);
    }
    Ok(match row.get::<Option<i64>>(1)? {
        Some(status) => Claim::Answered { status: status as u16, answer: row.text(2)? },
        None => Claim::InProgress,
    })
}

const RECORD: &str = "\
insert into idempotency (tenant_id, caller_id, key_hash, body_hash, created_ms, lease_until_ms,
  status, answer)
values ($1, $2, $3, $4, $5, $5, $6, $7)
on conflict (tenant_id, caller_id, key_hash) do update set
  status = excluded.status, answer = excluded.answer
where idempotency.status is null and idempotency.body_hash = excluded.body_hash";

/// Keeps the answer. `false`: another one is kept already, and this effect must not be committed.
pub async fn record(
    conn: &mut Conn,
    key: Key<'_>,
    at: Timestamp,
    status: u16,
    answer: &str,
) -> Result<bool> {
    let recorded = query(RECORD)
        .bind(key.tenant_id)
        .bind(key.caller_id)
        .bind(&key.key_hash[..])
        .bind(&key.body_hash[..])
        .bind(at)
        .bind(i64::from(status))
        .bind(answer);
    Ok(recorded.execute(conn).await? == 1)
}

const ABANDON: &str = "\
delete from idempotency
where tenant_id = $1 and caller_id = $2 and key_hash = $3 and status is null";

/// Gives a claim back unanswered.
pub async fn abandon(conn: &mut Conn, key: Key<'_>) -> Result<()> {
    query(ABANDON)
        .bind(key.tenant_id)
        .bind(key.caller_id)
        .bind(&key.key_hash[..])
        .execute(conn)
        .await
        .map(drop)
}

const PURGE: &str = "delete from idempotency where created_ms < $1";

/// Forgets what is older than `before`.
pub async fn purge(conn: &mut Conn, before: Timestamp) -> Result<u64> {
    query(PURGE).bind(before).execute(conn).await
}

#[cfg(test)]
mod tests;
