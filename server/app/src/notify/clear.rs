//! What somebody has read is taken back from the devices that still show it, and their badges follow.
//! A node that ends before has left a device with an old figure, which the next push puts right.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};
use tidewire_protocol::{
    id::{ChannelId, NotificationId, TenantId, UserId},
    limits::DECISIONS_KEPT_MS,
    notification_event::EventKey,
};
use tidewire_storage::{
    Conn,
    deliveries::{self, Kind, NewDelivery},
    devices::{self, Device},
};
use tokio::sync::Notify;

use crate::{App, Result, unread};

/// Something that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadThing {
    /// The messages of a channel up to one.
    Channel(ChannelId, u64),
    Notification(NotificationId),
    AllNotifications,
}

/// More than this of one person at once is one clearing of everything.
const THINGS_MAX: usize = 16;

/// What people have read and their devices may still show.
#[derive(Default)]
pub(crate) struct Read {
    things: Mutex<HashMap<(TenantId, UserId), Vec<ReadThing>>>,
    pub(crate) bell: Notify,
}

impl Read {
    pub(crate) fn note(&self, owner: (TenantId, UserId), thing: ReadThing) {
        let mut things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
        let of_owner = things.entry(owner).or_default();
        if let ReadThing::Channel(channel, _) = thing {
            of_owner.retain(|old| !matches!(old, ReadThing::Channel(of, _) if *of == channel));
        }
        if of_owner.len() < THINGS_MAX && !of_owner.contains(&thing) {
            of_owner.push(thing);
        }
        drop(things);
        self.bell.notify_one();
    }

    fn take(&self) -> HashMap<(TenantId, UserId), Vec<ReadThing>> {
        std::mem::take(&mut self.things.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Queues what devices need; answers for how many people.
pub(crate) async fn clear_read(app: &App) -> Result<usize> {
    let read = app.read_elsewhere.take();
    let count = read.len();
    for (owner, things) in read {
        clear(app, owner, &things).await?;
    }
    Ok(count)
}

async fn clear(app: &App, owner: (TenantId, UserId), things: &[ReadThing]) -> Result<()> {
    let now = app.clock.now();
    let mut conn = app.db.read().await?;
    let mut devices = devices::of(&mut conn, owner.0, &[owner.1], now).await?;
    let devices = devices.remove(&owner.1).unwrap_or_default();
    // One that was never given a figure has shown nothing.
    let devices: Vec<Device> =
        devices.into_iter().filter(|device| device.badge.is_some()).collect();
    if devices.is_empty() {
        return Ok(());
    }
    let badge = unread::totals(&mut conn, owner).await?.total;
    drop(conn);
    let mut conn = app.db.write().await?;
    for device in &devices {
        let shown = shown(app, &mut conn, owner, device, things).await?;
        let kind = match (shown.is_empty(), device.badge == Some(badge)) {
            (false, _) => Kind::Clear,
            (true, false) => Kind::Badge,
            (true, true) => continue,
        };
        let content = json!({ "cleared": shown });
        let new = NewDelivery {
            id: app.clock.id(),
            decision_id: None,
            notification_id: None,
            event: EventKey::DirectMessage,
            route: &device.platform,
            device_id: Some(device.id),
            kind,
            held: None,
            message: None,
            content: &content,
            due_at: now,
            at: now,
        };
        deliveries::put(&mut conn, owner, &new).await?;
    }
    conn.commit().await?;
    app.deliveries.notify_one();
    Ok(())
}

/// Those of the things that a device was shown anything about, as programs read them.
async fn shown(
    app: &App,
    conn: &mut Conn,
    owner: (TenantId, UserId),
    device: &Device,
    things: &[ReadThing],
) -> Result<Vec<Value>> {
    let since = app.clock.now().plus_ms(-DECISIONS_KEPT_MS);
    let mut shown = Vec::new();
    for thing in things {
        let (about, named) = match *thing {
            ReadThing::Channel(channel, seq) => {
                ((None, Some((channel, seq))), json!({ "channelId": channel, "seq": seq }))
            }
            ReadThing::Notification(id) => ((Some(id), None), json!({ "notificationId": id })),
            ReadThing::AllNotifications => {
                shown.push(json!({ "notifications": "all" }));
                continue;
            }
        };
        if deliveries::was_shown(conn, owner, device.id, since, about).await? {
            shown.push(named);
        }
    }
    Ok(shown)
}
