//! Messages as rows of the log.

use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, MessageId, TenantId, UserId},
    model::messages::MessageType,
};

use crate::{
    Conn, Result,
    dialect::{Sql, by_ids},
    query::{Row, query},
};

/// A message as stored; people are ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    pub id: MessageId,
    pub channel_id: ChannelId,
    pub seq: u64,
    pub kind: MessageType,
    pub sender_id: Option<UserId>,
    pub content: Option<String>,
    pub mentions: Vec<UserId>,
    pub client_id: Option<String>,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
}

macro_rules! message_columns {
    () => {
        "e.id, e.channel_id, e.seq, e.kind, e.actor_id, e.content, e.mentions, e.client_id, e.at_ms, e.edited_ms, e.deleted_ms"
    };
}

const BEFORE: &str = concat!(
    "select ",
    message_columns!(),
    "
from entries e join channels c on c.id = e.channel_id
where c.tenant_id = $1 and e.channel_id = $2 and e.seq < $3 and e.kind in ('message', 'system')
order by e.seq desc limit $4"
);

const AFTER: &str = concat!(
    "select ",
    message_columns!(),
    "
from entries e join channels c on c.id = e.channel_id
where c.tenant_id = $1 and e.channel_id = $2 and e.seq > $3 and e.kind in ('message', 'system')
order by e.seq limit $4"
);

const AT: &str = concat!(
    "select ",
    message_columns!(),
    "
from entries e join channels c on c.id = e.channel_id
where c.tenant_id = $1 and e.channel_id = $2 and e.seq = $3 and e.kind in ('message', 'system')"
);

const BY_ID: &str = concat!(
    "select ",
    message_columns!(),
    "
from entries e join channels c on c.id = e.channel_id
where c.tenant_id = $1 and e.channel_id = $2 and e.id = $3 and e.kind in ('message', 'system')"
);

/// The messages before `seq`, newest first.
pub async fn before(
    conn: &mut Conn,
    tenant: TenantId,
    channel: ChannelId,
    seq: u64,
    limit: u32,
) -> Result<Vec<StoredMessage>> {
    page(conn, BEFORE, tenant, channel, seq, limit).await
}

/// The messages after `seq`, oldest first.
pub async fn after(
    conn: &mut Conn,
    tenant: TenantId,
    channel: ChannelId,
    seq: u64,
    limit: u32,
) -> Result<Vec<StoredMessage>> {
    page(conn, AFTER, tenant, channel, seq, limit).await
}

async fn page(
    conn: &mut Conn,
    sql: &'static str,
    tenant: TenantId,
    channel: ChannelId,
    seq: u64,
    limit: u32,
) -> Result<Vec<StoredMessage>> {
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let rows = query(sql)
        .bind(tenant)
        .bind(channel)
        .bind(seq)
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(message).collect()
}

const LAST: Sql = by_ids!(
    "select e.id, e.channel_id, e.seq, e.kind, e.actor_id, e.content, e.mentions, e.client_id, e.at_ms, e.edited_ms, e.deleted_ms
from channels c join entries e on e.channel_id = c.id and e.seq = c.last_message_seq
where c.tenant_id = $1 and c.id ",
    "$2",
    ""
);

/// The last message of each of `channels` that has one.
pub async fn last_of(
    conn: &mut Conn,
    tenant: TenantId,
    channels: &[ChannelId],
) -> Result<Vec<StoredMessage>> {
    let rows = query(LAST).bind(tenant).bind(channels).fetch_all(conn).await?;
    rows.iter().map(message).collect()
}

/// The message that entry `seq` created.
pub async fn at(
    conn: &mut Conn,
    tenant: TenantId,
    channel: ChannelId,
    seq: u64,
) -> Result<Option<StoredMessage>> {
    let row = query(AT).bind(tenant).bind(channel).bind(seq).fetch_optional(conn).await?;
    row.as_ref().map(message).transpose()
}

pub async fn by_id(
    conn: &mut Conn,
    tenant: TenantId,
    channel: ChannelId,
    id: MessageId,
) -> Result<Option<StoredMessage>> {
    let row = query(BY_ID).bind(tenant).bind(channel).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(message).transpose()
}

fn message(row: &Row) -> Result<StoredMessage> {
    stored_message(row, row.id(0)?, row.id(1)?, 2)
}

/// Reads `seq` and what follows it from column `at` on.
pub(crate) fn stored_message(
    row: &Row,
    id: MessageId,
    channel_id: ChannelId,
    at: usize,
) -> Result<StoredMessage> {
    let kind = row.word(at + 1, |word| match word {
        "system" => Some(MessageType::System),
        "message" => Some(MessageType::Text),
        _ => None,
    })?;
    Ok(StoredMessage {
        id,
        channel_id,
        seq: row.int(at)? as u64,
        kind,
        sender_id: row.optional_id(at + 2)?.filter(|_| kind == MessageType::Text),
        content: row.get(at + 3)?,
        mentions: row.optional_json(at + 4)?.unwrap_or_default(),
        client_id: row.get(at + 5)?,
        created_at: row.timestamp(at + 6)?,
        edited_at: row.optional_timestamp(at + 7)?,
        deleted_at: row.optional_timestamp(at + 8)?,
    })
}

const EDIT: &str =
    "update entries set content = $3, edited_ms = $4 where channel_id = $1 and seq = $2";

/// Replaces the text of the message at `seq`.
pub async fn edit(
    conn: &mut Conn,
    channel: ChannelId,
    seq: u64,
    content: &str,
    at: Timestamp,
) -> Result<()> {
    query(EDIT).bind(channel).bind(seq).bind(content).bind(at).execute(conn).await.map(drop)
}

const HAS_EXPIRED: &str = "\
select c.id from channels c join entries e on e.channel_id = c.id and e.seq = c.expired_seq + 1
where c.tenant_id = $1 and e.at_ms < $2 limit $3";

/// Some of the channels whose oldest entry that was not looked at yet is from before `before`.
pub async fn channels_to_expire(
    conn: &mut Conn,
    tenant: TenantId,
    before: Timestamp,
    limit: u64,
) -> Result<Vec<ChannelId>> {
    let rows = query(HAS_EXPIRED).bind(tenant).bind(before).bind(limit).fetch_all(conn).await?;
    rows.iter().map(|row| row.id(0)).collect()
}

const EXPIRED_SEQ: &str = "select expired_seq from channels where tenant_id = $1 and id = $2";

/// Up to which entry a channel was looked at for messages that have expired.
pub async fn expired_seq(conn: &mut Conn, tenant: TenantId, channel: ChannelId) -> Result<u64> {
    Ok(query(EXPIRED_SEQ).bind(tenant).bind(channel).fetch_one(conn).await?.int(0)? as u64)
}

const SET_EXPIRED_SEQ: &str = "update channels set expired_seq = $2 where id = $1";

pub async fn set_expired_seq(conn: &mut Conn, channel: ChannelId, seq: u64) -> Result<()> {
    query(SET_EXPIRED_SEQ).bind(channel).bind(seq).execute(conn).await.map(drop)
}

const ERASE: &str = "\
update entries set content = null, mentions = null, deleted_ms = $3
where channel_id = $1 and seq = $2 and deleted_ms is null";
const COUNT_DELETION: &str = "update channels set deletions = deletions + 1 where id = $1";
const FORGET_MENTIONS: &str = "delete from channel_mentions where channel_id = $1 and seq = $2";
const FORGET_OWN: &str = "\
update channel_members set own_after = own_after - 1
where channel_id = $1 and user_id = $2 and own_after > 0 and read_seq < $3";

/// Erases the text of a message and everything that counted it; its place in the log stays. Answers
/// whether it still stood.
pub async fn erase(conn: &mut Conn, message: &StoredMessage, at: Timestamp) -> Result<bool> {
    let channel = message.channel_id;
    if query(ERASE).bind(channel).bind(message.seq).bind(at).execute(conn).await? == 0 {
        return Ok(false);
    }
    query(COUNT_DELETION).bind(channel).execute(conn).await?;
    query(FORGET_MENTIONS).bind(channel).bind(message.seq).execute(conn).await?;
    query(FORGET_OWN).bind(channel).bind(message.sender_id).bind(message.seq).execute(conn).await?;
    Ok(true)
}
