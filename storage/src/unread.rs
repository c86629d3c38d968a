//! Unread figures: arithmetic over positions, computed by one function wherever they are shown.

use tidewire_protocol::{
    Mark, Position, Timestamp,
    id::{ChannelId, TenantId, UserId},
    model::{
        channels::ChannelType,
        unread::{ChannelUnread, ReadMarker},
    },
};

use crate::{
    Conn, Result,
    dialect::{Sql, by_ids},
    query::{Row, query},
};

/// Where a member stands in a channel, and what is left to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub channel_id: ChannelId,
    pub kind: ChannelType,
    pub head: Position,
    /// Countable messages up to the head.
    pub ord: u64,
    pub read_seq: u64,
    /// Countable messages up to the read marker.
    pub read_ord: u64,
    /// Countable messages behind the marker that were deleted.
    pub deleted_after: u64,
    /// The member's own standing messages behind the marker; only after marking unread.
    pub own_after: u64,
    pub mentions: u64,
    pub revision: i64,
    pub muted: bool,
}

impl Standing {
    /// Messages behind the marker that are not one's own, not deleted and not the system's.
    pub const fn unread(&self) -> i64 {
        let behind = self.ord.saturating_sub(self.read_ord);
        behind.saturating_sub(self.deleted_after).saturating_sub(self.own_after) as i64
    }

    /// Whether anything is left to read.
    pub const fn has_unread(&self) -> bool {
        self.unread() > 0 || self.mentions > 0
    }

    /// Whether there is nothing to say of it to who knows its head: all is read, and it is not muted.
    pub const fn is_plain(&self) -> bool {
        !self.has_unread() && !self.muted
    }

    /// As clients see it.
    pub const fn figure(&self) -> ChannelUnread {
        ChannelUnread {
            id: self.channel_id,
            seq: self.head.seq,
            last_read_seq: self.read_seq,
            unread_count: self.unread(),
            mention_count: self.mentions as i64,
            revision: self.revision,
        }
    }

    pub const fn read_marker(&self, total_unread: i64) -> ReadMarker {
        ReadMarker {
            channel_id: self.channel_id,
            last_read_seq: self.read_seq,
            unread_count: self.unread(),
            total_unread,
            revision: self.revision,
        }
    }
}

macro_rules! standing_columns {
    () => {
        "c.id, c.kind, c.seq, c.mark, c.ord, m.read_seq, m.read_ord,
  case when c.deletions = 0 or m.read_ord >= c.ord then 0 else (
    select count(*) from entries e where e.channel_id = c.id and e.seq > m.read_seq and e.deleted_ms is not null) end,
  m.own_after,
  case when m.read_ord >= c.ord then 0 else (
    select count(*) from channel_mentions x
    where x.channel_id = c.id and x.user_id = m.user_id and x.seq > m.read_seq) end,
  m.revision, m.muted"
    };
}
pub(crate) use standing_columns;

/// How many columns [`standing`] reads.
pub(crate) const STANDING_COLUMNS: usize = 12;

const ALL: &str = concat!(
    "select ",
    standing_columns!(),
    "
from channel_members m join channels c on c.id = m.channel_id
where m.tenant_id = $1 and m.user_id = $2 and c.tenant_id = $1"
);

const ONE: &str = concat!(
    "select ",
    standing_columns!(),
    "
from channel_members m join channels c on c.id = m.channel_id
where m.tenant_id = $1 and m.user_id = $2 and m.channel_id = $3 and c.tenant_id = $1"
);

const UNREAD: &str = concat!(
    "select ",
    standing_columns!(),
    "
from channel_members m join channels c on c.id = m.channel_id
where m.tenant_id = $1 and m.user_id = $2 and c.tenant_id = $1 and c.ord > m.read_ord"
);

/// Not bound to a tenant: the node asks for the people that its own connections belong to.
const OF_USERS: Sql = by_ids!(
    "select m.user_id, c.id, c.kind, c.seq, c.mark, c.ord, m.read_seq, m.read_ord,
  case when c.deletions = 0 or m.read_ord >= c.ord then 0 else (
    select count(*) from entries e where e.channel_id = c.id and e.seq > m.read_seq and e.deleted_ms is not null) end,
  m.own_after,
  case when m.read_ord >= c.ord then 0 else (
    select count(*) from channel_mentions x
    where x.channel_id = c.id and x.user_id = m.user_id and x.seq > m.read_seq) end,
  m.revision, m.muted
from channels c join channel_members m on c.id = m.channel_id
where c.id = $1 and m.user_id ",
    "$2",
    ""
);

const TOUCHED: &str = "select channel_id, user_id from channel_members where touched_ms >= $1";

const CHANNELS: &str =
    "select channel_id from channel_members where tenant_id = $1 and user_id = $2";

/// The channels a person is in.
pub async fn channels_of(
    conn: &mut Conn,
    tenant: TenantId,
    user: UserId,
) -> Result<Vec<ChannelId>> {
    let rows = query(CHANNELS).bind(tenant).bind(user).fetch_all(conn).await?;
    rows.iter().map(|row| row.id(0)).collect()
}

/// The standings of a person in all their channels.
pub async fn standings(conn: &mut Conn, tenant: TenantId, user: UserId) -> Result<Vec<Standing>> {
    let rows = query(ALL).bind(tenant).bind(user).fetch_all(conn).await?;
    rows.iter().map(|row| standing(row, 0)).collect()
}

/// The standings of a person in the channels that have something to read.
pub async fn unread_standings(
    conn: &mut Conn,
    tenant: TenantId,
    user: UserId,
) -> Result<Vec<Standing>> {
    let rows = query(UNREAD).bind(tenant).bind(user).fetch_all(conn).await?;
    let standings = rows.iter().map(|row| standing(row, 0));
    standings
        .filter(|standing| standing.as_ref().map_or(true, |standing| standing.unread() > 0))
        .collect()
}

/// The standing of a person in one channel; `None` for those who are not in it.
pub async fn standing_in(
    conn: &mut Conn,
    tenant: TenantId,
    user: UserId,
    channel: ChannelId,
) -> Result<Option<Standing>> {
    let row = query(ONE).bind(tenant).bind(user).bind(channel).fetch_optional(conn).await?;
    row.map(|row| standing(&row, 0)).transpose()
}

/// The standings in one channel of those of `users` who are in it.
pub async fn standings_of(
    conn: &mut Conn,
    channel: ChannelId,
    users: &[UserId],
) -> Result<Vec<(UserId, Standing)>> {
    let rows = query(OF_USERS).bind(channel).bind(users).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.id(0)?, standing(row, 1)?))).collect()
}

/// Who moved a marker or a setting since `since`, and where. Its cost follows what changed.
pub async fn touched_since(conn: &mut Conn, since: Timestamp) -> Result<Vec<(ChannelId, UserId)>> {
    let rows = query(TOUCHED).bind(since).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.id(0)?, row.id(1)?))).collect()
}

/// Reads the columns of [`standing_columns`] from column `at` on.
pub(crate) fn standing(row: &Row, at: usize) -> Result<Standing> {
    let count = |index| Ok::<_, crate::Error>(row.int(at + index)? as u64);
    Ok(Standing {
        channel_id: row.id(at)?,
        kind: row.word(at + 1, ChannelType::from_word)?,
        head: Position { seq: count(2)?, mark: Mark::from_i64(row.int(at + 3)?) },
        ord: count(4)?,
        read_seq: count(5)?,
        read_ord: count(6)?,
        deleted_after: count(7)?,
        own_after: count(8)?,
        mentions: count(9)?,
        revision: row.int(at + 10)?,
        muted: row.get(at + 11)?,
    })
}

const MARK_UNREAD: &str = "\
update channel_members set read_seq = $4 - 1,
  read_ord = coalesce((select e.ord from entries e where e.channel_id = $2 and e.seq = $4 - 1), 0),
  own_after = (select count(*) from entries e where e.channel_id = $2 and e.seq >= $4 and e.actor_id = $3
    and e.kind = 'message' and e.deleted_ms is null),
  revision = revision + 1, touched_ms = $5
where tenant_id = $1 and channel_id = $2 and user_id = $3";

/// Lowers the marker so that `seq` is the first unread entry, and raises the revision. Answers whether
/// the person is a member.
pub async fn mark_unread(
    conn: &mut Conn,
    (tenant, channel, user): (TenantId, ChannelId, UserId),
    seq: u64,
    at: Timestamp,
) -> Result<bool> {
    let changed = query(MARK_UNREAD)
        .bind(tenant)
        .bind(channel)
        .bind(user)
        .bind(seq)
        .bind(at)
        .execute(conn)
        .await?;
    Ok(changed == 1)
}
