//! What people have chosen to be notified of, and when they want quiet.

use tidewire_protocol::{
    Timestamp,
    clock_time::ClockTime,
    id::{TenantId, UserId},
    model::notification_preferences::Channel,
    notification_event::EventKey,
};

use crate::{
    Conn, Error, Result,
    query::{Row, query},
};

/// A choice for one event and channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    pub event: EventKey,
    pub channel: Channel,
    pub enabled: bool,
    pub updated_at: Timestamp,
}

const CHOICES: &str = "\
select event, channel, enabled, updated_ms from notification_choices
where tenant_id = $1 and user_id = $2";

/// All choices of a person; those for events of a newer release are left out.
pub async fn choices(conn: &mut Conn, tenant: TenantId, user: UserId) -> Result<Vec<Choice>> {
    let rows = query(CHOICES).bind(tenant).bind(user).fetch_all(conn).await?;
    rows.iter().filter_map(|row| read_choice(row).transpose()).collect()
}

fn read_choice(row: &Row) -> Result<Option<Choice>> {
    let Some(event) = EventKey::from_word(&row.text(0)?) else { return Ok(None) };
    Ok(Some(Choice {
        event,
        channel: row.word(1, Channel::from_word)?,
        enabled: row.get(2)?,
        updated_at: row.timestamp(3)?,
    }))
}

const CHOOSE: &str = "\
insert into notification_choices (tenant_id, user_id, event, channel, enabled, updated_ms)
values ($1, $2, $3, $4, $5, $6)
on conflict (user_id, event, channel) do update
set enabled = excluded.enabled, updated_ms = excluded.updated_ms";

/// Keeps a choice in the place of an earlier one.
pub async fn choose(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    choice: Choice,
) -> Result<()> {
    query(CHOOSE)
        .bind(tenant)
        .bind(user)
        .bind(choice.event.word())
        .bind(choice.channel.word())
        .bind(choice.enabled)
        .bind(choice.updated_at)
        .execute(conn)
        .await
        .map(drop)
}

const TAKE_BACK: &str = "\
delete from notification_choices
where tenant_id = $1 and user_id = $2 and event = $3 and channel = $4";

/// Forgets a choice.
pub async fn take_back(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    (event, channel): (EventKey, Channel),
) -> Result<()> {
    let taken_back = query(TAKE_BACK).bind(tenant).bind(user).bind(event.word());
    taken_back.bind(channel.word()).execute(conn).await.map(drop)
}

/// When a person wants quiet, as they have said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredQuietHours {
    pub enabled: bool,
    pub start: ClockTime,
    pub end: ClockTime,
    /// `None` follows the person's own zone.
    pub zone: Option<String>,
    /// Whether a window starts on a day, from Monday on.
    pub days: [bool; 7],
    pub paused_until: Option<Timestamp>,
    pub resumed_until: Option<Timestamp>,
}

const QUIET_HOURS: &str = "\
select enabled, start_minute, end_minute, zone, days, paused_until_ms, resumed_until_ms
from quiet_hours where tenant_id = $1 and user_id = $2";

/// `None` for who has never said anything.
pub async fn quiet_hours(
    conn: &mut Conn,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<StoredQuietHours>> {
    let row = query(QUIET_HOURS).bind(tenant).bind(user).fetch_optional(conn).await?;
    row.as_ref().map(|row| read_quiet_hours(row, 0)).transpose()
}

/// Reads the columns from `enabled` to `resumed_until_ms` from column `at` on.
pub(crate) fn read_quiet_hours(row: &Row, at: usize) -> Result<StoredQuietHours> {
    let bits = row.int(at + 4)?;
    Ok(StoredQuietHours {
        enabled: row.get(at)?,
        start: clock_time(row, at + 1)?,
        end: clock_time(row, at + 2)?,
        zone: row.get(at + 3)?,
        days: std::array::from_fn(|day| bits & (1 << day) != 0),
        paused_until: row.optional_timestamp(at + 5)?,
        resumed_until: row.optional_timestamp(at + 6)?,
    })
}

fn clock_time(row: &Row, column: usize) -> Result<ClockTime> {
    let minutes = u16::try_from(row.int(column)?).ok().and_then(ClockTime::from_minutes);
    minutes.ok_or(Error::Corrupt { column })
}

const SET_QUIET_HOURS: &str = "\
insert into quiet_hours (tenant_id, user_id, enabled, start_minute, end_minute, zone, days,
  paused_until_ms, resumed_until_ms, updated_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (user_id) do update set
  enabled = excluded.enabled, start_minute = excluded.start_minute,
  end_minute = excluded.end_minute, zone = excluded.zone, days = excluded.days,
  paused_until_ms = excluded.paused_until_ms, resumed_until_ms = excluded.resumed_until_ms,
  updated_ms = excluded.updated_ms";

pub async fn set_quiet_hours(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    hours: &StoredQuietHours,
    at: Timestamp,
) -> Result<()> {
    let bits = (0..7).filter(|day| hours.days[*day]).fold(0_i64, |bits, day| bits | 1 << day);
    query(SET_QUIET_HOURS)
        .bind(tenant)
        .bind(user)
        .bind(hours.enabled)
        .bind(i64::from(hours.start.minutes()))
        .bind(i64::from(hours.end.minutes()))
        .bind(hours.zone.as_deref())
        .bind(bits)
        .bind(hours.paused_until)
        .bind(hours.resumed_until)
        .bind(at)
        .execute(conn)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use tidewire_testkit::on_both_engines;
    use uuid::Uuid;

    use super::*;
    use crate::{
        testing::{ACME, NOW, add, open, person, user_id, within},
        users,
    };

    fn choice(channel: Channel, enabled: bool) -> Choice {
        Choice { event: EventKey::Mention, channel, enabled, updated_at: NOW }
    }

    on_both_engines! {
        async fn a_choice_replaces_the_one_before_and_is_taken_back(db: TestDb) {
            let db = open(&db).await;
            add(&db, &[person(1, "a@acme.example", "A"), person(2, "b@acme.example", "B")]).await;
            let (ada, bob) = ((ACME, user_id(1)), (ACME, user_id(2)));
            for enabled in [true, false] {
                within(&db, async |conn| choose(conn, ada, choice(Channel::Push, enabled)).await).await;
            }
            within(&db, async |conn| choose(conn, bob, choice(Channel::Email, true)).await).await;
            let of = async |(tenant, user): (TenantId, UserId)| {
                within(&db, async |conn| choices(conn, tenant, user).await).await
            };
            assert_eq!(of(ada).await, [choice(Channel::Push, false)]);
            let elsewhere = TenantId::new(Uuid::from_u128(2));
            assert!(of((elsewhere, ada.1)).await.is_empty());
            let place = (EventKey::Mention, Channel::Push);
            within(&db, async |conn| take_back(conn, (elsewhere, ada.1), place).await).await;
            assert_eq!(of(ada).await.len(), 1);
            within(&db, async |conn| take_back(conn, ada, place).await).await;
            assert!(of(ada).await.is_empty());
            within(&db, async |conn| users::erase(conn, ACME, bob.1, NOW).await).await;
            assert!(of(bob).await.is_empty());
        }

        async fn quiet_hours_are_kept_as_they_were_said(db: TestDb) {
            let db = open(&db).await;
            add(&db, &[person(1, "a@acme.example", "A")]).await;
            let of = async || within(&db, async |conn| quiet_hours(conn, ACME, user_id(1)).await).await;
            assert_eq!(of().await, None);
            let mut hours = StoredQuietHours {
                enabled: true,
                start: "22:00".parse().unwrap(),
                end: "08:30".parse().unwrap(),
                zone: None,
                days: [true, false, true, false, false, false, true],
                paused_until: Some(NOW),
                resumed_until: None,
            };
            for zone in [None, Some("Europe/Berlin".to_owned())] {
                hours.zone = zone;
                let owner = (ACME, user_id(1));
                within(&db, async |conn| set_quiet_hours(conn, owner, &hours, NOW).await).await;
                assert_eq!(of().await.as_ref(), Some(&hours));
            }
            within(&db, async |conn| users::erase(conn, ACME, user_id(1), NOW).await).await;
            assert_eq!(of().await, None);
        }
    }
}
