//! What people can be pushed to. A device lives as long as the sign-in that registered it.

use std::collections::HashMap;

use serde_json::Value;
use tidewire_protocol::{
    Timestamp,
    id::{DeviceId, SessionId, TenantId, UserId},
};

use crate::{
    Conn, Result,
    dialect::{Sql, by_ids},
    query::{Row, query},
};

/// A device as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    pub id: DeviceId,
    pub platform: String,
    /// What it is reached by. Secret.
    pub target: Value,
    pub label: Option<String>,
    /// The figure that its push service has taken last.
    pub badge: Option<i64>,
    pub created_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "d.id, d.platform, d.target, d.label, d.badge, d.created_ms, d.used_ms"
    };
}

fn read(row: &Row, at: usize) -> Result<Device> {
    Ok(Device {
        id: row.id(at)?,
        platform: row.text(at + 1)?,
        target: row.json(at + 2)?,
        label: row.get(at + 3)?,
        badge: row.get(at + 4)?,
        created_at: row.timestamp(at + 5)?,
        used_at: row.optional_timestamp(at + 6)?,
    })
}

/// One that registers, or registers again.
#[derive(Debug, Clone)]
pub struct NewDevice<'a> {
    pub id: DeviceId,
    pub session_id: SessionId,
    pub platform: &'a str,
    /// SHA-256 of what tells it apart.
    pub address: [u8; 32],
    pub target: &'a Value,
    pub label: Option<&'a str>,
    pub at: Timestamp,
}

const REGISTER: &str = "\
insert into devices (id, tenant_id, user_id, session_id, platform, address, target, label, created_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (tenant_id, platform, address) do update set
  id = case when devices.user_id = excluded.user_id then devices.id else excluded.id end,
  badge = case when devices.user_id = excluded.user_id then devices.badge end,
  created_ms = case when devices.user_id = excluded.user_id then devices.created_ms
    else excluded.created_ms end,
  user_id = excluded.user_id, session_id = excluded.session_id, target = excluded.target,
  label = excluded.label
returning id, created_ms";

/// Registers a device. The same one of somebody else's becomes this person's, as another device.
pub async fn register(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    new: &NewDevice<'_>,
) -> Result<(DeviceId, Timestamp)> {
    let row = query(REGISTER)
        .bind(new.id)
        .bind(tenant)
        .bind(user)
        .bind(new.session_id)
        .bind(new.platform)
        .bind(&new.address[..])
        .bind_json(new.target)
        .bind(new.label)
        .bind(new.at)
        .fetch_one(conn)
        .await?;
    Ok((row.id(0)?, row.timestamp(1)?))
}

const OF: Sql = by_ids!(
    "select d.user_id, d.id, d.platform, d.target, d.label, d.badge, d.created_ms, d.used_ms
from devices d join sessions s on s.id = d.session_id
where d.tenant_id = $1 and s.revoked_ms is null and s.idle_expires_ms > $2 and s.expires_ms > $2
  and d.user_id ",
    "$3",
    " order by d.created_ms desc, d.id desc"
);

/// The devices of those of `users` who have any, newest first.
pub async fn of(
    conn: &mut Conn,
    tenant: TenantId,
    users: &[UserId],
    now: Timestamp,
) -> Result<HashMap<UserId, Vec<Device>>> {
    let rows = query(OF).bind(tenant).bind(now).bind(users).fetch_all(conn).await?;
    let mut devices: HashMap<UserId, Vec<Device>> = HashMap::new();
    for row in &rows {
        devices.entry(row.id(0)?).or_default().push(read(row, 1)?);
    }
    Ok(devices)
}

const BY_ID: &str = concat!(
    "select ",
    columns!(),
    "
from devices d join sessions s on s.id = d.session_id
where d.tenant_id = $1 and d.user_id = $2 and d.id = $3
  and s.revoked_ms is null and s.idle_expires_ms > $4 and s.expires_ms > $4"
);

/// One of a person's devices, while its sign-in lives.
pub async fn by_id(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    id: DeviceId,
    now: Timestamp,
) -> Result<Option<Device>> {
    let row = query(BY_ID).bind(tenant).bind(user).bind(id).bind(now).fetch_optional(conn).await?;
    row.map(|row| read(&row, 0)).transpose()
}

const REMOVE: &str = "delete from devices where tenant_id = $1 and user_id = $2 and id = $3";

/// Answers whether there was one.
pub async fn remove(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    id: DeviceId,
) -> Result<bool> {
    Ok(query(REMOVE).bind(tenant).bind(user).bind(id).execute(conn).await? == 1)
}

const TAKEN: &str = "\
update devices set used_ms = $4, badge = coalesce($5, badge)
where tenant_id = $1 and user_id = $2 and id = $3";

/// Its push service has taken something, with the figure that it carried.
pub async fn taken(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    id: DeviceId,
    badge: Option<i64>,
    at: Timestamp,
) -> Result<()> {
    query(TAKEN).bind(tenant).bind(user).bind(id).bind(at).bind(badge).execute(conn).await.map(drop)
}

const PURGE: &str = "\
delete from devices where session_id in (select id from sessions where revoked_ms is not null)";

/// Forgets the devices of sign-ins that were ended.
pub async fn purge(conn: &mut Conn) -> Result<u64> {
    query(PURGE).execute(conn).await
}

#[cfg(test)]
mod tests;
