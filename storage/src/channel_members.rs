//! Who is in a channel.

use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, TenantId, UserId},
    model::channels::{ChannelNotify, ChannelRole},
};

use crate::{
    Conn, Result,
    dialect::{Sql, by_ids},
    entries::Placed,
    query::{Row, query},
};

/// One member's row.
#[derive(Debug, Clone)]
pub struct Member {
    pub channel_id: ChannelId,
    pub user_id: UserId,
    pub role: ChannelRole,
    pub joined_at: Timestamp,
    pub read_seq: u64,
    pub read_at: Option<Timestamp>,
}

macro_rules! member_columns {
    () => {
        "m.channel_id, m.user_id, m.role, m.joined_ms, m.read_seq, m.read_ms"
    };
}

const ALL: &str = concat!(
    "select ",
    member_columns!(),
    " from channel_members m where m.tenant_id = $1 and m.channel_id = $2 order by m.joined_ms, m.user_id"
);

const SOME: Sql = by_ids!(
    "select m.channel_id, m.user_id, m.role, m.joined_ms, m.read_seq, m.read_ms from channel_members m
where m.tenant_id = $1 and m.channel_id = $2 and m.user_id ",
    "$3",
    ""
);

const FIRST: Sql = by_ids!(
    "select channel_id, user_id, role, joined_ms, read_seq, read_ms from (
  select m.channel_id, m.user_id, m.role, m.joined_ms, m.read_seq, m.read_ms,
    row_number() over (partition by m.channel_id order by m.joined_ms, m.user_id) as place
  from channel_members m where m.tenant_id = $1 and m.channel_id ",
    "$2",
    ") first where place <= $3"
);

/// Everybody in a channel, in the order they came.
pub async fn all(conn: &mut Conn, tenant: TenantId, channel: ChannelId) -> Result<Vec<Member>> {
    let rows = query(ALL).bind(tenant).bind(channel).fetch_all(conn).await?;
    rows.iter().map(member).collect()
}

/// Those of `users` who are in the channel.
pub async fn among(
    conn: &mut Conn,
    tenant: TenantId,
    channel: ChannelId,
    users: &[UserId],
) -> Result<Vec<Member>> {
    let rows = query(SOME).bind(tenant).bind(channel).bind(users).fetch_all(conn).await?;
    rows.iter().map(member).collect()
}

/// The first `limit` members of each of `channels`.
pub async fn first(
    conn: &mut Conn,
    tenant: TenantId,
    channels: &[ChannelId],
    limit: usize,
) -> Result<Vec<Member>> {
    let rows = query(FIRST).bind(tenant).bind(channels).bind(limit as i64).fetch_all(conn).await?;
    rows.iter().map(member).collect()
}

const HEIR: &str = concat!(
    "select ",
    member_columns!(),
    " from channel_members m join users u on u.id = m.user_id
where m.tenant_id = $1 and m.channel_id = $2 and m.user_id <> $3 and u.status = 'active'
  and u.deleted_ms is null
order by case m.role when 'admin' then 0 else 1 end, m.joined_ms, m.user_id limit 1"
);

/// Who comes after the owner of a group: the longest-standing admin, or else member, who is active.
pub async fn heir(
    conn: &mut Conn,
    tenant: TenantId,
    channel: ChannelId,
    owner: UserId,
) -> Result<Option<Member>> {
    let row = query(HEIR).bind(tenant).bind(channel).bind(owner).fetch_optional(conn).await?;
    row.as_ref().map(member).transpose()
}

fn member(row: &Row) -> Result<Member> {
    Ok(Member {
        channel_id: row.id(0)?,
        user_id: row.id(1)?,
        role: row.word(2, ChannelRole::from_word)?,
        joined_at: row.timestamp(3)?,
        read_seq: row.int(4)? as u64,
        read_at: row.optional_timestamp(5)?,
    })
}

const INSERT: Sql = Sql {
    sqlite: "\
insert into channel_members (channel_id, user_id, tenant_id, role, joined_ms, read_seq, read_ord, touched_ms)
select $1, unhex(j.value), $3, $4, $5, $6, $7, $5 from json_each($2) j where true on conflict do nothing",
    postgres: "\
insert into channel_members (channel_id, user_id, tenant_id, role, joined_ms, read_seq, read_ord, touched_ms)
select $1, j.id, $3, $4, $5, $6, $7, $5 from unnest($2::uuid[]) as j (id) on conflict do nothing",
};
const RECOUNT: &str = "\
update channels set member_count = (select count(*) from channel_members m where m.channel_id = channels.id)
where id = $1";

/// Adds `users` with the read marker at `marker`; those who are in already stay as they are.
pub async fn insert(
    conn: &mut Conn,
    (tenant, channel): (TenantId, ChannelId),
    users: &[UserId],
    role: ChannelRole,
    marker: Placed,
    at: Timestamp,
) -> Result<()> {
    query(INSERT)
        .bind(channel)
        .bind(users)
        .bind(tenant)
        .bind(role.word())
        .bind(at)
        .bind(marker.position.seq)
        .bind(marker.ord)
        .execute(conn)
        .await?;
    query(RECOUNT).bind(channel).execute(conn).await.map(drop)
}

const DELETE: &str =
    "delete from channel_members where tenant_id = $1 and channel_id = $2 and user_id = $3";
const FORGET_MENTIONS: &str = "delete from channel_mentions where channel_id = $1 and user_id = $2";

/// Takes one person out; answers whether they were in.
pub async fn delete(
    conn: &mut Conn,
    tenant: TenantId,
    channel: ChannelId,
    user: UserId,
) -> Result<bool> {
    let deleted = query(DELETE).bind(tenant).bind(channel).bind(user).execute(conn).await?;
    query(FORGET_MENTIONS).bind(channel).bind(user).execute(conn).await?;
    query(RECOUNT).bind(channel).execute(conn).await?;
    Ok(deleted == 1)
}

const SET_ROLE: &str = "\
update channel_members set role = $4 where tenant_id = $1 and channel_id = $2 and user_id = $3";

pub async fn set_role(
    conn: &mut Conn,
    (tenant, channel): (TenantId, ChannelId),
    user: UserId,
    role: ChannelRole,
) -> Result<()> {
    query(SET_ROLE)
        .bind(tenant)
        .bind(channel)
        .bind(user)
        .bind(role.word())
        .execute(conn)
        .await
        .map(drop)
}

const SET_SETTINGS: &str = "\
update channel_members set muted = $4, notify = $5, touched_ms = $6
where tenant_id = $1 and channel_id = $2 and user_id = $3";

/// The member's own settings; answers whether they are in the channel.
pub async fn set_settings(
    conn: &mut Conn,
    (tenant, channel, user): (TenantId, ChannelId, UserId),
    muted: bool,
    notify: ChannelNotify,
    at: Timestamp,
) -> Result<bool> {
    let changed = query(SET_SETTINGS)
        .bind(tenant)
        .bind(channel)
        .bind(user)
        .bind(muted)
        .bind(notify.word())
        .bind(at)
        .execute(conn)
        .await?;
    Ok(changed == 1)
}
