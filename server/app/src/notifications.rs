//! What people were told of: their inbox, and why it went where it went.

mod emit;

pub(crate) mod view;

use tidewire_protocol::{
    id::{DecisionId, NotificationId, TenantId, UserId},
    limits::DECISIONS_KEPT_MS,
    model::{
        notifications::{
            AllMarkedRead, DecisionListed, DecisionsQuery, MarkAllRead, NotificationDismissed,
            NotificationRead, NotificationTrace, NotificationsPage, NotificationsQuery,
            TracedDecision, UnreadNotifications,
        },
        pages::Page,
    },
};
use tidewire_storage::{
    Conn, deliveries,
    inbox::{self, Happening},
    notification_decisions::{self as decisions, Decision},
    notifications as stored,
};

use crate::{
    Actor, App, Error, Result, fanout::bus::UserNews, idempotency, notify::clear::ReadThing,
};

pub use emit::emit;

fn owner(actor: &Actor) -> (TenantId, UserId) {
    (actor.tenant_id(), actor.user_id())
}

/// A page of the caller's notifications, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    wanted: NotificationsQuery,
) -> Result<NotificationsPage> {
    let NotificationsQuery { page, unread, module, event_key } = wanted;
    let filters = stored::Filters { unread, module, event: event_key };
    let mut conn = app.db.read().await?;
    let part = (page.limit, page.offset());
    let (found, total) = stored::list(&mut conn, owner(actor), &filters, part).await?;
    let unread_count = stored::unread(&mut conn, owner(actor)).await?;
    let items = view::shown(app, &mut conn, actor.tenant_id(), found).await?;
    let Page { items, pagination } = page.page_of(items, total);
    Ok(NotificationsPage { items, pagination, unread_count })
}

/// How many the caller has not read.
pub async fn unread_count(app: &App, actor: &Actor) -> Result<UnreadNotifications> {
    let count = stored::unread(&mut app.db.read().await?, owner(actor)).await?;
    Ok(UnreadNotifications { count })
}

/// Marks one read. When it was read first stays.
pub async fn mark_read(app: &App, actor: &Actor, id: NotificationId) -> Result<NotificationRead> {
    let (owner, now) = (owner(actor), app.clock.now());
    let mut conn = app.db.write().await?;
    inbox::hold(&mut conn, owner, now).await?;
    let moved = stored::mark_read(&mut conn, owner, id, now).await?;
    let found = stored::by_id(&mut conn, owner, id).await?.ok_or_else(Error::not_found)?;
    let mut seq = None;
    if moved {
        seq = Some(inbox::append(&mut conn, owner, Happening::Updated(id), now).await?);
    }
    let unread_count = stored::unread(&mut conn, owner).await?;
    let mut shown = view::shown(app, &mut conn, owner.0, vec![found]).await?;
    conn.commit().await?;
    tell(app, owner.1, seq);
    app.read_elsewhere.note(owner, ReadThing::Notification(id));
    let notification = shown.pop().ok_or_else(Error::not_found)?;
    Ok(NotificationRead { notification, unread_count })
}

/// Marks read whatever is there now; what arrives meanwhile stays unread.
pub async fn mark_all_read(app: &App, actor: &Actor, wanted: MarkAllRead) -> Result<AllMarkedRead> {
    let (owner, now) = (owner(actor), app.clock.now());
    let before = wanted.before.map_or(now, |before| before.min(now));
    let mut conn = app.db.write().await?;
    inbox::hold(&mut conn, owner, now).await?;
    let updated = stored::mark_all_read(&mut conn, owner, before, now).await?;
    let mut seq = None;
    if updated > 0 {
        seq = Some(inbox::append(&mut conn, owner, Happening::AllRead(before), now).await?);
    }
    let unread_count = stored::unread(&mut conn, owner).await?;
    let answer = AllMarkedRead { updated, unread_count };
    idempotency::record(app, &mut conn, actor, 200, &answer).await?;
    conn.commit().await?;
    tell(app, owner.1, seq);
    app.read_elsewhere.note(owner, ReadThing::AllNotifications);
    Ok(answer)
}

/// Takes one out of the inbox for good.
pub async fn dismiss(
    app: &App,
    actor: &Actor,
    id: NotificationId,
) -> Result<NotificationDismissed> {
    let (owner, now) = (owner(actor), app.clock.now());
    let mut conn = app.db.write().await?;
    inbox::hold(&mut conn, owner, now).await?;
    if !stored::remove(&mut conn, owner, id).await? {
        return Err(Error::not_found());
    }
    let seq = inbox::append(&mut conn, owner, Happening::Removed(id), now).await?;
    let unread_count = stored::unread(&mut conn, owner).await?;
    conn.commit().await?;
    tell(app, owner.1, Some(seq));
    app.read_elsewhere.note(owner, ReadThing::Notification(id));
    Ok(NotificationDismissed { dismissed: true, id, unread_count })
}

/// Lets all of somebody's connections know that their inbox has moved.
pub(crate) fn tell(app: &App, user: UserId, seq: Option<u64>) {
    if let Some(seq) = seq {
        app.fanout.tell_user(app, user, UserNews::InboxMoved { seq });
    }
}

/// Why one of the caller's notifications was delivered, held or left out on each channel.
pub async fn trace(app: &App, actor: &Actor, id: NotificationId) -> Result<NotificationTrace> {
    let mut conn = app.db.read().await?;
    let found = stored::by_id(&mut conn, owner(actor), id).await?.ok_or_else(Error::not_found)?;
    let mut decisions = decisions::about(&mut conn, owner(actor), id).await?;
    decisions.sort_by_key(|decision| (decision.at, decision.channel));
    Ok(NotificationTrace {
        notification_id: id,
        event_key: found.event,
        decisions: traced(&mut conn, owner(actor), decisions).await?,
    })
}

async fn traced(
    conn: &mut Conn,
    owner: (TenantId, UserId),
    decisions: Vec<Decision>,
) -> Result<Vec<TracedDecision>> {
    let ids: Vec<DecisionId> = decisions.iter().map(|decision| decision.id).collect();
    let deliveries = deliveries::of_decisions(conn, owner, &ids).await?;
    let traced = |decision: Decision| {
        let own = deliveries.iter().filter(|(id, _)| *id == decision.id);
        TracedDecision {
            channel: decision.channel,
            outcome: decision.outcome,
            until: decision.until,
            decided_at: decision.at,
            rules: decision.rules,
            deliveries: own.map(|(_, delivery)| delivery.clone()).collect(),
        }
    };
    Ok(decisions.into_iter().map(traced).collect())
}

/// The caller's decisions of the last 30 days, also those that produced nothing.
pub async fn decisions(
    app: &App,
    actor: &Actor,
    wanted: DecisionsQuery,
) -> Result<Page<DecisionListed>> {
    let DecisionsQuery { page, event_key, outcome, from, to } = wanted;
    let oldest = app.clock.now().plus_ms(-DECISIONS_KEPT_MS);
    let from = from.map_or(oldest, |from| from.max(oldest));
    let filters = decisions::Filters { event: event_key, outcome, from: Some(from), to };
    let mut conn = app.db.read().await?;
    let part = (page.limit, page.offset());
    let (found, total) = decisions::list(&mut conn, owner(actor), &filters, part).await?;
    Ok(page.page_of(found, total))
}

#[cfg(test)]
mod tests;
