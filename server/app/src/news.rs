//! Changes of who may do what, and of what everybody in a company sees. Every node hears of them at
//! once and forgets what is no longer true; the feed in storage carries the same facts, so news that
//! are lost make a change late, never unseen.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use tidewire_protocol::{
    close_code::CloseCode,
    event::{EmailSettingsChanged, Event, PermissionsChanged, UserUpdated},
    id::{SessionId, TenantId, UserId},
    model::{
        accounts::RevocationReason, email_settings::EmailSection, org_settings::SettingKey,
        users::UserRefStatus,
    },
};
use tidewire_storage::users;

use crate::{
    App, Result,
    actor::Identity,
    auth::session,
    fanout::{connection::Connection, live_user::LiveUser},
    org_settings,
    permission::Permission,
    presence,
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
    /// Somebody new, another role, profile, status or name, or somebody is gone.
    UserChanged {
        tenant_id: TenantId,
        user_id: UserId,
    },
    TenantChanged {
        tenant_id: TenantId,
    },
    SettingChanged {
        tenant_id: TenantId,
        key: SettingKey,
    },
    /// Somebody saved a section; administrators who look at it learn of it.
    EmailSettingsChanged {
        tenant_id: TenantId,
        section: EmailSection,
    },
}

/// Versions that this node has shown: the bus and the feed tell the same, and people hear it once.
pub(crate) struct Shown(Cache<(TenantId, Subject), i64>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    User(UserId),
    Setting(SettingKey),
}

impl From<UserId> for Subject {
    fn from(id: UserId) -> Self {
        Self::User(id)
    }
}

impl From<SettingKey> for Subject {
    fn from(key: SettingKey) -> Self {
        Self::Setting(key)
    }
}

impl Default for Shown {
    fn default() -> Self {
        let remembered = Duration::from_mins(10);
        Self(Cache::builder().max_capacity(100_000).time_to_live(remembered).build())
    }
}

impl Shown {
    /// Answers whether nothing as new was shown, and remembers it.
    pub(crate) fn is_news(
        &self,
        tenant_id: TenantId,
        subject: impl Into<Subject>,
        version: i64,
    ) -> bool {
        let key = (tenant_id, subject.into());
        let is_news = self.0.get(&key).is_none_or(|shown| shown < version);
        if is_news {
            self.0.insert(key, version);
        }
        is_news
    }
}

/// Acts on a change here and tells the other nodes.
pub(crate) async fn publish(app: &App, news: News) {
    take(app, news).await;
    app.fanout.publish_everywhere(news);
}

/// Acts on a change: caches forget, connections are closed or learn their new rights.
pub(crate) async fn take(app: &App, news: News) {
    let taken = match news {
        News::SessionRevoked { session_id, user_id, reason, .. } => {
            session::invalidate_session(app, session_id).await;
            for connection in app.fanout.connections_of(user_id) {
                if connection.session_id() == session_id {
                    connection.revoke(reason.word(), CloseCode::SessionRevoked);
                }
            }
            Ok(())
        }
        News::UserChanged { tenant_id, user_id } => user_changed(app, tenant_id, user_id).await,
        News::TenantChanged { tenant_id } => {
            org_settings::invalidate(app, tenant_id).await;
            recheck_tenant(app, tenant_id).await;
            Ok(())
        }
        News::SettingChanged { tenant_id, key } => org_settings::changed(app, tenant_id, key).await,
        News::EmailSettingsChanged { tenant_id, section } => {
            let event = Event::EmailSettingsChanged(EmailSettingsChanged { section });
            app.fanout.show_tenant(tenant_id, &event, |identity| {
                identity.permissions.contains(Permission::EmailSettingsManage)
            });
            Ok(())
        }
    };
    // Everything was forgotten before anything was read: what could not be shown is seen when asked.
    if let Err(error) = taken {
        error.log("news");
    }
}

async fn user_changed(app: &App, tenant_id: TenantId, user_id: UserId) -> Result<()> {
    session::invalidate_user(app, user_id);
    app.directory.invalidate(tenant_id, user_id);
    if let Some(live) = app.fanout.live_user(user_id) {
        recheck(app, &live).await;
    }
    let shown = users::shown(&mut app.db.read().await?, tenant_id, user_id).await?;
    if shown.as_ref().is_some_and(|(user, _)| user.status != UserRefStatus::Active) {
        presence::dismiss(app, user_id);
    }
    if let Some((user, version)) = shown
        && app.shown.is_news(tenant_id, user_id, version)
    {
        let deleted = user.status == UserRefStatus::Deleted;
        let event = Event::UserUpdated(UserUpdated { user, deleted, version });
        app.fanout.show_tenant(tenant_id, &event, |identity| {
            identity.user_id == user_id
                || identity.permissions.contains(Permission::UsersRead)
                || identity.permissions.contains(Permission::ChatRead)
        });
    }
    Ok(())
}

/// Reads again who the people of a tenant are.
pub(crate) async fn recheck_tenant(app: &App, tenant_id: TenantId) {
    session::invalidate_tenant(app, tenant_id);
    for live in app.fanout.live_users() {
        let is_of_tenant = |first: &Arc<Connection>| first.identity().tenant_id == tenant_id;
        if live.connections().first().is_some_and(is_of_tenant) {
            recheck(app, &live).await;
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
}
