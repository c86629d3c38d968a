//! Answers those who forgot their password: looks for the account and queues the mail.

use tidewire_storage::outbox::{self, Outcome};
use uuid::Uuid;

use crate::{
    App, Result, notify,
    passwords::{self, OUTBOX_KIND},
};

const LEASE_MS: i64 = 60_000;
const BATCH_MAX: u64 = 16;

/// Answers what is due, a batch at most, in one transaction; answers how many there were.
pub(crate) async fn answer_due(app: &App) -> Result<usize> {
    let (claim, now): (Uuid, _) = (app.clock.id(), app.clock.now());
    if !outbox::is_due(&mut app.db.read().await?, OUTBOX_KIND, now).await? {
        return Ok(0);
    }
    let mut conn = app.db.write().await?;
    let lease = (now, now.plus_ms(LEASE_MS));
    let asked = outbox::claim(&mut conn, OUTBOX_KIND, claim, lease, BATCH_MAX).await?;
    for one in &asked {
        passwords::answer_forgotten(app, &mut conn, one.payload.clone()).await?;
        outbox::settle(&mut conn, (one.id, claim), Outcome::Done, now).await?;
    }
    conn.commit().await?;
    notify::wake(app);
    Ok(asked.len())
}
