//! Reading the log: what a hub missed, and what an operation has just written.

use std::sync::Arc;

use tidewire_protocol::{
    id::{ChannelId, TenantId},
    limits::CATCH_UP_ENTRIES_MAX,
};
use tidewire_storage::{
    Conn,
    entries::{self, Entry, Placed},
};

use crate::{App, Result, fanout::entry::LogEntry, log_view, people};

/// The entries after `after` up to and with `up_to`, in order; at most as many as a catch-up takes.
pub async fn fetch(
    app: &App,
    tenant: TenantId,
    channel: ChannelId,
    after: u64,
    up_to: u64,
) -> Result<Vec<LogEntry>> {
    let mut conn = app.db.read().await?;
    let rows =
        entries::range(&mut conn, (tenant, channel), after, up_to, CATCH_UP_ENTRIES_MAX).await?;
    view(app, &mut conn, tenant, &rows).await
}

/// Rows of one tenant, ready to be handed out.
pub async fn view(
    app: &App,
    conn: &mut Conn,
    tenant: TenantId,
    rows: &[Entry],
) -> Result<Vec<LogEntry>> {
    let names =
        people::names_on(app, conn, tenant, rows.iter().flat_map(log_view::people_of)).await?;
    Ok(rows.iter().map(|row| log_view::log_entry(row, &names)).collect())
}

/// Hands out the entries that an operation has committed. Should this fail, the sweep does it.
pub async fn publish(app: &App, tenant: TenantId, channel: ChannelId, written: &[Placed]) {
    let (Some(first), Some(last)) = (written.first(), written.last()) else { return };
    match fetch(app, tenant, channel, first.position.seq - 1, last.position.seq).await {
        Ok(entries) => app.fanout.publish_all(app, entries.into_iter().map(Arc::new).collect()),
        Err(error) => error.log("publish"),
    }
}
