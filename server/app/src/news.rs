//! What other connections and nodes must hear at once. The feed in storage carries the same facts, so
//! news that are lost make a change late, never unseen.

use tidewire_protocol::{
    id::{SessionId, TenantId, UserId},
    model::accounts::RevocationReason,
};
use tokio::sync::mpsc;

use crate::{App, auth::session};

/// How many news may wait for the fan-out.
pub(crate) const QUEUE_MAX: usize = 8_192;

/// Something that has been committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    SessionRevoked {
        tenant_id: TenantId,
        user_id: UserId,
        session_id: SessionId,
        reason: RevocationReason,
    },
    /// Role, profile, status or name.
    UserChanged {
        tenant_id: TenantId,
        user_id: UserId,
    },
    TenantChanged {
        tenant_id: TenantId,
    },
}

/// Makes this node forget what is no longer true, and hands the news on without waiting.
pub(crate) async fn publish(app: &App, news: News) {
    match news {
        News::SessionRevoked { session_id, .. } => {
            session::invalidate_session(app, session_id).await;
        }
        News::UserChanged { user_id, .. } => session::invalidate_user(app, user_id),
        News::TenantChanged { tenant_id } => session::invalidate_tenant(app, tenant_id),
    }
    if let Err(mpsc::error::TrySendError::Full(_)) = app.news.try_send(news) {
        metrics::counter!("news_dropped_total").increment(1);
    }
}
