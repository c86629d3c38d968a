//! What people were told of. Whoever changes anything here holds the person's inbox.

use serde_json::{Map, Value};
use tidewire_protocol::{
    Timestamp,
    id::{NotificationId, TenantId, UserId},
    model::org_settings::SettingKey,
    notification_event::{EventKey, Module},
};

use crate::{
    Conn, Result,
    query::{Row, query},
};

/// A notification as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredNotification {
    pub id: NotificationId,
    pub event: EventKey,
    pub title: String,
    pub body: String,
    pub data: Map<String, Value>,
    pub action_url: Option<String>,
    pub actor_id: Option<UserId>,
    /// Nobody is to be disturbed by it.
    pub silent: bool,
    pub count: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub read_at: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "n.id, n.event, n.title, n.body, n.data, n.action_url, n.actor_id, n.silent, n.count,
  n.created_ms, n.updated_ms, n.read_ms"
    };
}
pub(crate) use columns;

/// Reads the columns from column `at` on.
pub(crate) fn read(row: &Row, at: usize) -> Result<StoredNotification> {
    Ok(StoredNotification {
        id: row.id(at)?,
        event: row.word(at + 1, EventKey::from_word)?,
        title: row.text(at + 2)?,
        body: row.text(at + 3)?,
        data: row.json(at + 4)?,
        action_url: row.get(at + 5)?,
        actor_id: row.optional_id(at + 6)?,
        silent: row.get(at + 7)?,
        count: row.int(at + 8)?,
        created_at: row.timestamp(at + 9)?,
        updated_at: row.timestamp(at + 10)?,
        read_at: row.optional_timestamp(at + 11)?,
    })
}

/// One that arrives.
#[derive(Debug, Clone)]
pub struct NewNotification<'a> {
    pub id: NotificationId,
    pub event: EventKey,
    /// Repeats about the same thing are put together.
    pub topic: Option<&'a str>,
    pub title: &'a str,
    pub body: &'a str,
    pub data: &'a Map<String, Value>,
    pub action_url: Option<&'a str>,
    pub actor_id: Option<UserId>,
    pub silent: bool,
    pub at: Timestamp,
}

const INSERT: &str = "\
insert into notifications (id, tenant_id, user_id, event, topic, title, body, data, action_url,
  actor_id, silent, created_ms, updated_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)";

pub async fn insert(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    new: &NewNotification<'_>,
) -> Result<()> {
    query(INSERT)
        .bind(new.id)
        .bind(tenant)
        .bind(user)
        .bind(new.event.word())
        .bind(new.topic)
        .bind(new.title)
        .bind(new.body)
        .bind_json(new.data)
        .bind(new.action_url)
        .bind(new.actor_id)
        .bind(new.silent)
        .bind(new.at)
        .execute(conn)
        .await
        .map(drop)
}

const REPEAT: &str = "\
update notifications set count = count + 1, title = $6, body = $7, data = $8, action_url = $9,
  actor_id = $10, silent = $11, updated_ms = $12
where id = (
  select id from notifications
  where tenant_id = $1 and user_id = $2 and event = $3 and topic = $4 and read_ms is null
    and updated_ms > $5
  order by updated_ms desc limit 1)
returning id";

/// Adds a repeat to what is unread about the same thing and has moved after `since`; `None` when there
/// is no such notification.
pub async fn repeat(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    new: &NewNotification<'_>,
    since: Timestamp,
) -> Result<Option<NotificationId>> {
    let Some(topic) = new.topic else { return Ok(None) };
    let row = query(REPEAT)
        .bind(tenant)
        .bind(user)
        .bind(new.event.word())
        .bind(topic)
        .bind(since)
        .bind(new.title)
        .bind(new.body)
        .bind_json(new.data)
        .bind(new.action_url)
        .bind(new.actor_id)
        .bind(new.silent)
        .bind(new.at)
        .fetch_optional(conn)
        .await?;
    row.map(|row| row.id(0)).transpose()
}

const OVERFLOWING: &str = "\
select id from notifications where tenant_id = $1 and user_id = $2
order by case when read_ms is null then 0 else 1 end, created_ms desc, id desc limit 100 offset $3";

/// What is too much in an inbox of at most `max`: the oldest, those that are read before any other.
pub async fn overflowing(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    max: i64,
) -> Result<Vec<NotificationId>> {
    let rows = query(OVERFLOWING).bind(tenant).bind(user).bind(max).fetch_all(conn).await?;
    rows.iter().map(|row| row.id(0)).collect()
}

const BY_ID: &str = concat!(
    "select ",
    columns!(),
    " from notifications n where n.tenant_id = $1 and n.user_id = $2 and n.id = $3"
);

/// One of a person's own.
pub async fn by_id(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    id: NotificationId,
) -> Result<Option<StoredNotification>> {
    let row = query(BY_ID).bind(tenant).bind(user).bind(id).fetch_optional(conn).await?;
    row.map(|row| read(&row, 0)).transpose()
}

/// Which of a person's notifications.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    pub unread: bool,
    pub module: Option<Module>,
    pub event: Option<String>,
}

macro_rules! wanted {
    () => {
        "from notifications n
where n.tenant_id = $1 and n.user_id = $2 and (not $3 or n.read_ms is null)
  and ($4 is null or n.event like $4) and ($5 is null or n.event = $5)"
    };
}

const LIST: &str = concat!(
    "select ",
    columns!(),
    " ",
    wanted!(),
    " order by n.created_ms desc, n.id desc limit $6 offset $7"
);
const COUNT: &str = concat!("select count(*) ", wanted!());

/// Some of a person's notifications, newest first, and how many there are in all.
pub async fn list(
    conn: &mut Conn,
    owner: (TenantId, UserId),
    filters: &Filters,
    (limit, offset): (u32, u64),
) -> Result<(Vec<StoredNotification>, u64)> {
    // A module's word has no character that `like` would take for another.
    let of_module = filters.module.map(|module| format!("{}.%", module.word()));
    let wanted = |sql: &'static str| {
        query(sql)
            .bind(owner.0)
            .bind(owner.1)
            .bind(filters.unread)
            .bind(of_module.as_deref())
            .bind(filters.event.as_deref())
    };
    let total = wanted(COUNT).fetch_one(conn).await?.int(0)?;
    let page = wanted(LIST).bind(i64::from(limit)).bind(offset);
    let rows = page.fetch_all(conn).await?;
    let found = rows.iter().map(|row| read(row, 0)).collect::<Result<_>>()?;
    Ok((found, total as u64))
}

const UNREAD: &str = "\
select count(*) from notifications where tenant_id = $1 and user_id = $2 and read_ms is null";

/// How many a person has not read.
pub async fn unread(conn: &mut Conn, (tenant, user): (TenantId, UserId)) -> Result<i64> {
    query(UNREAD).bind(tenant).bind(user).fetch_one(conn).await?.int(0)
}

const MARK_READ: &str = "\
update notifications set read_ms = $4
where tenant_id = $1 and user_id = $2 and id = $3 and read_ms is null";

/// Marks one read that is unread; answers whether there was one.
pub async fn mark_read(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    id: NotificationId,
    at: Timestamp,
) -> Result<bool> {
    let marked = query(MARK_READ).bind(tenant).bind(user).bind(id).bind(at);
    Ok(marked.execute(conn).await? == 1)
}

const MARK_ALL_READ: &str = "\
update notifications set read_ms = $4
where tenant_id = $1 and user_id = $2 and created_ms <= $3 and read_ms is null";

/// Marks read whatever was created at or before `before`; answers how many were unread.
pub async fn mark_all_read(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    before: Timestamp,
    at: Timestamp,
) -> Result<u64> {
    query(MARK_ALL_READ).bind(tenant).bind(user).bind(before).bind(at).execute(conn).await
}

const REMOVE: &str = "delete from notifications where tenant_id = $1 and user_id = $2 and id = $3";

/// Answers whether there was one.
pub async fn remove(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    id: NotificationId,
) -> Result<bool> {
    Ok(query(REMOVE).bind(tenant).bind(user).bind(id).execute(conn).await? == 1)
}

const EXPIRED: &str = "\
select tenant_id, user_id, id from notifications
where created_ms < $1 and tenant_id not in (
  select tenant_id from org_settings where key = $2 and value is not null)
order by created_ms limit $3";
const EXPIRED_OF: &str = "\
select tenant_id, user_id, id from notifications
where tenant_id = $1 and created_ms < $2 order by created_ms limit $3";

/// A notification with its owner.
pub type Owned = ((TenantId, UserId), NotificationId);

/// At most `limit` notifications from before `before`, of all tenants that have decided nothing by
/// `setting`.
pub async fn expired(
    conn: &mut Conn,
    setting: SettingKey,
    before: Timestamp,
    limit: u64,
) -> Result<Vec<Owned>> {
    let rows = query(EXPIRED).bind(before).bind(setting.word()).bind(limit);
    rows.fetch_all(conn).await?.iter().map(read_owned).collect()
}

/// As [`expired`], of one tenant.
pub async fn expired_of(
    conn: &mut Conn,
    tenant: TenantId,
    before: Timestamp,
    limit: u64,
) -> Result<Vec<Owned>> {
    let rows = query(EXPIRED_OF).bind(tenant).bind(before).bind(limit);
    rows.fetch_all(conn).await?.iter().map(read_owned).collect()
}

fn read_owned(row: &Row) -> Result<Owned> {
    Ok(((row.id(0)?, row.id(1)?), row.id(2)?))
}

#[cfg(test)]
mod tests;
