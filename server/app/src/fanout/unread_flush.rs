//! Telling unread figures that could not go out with an entry: at most once per 100 ms and connection.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tidewire_protocol::{
    id::{ChannelId, UserId},
    limits::UNREAD_COALESCE_MS,
};
use tidewire_storage::unread;
use tokio::sync::Notify;

use super::{connection::Connection, inbox};
use crate::{App, Result};

/// Who is owed figures, and which figures must be read again first.
#[derive(Default)]
pub struct Owing {
    connections: Mutex<Vec<Arc<Connection>>>,
    stale: Mutex<HashMap<ChannelId, Vec<UserId>>>,
    inboxes: Mutex<HashSet<UserId>>,
    something: Notify,
}

impl Owing {
    pub(super) fn add(&self, connection: &Arc<Connection>) {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(connection));
        self.something.notify_one();
    }

    /// Has a person's figures of one channel read again and told.
    pub(crate) fn reload(&self, user: UserId, channel: ChannelId) {
        let mut stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        let users = stale.entry(channel).or_default();
        if !users.contains(&user) {
            users.push(user);
        }
        drop(stale);
        self.something.notify_one();
    }

    /// Has the entries read that a person's inbox has beyond what was offered here.
    pub(crate) fn read_inbox(&self, user: UserId) {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner).insert(user);
        self.something.notify_one();
    }

    fn take_inboxes(&self) -> HashSet<UserId> {
        std::mem::take(&mut self.inboxes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take_stale(&self) -> HashMap<ChannelId, Vec<UserId>> {
        std::mem::take(&mut self.stale.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take_connections(&self) -> Vec<Arc<Connection>> {
        std::mem::take(&mut self.connections.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs for the life of the node.
pub async fn run(app: App) {
    let owing = app.fanout.owing();
    loop {
        owing.something.notified().await;
        reload(&app).await;
        read_inboxes(&app).await;
        tell(&app);
        tokio::time::sleep(Duration::from_millis(UNREAD_COALESCE_MS)).await;
        tell(&app);
    }
}

fn tell(app: &App) {
    let now_ms = app.clock.now().ms();
    for connection in app.fanout.owing().take_connections() {
        if connection.flush_unread(now_ms) {
            app.fanout.owing().add(&connection);
        }
    }
}

/// Reads stale figures again, a channel at a time; what cannot be read stays stale.
async fn reload(app: &App) {
    for (channel, users) in app.fanout.owing().take_stale() {
        if let Err(error) = reload_channel(app, channel, &users).await {
            error.log("unread");
            for user in users {
                app.fanout.owing().reload(user, channel);
            }
            tokio::time::sleep(Duration::from_millis(UNREAD_COALESCE_MS)).await;
        }
    }
}

async fn read_inboxes(app: &App) {
    for user in app.fanout.owing().take_inboxes() {
        if let Err(error) = inbox::catch_up(app, user).await {
            error.log("inbox");
            app.fanout.owing().read_inbox(user);
            tokio::time::sleep(Duration::from_millis(UNREAD_COALESCE_MS)).await;
        }
    }
}

async fn reload_channel(app: &App, channel: ChannelId, users: &[UserId]) -> Result<()> {
    // Who has just joined may not be heard on the bus yet; what was written until then is seen here.
    app.fanout.bus().settled().await;
    let standings = unread::standings_of(&mut app.db.read().await?, channel, users).await?;
    for (user, standing) in standings {
        app.fanout.learn_head(app, channel, standing.head.seq);
        let Some(live) = app.fanout.live_user(user) else { continue };
        if live.refresh(standing) {
            live.owe(app.fanout.owing(), channel);
        }
    }
    Ok(())
}
