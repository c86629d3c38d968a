//! From an access token to the person behind it, from memory while nothing has changed.
//!
//! The cache maps a session to a *slot* that its first reader fills. Taking a slot out makes later
//! readers start anew, while a reader that was on its way fills a slot nobody will look into: what
//! was read before a revocation is never answered to a request that came after it.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use tidewire_protocol::{
    ErrorCode,
    id::{SessionId, TenantId, UserId},
    model::{tenants::TenantStatus, users::UserRefStatus},
};
use tidewire_storage::sessions::{self, Session};
use tokio::sync::OnceCell;

use crate::{
    App, Result,
    actor::Identity,
    org_settings::{self, Settings},
    permission::Permissions,
};

const CACHED_MAX: u64 = 100_000;

/// How long a change stays unseen if every kind of news were lost.
const CACHED_FOR: Duration = Duration::from_mins(1);

type Slot = Arc<OnceCell<Arc<Identity>>>;

/// The people behind sessions that were used lately.
pub struct Identities(Cache<SessionId, Slot>);

impl Default for Identities {
    fn default() -> Self {
        Self(
            Cache::builder()
                .max_capacity(CACHED_MAX)
                .time_to_live(CACHED_FOR)
                .support_invalidation_closures()
                .build(),
        )
    }
}

/// The person behind an access token, if token, session, tenant and user are all good.
pub async fn authenticate(app: &App, access_token: &str) -> Result<Arc<Identity>> {
    let holder = app.token_keys.verify(access_token, app.clock.now())?;
    let identity = of_session(app, holder.session_id).await?;
    if identity.tenant_id != holder.tenant_id || identity.user_id != holder.user_id {
        return Err(ErrorCode::TokenInvalid.into());
    }
    Ok(identity)
}

/// The person behind a session whose id came from something that the server has signed.
pub async fn of_session(app: &App, id: SessionId) -> Result<Arc<Identity>> {
    let slot = app.identities.0.get_with(id, async { Slot::default() }).await;
    let identity = slot.get_or_try_init(|| load(app, id)).await?;
    if app.clock.now() >= identity.session_expires_at {
        return Err(ErrorCode::SessionRevoked.into());
    }
    Ok(Arc::clone(identity))
}

async fn load(app: &App, id: SessionId) -> Result<Arc<Identity>> {
    let session = sessions::by_id(&mut app.db.read().await?, id).await?;
    let session = session.ok_or(ErrorCode::SessionRevoked)?;
    let settings = org_settings::of(app, session.tenant_id).await?;
    identify(session, &settings).map(Arc::new)
}

fn identify(session: Session, settings: &Settings) -> Result<Identity> {
    if session.revoked {
        return Err(ErrorCode::SessionRevoked.into());
    }
    require_live(&session)?;
    let granted = Permissions::from_ids(session.permission_ids);
    Ok(Identity {
        tenant_id: session.tenant_id,
        user_id: session.user.id,
        session_id: session.id,
        role: session.role,
        permissions: granted.effective(session.role),
        user: session.user,
        session_created_at: session.created_at,
        // The company may have shortened it since.
        session_expires_at: session
            .expires_at
            .min(session.created_at.plus_ms(settings.session_max_ms())),
    })
}

/// Refuses when the tenant or the person may not use the server.
pub(crate) fn require_live(session: &Session) -> Result<()> {
    match (session.tenant_status, session.user.status) {
        (TenantStatus::Suspended, _) => Err(ErrorCode::TenantSuspended.into()),
        (TenantStatus::Active, UserRefStatus::Active) => Ok(()),
        (TenantStatus::Active, UserRefStatus::Deleted) => Err(ErrorCode::SessionRevoked.into()),
        (TenantStatus::Active, UserRefStatus::Inactive | UserRefStatus::Pending) => {
            Err(ErrorCode::AccountDeactivated.into())
        }
    }
}

/// Forgets a session, so that its next use is looked up.
pub async fn invalidate_session(app: &App, id: SessionId) {
    app.identities.0.invalidate(&id).await;
}

/// Forgets a person's sessions.
pub fn invalidate_user(app: &App, id: UserId) {
    app.identities.forget_if(move |identity| identity.user_id == id);
}

/// Forgets the sessions of a tenant's people.
pub fn invalidate_tenant(app: &App, id: TenantId) {
    app.identities.forget_if(move |identity| identity.tenant_id == id);
}

impl Identities {
    fn forget_if(&self, matches: impl Fn(&Identity) -> bool + Send + Sync + 'static) {
        self.0
            // A slot that is being filled may turn out to match.
            .invalidate_entries_if(move |_, slot| {
                slot.get().is_none_or(|identity| matches(identity))
            })
            .expect("the cache was built to support closures");
    }
}

#[cfg(test)]
mod tests;
