//! Pushes, from the queue to the networks: looked at again just before, and tried until there is an
//! end.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use tidewire_protocol::{
    Timestamp,
    id::{DeviceId, TenantId, UserId},
    model::{notification_preferences::Priority as Urgency, org_settings::SettingKey},
};
use tidewire_storage::{
    deliveries::{self, Claimed, Held, Kind, Outcome as Settled},
    devices::{self, Device},
};
use uuid::Uuid;

use super::{
    recheck::{Still, still},
    situation::Beforehand,
};
use crate::{
    App, Result,
    devices::Reached,
    org_settings,
    push::{self, Outcome, Priority, PushMessage},
    unread,
};

/// Longer than a push may take, with its turn waited for.
const LEASE_MS: i64 = 60_000;
const BATCH_MAX: u64 = 64;
/// How long the first pause is; each that follows is twice as long.
const FIRST_PAUSE_MS: i64 = 15_000;
const LONGEST_PAUSE_MS: i64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// How a network fares: what it said of devices in the last minutes.
#[derive(Default)]
pub(crate) struct Watch(Mutex<HashMap<String, VecDeque<(i64, bool)>>>);

const WATCHED_MS: i64 = 5 * 60_000;
/// Fewer attempts say nothing about a network.
const ATTEMPTS_MIN: usize = 20;
const ATTEMPTS_KEPT: usize = 10_000;

impl Watch {
    /// Notes an attempt. Answers whether so many devices are said to be gone that it must be the network
    /// or our credentials that are wrong.
    fn note(&self, platform: &str, is_gone: bool, now: Timestamp) -> bool {
        let mut platforms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let attempts = platforms.entry(platform.to_owned()).or_default();
        attempts.push_back((now.ms(), is_gone));
        let is_old = |(at, _): &(i64, bool)| now.ms() - at >= WATCHED_MS;
        while attempts.len() > ATTEMPTS_KEPT || attempts.front().is_some_and(is_old) {
            attempts.pop_front();
        }
        let gone = attempts.iter().filter(|(_, is_gone)| *is_gone).count();
        attempts.len() >= ATTEMPTS_MIN && gone * 5 > attempts.len()
    }
}

/// Pushes what is due on a built-in platform, a batch at most; answers how much was taken.
pub(crate) async fn push_due(app: &App, platform: &str) -> Result<usize> {
    let (claim, now): (Uuid, _) = (app.clock.id(), app.clock.now());
    if !deliveries::is_due(&mut app.db.read().await?, platform, now).await? {
        return Ok(0);
    }
    let claimed = claim_due(app, platform, claim, now).await?;
    let count = claimed.len();
    let mut of_devices: BTreeMap<(TenantId, UserId, Option<DeviceId>), Vec<Claimed>> =
        BTreeMap::new();
    for item in claimed {
        let key = (item.tenant_id, item.user_id, item.device_id);
        of_devices.entry(key).or_default().push(item);
    }
    let sent = of_devices.into_iter().map(|((tenant, user, device), items)| {
        let pushing = Pushing { app, claim, owner: (tenant, user), platform };
        async move { pushing.push_all(device, items).await }
    });
    join_all(sent).await.into_iter().collect::<Result<()>>()?;
    Ok(count)
}

/// What waits for the end of a quiet time is taken together, so that it can become one push.
async fn claim_due(app: &App, platform: &str, claim: Uuid, now: Timestamp) -> Result<Vec<Claimed>> {
    let lease = (now, now.plus_ms(LEASE_MS));
    let mut conn = app.db.write().await?;
    let mut claimed = deliveries::claim(&mut conn, platform, claim, lease, BATCH_MAX).await?;
    let quiet = claimed.iter().filter(|item| item.held == Some(Held::Quiet));
    let mut people: Vec<UserId> = quiet.map(|item| item.user_id).collect();
    people.sort_unstable();
    people.dedup();
    for user in people {
        let place = (platform, user, Held::Quiet);
        claimed.extend(deliveries::claim_rest(&mut conn, place, claim, lease).await?);
    }
    conn.commit().await?;
    Ok(claimed)
}

/// Pushes of one person on one platform.
struct Pushing<'a> {
    app: &'a App,
    claim: Uuid,
    owner: (TenantId, UserId),
    platform: &'a str,
}

impl Pushing<'_> {
    async fn push_all(&self, device: Option<DeviceId>, items: Vec<Claimed>) -> Result<()> {
        let now = self.app.clock.now();
        let mut conn = self.app.db.read().await?;
        let device = match device {
            Some(id) => devices::by_id(&mut conn, self.owner, id, now).await?,
            None => None,
        };
        drop(conn);
        let Some(device) = device else {
            return self.settle_all(&items, Settled::Canceled { reason: "device gone" }).await;
        };
        let wanted = self.wanted(items).await?;
        let (quiet, each): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|item| item.held == Some(Held::Quiet));
        for item in each {
            self.push(&device, vec![item]).await?;
        }
        if !quiet.is_empty() {
            self.push(&device, quiet).await?;
        }
        Ok(())
    }

    /// Those that are wanted still; the others are settled.
    async fn wanted(&self, items: Vec<Claimed>) -> Result<Vec<Claimed>> {
        let before = Beforehand::read(self.app, self.owner.0, &[self.owner.1]).await?;
        let mut wanted = Vec::new();
        for item in items {
            let mut conn = self.app.db.read().await?;
            let still = match item.kind {
                Kind::Alert => still(self.app, &mut conn, &item, before.clone()).await?,
                Kind::Badge | Kind::Clear => Still::Wanted,
            };
            drop(conn);
            let outcome = match still {
                Still::Wanted => {
                    wanted.push(item);
                    continue;
                }
                Still::Waits { until } => {
                    Settled::Postponed { due_at: until, held: Some(Held::Quiet) }
                }
                Still::Unwanted(reason) => Settled::Canceled { reason },
            };
            self.settle_all(&[item], outcome).await?;
        }
        Ok(wanted)
    }

    /// One push for all of `items`.
    async fn push(&self, device: &Device, items: Vec<Claimed>) -> Result<()> {
        let Ok(reached) = serde_json::from_value::<Reached>(device.target.clone()) else {
            return self.settle_all(&items, Settled::Failed { reason: "unknown device" }).await;
        };
        let Some(target) = reached.target() else { return Ok(()) };
        let message = self.message(&items).await?;
        let badge = message.badge.map(i64::from);
        let outcome = self.app.push.send(&target, &message).await;
        let now = self.app.clock.now();
        let is_gone = matches!(outcome, Outcome::Gone { .. });
        let is_burst = self.app.push_watch.note(self.platform, is_gone, now);
        match outcome {
            Outcome::Accepted { .. } => {
                let mut conn = self.app.db.write().await?;
                devices::taken(&mut conn, self.owner, device.id, badge, now).await?;
                conn.commit().await?;
                self.settle_all(&items, Settled::Delivered).await
            }
            Outcome::Gone { reason, .. } if is_burst => {
                tracing::error!(
                    platform = self.platform,
                    "so many devices are said to be gone that none is removed"
                );
                metrics::counter!("tidewire_push_bursts_total", "platform" => self.platform.to_owned())
                    .increment(1);
                self.settle_all(&items, Settled::Failed { reason: reason.as_str() }).await
            }
            Outcome::Gone { reason, since } => {
                if since.is_none_or(|since| device.created_at <= since) {
                    let mut conn = self.app.db.write().await?;
                    devices::remove(&mut conn, self.owner, device.id).await?;
                    conn.commit().await?;
                }
                self.settle_all(&items, Settled::Failed { reason: reason.as_str() }).await
            }
            Outcome::TryAgain { after, reason } => {
                self.try_again(&items, after, reason.as_str()).await
            }
            Outcome::Misconfigured(reason) => {
                tracing::error!(platform = self.platform, %reason, "pushes are not taken");
                self.try_again(&items, None, reason.as_str()).await
            }
            Outcome::Refused(reason) => {
                self.settle_all(&items, Settled::Failed { reason: reason.as_str() }).await
            }
        }
    }

    /// Later, with growing pauses of which a part is chance; a day after its cause it is given up.
    async fn try_again(
        &self,
        items: &[Claimed],
        after: Option<Duration>,
        reason: &str,
    ) -> Result<()> {
        let now = self.app.clock.now();
        for item in items {
            let pause = FIRST_PAUSE_MS.checked_shl(item.attempts.min(16) as u32);
            let pause = pause.map_or(LONGEST_PAUSE_MS, |pause| pause.min(LONGEST_PAUSE_MS));
            let [chance] = self.app.clock.random_bytes::<1>();
            let jitter = pause / 4 * i64::from(chance) / 255;
            let asked = after.map_or(0, |after| after.as_millis() as i64);
            let due_at = now.plus_ms(asked.max(pause + jitter));
            let outcome = if due_at.ms() - item.created_at.ms() > DAY_MS {
                Settled::Failed { reason }
            } else {
                Settled::Retry { due_at, reason }
            };
            self.settle_all(std::slice::from_ref(item), outcome).await?;
        }
        Ok(())
    }

    async fn settle_all(&self, items: &[Claimed], outcome: Settled<'_>) -> Result<()> {
        let now = self.app.clock.now();
        let mut conn = self.app.db.write().await?;
        for item in items {
            deliveries::settle(&mut conn, (item.id, self.claim), outcome, now).await?;
        }
        Ok(conn.commit().await?)
    }

    async fn message(&self, items: &[Claimed]) -> Result<PushMessage> {
        let settings = org_settings::of(self.app, self.owner.0).await?;
        let previews = settings.value(SettingKey::PushPreviews).as_bool().unwrap_or(false);
        let mut conn = self.app.db.read().await?;
        let badge = unread::totals(&mut conn, self.owner).await?.total;
        drop(conn);
        let badge = Some(u32::try_from(badge.max(0)).unwrap_or(u32::MAX));
        Ok(match items {
            [item] => PushMessage { badge, ..one(item, previews) },
            items => PushMessage { badge, ..summary(items) },
        })
    }
}

/// What programs get of one delivery: ids, by which they ask for the rest.
fn one(item: &Claimed, previews: bool) -> PushMessage {
    let mut payload = Map::new();
    let mut put = |name: &str, value: Value| drop(payload.insert(name.to_owned(), value));
    if item.kind == Kind::Alert {
        put("event", item.event.word().into());
    }
    if let Some(id) = item.notification_id {
        put("notificationId", json!(id));
    }
    if let Some((channel, seq)) = item.message {
        put("channelId", json!(channel));
        put("seq", seq.into());
    }
    if let Some(cleared) = item.content.get("cleared") {
        put("cleared", cleared.clone());
    }
    let text = |name: &str| item.content[name].as_str().filter(|_| previews).map(str::to_owned);
    let (kind, collapse_key) = match item.kind {
        Kind::Alert => (push::Kind::Alert, None),
        Kind::Badge => (push::Kind::BadgeOnly, Some("badge".to_owned())),
        // One that says less must not replace one that says more.
        Kind::Clear => (push::Kind::Clear, None),
    };
    let is_urgent = matches!(item.event.priority(), Urgency::High | Urgency::Critical)
        || item.message.is_some();
    PushMessage {
        kind,
        payload,
        title: text("title"),
        body: text("body"),
        badge: None,
        collapse_key,
        group: item.message.map(|(channel, _)| channel.to_string()),
        priority: if is_urgent && kind.is_shown() { Priority::High } else { Priority::Normal },
        ttl: Duration::from_hours(24),
    }
}

/// What was held in a quiet time, in one.
fn summary(items: &[Claimed]) -> PushMessage {
    let mut payload = Map::new();
    payload.insert("count".to_owned(), items.len().into());
    PushMessage {
        kind: push::Kind::Summary,
        payload,
        title: None,
        body: None,
        badge: None,
        collapse_key: Some("summary".to_owned()),
        group: None,
        priority: Priority::Normal,
        ttl: Duration::from_hours(24),
    }
}

#[cfg(test)]
mod tests;
