//! When people get the mails that may wait.

use jiff::tz::TimeZone;
use tidewire_protocol::{
    Timestamp,
    clock_time::ClockTime,
    id::{TenantId, UserId},
    model::{
        digests::{ChangeDigest, DigestFrequency, DigestSettings, DigestSettingsData},
        org_settings::SettingKey,
    },
};
use tidewire_storage::{
    Conn,
    deliveries::{self, Held},
    digests::{self as stored, StoredDigest},
    preferences, users,
};

use crate::{
    Actor, App, Result, idempotency,
    notification_preferences::{Moved, announce},
    notify::digest::Schedule,
    org_settings::{self, Settings},
};

const MORNING_MINUTES: u16 = 8 * 60;

/// Nobody has said anything: what the company has decided, on a morning.
pub(crate) fn unsaid(settings: &Settings) -> StoredDigest {
    let word = settings.value(SettingKey::DefaultDigestFrequency).as_str();
    StoredDigest {
        frequency: word.and_then(DigestFrequency::from_word).unwrap_or(DigestFrequency::Instant),
        time: ClockTime::from_minutes(MORNING_MINUTES).unwrap_or_default(),
        weekday: 1,
        zone: None,
    }
}

/// What somebody has said as what it means: in its own zone, or else the person's, or the company's.
pub(crate) fn schedule(
    said: Option<&StoredDigest>,
    settings: &Settings,
    own_zone: Option<&str>,
) -> Schedule {
    let said = said.cloned().unwrap_or_else(|| unsaid(settings));
    let zone = said.zone.as_deref().or(own_zone).unwrap_or_else(|| settings.timezone());
    Schedule {
        frequency: said.frequency,
        time: said.time,
        weekday: said.weekday,
        zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC),
    }
}

/// The caller's own.
pub async fn mine(app: &App, actor: &Actor) -> Result<DigestSettingsData> {
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let owner = (actor.tenant_id(), actor.user_id());
    let mut conn = app.db.read().await?;
    let said = stored::settings(&mut conn, owner).await?;
    let said = said.unwrap_or_else(|| unsaid(&settings));
    let digest = show(&mut conn, owner, &said, &settings, app.clock.now()).await?;
    Ok(DigestSettingsData { digest })
}

/// Changes them. What has been collected goes with the next run, or at once where there is none.
pub async fn change(app: &App, actor: &Actor, change: ChangeDigest) -> Result<DigestSettingsData> {
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let (owner, now) = ((actor.tenant_id(), actor.user_id()), app.clock.now());
    let mut conn = app.db.write().await?;
    // Two devices that change something at once both get their way.
    users::lock(&mut conn, owner.0, owner.1).await?;
    let said = stored::settings(&mut conn, owner).await?;
    let mut said = said.unwrap_or_else(|| unsaid(&settings));
    said.frequency = change.frequency;
    said.time = change.time.unwrap_or(said.time);
    said.weekday = change.weekday.unwrap_or(said.weekday);
    said.zone = change.timezone.or(said.zone);
    stored::set(&mut conn, owner, &said, now).await?;
    let digest = show(&mut conn, owner, &said, &settings, now).await?;
    let due_at = digest.next_run_at.unwrap_or(now);
    deliveries::move_held(&mut conn, owner, Held::Digest, due_at).await?;
    let preferences = preferences::of(&mut conn, owner.0, owner.1).await?;
    let answer = DigestSettingsData { digest };
    idempotency::record(app, &mut conn, actor, 200, &answer).await?;
    conn.commit().await?;
    app.deliveries.notify_one();
    announce(app, actor, preferences, Moved::Digest(answer.digest.clone()));
    Ok(answer)
}

async fn show(
    conn: &mut Conn,
    owner: (TenantId, UserId),
    said: &StoredDigest,
    settings: &Settings,
    now: Timestamp,
) -> Result<DigestSettings> {
    let own_zone = users::by_id(conn, owner.0, owner.1).await?.and_then(|user| user.timezone);
    let schedule = schedule(Some(said), settings, own_zone.as_deref());
    Ok(DigestSettings {
        frequency: said.frequency,
        time: said.time,
        weekday: said.weekday,
        timezone: schedule.zone.iana_name().unwrap_or("UTC").to_owned(),
        next_run_at: schedule.next_run(now),
        pending_items: deliveries::waiting(conn, owner, Held::Digest).await?,
    })
}
