//! Notifications as their owner sees them.

use tidewire_protocol::{
    event::{Event, NotificationRemoved, NotificationShown, NotificationsAllRead},
    id::TenantId,
    model::notifications::Notification,
};
use tidewire_storage::{
    Conn,
    inbox::{Entry, Happening},
    notifications::StoredNotification,
};

use crate::{
    App, Result,
    people::{self, Names},
};

/// With the names of those whose acts they were.
pub(crate) async fn shown(
    app: &App,
    conn: &mut Conn,
    tenant: TenantId,
    stored: Vec<StoredNotification>,
) -> Result<Vec<Notification>> {
    let actors = stored.iter().filter_map(|one| one.actor_id);
    let names = people::names_on(app, conn, tenant, actors).await?;
    Ok(stored.into_iter().map(|one| show(one, &names)).collect())
}

/// Entries of one inbox, each as the event that says what has happened.
pub(crate) async fn events(
    app: &App,
    conn: &mut Conn,
    tenant: TenantId,
    entries: &[Entry],
) -> Result<Vec<(u64, Event)>> {
    let notifications = entries.iter().filter_map(|entry| entry.notification.as_ref());
    let actors = notifications.filter_map(|one| one.actor_id);
    let names = people::names_on(app, conn, tenant, actors).await?;
    Ok(entries.iter().map(|entry| (entry.seq, event(entry, &names))).collect())
}

/// What was there and is gone was removed, whatever happened to it before.
fn event(entry: &Entry, names: &Names) -> Event {
    let shown = || {
        let stored = entry.notification.clone()?;
        let silent = stored.silent;
        Some(Box::new(NotificationShown { notification: show(stored, names), silent }))
    };
    let (about, wrap): (_, fn(_) -> _) = match entry.happening {
        Happening::Created(id) => (id, Event::NotificationCreated),
        Happening::Updated(id) => (id, Event::NotificationUpdated),
        Happening::Removed(id) => return Event::NotificationRemoved(NotificationRemoved { id }),
        Happening::AllRead(before) => {
            return Event::NotificationsAllRead(NotificationsAllRead { before });
        }
    };
    shown().map_or(Event::NotificationRemoved(NotificationRemoved { id: about }), wrap)
}

fn show(stored: StoredNotification, names: &Names) -> Notification {
    Notification {
        id: stored.id,
        event_key: stored.event,
        module: stored.event.module(),
        title: stored.title,
        body: stored.body,
        data: stored.data,
        action_url: stored.action_url,
        priority: stored.event.priority(),
        actor: people::show(names, stored.actor_id),
        count: stored.count,
        is_read: stored.read_at.is_some(),
        read_at: stored.read_at,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
    }
}
