//! Tokens with which modules call on behalf of a company, and what modules may ask of people's tokens.

use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    id::ServiceTokenId,
    input::FieldError,
    limits::SERVICE_TOKENS_MAX,
    model::{
        pages::Items,
        service_tokens::{
            CreateServiceToken, Introspect, Introspection, ServiceToken, ServiceTokenCreated,
            ServiceTokenRevoked,
        },
        tenants::TenantStatus,
    },
};
use tidewire_storage::{Conn, service_tokens as stored, tenants};

use crate::{
    Actor, App, Error, Result,
    actor::Service,
    audit::{self, Note},
    auth::{one_time_token, session, token},
    permission::{Permission, Permissions},
};

/// What every token begins with; nothing else that is a bearer's does.
pub const PREFIX: &str = "st_";
const SHOWN_CHARS: usize = PREFIX.len() + 6;
const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// Makes a token, which is shown this once.
pub async fn create(
    app: &App,
    actor: &Actor,
    draft: CreateServiceToken,
) -> Result<ServiceTokenCreated> {
    actor.require(Permission::ServiceTokensManage)?;
    let permissions = granted(&draft.permissions)?;
    let (tenant_id, at) = (actor.tenant_id(), app.clock.now());
    let (secret, hash) = one_time_token::mint(&app.clock);
    let token = format!("{PREFIX}{secret}");
    let made = stored::ServiceToken {
        id: app.clock.id(),
        tenant_id,
        name: draft.name,
        permission_ids: permissions.iter().map(Permission::id).collect(),
        prefix: token[..SHOWN_CHARS].to_owned(),
        created_at: at,
        expires_at: at.plus_ms(draft.expires_in_days * DAY_MS),
        last_used_at: None,
    };
    let mut conn = app.db.write().await?;
    tenants::lock(&mut conn, tenant_id).await?;
    if stored::list(&mut conn, tenant_id).await?.len() as i64 >= SERVICE_TOKENS_MAX {
        return Err(ErrorCode::TokenLimit.into());
    }
    if !stored::insert(&mut conn, &made, hash, actor.user_id()).await? {
        return Err(ErrorCode::NameTaken.into());
    }
    let detail = json!({ "name": made.name, "permissions": permissions.keys() });
    note(app, &mut conn, actor, made.id, ("service_tokens.created", detail)).await?;
    conn.commit().await?;
    Ok(ServiceTokenCreated { token, service_token: show(made) })
}

fn granted(keys: &[String]) -> Result<Permissions> {
    let find = |key: &String| Permission::from_key(key).filter(|found| found.is_for_services());
    let unknown = keys.iter().enumerate().filter(|(_, key)| find(key).is_none());
    let errors: Vec<FieldError> = unknown
        .map(|(index, _)| {
            let field = format!("permissions[{index}]");
            FieldError::new(field, "unknown_permission", "must be a permission of services")
        })
        .collect();
    if errors.is_empty() { Ok(keys.iter().filter_map(find).collect()) } else { Err(errors.into()) }
}

fn show(token: stored::ServiceToken) -> ServiceToken {
    let held = Permissions::from_ids(token.permission_ids);
    ServiceToken {
        id: token.id,
        name: token.name,
        permissions: held.keys().into_iter().map(str::to_owned).collect(),
        prefix: token.prefix,
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
    }
}

/// All tokens of the company that were not revoked.
pub async fn list(app: &App, actor: &Actor) -> Result<Items<ServiceToken>> {
    actor.require(Permission::ServiceTokensManage)?;
    let found = stored::list(&mut app.db.read().await?, actor.tenant_id()).await?;
    Ok(Items { items: found.into_iter().map(show).collect() })
}

/// Makes a token void, at once on every node. A second call does nothing.
pub async fn revoke(app: &App, actor: &Actor, id: ServiceTokenId) -> Result<ServiceTokenRevoked> {
    actor.require(Permission::ServiceTokensManage)?;
    let now = app.clock.now();
    let mut conn = app.db.write().await?;
    let name =
        stored::name(&mut conn, actor.tenant_id(), id).await?.ok_or_else(Error::not_found)?;
    if stored::revoke(&mut conn, actor.tenant_id(), id, now).await? {
        let detail = json!({ "name": name });
        note(app, &mut conn, actor, id, ("service_tokens.revoked", detail)).await?;
    }
    conn.commit().await?;
    Ok(ServiceTokenRevoked { revoked: true, id })
}

async fn note(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    id: ServiceTokenId,
    (action, detail): (&'static str, serde_json::Value),
) -> Result<()> {
    let note = Note {
        tenant_id: actor.tenant_id(),
        action,
        actor_id: Some(actor.user_id()),
        target: Some(("service_token", id.to_string())),
        detail,
    };
    audit::note(app, conn, &actor.request, note).await
}

/// The service behind a token. Looked up each time, so that a revocation needs no news.
pub async fn authenticate(app: &App, token: &str) -> Result<Service> {
    let secret = token.strip_prefix(PREFIX).ok_or(ErrorCode::TokenInvalid)?;
    let hash = one_time_token::hash(secret).ok_or(ErrorCode::TokenInvalid)?;
    let found = stored::by_hash(&mut app.db.read().await?, hash).await?;
    let (found, status) = found.ok_or(ErrorCode::TokenInvalid)?;
    let now = app.clock.now();
    if now >= found.expires_at {
        return Err(ErrorCode::TokenInvalid.into());
    }
    if status == TenantStatus::Suspended {
        return Err(ErrorCode::TenantSuspended.into());
    }
    if found.last_used_at.is_none_or(|used| now.ms() - used.ms() >= MINUTE_MS) {
        let mut conn = app.db.write().await?;
        stored::note_use(&mut conn, found.tenant_id, found.id, now).await?;
        conn.commit().await?;
    }
    Ok(Service {
        tenant_id: found.tenant_id,
        id: found.id,
        name: found.name,
        permissions: Permissions::from_ids(found.permission_ids),
    })
}

/// Whether an access token of the service's company is live, and for whom it stands.
pub async fn introspect(
    app: &App,
    service: &Service,
    introspect: Introspect,
) -> Result<Introspection> {
    if !service.permissions.contains(Permission::TokensIntrospect) {
        return Err(Error::forbidden(Permission::TokensIntrospect));
    }
    let identity = match session::authenticate(app, &introspect.token).await {
        Ok(identity) if identity.tenant_id == service.tenant_id => identity,
        Err(error) if error.code().retryable() => return Err(error),
        Ok(_) | Err(_) => return Ok(Introspection::Dead { active: false }),
    };
    Ok(Introspection::Live {
        active: true,
        sub: identity.user_id,
        tid: identity.tenant_id,
        sid: identity.session_id,
        role: identity.role,
        permissions: identity.permissions.keys().into_iter().map(str::to_owned).collect(),
        exp: token::expiry(&introspect.token).ok_or(ErrorCode::Internal)?,
    })
}

#[cfg(test)]
mod tests;
