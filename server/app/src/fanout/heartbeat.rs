//! Pings for all connections from one task: no timer of its own for any of them.
//!
//! Connections are spread over the interval by their random ids, so that pings never come in a burst.

use std::{sync::Arc, time::Duration};

use tidewire_protocol::{
    close_code::CloseCode,
    limits::{HEARTBEAT_INTERVAL_MS, HEARTBEAT_TIMEOUT_MS, WRITE_STALL_TIMEOUT_MS},
};

use super::{connection::Connection, outgoing};
use crate::App;

const SLOTS: u64 = HEARTBEAT_INTERVAL_MS / 1_000;

/// Runs for the life of the node: each second, one slot of the connections.
pub async fn run(app: App) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut slot = 0;
    loop {
        ticks.tick().await;
        slot = (slot + 1) % SLOTS;
        let now_ms = app.clock.now().ms();
        let mut due = Vec::new();
        app.fanout.each_connection(|connection| {
            if is_stalled(connection, now_ms) || slot_of(connection) == slot {
                due.push(Arc::clone(connection));
            }
        });
        for connection in due {
            beat(&connection, now_ms);
        }
    }
}

fn is_stalled(connection: &Connection, now_ms: i64) -> bool {
    let since = connection.blocked_since_ms();
    since.is_some_and(|since| now_ms - since >= WRITE_STALL_TIMEOUT_MS as i64)
}

fn slot_of(connection: &Connection) -> u64 {
    connection.id().uuid().as_u128() as u64 % SLOTS
}

fn beat(connection: &Connection, now_ms: i64) {
    if is_stalled(connection, now_ms) {
        connection.mailbox().cut();
    } else if now_ms - connection.heard_ms() >= HEARTBEAT_TIMEOUT_MS as i64 {
        connection.close(CloseCode::NoHeartbeat);
    } else if connection.identity().session_expires_at.ms() <= now_ms {
        connection.revoke("expired", CloseCode::SessionRevoked);
    } else {
        connection.mailbox().control(outgoing::ping());
    }
}
