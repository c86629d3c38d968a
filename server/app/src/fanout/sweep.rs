//! The truth, every five seconds: what the bus may have lost is read from storage.
//!
//! Each query's cost follows what changed since the last sweep, with an overlap because commits become
//! visible in another order than their times; never what is followed here.

use std::time::Duration;

use tidewire_protocol::{
    Timestamp,
    limits::{SWEEP_INTERVAL_MS, SWEEP_OVERLAP_MS},
};
use tidewire_storage::{entries, inbox, unread};

use crate::{App, Result, auth::token, notify};

/// However often news are missed, storage is not asked more often than this.
const PAUSE: Duration = Duration::from_millis(200);

/// Runs for the life of the node.
pub async fn run(app: App) {
    let mut last = app.clock.now();
    let mut ticks = tokio::time::interval(Duration::from_millis(SWEEP_INTERVAL_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.fanout.bus().missed_something() => {}
        }
        let now = app.clock.now();
        match sweep(&app, last.plus_ms(-SWEEP_OVERLAP_MS)).await {
            Ok(()) => last = now,
            Err(error) => error.log("sweep"),
        }
        app.fanout.drop_empty_topics();
        tokio::time::sleep(PAUSE).await;
    }
}

/// Compares everything that changed since `since` with what this node has handed out.
pub async fn sweep(app: &App, since: Timestamp) -> Result<()> {
    let mut conn = app.db.read().await?;
    for (channel, head) in entries::moved_since(&mut conn, since).await? {
        app.fanout.learn_head(app, channel, head.seq);
    }
    for (channel, user) in unread::touched_since(&mut conn, since).await? {
        if app.fanout.live_user(user).is_some() {
            app.fanout.owing().reload(user, channel);
        }
    }
    for (user, head) in inbox::touched_since(&mut conn, since).await? {
        app.fanout.hear_of_inbox(user, head);
    }
    notify::chat::find_lagging(app, &mut conn, since).await?;
    drop(conn);
    token::refresh(app).await?;
    crate::changes::replay(app, since).await
}
