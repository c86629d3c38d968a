//! The channel log as rows: reading entries, and appending those that are not plain messages.

use serde_json::Value;
use tidewire_protocol::{
    Mark, Position, Timestamp,
    id::{ChannelId, MessageId, TenantId, UserId},
};

use crate::{
    Conn, Error, Result,
    messages::{StoredMessage, stored_message},
    query::{Row, query},
};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $word:literal;)+) => {
        /// What an entry did to its channel.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum EntryKind { $($(#[$doc])* $name,)+ }

        impl EntryKind {
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

kinds! {
    Message "message";
    System "system";
    Edit "edit";
    Delete "delete";
    MembersAdded "members_added";
    MemberRemoved "member_removed";
    MemberUpdated "member_updated";
    ChannelUpdated "channel_updated";
}

/// A line of a channel's log, with the message it is about as that message is now.
#[derive(Debug, Clone)]
pub struct Entry {
    pub channel_id: ChannelId,
    pub position: Position,
    pub ord: u64,
    pub kind: EntryKind,
    pub actor_id: Option<UserId>,
    pub at: Timestamp,
    pub detail: Option<Value>,
    pub message: Option<StoredMessage>,
}

/// A line to append inside a transaction that holds the channel's lock.
#[derive(Debug, Clone)]
pub struct NewEntry {
    pub tenant_id: TenantId,
    pub channel_id: ChannelId,
    pub id: MessageId,
    pub kind: EntryKind,
    pub actor_id: Option<UserId>,
    pub at: Timestamp,
    /// The text of a system message.
    pub content: Option<String>,
    /// The message that an edit or a deletion is about.
    pub target_seq: Option<u64>,
    pub detail: Option<Value>,
}

/// Where an appended entry landed.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    pub position: Position,
    pub ord: u64,
}

impl Placed {
    /// Before the first entry.
    pub const START: Self = Self { position: Position::START, ord: 0 };
}

const RAISE_HEAD: &str = "\
update channels set seq = seq + 1, mark = $3, touched_ms = $4,
  last_message_seq = case when $5 then seq + 1 else last_message_seq end,
  last_message_ms = case when $5 then $4 else last_message_ms end
where tenant_id = $1 and id = $2
returning seq, ord";

const INSERT: &str = "\
insert into entries (channel_id, seq, id, ord, kind, actor_id, at_ms, content, target_seq, detail)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// Appends one entry; the head moves in the same transaction.
pub async fn append(conn: &mut Conn, entry: &NewEntry) -> Result<Placed> {
    let mark = Mark::of_entry(entry.id.uuid());
    let shows = entry.kind == EntryKind::System;
    let row = query(RAISE_HEAD)
        .bind(entry.tenant_id)
        .bind(entry.channel_id)
        .bind(mark.to_i64())
        .bind(entry.at)
        .bind(shows)
        .fetch_one(conn)
        .await?;
    let (seq, ord) = (row.int(0)? as u64, row.int(1)? as u64);
    query(INSERT)
        .bind(entry.channel_id)
        .bind(seq)
        .bind(entry.id)
        .bind(ord)
        .bind(entry.kind.word())
        .bind(entry.actor_id)
        .bind(entry.at)
        .bind(entry.content.as_deref())
        .bind(entry.target_seq.map(|seq| seq as i64))
        .bind(entry.detail.clone())
        .execute(conn)
        .await?;
    Ok(Placed { position: Position { seq, mark }, ord })
}

const RANGE: &str = "\
select e.channel_id, e.seq, e.id, e.ord, e.kind, e.actor_id, e.at_ms, e.detail,
  x.id, x.seq, x.kind, x.actor_id, x.content, x.mentions, x.client_id, x.at_ms, x.edited_ms, x.deleted_ms
from entries e join channels c on c.id = e.channel_id and c.tenant_id = $5
left join entries x on x.channel_id = e.channel_id
  and x.seq = case when e.kind in ('message', 'system') then e.seq else e.target_seq end
where e.channel_id = $1 and e.seq > $2 and e.seq <= $3
order by e.seq limit $4";

/// The entries after `after` up to and with `up_to`, in order, at most `limit`.
pub async fn range(
    conn: &mut Conn,
    (tenant, channel): (TenantId, ChannelId),
    after: u64,
    up_to: u64,
    limit: usize,
) -> Result<Vec<Entry>> {
    let rows = query(RANGE)
        .bind(channel)
        .bind(after)
        .bind(up_to)
        .bind(limit as i64)
        .bind(tenant)
        .fetch_all(conn)
        .await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &Row) -> Result<Entry> {
    let channel_id = row.id(0)?;
    let about = row.optional_id::<MessageId>(8)?;
    Ok(Entry {
        channel_id,
        position: Position { seq: row.int(1)? as u64, mark: Mark::of_entry(row.get(2)?) },
        ord: row.int(3)? as u64,
        kind: row.word(4, EntryKind::from_word)?,
        actor_id: row.optional_id(5)?,
        at: row.timestamp(6)?,
        detail: row.optional_json(7)?,
        message: about.map(|id| stored_message(row, id, channel_id, 9)).transpose()?,
    })
}

const MARK_AT: &str = "\
select e.id from entries e join channels c on c.id = e.channel_id
where c.tenant_id = $1 and e.channel_id = $2 and e.seq = $3";

/// The mark of the entry at `seq`; [`Mark::START`] at 0, `None` where there is no such entry.
pub async fn mark_at(
    conn: &mut Conn,
    tenant: TenantId,
    channel: ChannelId,
    seq: u64,
) -> Result<Option<Mark>> {
    if seq == 0 {
        return Ok(Some(Mark::START));
    }
    let row = query(MARK_AT).bind(tenant).bind(channel).bind(seq).fetch_optional(conn).await?;
    row.map(|row| row.get(0).map(Mark::of_entry)).transpose()
}

const MOVED: &str = "select id, seq, mark from channels where touched_ms >= $1";

/// The heads of all channels that moved since `since`: its cost follows what changed.
pub async fn moved_since(conn: &mut Conn, since: Timestamp) -> Result<Vec<(ChannelId, Position)>> {
    let rows = query(MOVED).bind(since).fetch_all(conn).await?;
    rows.iter().map(head).collect()
}

fn head(row: &Row) -> Result<(ChannelId, Position)> {
    let (seq, mark) = (row.int(1)?, row.int(2)?);
    Ok((
        row.id(0)?,
        Position {
            seq: u64::try_from(seq).map_err(|_| Error::Corrupt { column: 1 })?,
            mark: Mark::from_i64(mark),
        },
    ))
}
