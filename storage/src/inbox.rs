//! The log of each person's inbox: what has happened to their notifications, numbered without gaps in
//! the order of the commits.

use tidewire_protocol::{
    Timestamp,
    id::{NotificationId, TenantId, UserId},
};

use crate::{
    Conn, Error, Result,
    notifications::{self, StoredNotification},
    query::{Row, query},
};

/// Something that happens to an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    Created(NotificationId),
    Updated(NotificationId),
    Removed(NotificationId),
    /// Whatever was created at or before this instant is read.
    AllRead(Timestamp),
}

/// An entry, with the notification as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub seq: u64,
    pub happening: Happening,
    /// Absent once it is gone.
    pub notification: Option<StoredNotification>,
}

const HOLD: &str = "\
insert into inboxes (user_id, tenant_id, seq, touched_ms) values ($2, $1, 0, $3)
on conflict (user_id) do update set touched_ms = excluded.touched_ms
returning seq";

/// Takes hold of an inbox until the end of the transaction. Answers its head.
pub async fn hold(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    at: Timestamp,
) -> Result<u64> {
    let row = query(HOLD).bind(tenant).bind(user).bind(at).fetch_one(conn).await?;
    Ok(row.int(0)? as u64)
}

const RAISE: &str = "\
update inboxes set seq = seq + 1 where tenant_id = $1 and user_id = $2 returning seq";
const INSERT: &str = "\
insert into inbox_entries (user_id, seq, kind, notification_id, before_ms, at_ms)
values ($1, $2, $3, $4, $5, $6)";

/// Adds an entry to an inbox that the caller holds. Answers its number.
pub async fn append(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    happening: Happening,
    at: Timestamp,
) -> Result<u64> {
    let seq = query(RAISE).bind(tenant).bind(user).fetch_one(conn).await?.int(0)? as u64;
    let (kind, about, before) = match happening {
        Happening::Created(id) => ("created", Some(id), None),
        Happening::Updated(id) => ("updated", Some(id), None),
        Happening::Removed(id) => ("removed", Some(id), None),
        Happening::AllRead(before) => ("all_read", None, Some(before)),
    };
    let entry = query(INSERT).bind(user).bind(seq).bind(kind).bind(about).bind(before).bind(at);
    entry.execute(conn).await?;
    Ok(seq)
}

const HEAD: &str = "select seq from inboxes where tenant_id = $1 and user_id = $2";

/// The number of the last entry; 0 for an inbox that nothing has happened to.
pub async fn head(conn: &mut Conn, (tenant, user): (TenantId, UserId)) -> Result<u64> {
    let row = query(HEAD).bind(tenant).bind(user).fetch_optional(conn).await?;
    Ok(row.map_or(Ok(0), |row| row.int(0))? as u64)
}

const AFTER: &str = concat!(
    "select e.seq, e.kind, e.notification_id, e.before_ms, ",
    notifications::columns!(),
    "
from inbox_entries e
left join notifications n on n.id = e.notification_id and n.user_id = e.user_id and n.tenant_id = $1
where e.user_id = $2 and e.seq > $3 order by e.seq limit $4"
);

/// The first entries after `seq`, in order. Old ones are forgotten: an answer that does not begin with
/// the very next number has a gap before it.
pub async fn after(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    seq: u64,
    limit: usize,
) -> Result<Vec<Entry>> {
    let rows = query(AFTER).bind(tenant).bind(user).bind(seq).bind(limit as u64);
    rows.fetch_all(conn).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Entry> {
    let about = || row.id(2);
    let happening = match row.text(1)?.as_str() {
        "created" => Happening::Created(about()?),
        "updated" => Happening::Updated(about()?),
        "removed" => Happening::Removed(about()?),
        "all_read" => Happening::AllRead(row.timestamp(3)?),
        _ => return Err(Error::Corrupt { column: 1 }),
    };
    let is_there = row.optional_id::<NotificationId>(4)?.is_some();
    let notification = is_there.then(|| notifications::read(row, 4)).transpose()?;
    Ok(Entry { seq: row.int(0)? as u64, happening, notification })
}

const TOUCHED: &str = "select user_id, seq from inboxes where touched_ms >= $1";

/// Whose inboxes something has happened to since `since`, and their heads.
pub async fn touched_since(conn: &mut Conn, since: Timestamp) -> Result<Vec<(UserId, u64)>> {
    let rows = query(TOUCHED).bind(since).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.id(0)?, row.int(1)? as u64))).collect()
}

const PURGE: &str = "delete from inbox_entries where at_ms < $1";

/// Forgets entries from before `before`; who comes back from then reads everything again.
pub async fn purge(conn: &mut Conn, before: Timestamp) -> Result<u64> {
    query(PURGE).bind(before).execute(conn).await
}

#[cfg(test)]
mod tests;
