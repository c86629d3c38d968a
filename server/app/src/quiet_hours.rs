//! When people do not want to be disturbed: their schedule, and pauses from it.

use tidewire_protocol::{
    Timestamp,
    clock_time::ClockTime,
    limits::DND_PAUSE_MINUTES_MAX,
    model::notification_preferences::{
        ChangeDnd, Dnd, DndData, DndPreview, DndPreviewQuery, PauseDnd,
    },
};
use tidewire_storage::{
    Conn,
    deliveries::{self, Held},
    notification_preferences::{self as stored, StoredQuietHours},
    preferences, users,
};

use crate::{
    Actor, App, Error, Result, idempotency,
    notification_preferences::{Moved, announce},
    notify::dnd::QuietHours,
    org_settings,
};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Nobody has said anything: no quiet times, and a night as a proposal.
fn unsaid() -> StoredQuietHours {
    let time = |minutes| ClockTime::from_minutes(minutes).unwrap_or_default();
    StoredQuietHours {
        enabled: false,
        start: time(22 * 60),
        end: time(8 * 60),
        zone: None,
        days: [true; 7],
        paused_until: None,
        resumed_until: None,
    }
}

/// What somebody has said, and the zone it is meant in.
struct Known {
    hours: StoredQuietHours,
    zone: String,
}

impl Known {
    /// On a connection that the caller holds. The zone is the person's own, or else the company's.
    async fn read(conn: &mut Conn, actor: &Actor, company_zone: &str) -> Result<Self> {
        let (tenant, user) = (actor.tenant_id(), actor.user_id());
        let hours = stored::quiet_hours(conn, tenant, user).await?.unwrap_or_else(unsaid);
        let own = users::by_id(conn, tenant, user).await?.and_then(|user| user.timezone);
        let zone = hours.zone.clone().or(own).unwrap_or_else(|| company_zone.to_owned());
        Ok(Self { hours, zone })
    }

    fn computed(&self) -> QuietHours {
        computed(&self.hours, None, &self.zone)
    }

    fn show(&self, now: Timestamp) -> Dnd {
        let computed = self.computed();
        let scheduled = computed.scheduled_until(now);
        let quiet = computed.quiet_until(now);
        let days = (1..=7).filter(|day| self.hours.days[usize::from(*day) - 1]);
        Dnd {
            enabled: self.hours.enabled,
            start_time: self.hours.start,
            end_time: self.hours.end,
            timezone: self.zone.clone(),
            days: days.collect(),
            active_now: scheduled.is_some(),
            active_until: scheduled,
            paused_until: self.hours.paused_until.filter(|until| *until > now),
            quiet_now: quiet.is_some(),
            quiet_until: quiet,
        }
    }
}

/// What somebody has said as what it means, in its own zone, or else the person's, or the company's. A
/// zone that the database of zones has lost since is taken as UTC: quiet at another hour is better than
/// never.
pub(crate) fn computed(
    hours: &StoredQuietHours,
    own_zone: Option<&str>,
    company_zone: &str,
) -> QuietHours {
    let zone = hours.zone.as_deref().or(own_zone).unwrap_or(company_zone);
    QuietHours {
        enabled: hours.enabled,
        start: hours.start,
        end: hours.end,
        zone: jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC),
        days: hours.days,
        paused_until: hours.paused_until,
        resumed_until: hours.resumed_until,
    }
}

/// The caller's quiet times.
pub async fn mine(app: &App, actor: &Actor) -> Result<DndData> {
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let known = Known::read(&mut app.db.read().await?, actor, settings.timezone()).await?;
    Ok(DndData { dnd: known.show(app.clock.now()) })
}

/// Changes the schedule. What somebody had resumed early follows the new one.
pub async fn change(app: &App, actor: &Actor, change: ChangeDnd) -> Result<DndData> {
    update(app, actor, |known, _| {
        let hours = &mut known.hours;
        hours.enabled = change.enabled;
        hours.start = change.start_time.unwrap_or(hours.start);
        hours.end = change.end_time.unwrap_or(hours.end);
        if hours.start == hours.end {
            return Err(Error::invalid_field("endTime", "distinct", "must differ from startTime"));
        }
        if let Some(days) = &change.days {
            hours.days = std::array::from_fn(|day| days.contains(&(day as u8 + 1)));
        }
        if let Some(zone) = &change.timezone {
            hours.zone = Some(zone.clone());
            known.zone.clone_from(zone);
        }
        hours.resumed_until = None;
        Ok(())
    })
    .await
}

/// Holds alerts for a while, whatever the schedule says.
pub async fn pause(app: &App, actor: &Actor, pause: PauseDnd) -> Result<DndData> {
    update(app, actor, |known, now| {
        let for_minutes = pause.minutes.map(|minutes| now.plus_ms(minutes * MINUTE_MS));
        let until = pause.until.or(for_minutes).unwrap_or(now);
        let latest = now.plus_ms(DND_PAUSE_MINUTES_MAX * MINUTE_MS);
        if until <= now || until > latest {
            return Err(Error::invalid_field("until", "range", "must be within the next 30 days"));
        }
        known.hours.paused_until = Some(until);
        known.hours.resumed_until = None;
        Ok(())
    })
    .await
}

/// Lets alerts through again: ends the pause, and a window of the schedule that is open.
pub async fn resume(app: &App, actor: &Actor) -> Result<DndData> {
    update(app, actor, |known, now| {
        known.hours.paused_until = None;
        let open = known.computed().scheduled_until(now);
        known.hours.resumed_until = open.or(known.hours.resumed_until.filter(|until| *until > now));
        Ok(())
    })
    .await
}

async fn update(
    app: &App,
    actor: &Actor,
    change: impl FnOnce(&mut Known, Timestamp) -> Result<()>,
) -> Result<DndData> {
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let (owner, now) = ((actor.tenant_id(), actor.user_id()), app.clock.now());
    let mut conn = app.db.write().await?;
    // Two devices that change something at once both get their way.
    users::lock(&mut conn, owner.0, owner.1).await?;
    let mut known = Known::read(&mut conn, actor, settings.timezone()).await?;
    change(&mut known, now)?;
    stored::set_quiet_hours(&mut conn, owner, &known.hours, now).await?;
    // Whatever waits for the end of a quiet time is looked at again.
    deliveries::move_held(&mut conn, owner, Held::Quiet, now).await?;
    let answer = DndData { dnd: known.show(now) };
    let preferences = preferences::of(&mut conn, owner.0, owner.1).await?;
    idempotency::record(app, &mut conn, actor, 200, &answer).await?;
    conn.commit().await?;
    app.deliveries.notify_one();
    announce(app, actor, preferences, Moved::Dnd(answer.dnd.clone()));
    Ok(answer)
}

/// The quiet times of the coming days.
pub async fn preview(app: &App, actor: &Actor, wanted: DndPreviewQuery) -> Result<DndPreview> {
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let known = Known::read(&mut app.db.read().await?, actor, settings.timezone()).await?;
    let now = app.clock.now();
    let windows = known.computed().preview(now, now.plus_ms(wanted.days * DAY_MS));
    Ok(DndPreview { timezone: known.zone, windows })
}

#[cfg(test)]
mod tests;
