//! Who is here: from what connections do to what watchers see.

mod shared;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dashmap::DashMap;
use serde::{Deserialize, Serialize};
use tidewire_presence::{
    elsewhere::{Elsewhere, most_present},
    roster::Roster,
};
use tidewire_protocol::{
    Timestamp,
    event::{Event, PresenceChanged},
    id::{ConnectionId, NodeId, UserId, UserKey},
    limits::PRESENCE_WATCH_MAX,
    model::{
        presence::{PresenceItem, PresenceStatus},
        users::{UserRef, UserRefStatus},
    },
};

use crate::{
    Actor, App, Result,
    fanout::{bus::TopicKey, connection::Connection, mailbox::EphemeralKey, outgoing::Outgoing},
    people,
    permission::Permission,
};
use shared::Keeper;

/// Status changes by time alone are looked for in every fifth tick.
const SWEEP_EVERY: u64 = 5;

/// The people on this node, what is known of others, and who watches whom.
#[derive(Default)]
pub struct Presence {
    roster: Mutex<Roster>,
    elsewhere: Mutex<Elsewhere>,
    watched: DashMap<UserId, Watched>,
    watched_by: DashMap<ConnectionId, Vec<UserId>>,
}

/// Somebody whom connections on this node watch.
struct Watched {
    user_number: i64,
    /// What the watchers were told last.
    shown: PresenceStatus,
    watchers: Vec<Arc<Connection>>,
}

/// What one node says of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    pub node: NodeId,
    pub user: UserId,
    pub status: PresenceStatus,
    pub last_seen_ms: Option<i64>,
}

impl Presence {
    fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn elsewhere(&self) -> MutexGuard<'_, Elsewhere> {
        self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn everybody_watched(&self) -> Vec<UserId> {
        self.watched.iter().map(|watched| *watched.key()).collect()
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
    end_watching(app, connection);
}

/// Somebody may not be here any more.
pub(crate) fn dismiss(app: &App, user: UserId) {
    app.presence.roster().dismiss(user, app.clock.now().ms());
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

/// The status of some people of the actor's tenant.
pub async fn statuses(app: &App, users: &[UserId]) -> HashMap<UserId, PresenceStatus> {
    let elsewhere = shared::statuses(app, users).await;
    let now_ms = app.clock.now().ms();
    let roster = app.presence.roster();
    let status = |user: &UserId| {
        let there = elsewhere.get(user).copied().unwrap_or(PresenceStatus::Offline);
        (*user, most_present(roster.status(*user, now_ms), there))
    };
    users.iter().map(status).collect()
}

/// The presence of some people; unknown and foreign ones are left out.
pub async fn query(app: &App, actor: &Actor, keys: &[UserKey]) -> Result<Vec<PresenceItem>> {
    actor.require(Permission::UsersRead)?;
    let people = people::resolve(app, actor.tenant_id(), keys).await?;
    Ok(items(app, &people.into_iter().flatten().collect::<Vec<_>>()).await)
}

async fn items(app: &App, people: &[Arc<UserRef>]) -> Vec<PresenceItem> {
    let is_active = |user: &&Arc<UserRef>| user.status == UserRefStatus::Active;
    let active: Vec<UserId> = people.iter().filter(is_active).map(|user| user.id).collect();
    let statuses = statuses(app, &active).await;
    let status = |user: UserId| statuses.get(&user).copied().unwrap_or(PresenceStatus::Offline);
    let is_offline = |user: &UserId| status(*user) == PresenceStatus::Offline;
    let offline: Vec<UserId> = people.iter().map(|user| user.id).filter(is_offline).collect();
    let last_seen = last_seen(app, &offline).await;
    let item = |user: &Arc<UserRef>| PresenceItem {
        user_id: user.id,
        user_number: user.number,
        status: status(user.id),
        last_seen_at: last_seen.get(&user.id).copied().map(Timestamp::from_ms),
    };
    people.iter().map(item).collect()
}

/// When people were last here or on another node, as far as it is remembered.
async fn last_seen(app: &App, users: &[UserId]) -> HashMap<UserId, i64> {
    let mut seen = shared::last_seen(app, users).await;
    let roster = app.presence.roster();
    for user in users {
        if let Some(here) = roster.last_seen_ms(*user) {
            let latest = seen.entry(*user).or_insert(here);
            *latest = here.max(*latest);
        }
    }
    seen
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
    let people: Vec<Arc<UserRef>> = people.into_iter().flatten().collect();
    let unwatched = begin_watching(app, connection, &people)?;
    if app.fanout.connections_of(actor.user_id()).iter().all(|live| live.id() != connection.id()) {
        end_watching(app, connection);
    }
    shared::read_again(app, &unwatched).await;
    let items = items(app, &people).await;
    for item in &items {
        if unwatched.contains(&item.user_id)
            && let Some(mut watched) = app.presence.watched.get_mut(&item.user_id)
        {
            watched.shown = item.status;
        }
    }
    Ok(items)
}

/// Notes who watches whom; answers whom nobody here has watched before.
fn begin_watching(
    app: &App,
    connection: &Arc<Connection>,
    people: &[Arc<UserRef>],
) -> Result<Vec<UserId>> {
    let mut targets = app.presence.watched_by.entry(connection.id()).or_default();
    let mut fresh: Vec<&Arc<UserRef>> = Vec::new();
    for user in people {
        if !targets.contains(&user.id) && fresh.iter().all(|other| other.id != user.id) {
            fresh.push(user);
        }
    }
    if targets.len() + fresh.len() > PRESENCE_WATCH_MAX {
        return Err(crate::Error::invalid_field("userIds", "count", "too many people are watched"));
    }
    let mut unwatched = Vec::new();
    for user in fresh {
        targets.push(user.id);
        let mut watched = app.presence.watched.entry(user.id).or_insert_with(|| {
            app.fanout.bus().subscribe(TopicKey::Presence(user.id));
            unwatched.push(user.id);
            let shown = PresenceStatus::Offline;
            Watched { user_number: user.number, shown, watchers: Vec::new() }
        });
        watched.watchers.push(Arc::clone(connection));
    }
    Ok(unwatched)
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

fn end_watching(app: &App, connection: &Connection) {
    if let Some((_, targets)) = app.presence.watched_by.remove(&connection.id()) {
        drop_watches(app, connection.id(), &targets);
    }
}

fn drop_watches(app: &App, connection: ConnectionId, targets: &[UserId]) {
    for user in targets {
        if let Some(mut watched) = app.presence.watched.get_mut(user) {
            watched.watchers.retain(|watcher| watcher.id() != connection);
        }
        let is_unwatched = |_: &UserId, watched: &Watched| watched.watchers.is_empty();
        if app.presence.watched.remove_if(user, is_unwatched).is_some() {
            app.fanout.bus().unsubscribe(TopicKey::Presence(*user));
            app.presence.elsewhere().forget(*user);
        }
    }
}

/// Tells watchers what has changed, here and on other nodes; runs for the life of the node.
pub async fn run(app: App) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut keeper = Keeper::default();
    let mut count: u64 = 0;
    loop {
        ticks.tick().await;
        count += 1;
        let changes =
            app.presence.roster().tick(app.clock.now().ms(), count.is_multiple_of(SWEEP_EVERY));
        for change in &changes {
            tell(&app, change.user, change.last_seen_ms);
        }
        keeper.keep(&app, &changes).await;
    }
}

/// What another node says of somebody.
pub(crate) fn hear(app: &App, news: News) {
    let News { node, user, status, last_seen_ms } = news;
    if app.presence.watched.contains_key(&user) {
        app.presence.elsewhere().hear(user, node, status);
        tell(app, user, last_seen_ms);
    }
}

/// Tells a person's watchers the status, unless they know it.
fn tell(app: &App, user: UserId, last_seen_ms: Option<i64>) {
    let Some(mut watched) = app.presence.watched.get_mut(&user) else { return };
    let here = app.presence.roster().status(user, app.clock.now().ms());
    let status = most_present(here, app.presence.elsewhere().status(user));
    if watched.shown == status {
        return;
    }
    watched.shown = status;
    let last_seen_ms = last_seen_ms.filter(|_| status == PresenceStatus::Offline);
    let item = PresenceItem {
        user_id: user,
        user_number: watched.user_number,
        status,
        last_seen_at: last_seen_ms.map(Timestamp::from_ms),
    };
    let frame = Outgoing::plain(&Event::PresenceChanged(PresenceChanged { items: vec![item] }));
    for watcher in &watched.watchers {
        let mailbox = watcher.mailbox();
        mailbox.ephemeral(EphemeralKey::Presence(user), frame.bytes(mailbox.codec()));
    }
}
