//! What decides how people are told of something, read for many of them at once.

use std::collections::HashMap;

use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, TenantId, UserId},
    model::{
        notification_preferences::Channel,
        preferences::NotificationSwitches,
        users::{Role, UserStatus},
    },
    notification_event::EventKey,
};

use crate::{
    Conn, Result,
    dialect::{Sql, by_ids},
    digests::{self, StoredDigest},
    notification_preferences::{self, StoredQuietHours},
    query::{Row, query},
};

/// Somebody who may be told of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub id: UserId,
    pub status: UserStatus,
    pub role: Role,
    pub email: String,
    pub is_email_verified: bool,
    pub first_name: String,
    pub last_name: String,
    /// The person's own zone; absent follows the company's.
    pub timezone: Option<String>,
    pub switches: NotificationSwitches,
    pub quiet_hours: Option<StoredQuietHours>,
    pub digest: Option<StoredDigest>,
    /// The conversation that the person was last seen looking at, and when.
    pub looking: Option<(ChannelId, Timestamp)>,
}

const OF: Sql = by_ids!(
    "select u.id, u.status, u.role, u.email, u.email_verified, u.first_name, u.last_name, u.timezone,
  p.notifications, l.channel_id, l.at_ms, q.user_id, q.enabled, q.start_minute, q.end_minute, q.zone, q.days, q.paused_until_ms, q.resumed_until_ms,
  g.user_id, g.frequency, g.minute, g.weekday, g.zone
from users u
left join preferences p on p.user_id = u.id
left join quiet_hours q on q.user_id = u.id
left join digest_settings g on g.user_id = u.id
left join looking l on l.user_id = u.id
where u.tenant_id = $1 and u.deleted_ms is null and u.id ",
    "$2",
    ""
);
const QUIET_HOURS_AT: usize = 12;
const DIGEST_AT: usize = 19;

/// Those of `users` who are still there.
pub async fn of(conn: &mut Conn, tenant: TenantId, users: &[UserId]) -> Result<Vec<Recipient>> {
    let rows = query(OF).bind(tenant).bind(users).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Recipient> {
    let looking = row.optional_id(9)?.zip(row.optional_timestamp(10)?);
    let has_quiet_hours = row.optional_id::<UserId>(11)?.is_some();
    let quiet_hours =
        has_quiet_hours.then(|| notification_preferences::read_quiet_hours(row, QUIET_HOURS_AT));
    let has_digest = row.optional_id::<UserId>(DIGEST_AT)?.is_some();
    let digest = has_digest.then(|| digests::read_settings(row, DIGEST_AT + 1)).transpose()?;
    Ok(Recipient {
        id: row.id(0)?,
        status: row.word(1, UserStatus::from_word)?,
        role: row.word(2, Role::from_word)?,
        email: row.text(3)?,
        is_email_verified: row.get(4)?,
        first_name: row.text(5)?,
        last_name: row.text(6)?,
        timezone: row.get(7)?,
        switches: row.optional_json(8)?.unwrap_or_default(),
        looking,
        quiet_hours: quiet_hours.transpose()?,
        digest,
    })
}

const CHOICES: Sql = by_ids!(
    "select user_id, channel, enabled from notification_choices
where tenant_id = $1 and event = $2 and user_id ",
    "$3",
    ""
);

/// What those of `users` who have chosen anything have chosen for one event.
pub async fn choices(
    conn: &mut Conn,
    tenant: TenantId,
    event: EventKey,
    users: &[UserId],
) -> Result<HashMap<(UserId, Channel), bool>> {
    let rows = query(CHOICES).bind(tenant).bind(event.word()).bind(users).fetch_all(conn).await?;
    let choice = |row: &Row| Ok(((row.id(0)?, row.word(1, Channel::from_word)?), row.get(2)?));
    rows.iter().map(choice).collect()
}

const ADMINISTRATORS: &str = "\
select id from users
where tenant_id = $1 and role = $2 and status = 'active' and deleted_ms is null order by number";

/// The active administrators of a company.
pub async fn administrators(conn: &mut Conn, tenant: TenantId) -> Result<Vec<UserId>> {
    let rows = query(ADMINISTRATORS).bind(tenant).bind(Role::TenantAdmin.word());
    rows.fetch_all(conn).await?.iter().map(|row| row.id(0)).collect()
}

const LOOK: &str = "\
insert into looking (user_id, tenant_id, channel_id, at_ms) values ($2, $1, $3, $4)
on conflict (user_id) do update set channel_id = excluded.channel_id, at_ms = excluded.at_ms";
const LOOK_AWAY: &str = "delete from looking where tenant_id = $1 and user_id = $2";

/// Notes what somebody is looking at.
pub async fn look(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    channel: Option<ChannelId>,
    at: Timestamp,
) -> Result<()> {
    let noted = match channel {
        Some(channel) => query(LOOK).bind(tenant).bind(user).bind(channel).bind(at),
        None => query(LOOK_AWAY).bind(tenant).bind(user),
    };
    noted.execute(conn).await.map(drop)
}

#[cfg(test)]
mod tests;
