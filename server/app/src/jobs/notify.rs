//! Takes what was raised out of the outbox and decides it.

use tidewire_storage::outbox;
use uuid::Uuid;

use crate::{
    App, Result,
    notify::{raise::OUTBOX_KIND, tell},
};

const LEASE_MS: i64 = 60_000;
const BATCH_MAX: u64 = 16;

/// Decides what is due, a batch at most; answers how much was taken.
pub(crate) async fn tell_due(app: &App) -> Result<usize> {
    let (claim, now): (Uuid, _) = (app.clock.id(), app.clock.now());
    if !outbox::is_due(&mut app.db.read().await?, OUTBOX_KIND, now).await? {
        return Ok(0);
    }
    let mut conn = app.db.write().await?;
    let lease = (now, now.plus_ms(LEASE_MS));
    let raised = outbox::claim(&mut conn, OUTBOX_KIND, claim, lease, BATCH_MAX).await?;
    conn.commit().await?;
    for one in &raised {
        tell::tell(app, claim, one).await?;
    }
    Ok(raised.len())
}

#[cfg(test)]
mod tests;
