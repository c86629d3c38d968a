//! Sending everybody elsewhere before the node stops: one after the other, so that those who come back
//! do not come back at once.

use std::time::Duration;

use tidewire_protocol::{
    close_code::CloseCode,
    event::{Draining, Event},
    limits::DRAIN_STEP_MS_MAX,
};

use crate::{App, health, tickets};

/// How long a reconnect ticket is good for.
const TICKET_LIFETIME_MS: i64 = 60_000;
/// Clients spread their return over this.
const RETURN_SPREAD_MS: u64 = 1_000;

/// Tells each connection to reconnect and closes it, spread over `window` at the most; few connections
/// are done sooner. From the start, no new ones are taken.
pub async fn run(app: &App, window: Duration) {
    health::start_draining(app);
    let connections: Vec<_> =
        app.fanout.live_users().iter().flat_map(|live| live.connections()).collect();
    let count = connections.len().max(1) as u32;
    let step = (window / count).min(Duration::from_millis(DRAIN_STEP_MS_MAX));
    for (place, connection) in connections.into_iter().enumerate() {
        let ticket = tickets::mint(app, connection.session_id(), TICKET_LIFETIME_MS);
        let reconnect_after_ms = place as u64 * 7 % RETURN_SPREAD_MS;
        connection.show(&Event::Draining(Draining { reconnect_after_ms, ticket }));
        connection.close(CloseCode::Restart);
        tokio::time::sleep(step).await;
    }
}
