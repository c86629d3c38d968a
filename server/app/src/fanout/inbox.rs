//! From the log of a person's inbox to the connections here. News say only that it has moved: what has
//! happened is read from storage, in order, so that nothing is missing, doubled or early.

use std::sync::Arc;

use tidewire_protocol::{
    event::{Empty, Event},
    id::UserId,
};
use tidewire_storage::{inbox, notifications};

use super::outgoing::Outgoing;
use crate::{App, Result, notifications::view};

/// Entries that are read at once.
const ENTRIES_MAX: usize = 200;

/// Offers a person's connections here what the inbox has beyond what they were offered.
pub(crate) async fn catch_up(app: &App, user: UserId) -> Result<()> {
    while !offer_some(app, user).await? {}
    Ok(())
}

/// Answers whether that was all.
async fn offer_some(app: &App, user: UserId) -> Result<bool> {
    let Some(live) = app.fanout.live_user(user) else { return Ok(true) };
    let (Some(have), Some(tenant)) = (live.inbox_have(), live.tenant_id()) else {
        return Ok(true);
    };
    let owner = (tenant, user);
    let mut conn = app.db.read().await?;
    let entries = inbox::after(&mut conn, owner, have, ENTRIES_MAX).await?;
    let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(true) };
    let unread = notifications::unread(&mut conn, owner).await?;
    let is_gap = entries.first().is_some_and(|entry| entry.seq > have + 1);
    let mut events = view::events(app, &mut conn, tenant, &entries).await?;
    drop(conn);
    if is_gap {
        events = vec![(last, Event::InboxBehind(Empty {}))];
    }
    // Whoever comes after this has read as far as these entries.
    let connections = live.connections();
    for (seq, event) in events {
        let frame = Arc::new(Outgoing::inbox(seq, &event));
        for connection in &connections {
            connection.mailbox().deliver_inbox(seq, &frame);
        }
    }
    live.moved_inbox(last, unread);
    for connection in &connections {
        connection.owe_totals(app.fanout.owing());
    }
    Ok(entries.len() < ENTRIES_MAX)
}
