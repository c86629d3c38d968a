//! Socket tickets that were used. A ticket proves itself; a row here makes it single use.

use tidewire_protocol::Timestamp;

use crate::{Conn, Result, query::query};

const CONSUME: &str = "\
insert into used_tickets (hash, expires_ms) values ($1, $2) on conflict (hash) do nothing";

/// Uses a ticket up. Of many who try, one is answered `true`.
pub async fn consume(conn: &mut Conn, hash: [u8; 32], expires_at: Timestamp) -> Result<bool> {
    Ok(query(CONSUME).bind(&hash[..]).bind(expires_at).execute(conn).await? == 1)
}

const PURGE: &str = "delete from used_tickets where expires_ms < $1";

/// Forgets tickets that ended before `before` and are refused for that alone.
pub async fn purge(conn: &mut Conn, before: Timestamp) -> Result<u64> {
    query(PURGE).bind(before).execute(conn).await
}
