//! Answering a repeated request with the first one's answer.
//!
//! A mouth calls [`claim`] before an operation. An operation that has a transaction calls [`record`]
//! in it, just before the commit; for others the mouth calls [`record_late`]. What ended in a 5xx or
//! 429 is given back by [`abandon`], so that the next try is a first one.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tidewire_protocol::ErrorCode;
use tidewire_storage::{
    Conn,
    idempotency::{self, Claim as Stored, Key},
};

use crate::{Actor, App, Error, Result};

const LEASE_MS: i64 = 60_000;

/// What is to be done about a request.
#[derive(Debug)]
pub enum Claim {
    /// Do it. Also when it carries no key.
    Fresh,
    /// Answer this again: a status and the `data` that went with it.
    Replay { status: u16, answer: Box<RawValue> },
    /// Answer `IDEMPOTENCY_IN_PROGRESS`.
    InProgress,
    /// Answer `IDEMPOTENCY_KEY_REUSED`.
    Reused,
}

/// Takes the request for a minute; a claim that was never answered may then be taken over.
pub async fn claim(app: &App, actor: &Actor) -> Result<Claim> {
    let Some(key) = key(actor) else { return Ok(Claim::Fresh) };
    let now = app.clock.now();
    let mut conn = app.db.write().await?;
    let claim = idempotency::claim(&mut conn, key, now, now.plus_ms(LEASE_MS)).await?;
    conn.commit().await?;
    Ok(match claim {
        Stored::Fresh => Claim::Fresh,
        Stored::Answered { status, answer } => Claim::Replay {
            status,
            answer: RawValue::from_string(answer).map_err(|_| ErrorCode::Internal)?,
        },
        Stored::InProgress => Claim::InProgress,
        Stored::Reused => Claim::Reused,
    })
}

/// Keeps the answer in the transaction of its effect. Fails with `IDEMPOTENCY_IN_PROGRESS` when
/// somebody else has answered meanwhile; the effect must then be undone.
pub async fn record(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    status: u16,
    answer: &impl Serialize,
) -> Result<()> {
    let Some(key) = key(actor) else { return Ok(()) };
    let answer = to_raw_value(answer).map_err(|_| ErrorCode::Internal)?;
    if idempotency::record(conn, key, app.clock.now(), status, answer.get()).await? {
        Ok(())
    } else {
        Err(Error::new(ErrorCode::IdempotencyInProgress).with_retry_after(1))
    }
}

/// Keeps the answer of an operation that had no transaction of its own, unless one is kept.
pub async fn record_late(
    app: &App,
    actor: &Actor,
    status: u16,
    answer: &impl Serialize,
) -> Result<()> {
    let Some(key) = key(actor) else { return Ok(()) };
    let answer = to_raw_value(answer).map_err(|_| ErrorCode::Internal)?;
    let mut conn = app.db.write().await?;
    idempotency::record(&mut conn, key, app.clock.now(), status, answer.get()).await?;
    Ok(conn.commit().await?)
}

/// Gives the request back unanswered.
pub async fn abandon(app: &App, actor: &Actor) -> Result<()> {
    let Some(key) = key(actor) else { return Ok(()) };
    let mut conn = app.db.write().await?;
    idempotency::abandon(&mut conn, key).await?;
    Ok(conn.commit().await?)
}

fn key(actor: &Actor) -> Option<Key<'_>> {
    let key = actor.request.idempotency.as_ref()?;
    Some(Key {
        tenant_id: actor.tenant_id(),
        caller_id: actor.user_id(),
        key_hash: &key.key_hash,
        body_hash: &key.body_hash,
    })
}

#[cfg(test)]
mod tests;
