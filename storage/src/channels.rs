//! Channels, as their members see them.

use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, TenantId, UserId},
    model::channels::{ChannelNotify, ChannelRole, ChannelType},
};

use crate::{
    Conn, Result,
    dialect::Sql,
    query::{Row, query},
    unread::{STANDING_COLUMNS, Standing, standing, standing_columns},
};

/// A channel together with one member's place in it.
#[derive(Debug, Clone)]
pub struct MemberChannel {
    pub standing: Standing,
    pub name: Option<String>,
    pub description: Option<String>,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub archived: bool,
    pub member_count: i64,
    pub last_message_seq: u64,
    pub last_message_at: Option<Timestamp>,
    pub role: ChannelRole,
    pub notify: ChannelNotify,
}

/// A channel to create.
#[derive(Debug, Clone)]
pub struct NewChannel<'a> {
    pub id: ChannelId,
    pub tenant_id: TenantId,
    pub kind: ChannelType,
    pub name: Option<&'a str>,
    pub description: Option<&'a str>,
    /// The pair of a direct channel.
    pub direct_key: Option<Vec<u8>>,
    pub created_by: UserId,
    pub at: Timestamp,
}

macro_rules! member_channel {
    ($rest:literal) => {
        concat!(
            "select ",
            standing_columns!(),
            ", c.name, c.description, c.created_by, c.created_ms, c.archived, c.member_count,
  c.last_message_seq, c.last_message_ms, m.role, m.notify
from channel_members m join channels c on c.id = m.channel_id
where m.tenant_id = $1 and m.user_id = $2 and c.tenant_id = $1 ",
            $rest
        )
    };
}

const OF_MEMBER: &str = member_channel!("and c.id = $3");
const LIST: &str = member_channel!(
    "and (c.kind <> 'direct' or c.last_message_seq > 0 or c.created_by = $2)
order by coalesce(c.last_message_ms, c.created_ms) desc, c.id"
);

/// The key of the one direct channel of a pair, whoever asks.
pub fn direct_key(a: UserId, b: UserId) -> Vec<u8> {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    [low.uuid().into_bytes(), high.uuid().into_bytes()].concat()
}

/// A channel as `user` sees it; `None` for those who are not in it.
pub async fn of_member(
    conn: &mut Conn,
    tenant: TenantId,
    user: UserId,
    channel: ChannelId,
) -> Result<Option<MemberChannel>> {
    let row = query(OF_MEMBER).bind(tenant).bind(user).bind(channel).fetch_optional(conn).await?;
    row.as_ref().map(member_channel).transpose()
}

/// All channels of `user`, newest activity first.
pub async fn list(conn: &mut Conn, tenant: TenantId, user: UserId) -> Result<Vec<MemberChannel>> {
    let rows = query(LIST).bind(tenant).bind(user).fetch_all(conn).await?;
    rows.iter().map(member_channel).collect()
}

fn member_channel(row: &Row) -> Result<MemberChannel> {
    let at = STANDING_COLUMNS;
    Ok(MemberChannel {
        standing: standing(row, 0)?,
        name: row.get(at)?,
        description: row.get(at + 1)?,
        created_by: row.optional_id(at + 2)?,
        created_at: row.timestamp(at + 3)?,
        archived: row.get(at + 4)?,
        member_count: row.int(at + 5)?,
        last_message_seq: row.int(at + 6)? as u64,
        last_message_at: row.optional_timestamp(at + 7)?,
        role: row.word(at + 8, ChannelRole::from_word)?,
        notify: row.word(at + 9, ChannelNotify::from_word)?,
    })
}

const LOCK: Sql = Sql {
    sqlite: "select id from channels where tenant_id = $1 and id = $2",
    postgres: "select id from channels where tenant_id = $1 and id = $2 for update",
};

/// Holds the channel's row until the transaction ends. Every change of a channel takes this first, so
/// that all take their locks in one order. Answers whether the channel exists in the tenant.
pub async fn lock(conn: &mut Conn, tenant: TenantId, channel: ChannelId) -> Result<bool> {
    Ok(query(LOCK).bind(tenant).bind(channel).fetch_optional(conn).await?.is_some())
}

const INSERT: &str = "\
insert into channels (id, tenant_id, kind, name, description, direct_key, created_by, created_ms, touched_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict do nothing";

/// Stores a channel; `false` if the pair of a direct channel has one already.
pub async fn insert(conn: &mut Conn, channel: &NewChannel<'_>) -> Result<bool> {
    let inserted = query(INSERT)
        .bind(channel.id)
        .bind(channel.tenant_id)
        .bind(channel.kind.word())
        .bind(channel.name)
        .bind(channel.description)
        .bind(channel.direct_key.clone())
        .bind(channel.created_by)
        .bind(channel.at)
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

const BY_DIRECT_KEY: &str = "select id from channels where tenant_id = $1 and direct_key = $2";

pub async fn by_direct_key(
    conn: &mut Conn,
    tenant: TenantId,
    key: &[u8],
) -> Result<Option<ChannelId>> {
    let row = query(BY_DIRECT_KEY).bind(tenant).bind(key).fetch_optional(conn).await?;
    row.map(|row| row.id(0)).transpose()
}

const RENAME: &str =
    "update channels set name = $3, description = $4 where tenant_id = $1 and id = $2";

pub async fn rename(
    conn: &mut Conn,
    (tenant, channel): (TenantId, ChannelId),
    name: Option<&String>,
    description: Option<&String>,
) -> Result<()> {
    query(RENAME)
        .bind(tenant)
        .bind(channel)
        .bind(name.cloned())
        .bind(description.cloned())
        .execute(conn)
        .await
        .map(drop)
}

const ARCHIVE: &str = "update channels set archived = true where tenant_id = $1 and id = $2";

pub async fn archive(conn: &mut Conn, tenant: TenantId, channel: ChannelId) -> Result<()> {
    query(ARCHIVE).bind(tenant).bind(channel).execute(conn).await.map(drop)
}

const DIRECT_WITH: &str = "\
select o.user_id, c.id from channel_members m
join channels c on c.id = m.channel_id and c.kind = 'direct' and c.tenant_id = $1
join channel_members o on o.channel_id = c.id and o.user_id <> m.user_id
where m.tenant_id = $1 and m.user_id = $2 and (c.last_message_seq > 0 or c.created_by = $2)";

/// The direct channels of `user`, by the other person.
pub async fn direct_channels(
    conn: &mut Conn,
    tenant: TenantId,
    user: UserId,
) -> Result<Vec<(UserId, ChannelId)>> {
    let rows = query(DIRECT_WITH).bind(tenant).bind(user).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.id(0)?, row.id(1)?))).collect()
}

const OWNED_GROUPS: &str = "\
select c.id from channel_members m join channels c on c.id = m.channel_id
where m.tenant_id = $1 and m.user_id = $2 and m.role = 'owner' and c.kind = 'group'
  and c.tenant_id = $1 order by c.id";

/// The groups that `user` owns, in the order in which channels are locked.
pub async fn owned_groups(
    conn: &mut Conn,
    tenant: TenantId,
    user: UserId,
) -> Result<Vec<ChannelId>> {
    let rows = query(OWNED_GROUPS).bind(tenant).bind(user).fetch_all(conn).await?;
    rows.iter().map(|row| row.id(0)).collect()
}

const GROUPS_AT_LIMIT: Sql = crate::dialect::by_ids!(
    "select m.user_id from channel_members m
join channels c on c.id = m.channel_id and c.kind = 'group' and c.tenant_id = $1
where m.user_id ",
    "$2",
    " group by m.user_id having count(*) >= $3"
);

/// Which of `users` are in `limit` or more groups.
pub async fn at_group_limit(
    conn: &mut Conn,
    tenant: TenantId,
    users: &[UserId],
    limit: usize,
) -> Result<Vec<UserId>> {
    let rows =
        query(GROUPS_AT_LIMIT).bind(tenant).bind(users).bind(limit as i64).fetch_all(conn).await?;
    rows.iter().map(|row| row.id(0)).collect()
}
