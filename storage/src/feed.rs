//! News that no node may miss: rows written in the transaction of their cause, read by every node in
//! its sweep.

use serde_json::{Value, json};
use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, SessionId, TenantId, UserId},
    limits::SWEEP_OVERLAP_MS,
    model::{accounts::RevocationReason, org_settings::SettingKey},
};

use crate::{
    Conn, Error, Result,
    query::{Row, query},
};

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    SessionRevoked {
        session_id: SessionId,
        user_id: UserId,
        reason: RevocationReason,
    },
    /// Role, profile, status or name.
    UserChanged {
        user_id: UserId,
    },
    TenantChanged,
    SettingChanged {
        key: SettingKey,
    },
    /// Joined a channel or left it.
    Membership {
        user_id: UserId,
        channel_id: ChannelId,
    },
}

const APPEND: &str = "\
insert into feed (at_ms, tenant_id, kind, user_id, subject_id, detail)
values ($1, $2, $3, $4, $5, $6)";

pub async fn append(
    conn: &mut Conn,
    tenant_id: TenantId,
    change: Change,
    at: Timestamp,
) -> Result<()> {
    let (kind, user_id, subject_id, detail) = match change {
        Change::SessionRevoked { session_id, user_id, reason } => (
            "session_revoked",
            Some(user_id),
            Some(session_id.uuid()),
            json!({ "reason": reason.word() }),
        ),
        Change::UserChanged { user_id } => ("user_changed", Some(user_id), None, Value::Null),
        Change::TenantChanged => ("tenant_changed", None, None, Value::Null),
        Change::SettingChanged { key } => {
            ("setting_changed", None, None, json!({ "key": key.word() }))
        }
        Change::Membership { user_id, channel_id } => {
            ("membership", Some(user_id), Some(channel_id.uuid()), Value::Null)
        }
    };
    query(APPEND)
        .bind(at)
        .bind(tenant_id)
        .bind(kind)
        .bind(user_id)
        .bind(subject_id)
        .bind_json(&detail)
        .execute(conn)
        .await
        .map(drop)
}

/// A row of the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Tells rows apart that a reader meets twice.
    pub id: i64,
    pub tenant_id: TenantId,
    pub change: Change,
}

const SINCE: &str = "\
select id, tenant_id, kind, user_id, subject_id, detail from feed
where at_ms >= $1 order by at_ms, id limit $2";

/// The rows written since `since`, and some from before: a transaction may commit after a later one
/// was read, so a reader looks back by an overlap and passes over what it knows. A full answer means
/// that there may be more, and that the reader should take everything as changed.
pub async fn since(conn: &mut Conn, since: Timestamp, limit: u64) -> Result<Vec<Item>> {
    let from = since.plus_ms(-SWEEP_OVERLAP_MS);
    let rows = query(SINCE).bind(from).bind(limit).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

const PURGE: &str = "delete from feed where at_ms < $1";

/// Forgets rows that every node has read long ago.
pub async fn purge(conn: &mut Conn, before: Timestamp) -> Result<u64> {
    query(PURGE).bind(before).execute(conn).await
}

fn read(row: &Row) -> Result<Item> {
    let change = match row.text(2)?.as_str() {
        "session_revoked" => Change::SessionRevoked {
            user_id: row.id(3)?,
            session_id: row.id(4)?,
            reason: read_detail(row, "reason", RevocationReason::from_word)?,
        },
        "user_changed" => Change::UserChanged { user_id: row.id(3)? },
        "tenant_changed" => Change::TenantChanged,
        "setting_changed" => {
            Change::SettingChanged { key: read_detail(row, "key", SettingKey::from_word)? }
        }
        "membership" => Change::Membership { user_id: row.id(3)?, channel_id: row.id(4)? },
        _ => return Err(Error::Corrupt { column: 2 }),
    };
    Ok(Item { id: row.int(0)?, tenant_id: row.id(1)?, change })
}

fn read_detail<T>(row: &Row, field: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    let detail: Value = row.json(5)?;
    detail[field].as_str().and_then(parse).ok_or(Error::Corrupt { column: 5 })
}

#[cfg(test)]
mod tests;
