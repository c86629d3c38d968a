//! Notifies people of messages. What was appended while it worked is looked at together, and it rests in
//! proportion to its work, so that a busy chat is not slowed by it.

use std::time::Duration;

use crate::{App, notify::chat};

const REST_MIN: Duration = Duration::from_millis(50);
const REST_MAX: Duration = Duration::from_secs(2);
/// A twentieth of the time at most is work.
const REST_FACTOR: u32 = 20;
/// How far back a node looks at its start for what was left by one that is gone.
const START_MS: i64 = 86_400_000;

/// Runs for the life of the node. What it leaves is found by any node.
pub(crate) async fn run(app: App) {
    let since = app.clock.now().plus_ms(-START_MS);
    match app.db.read().await {
        Ok(mut conn) => {
            if let Err(error) = chat::find_lagging(&app, &mut conn, since).await {
                error.log("notice");
            }
        }
        Err(error) => crate::Error::from(error).log("notice"),
    }
    loop {
        app.unnoticed.bell.notified().await;
        let started = app.clock.uptime();
        notice_all(&app).await;
        let worked = app.clock.uptime().saturating_sub(started);
        tokio::time::sleep((worked * REST_FACTOR).clamp(REST_MIN, REST_MAX)).await;
    }
}

/// Looks at every channel that has something; what fails is found again by the sweep.
pub(crate) async fn notice_all(app: &App) {
    for (channel, work) in app.unnoticed.take() {
        if let Err(error) = chat::notice(app, channel, work).await {
            error.log("notice");
        }
    }
}
