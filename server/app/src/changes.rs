//! The feed of what must not be missed, read by every node: whatever the bus lost is done here.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, TenantId, UserId},
};
use tidewire_storage::{
    channels,
    feed::{self, Change, Item},
};

use crate::{App, Result, fanout::bus::UserNews, news};

const ITEMS_MAX: u64 = 10_000;
const REMEMBERED_MAX: usize = 50_000;

/// Rows that this node has acted upon already: the feed is read with an overlap.
#[derive(Default)]
pub(crate) struct Seen(Mutex<(HashSet<i64>, VecDeque<i64>)>);

impl Seen {
    /// Answers whether the row is new, and remembers it.
    fn is_new(&self, id: i64) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, order) = &mut *seen;
        if !known.insert(id) {
            return false;
        }
        order.push_back(id);
        if order.len() > REMEMBERED_MAX
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
        true
    }
}

/// Acts on what was written since `since` and has not been acted upon here.
pub(crate) async fn replay(app: &App, since: Timestamp) -> Result<()> {
    let items = feed::since(&mut app.db.read().await?, since, ITEMS_MAX).await?;
    for item in items {
        if app.seen.is_new(item.id) {
            take(app, item).await?;
        }
    }
    Ok(())
}

async fn take(app: &App, item: Item) -> Result<()> {
    let tenant_id = item.tenant_id;
    match item.change {
        Change::SessionRevoked { session_id, user_id, reason } => {
            news::take(app, news::News::SessionRevoked { tenant_id, user_id, session_id, reason })
                .await;
        }
        Change::UserChanged { user_id } => {
            news::take(app, news::News::UserChanged { tenant_id, user_id }).await;
        }
        Change::SettingChanged { key } => {
            news::take(app, news::News::SettingChanged { tenant_id, key }).await;
        }
        Change::TenantChanged => news::take(app, news::News::TenantChanged { tenant_id }).await,
        Change::Membership { user_id, channel_id } => {
            membership(app, tenant_id, user_id, channel_id).await?;
        }
    }
    Ok(())
}

/// Somebody joined or left; storage says which.
async fn membership(app: &App, tenant: TenantId, user: UserId, channel: ChannelId) -> Result<()> {
    if app.fanout.live_user(user).is_none() {
        return Ok(());
    }
    let place = channels::of_member(&mut app.db.read().await?, tenant, user, channel).await?;
    let news = match place {
        // Whoever follows the channel already stays where they are.
        Some(place) => UserNews::Joined { channel, have: place.standing.head.seq },
        None => UserNews::Left { channel },
    };
    app.fanout.take_user_news(app, user, news);
    Ok(())
}
