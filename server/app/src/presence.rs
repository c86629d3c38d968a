//! Who is here: from what connections do to what watchers see.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dashmap::DashMap;
use tidewire_presence::roster::{Change, Roster};
use tidewire_protocol::{
    Timestamp,
    event::{Event, PresenceChanged},
    id::{ConnectionId, UserId, UserKey},
    limits::PRESENCE_WATCH_MAX,
    model::{
        presence::{PresenceItem, PresenceStatus},
        users::{UserRef, UserRefStatus},
    },
};

use crate::{
    Actor, App, Result,
    fanout::{connection::Connection, mailbox::EphemeralKey, outgoing::Outgoing},
    people,
    permission::Permission,
};

/// Status changes by time alone are looked for in every fifth tick.
const SWEEP_EVERY: u64 = 5;

/// The people on this node, and who watches whom.
#[derive(Default)]
pub struct Presence {
    roster: Mutex<Roster>,
    watchers: DashMap<UserId, Vec<Watcher>>,
    watched_by: DashMap<ConnectionId, Vec<UserId>>,
}

struct Watcher {
    connection: Arc<Connection>,
    user_number: i64,
}

impl Presence {
    fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection has said hello.
pub fn join(app: &App, connection: &Connection, status: Option<PresenceStatus>) {
    let away = status == Some(PresenceStatus::Away);
    app.presence.roster().join(connection.user_id(), connection.id(), away, app.clock.now().ms());
}

/// A connection has ended.
pub fn leave(app: &App, connection: &Connection) {
    app.presence.roster().leave(connection.user_id(), connection.id(), app.clock.now().ms());
    if let Some((_, targets)) = app.presence.watched_by.remove(&connection.id()) {
        drop_watches(app, connection.id(), &targets);
    }
}

/// The person is doing something on this connection.
pub fn active(app: &App, connection: &Connection) {
    app.presence.roster().active(connection.user_id(), connection.id(), app.clock.now().ms());
}

/// The person says to be away, or back.
pub fn set(app: &App, connection: &Connection, status: PresenceStatus) {
    let away = status == PresenceStatus::Away;
    app.presence.roster().set_away(
        connection.user_id(),
        connection.id(),
        away,
        app.clock.now().ms(),
    );
}

/// A person's status.
pub fn status(app: &App, user: UserId) -> PresenceStatus {
    app.presence.roster().status(user, app.clock.now().ms())
}

/// The presence of some people; unknown and foreign ones are left out.
pub async fn query(app: &App, actor: &Actor, keys: &[UserKey]) -> Result<Vec<PresenceItem>> {
    actor.require(Permission::UsersRead)?;
    let people = people::resolve(app, actor.tenant_id(), keys).await?;
    Ok(people.iter().flatten().map(|user| item(app, user)).collect())
}

fn item(app: &App, user: &UserRef) -> PresenceItem {
    let roster = app.presence.roster();
    let status = match user.status {
        UserRefStatus::Active => roster.status(user.id, app.clock.now().ms()),
        UserRefStatus::Pending | UserRefStatus::Inactive | UserRefStatus::Deleted => {
            PresenceStatus::Offline
        }
    };
    let last_seen =
        (status == PresenceStatus::Offline).then(|| roster.last_seen_ms(user.id)).flatten();
    PresenceItem {
        user_id: user.id,
        user_number: user.number,
        status,
        last_seen_at: last_seen.map(Timestamp::from_ms),
    }
}

/// Shows a connection the presence of some people, now and whenever it changes.
pub async fn watch(
    app: &App,
    actor: &Actor,
    connection: &Arc<Connection>,
    keys: &[UserKey],
) -> Result<Vec<PresenceItem>> {
    actor.require(Permission::UsersRead)?;
    let people = people::resolve(app, actor.tenant_id(), keys).await?;
    let mut targets = app.presence.watched_by.entry(connection.id()).or_default();
    for user in people.iter().flatten() {
        if targets.contains(&user.id) {
            continue;
        }
        if targets.len() >= PRESENCE_WATCH_MAX {
            return Err(crate::Error::invalid_field(
                "userIds",
                "count",
                "too many people are watched",
            ));
        }
        targets.push(user.id);
        let watcher = Watcher { connection: Arc::clone(connection), user_number: user.number };
        app.presence.watchers.entry(user.id).or_default().push(watcher);
    }
    drop(targets);
    Ok(people.iter().flatten().map(|user| item(app, user)).collect())
}

/// Stops showing a connection the presence of some people.
pub async fn unwatch(
    app: &App,
    actor: &Actor,
    connection: &Connection,
    keys: &[UserKey],
) -> Result<()> {
    let people = people::resolve(app, actor.tenant_id(), keys).await?;
    let targets: Vec<UserId> = people.iter().flatten().map(|user| user.id).collect();
    if let Some(mut watched) = app.presence.watched_by.get_mut(&connection.id()) {
        watched.retain(|user| !targets.contains(user));
    }
    drop_watches(app, connection.id(), &targets);
    Ok(())
}

fn drop_watches(app: &App, connection: ConnectionId, targets: &[UserId]) {
    for user in targets {
        if let Some(mut watchers) = app.presence.watchers.get_mut(user) {
            watchers.retain(|watcher| watcher.connection.id() != connection);
        }
        app.presence.watchers.remove_if(user, |_, watchers| watchers.is_empty());
    }
}

/// Tells watchers what has changed; runs for the life of the node.
pub async fn run(app: App) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut count: u64 = 0;
    loop {
        ticks.tick().await;
        count += 1;
        let changes =
            app.presence.roster().tick(app.clock.now().ms(), count.is_multiple_of(SWEEP_EVERY));
        for change in changes {
            tell(&app, change);
        }
    }
}

fn tell(app: &App, change: Change) {
    let Some(watchers) = app.presence.watchers.get(&change.user) else { return };
    let Some(user_number) = watchers.first().map(|watcher| watcher.user_number) else { return };
    let item = PresenceItem {
        user_id: change.user,
        user_number,
        status: change.status,
        last_seen_at: change.last_seen_ms.map(Timestamp::from_ms),
    };
    let frame = Outgoing::plain(&Event::PresenceChanged(PresenceChanged { items: vec![item] }));
    for watcher in watchers.iter() {
        let mailbox = watcher.connection.mailbox();
        mailbox.ephemeral(EphemeralKey::Presence(change.user), frame.bytes(mailbox.codec()));
    }
}
