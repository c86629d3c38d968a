//! What people are looking at: nobody is called to another screen for what is on this one.

use std::time::Duration;

use moka::sync::Cache;
use tidewire_protocol::id::{ChannelId, UserId};
use tidewire_storage::recipients;

use crate::{Actor, App, Result, fanout::connection::Connection, presence};

/// A conversation that somebody goes on looking at is noted again this often.
const NOTED_FOR: Duration = Duration::from_secs(20);
const PEOPLE_MAX: u64 = 100_000;

/// What was noted lately.
pub(crate) struct Noted(Cache<UserId, Option<ChannelId>>);

impl Default for Noted {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(PEOPLE_MAX).time_to_live(NOTED_FOR).build())
    }
}

/// The person is there, and looks at a channel or at none.
pub async fn note(
    app: &App,
    actor: &Actor,
    connection: &Connection,
    channel: Option<ChannelId>,
) -> Result<()> {
    presence::active(app, connection);
    let user = actor.user_id();
    if app.looked.0.get(&user) == Some(channel) {
        return Ok(());
    }
    let mut conn = app.db.write().await?;
    recipients::look(&mut conn, (actor.tenant_id(), user), channel, app.clock.now()).await?;
    conn.commit().await?;
    app.looked.0.insert(user, channel);
    Ok(())
}
