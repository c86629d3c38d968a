//! Forgets rows that can no longer matter, so that tables stay as large as what is in use.

use std::time::Duration;

use tidewire_protocol::{
    Timestamp,
    limits::{DECISIONS_KEPT_MS, DEDUPE_LIFETIME_MS, IDEMPOTENCY_LIFETIME_MS, INBOX_KEPT_MS},
};
use tidewire_storage::{
    deliveries, devices, feed, idempotency, inbox, notification_decisions, one_time_tokens, outbox,
    sessions, tickets,
};

use crate::{App, Result};

const EVERY: Duration = Duration::from_mins(10);

const DAY_MS: i64 = 86_400_000;
/// Long enough for every node's sweep, and for the clocks of nodes to differ.
const FEED_KEPT_MS: i64 = 3_600_000;
/// Long enough to look into a mail that did not arrive, or a sign-in that nobody remembers.
const KEPT_MS: i64 = 30 * DAY_MS;

/// Runs until the node stops.
pub(crate) async fn run(app: App) {
    let stop = app.tasks.stop_token().clone();
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        if let Err(error) = purge(&app, app.clock.now()).await {
            error.log("purge_expired");
        }
    }
}

async fn purge(app: &App, now: Timestamp) -> Result<()> {
    let mut conn = app.db.write().await?;
    tickets::purge(&mut conn, now.plus_ms(-DAY_MS)).await?;
    idempotency::purge(&mut conn, now.plus_ms(-IDEMPOTENCY_LIFETIME_MS)).await?;
    feed::purge(&mut conn, now.plus_ms(-FEED_KEPT_MS)).await?;
    outbox::purge(&mut conn, now.plus_ms(-KEPT_MS)).await?;
    one_time_tokens::purge(&mut conn, now.plus_ms(-KEPT_MS)).await?;
    devices::purge(&mut conn).await?;
    sessions::purge(&mut conn, now.plus_ms(-KEPT_MS)).await?;
    inbox::purge(&mut conn, now.plus_ms(-INBOX_KEPT_MS)).await?;
    deliveries::purge(&mut conn, now.plus_ms(-DECISIONS_KEPT_MS)).await?;
    notification_decisions::purge(&mut conn, now.plus_ms(-DECISIONS_KEPT_MS)).await?;
    notification_decisions::purge_keys(&mut conn, now.plus_ms(-DEDUPE_LIFETIME_MS)).await?;
    Ok(conn.commit().await?)
}
