//! Mails about notifications, from the queue to the outbox: each by itself, or several in one.

use std::collections::BTreeMap;

use tidewire_protocol::{
    Timestamp,
    id::{TenantId, UserId},
    model::digests::DigestFrequency,
};
use tidewire_storage::{
    Conn,
    deliveries::{self, Claimed, EMAIL, Held, Outcome},
    digests::{self as stored, Digest},
    users,
};
use uuid::Uuid;

use super::{
    recheck::{Still, still},
    situation::Beforehand,
};
use crate::{
    App, Result, digests,
    mail::{self, Content, Item, NotificationMail},
    org_settings,
    templates::DIGEST_ITEMS_MAX,
};

const LEASE_MS: i64 = 60_000;
const BATCH_MAX: u64 = 32;
/// After a quiet time, more mails than this become one.
const AFTER_QUIET_MAX: usize = 5;

/// Sends on what is due, a batch at most; answers how much was taken.
pub(crate) async fn send_due(app: &App) -> Result<usize> {
    let (claim, now): (Uuid, _) = (app.clock.id(), app.clock.now());
    if !deliveries::is_due(&mut app.db.read().await?, EMAIL, now).await? {
        return Ok(0);
    }
    let claimed = claim_due(app, claim, now).await?;
    let count = claimed.len();
    let mut of_people: BTreeMap<(TenantId, UserId), Vec<Claimed>> = BTreeMap::new();
    for item in claimed {
        of_people.entry((item.tenant_id, item.user_id)).or_default().push(item);
    }
    for (owner, items) in of_people {
        send(app, claim, owner, items).await?;
    }
    mail::wake(app);
    Ok(count)
}

/// What waits for the same moment is taken together, so that it can become one mail.
async fn claim_due(app: &App, claim: Uuid, now: Timestamp) -> Result<Vec<Claimed>> {
    let lease = (now, now.plus_ms(LEASE_MS));
    let mut conn = app.db.write().await?;
    let mut claimed = deliveries::claim(&mut conn, EMAIL, claim, lease, BATCH_MAX).await?;
    for held in [Held::Quiet, Held::Digest] {
        let mut people: Vec<UserId> = claimed
            .iter()
            .filter(|item| item.held == Some(held))
            .map(|item| item.user_id)
            .collect();
        people.sort_unstable();
        people.dedup();
        for user in people {
            let rest = deliveries::claim_rest(&mut conn, (EMAIL, user, held), claim, lease).await?;
            claimed.extend(rest);
        }
    }
    conn.commit().await?;
    Ok(claimed)
}

/// One person's mails.
async fn send(
    app: &App,
    claim: Uuid,
    owner: (TenantId, UserId),
    items: Vec<Claimed>,
) -> Result<()> {
    let now = app.clock.now();
    let settings = org_settings::of(app, owner.0).await?;
    let before = Beforehand::read(app, owner.0, &[owner.1]).await?;
    let mut conn = app.db.write().await?;
    let mut wanted: Vec<Claimed> = Vec::new();
    for item in items {
        let outcome = match still(app, &mut conn, &item, before.clone()).await? {
            Still::Wanted => {
                wanted.push(item);
                continue;
            }
            Still::Waits { until } => {
                let held = if item.held == Some(Held::Digest) { Held::Digest } else { Held::Quiet };
                Outcome::Postponed { due_at: until, held: Some(held) }
            }
            Still::Unwanted(reason) => Outcome::Canceled { reason },
        };
        deliveries::settle(&mut conn, (item.id, claim), outcome, now).await?;
    }
    let (digest, rest): (Vec<_>, Vec<_>) =
        wanted.into_iter().partition(|item| item.held == Some(Held::Digest));
    let (quiet, at_once): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|item| item.held == Some(Held::Quiet));
    let mails = Mails { app, claim, owner, now };
    mails.each(&mut conn, at_once).await?;
    if quiet.len() > AFTER_QUIET_MAX {
        mails.together(&mut conn, quiet).await?;
    } else {
        mails.each(&mut conn, quiet).await?;
    }
    match digest.len() {
        0 | 1 => mails.each(&mut conn, digest).await?,
        _ => {
            let said = stored::settings(&mut conn, owner).await?;
            let own_zone = users::by_id(&mut conn, owner.0, owner.1).await?;
            let own_zone = own_zone.and_then(|user| user.timezone);
            let schedule = digests::schedule(said.as_ref(), &settings, own_zone.as_deref());
            mails.digest(&mut conn, digest, schedule.frequency, schedule.next_run(now)).await?;
        }
    }
    Ok(conn.commit().await?)
}

/// Mails of one person on their way to the outbox.
struct Mails<'a> {
    app: &'a App,
    claim: Uuid,
    owner: (TenantId, UserId),
    now: Timestamp,
}

impl Mails<'_> {
    async fn each(&self, conn: &mut Conn, items: Vec<Claimed>) -> Result<()> {
        for item in items {
            self.together(conn, vec![item]).await?;
        }
        Ok(())
    }

    /// One mail for each person and moment: what comes after it waits for the next.
    async fn digest(
        &self,
        conn: &mut Conn,
        items: Vec<Claimed>,
        frequency: DigestFrequency,
        next_run: Option<Timestamp>,
    ) -> Result<()> {
        let window = items.iter().map(|item| item.window).max().unwrap_or(self.now);
        let count = items.len() as u64;
        let id: Uuid = self.app.clock.id();
        let digest = Digest { id, window, frequency, items: count, at: self.now };
        if stored::insert(conn, self.owner, digest).await? {
            return self.together(conn, items).await;
        }
        let due_at = next_run.unwrap_or(self.now.plus_ms(LEASE_MS));
        for item in items {
            let outcome = Outcome::Postponed { due_at, held: Some(Held::Digest) };
            deliveries::settle(conn, (item.id, self.claim), outcome, self.now).await?;
        }
        Ok(())
    }

    /// Makes one mail of all. What somebody else has taken over meanwhile is left to them.
    async fn together(&self, conn: &mut Conn, items: Vec<Claimed>) -> Result<()> {
        let id: Uuid = self.app.clock.id();
        let mut shown = Vec::new();
        for item in items {
            let content = serde_json::from_value::<Content>(item.content);
            if !deliveries::mailed(conn, (item.id, self.claim), id).await? {
                continue;
            }
            shown.extend(content.ok().map(|content| Item { event: item.event, content }));
        }
        if shown.is_empty() {
            return Ok(());
        }
        let more = shown.len().saturating_sub(DIGEST_ITEMS_MAX) as u64;
        shown.truncate(DIGEST_ITEMS_MAX);
        let mail = NotificationMail { user_id: self.owner.1, items: shown, more };
        mail::queue_notification(self.app, conn, (id, self.owner.0), &mail).await
    }
}

#[cfg(test)]
mod tests;
