//! Up to where people were notified of each channel's messages, and whom they may concern.

use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, TenantId, UserId},
    model::channels::{ChannelNotify, ChannelType},
    notification_event::EventKey,
};

use crate::{
    Conn, Result,
    dialect::{Sql, by_ids},
    query::{Row, query},
};

/// A channel as its notifications name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub kind: ChannelType,
    pub name: Option<String>,
    /// The last message.
    pub head: u64,
    /// Up to where people were notified; absent where nobody ever was.
    pub cursor: Option<u64>,
}

const SUBJECT: &str = "\
select c.kind, c.name, c.last_message_seq, n.seq
from channels c left join channel_notices n on n.channel_id = c.id
where c.tenant_id = $1 and c.id = $2";

pub async fn subject(
    conn: &mut Conn,
    tenant: TenantId,
    channel: ChannelId,
) -> Result<Option<Subject>> {
    let row = query(SUBJECT).bind(tenant).bind(channel).fetch_optional(conn).await?;
    row.map(|row| {
        let cursor: Option<i64> = row.get(3)?;
        Ok(Subject {
            kind: row.word(0, ChannelType::from_word)?,
            name: row.get(1)?,
            head: row.int(2)? as u64,
            cursor: cursor.map(|seq| seq as u64),
        })
    })
    .transpose()
}

/// A member whom a message may concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concerned {
    pub user_id: UserId,
    pub muted: bool,
    pub notify: ChannelNotify,
    /// Earlier messages are nothing to be told of: there was no way to the person yet.
    pub since: Timestamp,
}

const REACHABLE: &str = "\
select m.user_id, m.muted, m.notify, coalesce(min(w.since_ms), 0)
from channel_members m left join (
  select d.user_id, d.created_ms as since_ms
  from devices d join sessions s on s.id = d.session_id
  where d.tenant_id = $1 and s.revoked_ms is null and s.idle_expires_ms > $4 and s.expires_ms > $4
  union all
  select c.user_id, c.updated_ms from notification_choices c
  where c.tenant_id = $1 and c.event = $3 and c.enabled and c.channel <> 'push') w
  on w.user_id = m.user_id
where m.tenant_id = $1 and m.channel_id = $2 and ($5 or w.user_id is not null)
group by m.user_id, m.muted, m.notify";

/// The members whom there is a way to for a kind of message; with `everybody`, all of them.
pub async fn reachable(
    conn: &mut Conn,
    (tenant, channel): (TenantId, ChannelId),
    event: EventKey,
    everybody: bool,
    now: Timestamp,
) -> Result<Vec<Concerned>> {
    let rows = query(REACHABLE)
        .bind(tenant)
        .bind(channel)
        .bind(event.word())
        .bind(now)
        .bind(everybody)
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

const MEMBERS: Sql = by_ids!(
    "select user_id, muted, notify, joined_ms from channel_members
where tenant_id = $1 and channel_id = $2 and user_id ",
    "$3",
    ""
);

/// Those of `users` who are members.
pub async fn members(
    conn: &mut Conn,
    (tenant, channel): (TenantId, ChannelId),
    users: &[UserId],
) -> Result<Vec<Concerned>> {
    let rows = query(MEMBERS).bind(tenant).bind(channel).bind(users).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Concerned> {
    Ok(Concerned {
        user_id: row.id(0)?,
        muted: row.get(1)?,
        notify: row.word(2, ChannelNotify::from_word)?,
        since: row.timestamp(3)?,
    })
}

const BEGIN: &str = "\
insert into channel_notices (channel_id, tenant_id, seq) values ($2, $1, $3)
on conflict (channel_id) do nothing";
const MOVE: &str = "\
update channel_notices set seq = $3 where tenant_id = $1 and channel_id = $2 and seq = $4";

/// Moves a channel's cursor on from where it was. Answers `false` when somebody else has moved it.
pub async fn move_on(
    conn: &mut Conn,
    (tenant, channel): (TenantId, ChannelId),
    from: Option<u64>,
    to: u64,
) -> Result<bool> {
    let moved = match from {
        None => query(BEGIN).bind(tenant).bind(channel).bind(to),
        Some(from) => query(MOVE).bind(tenant).bind(channel).bind(to).bind(from),
    };
    Ok(moved.execute(conn).await? == 1)
}

const LAGGING: &str = "\
select c.tenant_id, c.id, coalesce(n.seq, c.last_message_seq - 1)
from channels c left join channel_notices n on n.channel_id = c.id
where c.touched_ms >= $1 and c.last_message_ms < $2 and coalesce(n.seq, 0) < c.last_message_seq
limit $3";

/// Channels that have moved since `since`, whose last message is from before `before`, and which nobody
/// was notified of since; with the message before the first that is not looked at.
pub async fn lagging(
    conn: &mut Conn,
    since: Timestamp,
    before: Timestamp,
    limit: u64,
) -> Result<Vec<(TenantId, ChannelId, u64)>> {
    let rows = query(LAGGING).bind(since).bind(before).bind(limit).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.id(0)?, row.id(1)?, row.int(2)? as u64))).collect()
}
