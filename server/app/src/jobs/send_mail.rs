//! Takes mails out of the outbox and sends them: at least once, with growing pauses, five times.

use futures_util::future::join_all;
use tidewire_protocol::{id::TenantId, notification_event::EventKey};
use tidewire_storage::{
    Conn, deliveries, notification_decisions,
    outbox::{self, Claimed, Outcome},
    recipients,
};
use uuid::Uuid;

use crate::{
    App, Result,
    mail::{self, OUTBOX_KIND, SendError},
    notify::{self, Raised},
};

/// Longer than a mail may take, so that nobody sends it a second time meanwhile.
const LEASE_MS: i64 = 60_000;
const BATCH_MAX: u64 = 16;
const HOUR_MS: i64 = 3_600_000;

/// The pause after each failed attempt but the last.
const PAUSES_MS: [i64; 4] = [60_000, 5 * 60_000, 15 * 60_000, 3_600_000];

/// Sends what is due, a batch at most; answers how many were taken.
pub(crate) async fn send_due(app: &App) -> Result<usize> {
    let claim: Uuid = app.clock.id();
    let mails = claim_due(app, claim).await?;
    // Side by side: a server that does not answer holds up no mail but its own.
    let sent = mails.iter().map(async |mail| {
        let outcome = mail::send(app, mail).await;
        settle(app, claim, mail, outcome).await
    });
    join_all(sent).await.into_iter().collect::<Result<()>>()?;
    Ok(mails.len())
}

async fn claim_due(app: &App, claim: Uuid) -> Result<Vec<Claimed>> {
    let now = app.clock.now();
    if !outbox::is_due(&mut app.db.read().await?, OUTBOX_KIND, now).await? {
        return Ok(Vec::new());
    }
    let mut conn = app.db.write().await?;
    let lease = (now, now.plus_ms(LEASE_MS));
    let mails = outbox::claim(&mut conn, OUTBOX_KIND, claim, lease, BATCH_MAX).await?;
    conn.commit().await?;
    Ok(mails)
}

async fn settle(app: &App, claim: Uuid, mail: &Claimed, sent: Result<(), SendError>) -> Result<()> {
    let now = app.clock.now();
    let error = sent.err();
    let text = error.as_ref().map(ToString::to_string).unwrap_or_default();
    let pause = PAUSES_MS.get(mail.attempts as usize - 1);
    let outcome = match (&error, pause) {
        (None | Some(SendError::NotNeeded(_)), _) => Outcome::Done,
        (Some(error), Some(pause)) if !error.is_permanent() => {
            Outcome::Retry { due_at: now.plus_ms(*pause), error: &text }
        }
        (Some(_), _) => {
            tracing::warn!(mail = %mail.id, error = text, "mail given up");
            Outcome::Failed { error: &text }
        }
    };
    let noted = match (&error, &outcome) {
        (Some(SendError::NotNeeded(reason)), _) => deliveries::Outcome::Canceled { reason },
        (_, Outcome::Done) => deliveries::Outcome::Delivered,
        (_, Outcome::Retry { due_at, error }) => {
            deliveries::Outcome::Retry { due_at: *due_at, reason: error }
        }
        (_, Outcome::Failed { error }) => deliveries::Outcome::Failed { reason: error },
    };
    let mut conn = app.db.write().await?;
    let has_failed = matches!(outcome, Outcome::Failed { .. });
    if outbox::settle(&mut conn, (mail.id, claim), outcome, now).await? {
        deliveries::mail_tried(&mut conn, mail.id, mail.attempts, noted, now).await?;
        if has_failed {
            tell_failed(app, &mut conn, mail.tenant_id, &text).await?;
        }
    }
    conn.commit().await?;
    notify::wake(app);
    Ok(())
}

/// Tells the administrators that mails do not arrive, at most once an hour.
async fn tell_failed(app: &App, conn: &mut Conn, tenant: TenantId, error: &str) -> Result<()> {
    let now = app.clock.now();
    let hour = (now, now.plus_ms(-HOUR_MS));
    let key = EventKey::EmailDeliveryFailed.word();
    if !notification_decisions::take_key(conn, tenant, key, hour).await? {
        return Ok(());
    }
    let (_, failed) = outbox::count(conn, tenant, OUTBOX_KIND, now.plus_ms(-HOUR_MS)).await?;
    let administrators = recipients::administrators(conn, tenant).await?;
    let raised = Raised::new(EventKey::EmailDeliveryFailed, administrators)
        .with("count", failed)
        .with("lastCode", error)
        .leading_to("/settings/email");
    notify::raise(app, conn, tenant, &raised).await
}

#[cfg(test)]
mod tests;
