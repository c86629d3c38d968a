//! Changes of who may do what. Every node hears of them at once and forgets what is no longer true;
//! the feed in storage carries the same facts, so news that are lost make a change late, never unseen.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidewire_protocol::{
    close_code::CloseCode,
    event::{Event, PermissionsChanged, UserUpdated},
    id::{SessionId, TenantId, UserId},
    model::accounts::RevocationReason,
};

use crate::{
    App,
    actor::Identity,
    auth::session,
    fanout::{connection::Connection, live_user::LiveUser},
};

/// Something that has been committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// Acts on a change here and tells the other nodes.
pub(crate) async fn publish(app: &App, news: News) {
    take(app, news).await;
    app.fanout.publish_everywhere(news);
}

/// Acts on a change: caches forget, connections are closed or learn their new rights.
pub(crate) async fn take(app: &App, news: News) {
    match news {
        News::SessionRevoked { session_id, user_id, reason, .. } => {
            session::invalidate_session(app, session_id).await;
            for connection in app.fanout.connections_of(user_id) {
                if connection.session_id() == session_id {
                    connection.revoke(reason.word(), CloseCode::SessionRevoked);
                }
            }
        }
        News::UserChanged { tenant_id, user_id } => {
            session::invalidate_user(app, user_id);
            app.directory.invalidate(tenant_id, user_id);
            if let Some(live) = app.fanout.live_user(user_id) {
                recheck(app, &live).await;
            }
        }
        News::TenantChanged { tenant_id } => {
            session::invalidate_tenant(app, tenant_id);
            for live in app.fanout.live_users() {
                if live
                    .connections()
                    .first()
                    .is_some_and(|first| first.identity().tenant_id == tenant_id)
                {
                    recheck(app, &live).await;
                }
            }
        }
    }
}

/// Reads again who a person's connections are, and closes those that may not be any more.
async fn recheck(app: &App, live: &Arc<LiveUser>) {
    for connection in live.connections() {
        match session::of_session(app, connection.session_id()).await {
            Ok(identity) => renew(&connection, &identity),
            Err(error) if error.code().retryable() => {}
            Err(error) => connection.revoke(error.code().code(), CloseCode::SessionRevoked),
        }
    }
}

fn renew(connection: &Connection, identity: &Arc<Identity>) {
    let before = connection.identity();
    connection.set_identity(Arc::clone(identity));
    if before.role != identity.role || before.permissions != identity.permissions {
        let permissions = identity.permissions.keys().into_iter().map(str::to_owned).collect();
        connection.show(&Event::PermissionsChanged(PermissionsChanged {
            role: identity.role,
            permissions,
        }));
    }
    if before.user != identity.user {
        connection.show(&Event::UserUpdated(UserUpdated { user: identity.user.clone() }));
    }
}
