//! What only the operator may do, at the machine. Nobody is signed in, so nothing is forbidden; each
//! act stands in the audit log of the company that it concerns. Nodes that serve hear of it at their
//! next sweep.

mod people;

use serde_json::json;
use tidewire_protocol::model::tenants::{Tenant, TenantStatus};
use tidewire_storage::{
    Conn,
    feed::{self, Change},
    outbox::{self, Troubled},
    tenants,
};

use crate::{
    App, Error,
    actor::Request,
    audit::{self, Note},
    auth::token,
    news::{self, News},
};

pub use crate::{
    auth::token::Rotation,
    email_settings::{Resealed, reseal_all as reseal},
};
pub use people::{Link, LinkKind, NewSuper, create_super, link, reset_administrator};

/// The operators' own company. Nobody can register its name.
pub const PLATFORM: &str = "platform";

/// Why the operator's wish was not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("there is no company {0}")]
    UnknownTenant(String),
    #[error("there is no {0} in that company")]
    UnknownPerson(String),
    #[error("{0} is deactivated; an administrator brings them back, or `reset-administrator` does")]
    Deactivated(String),
    #[error("{0} is there already; `link --tenant platform` prints a new link")]
    Known(String),
    #[error("{0} is not an email address")]
    NoAddress(String),
    #[error("the operators' own company cannot be suspended")]
    OwnTenant,
    #[error(transparent)]
    Refused(#[from] Error),
}

impl From<tidewire_storage::Error> for Failure {
    fn from(error: tidewire_storage::Error) -> Self {
        Self::Refused(error.into())
    }
}

type Result<T> = std::result::Result<T, Failure>;

/// Keeps the people of a company out, or lets them in again; what they have stays. Answers whether
/// that was new.
pub async fn set_suspended(app: &App, slug: &str, suspended: bool) -> Result<bool> {
    let (status, action) = if suspended {
        (TenantStatus::Suspended, "tenants.suspended")
    } else {
        (TenantStatus::Active, "tenants.resumed")
    };
    if slug == PLATFORM {
        return Err(Failure::OwnTenant);
    }
    let mut conn = app.db.write().await?;
    let tenant = require_tenant(&mut conn, slug).await?;
    tenants::lock(&mut conn, tenant.id).await?;
    if !tenants::set_status(&mut conn, tenant.id, status).await? {
        return Ok(false);
    }
    feed::append(&mut conn, tenant.id, Change::TenantChanged, app.clock.now()).await?;
    let target = ("tenant", tenant.id.to_string());
    note(app, &mut conn, &tenant, action, target).await?;
    conn.commit().await?;
    news::publish(app, News::TenantChanged { tenant_id: tenant.id }).await;
    Ok(true)
}

/// Work of the outbox that was given up or has failed at least once, the newest first.
pub async fn troubled(app: &App, limit: u64) -> Result<Vec<Troubled>> {
    Ok(outbox::troubled(&mut app.db.read().await?, limit).await?)
}

/// Adds a key that will sign access tokens.
pub async fn rotate_keys(app: &App, in_a_hurry: bool) -> Result<Rotation> {
    Ok(token::rotate(app, in_a_hurry).await?)
}

async fn require_tenant(conn: &mut Conn, slug: &str) -> Result<Tenant> {
    let tenant = tenants::by_slug(conn, slug).await?;
    tenant.ok_or_else(|| Failure::UnknownTenant(slug.to_owned()))
}

async fn note(
    app: &App,
    conn: &mut Conn,
    tenant: &Tenant,
    action: &'static str,
    target: (&'static str, String),
) -> Result<()> {
    let (target, detail) = (Some(target), json!({}));
    let note = Note { tenant_id: tenant.id, action, actor_id: None, target, detail };
    Ok(audit::note(app, conn, &Request::default(), note).await?)
}

#[cfg(test)]
mod tests;
