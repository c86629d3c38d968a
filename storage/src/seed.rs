//! Many people and groups at once, for load tests: a few statements, whatever their number.
//!
//! Joins are written as `cross join`, which SQLite takes as the order to read in: the list first, and
//! then each person by number.

use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, SessionId, TenantId, UserId},
};

use crate::{
    Conn, Result,
    dialect::numbered_ids,
    query::{Query, query},
};

/// Where the seeded people start: the tenant, its slug, and the number of the first.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub tenant_id: TenantId,
    pub slug: &'a str,
    pub first_number: i64,
    pub at: Timestamp,
}

/// Adds active people without a password, numbered in the order of `ids` from `offset` on.
pub async fn users(conn: &mut Conn, place: Place<'_>, offset: usize, ids: &[UserId]) -> Result<()> {
    let sql = numbered_ids!(
        "insert into users (id, tenant_id, number, email, email_key, first_name, last_name, \
         search_text, role, profile_id, status, email_verified, created_ms, updated_ms) \
         select l.id, $1, $2 + l.n, 'user' || cast($2 + l.n as text) || '@' || $3 || '.example', \
         'user' || cast($2 + l.n as text) || '@' || $3 || '.example', \
         'User', cast($2 + l.n as text), \
         'user ' || cast($2 + l.n as text) || '\nuser' || cast($2 + l.n as text) || '@' || $3 \
         || '.example', 'user', 1, 'active', true, $4, $4 from ",
        "$5",
        " as l"
    );
    query(sql)
        .bind(place.tenant_id)
        .bind(place.first_number + offset as i64)
        .bind(place.slug)
        .bind(place.at)
        .bind(ids)
        .execute(conn)
        .await
        .map(drop)
}

/// Opens a session for each of the people whose numbers start at `offset`, in the order of `ids`.
pub async fn sessions(
    conn: &mut Conn,
    place: Place<'_>,
    offset: usize,
    ids: &[SessionId],
    expires_at: Timestamp,
) -> Result<()> {
    let sql = numbered_ids!(
        "insert into sessions (id, tenant_id, user_id, rotated_ms, idle_expires_ms, expires_ms, \
         created_ms, last_seen_ms, device_name) \
         select l.id, $1, u.id, $3, $4, $4, $3, $3, 'seed' from ",
        "$5",
        " as l cross join users u where u.tenant_id = $1 and u.number = $2 + l.n"
    );
    query(sql)
        .bind(place.tenant_id)
        .bind(place.first_number + offset as i64)
        .bind(place.at)
        .bind(expires_at)
        .bind(ids)
        .execute(conn)
        .await
        .map(drop)
}

/// How groups are filled: group `c` has members `c*size` to `c*size+size-1`, around the end of the
/// people; the first of them owns it.
#[derive(Debug, Clone, Copy)]
pub struct Groups {
    pub size: u64,
    pub people: u64,
}

/// Adds groups, counted from `offset` on, with their members.
pub async fn channels(
    conn: &mut Conn,
    place: Place<'_>,
    groups: Groups,
    offset: usize,
    ids: &[ChannelId],
) -> Result<()> {
    insert_channels(conn, place, groups, offset, ids).await?;
    insert_members(conn, place, groups, offset, ids).await
}

async fn insert_channels(
    conn: &mut Conn,
    place: Place<'_>,
    groups: Groups,
    offset: usize,
    ids: &[ChannelId],
) -> Result<()> {
    let sql = numbered_ids!(
        "insert into channels (id, tenant_id, kind, name, created_by, created_ms, member_count, \
         touched_ms) \
         select l.id, $1, 'group', 'Group ' || cast($6 + l.n + 1 as text), u.id, $3, $4, $3 from ",
        "$7",
        " as l cross join users u \
         where u.tenant_id = $1 and u.number = $2 + (($6 + l.n) * $4) % $5"
    );
    bind(query(sql), place, groups, offset, ids).execute(conn).await.map(drop)
}

async fn insert_members(
    conn: &mut Conn,
    place: Place<'_>,
    groups: Groups,
    offset: usize,
    ids: &[ChannelId],
) -> Result<()> {
    let sql = numbered_ids!(
        "with recursive seat (n) as (select 0 union all select n + 1 from seat where n + 1 < $4) \
         insert into channel_members (channel_id, user_id, tenant_id, role, joined_ms, touched_ms) \
         select l.id, u.id, $1, case when seat.n = 0 then 'owner' else 'member' end, $3, $3 from ",
        "$7",
        " as l cross join seat cross join users u \
         where u.tenant_id = $1 and u.number = $2 + (($6 + l.n) * $4 + seat.n) % $5"
    );
    bind(query(sql), place, groups, offset, ids).execute(conn).await.map(drop)
}

fn bind(query: Query, place: Place<'_>, groups: Groups, offset: usize, ids: &[ChannelId]) -> Query {
    query
        .bind(place.tenant_id)
        .bind(place.first_number)
        .bind(place.at)
        .bind(groups.size)
        .bind(groups.people)
        .bind(offset as i64)
        .bind(ids)
}
