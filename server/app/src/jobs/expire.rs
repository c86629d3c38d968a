//! What companies keep no longer than they have decided: messages, notifications, and lines of the
//! audit log.

use std::time::Duration;

use serde_json::Value;
use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, NotificationId, TenantId, UserId},
    model::org_settings::SettingKey,
};
use tidewire_storage::{
    audit, channels,
    entries::{self, EntryKind, NewEntry, Placed},
    inbox::{self, Happening},
    messages, notifications, org_settings,
};

use crate::{App, Result, catch_up};

const EVERY: Duration = Duration::from_mins(10);
const DAY_MS: i64 = 86_400_000;

/// Lines of the audit log that go in one transaction.
const LINES_MAX: u64 = 5_000;
/// Entries of a channel that are looked at in one transaction.
const ENTRIES_MAX: usize = 200;
const CHANNELS_MAX: u64 = 100;
/// Notifications of companies with one retention that go in one round.
const NOTIFICATIONS_MAX: u64 = 5_000;

/// Runs until the node stops.
pub(crate) async fn run(app: App) {
    let stop = app.tasks.stop_token().clone();
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        let now = app.clock.now();
        let expired = async {
            audit_lines(&app, now).await?;
            all_notifications(&app, now).await?;
            all_messages(&app, now).await
        };
        if let Some(Err(error)) = stop.run_until_cancelled(expired).await {
            error.log("expire");
        }
    }
}

fn days_before(now: Timestamp, days: &Value) -> Option<Timestamp> {
    let days = days.as_i64().filter(|days| *days > 0)?;
    Some(now.plus_ms(-days * DAY_MS))
}

async fn audit_lines(app: &App, now: Timestamp) -> Result<()> {
    const SETTING: SettingKey = SettingKey::AuditRetention;
    let decided = org_settings::decided(&mut app.db.read().await?, SETTING).await?;
    let kept = decided.iter().filter_map(|(id, days)| Some((Some(*id), days_before(now, days)?)));
    let by_default = days_before(now, &SETTING.default_value()).map(|before| (None, before));
    for (tenant_id, before) in kept.chain(by_default) {
        loop {
            let mut conn = app.db.write().await?;
            let gone = match tenant_id {
                Some(id) => audit::purge_of(&mut conn, id, before, LINES_MAX).await?,
                None => audit::purge(&mut conn, SETTING, before, LINES_MAX).await?,
            };
            conn.commit().await?;
            if gone < LINES_MAX {
                break;
            }
        }
    }
    Ok(())
}

async fn all_notifications(app: &App, now: Timestamp) -> Result<()> {
    const SETTING: SettingKey = SettingKey::NotificationRetention;
    let decided = org_settings::decided(&mut app.db.read().await?, SETTING).await?;
    let kept = decided.iter().filter_map(|(id, days)| Some((Some(*id), days_before(now, days)?)));
    let by_default = days_before(now, &SETTING.default_value()).map(|before| (None, before));
    for (tenant_id, before) in kept.chain(by_default) {
        let mut conn = app.db.read().await?;
        let due = match tenant_id {
            Some(id) => notifications::expired_of(&mut conn, id, before, NOTIFICATIONS_MAX).await?,
            None => notifications::expired(&mut conn, SETTING, before, NOTIFICATIONS_MAX).await?,
        };
        drop(conn);
        for (owner, id) in due {
            notification(app, owner, id).await?;
        }
    }
    Ok(())
}

/// Takes a notification out of its inbox, as if its owner had done it.
async fn notification(app: &App, owner: (TenantId, UserId), id: NotificationId) -> Result<()> {
    let now = app.clock.now();
    let mut conn = app.db.write().await?;
    inbox::hold(&mut conn, owner, now).await?;
    if notifications::remove(&mut conn, owner, id).await? {
        let seq = inbox::append(&mut conn, owner, Happening::Removed(id), now).await?;
        conn.commit().await?;
        crate::notifications::tell(app, owner.1, Some(seq));
    }
    Ok(())
}

async fn all_messages(app: &App, now: Timestamp) -> Result<()> {
    const SETTING: SettingKey = SettingKey::ChatRetention;
    let decided = org_settings::decided(&mut app.db.read().await?, SETTING).await?;
    for (tenant, days) in decided {
        let Some(before) = days_before(now, &days) else { continue };
        loop {
            let mut conn = app.db.read().await?;
            let due = messages::channels_to_expire(&mut conn, tenant, before, CHANNELS_MAX).await?;
            drop(conn);
            if due.is_empty() {
                break;
            }
            for channel in due {
                messages_of(app, tenant, channel, before).await?;
            }
        }
    }
    Ok(())
}

/// Erases some of a channel's oldest messages. Each becomes an entry of the log, as if somebody had
/// deleted it, so that whoever was away hears of it too and every figure stays right.
async fn messages_of(
    app: &App,
    tenant_id: TenantId,
    channel_id: ChannelId,
    before: Timestamp,
) -> Result<()> {
    let mut conn = app.db.write().await?;
    channels::lock(&mut conn, tenant_id, channel_id).await?;
    let mut seq = messages::expired_seq(&mut conn, tenant_id, channel_id).await?;
    let place = (tenant_id, channel_id);
    let oldest = entries::range(&mut conn, place, seq, u64::MAX >> 1, ENTRIES_MAX).await?;
    let mut written: Vec<Placed> = Vec::new();
    for entry in oldest.into_iter().take_while(|entry| entry.at < before) {
        seq = entry.position.seq;
        let at = app.clock.now();
        if let Some(message) = entry.message.filter(|_| entry.kind == EntryKind::Message)
            && messages::erase(&mut conn, &message, at).await?
        {
            let deletion = NewEntry {
                tenant_id,
                channel_id,
                id: app.clock.id(),
                kind: EntryKind::Delete,
                actor_id: None,
                at,
                content: None,
                target_seq: Some(message.seq),
                detail: None,
            };
            written.push(entries::append(&mut conn, &deletion).await?);
        }
    }
    messages::set_expired_seq(&mut conn, channel_id, seq).await?;
    conn.commit().await?;
    catch_up::publish(app, tenant_id, channel_id, &written).await;
    Ok(())
}

#[cfg(test)]
mod tests;
