//! Exchanging a refresh token.

use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    id::SessionId,
    model::{
        accounts::{Refresh, RevocationReason, Tokens},
        users::UserRefStatus,
    },
};
use tidewire_storage::{
    sessions::{self as stored, Session},
    tenants,
};

use super::issue;
use crate::{
    App, Result,
    actor::Request,
    audit::{self, Note},
    auth::{
        refresh_token::{self, Standing},
        session::require_live,
        token::Holder,
    },
    mail::{AccountMail, Recipient},
    notify, org_settings,
    rate_limit::{Class, Key},
    sessions,
};

/// Exchanges the current refresh token for its successor and a new access token.
///
/// However many exchange the same token at once, the session moves on once and all are answered the
/// same successor. A token from before that ends the session.
pub async fn refresh(app: &App, request: &Request, refresh: Refresh) -> Result<Tokens> {
    let (id, presented) = refresh_token::open(&app.refresh_key, &refresh.refresh_token)
        .ok_or(ErrorCode::RefreshTokenInvalid)?;
    // Counted here: no mouth can tell the session of a token.
    app.rate_limits.check(Class::RefreshSession, &Key::Session(id))?;
    // Who loses the race for the rotation looks once more, and then stands behind the winner.
    for _ in 0..2 {
        let session = require_refreshable(app, id).await?;
        let now = app.clock.now();
        match refresh_token::standing(presented, session.generation, session.rotated_at, now) {
            Standing::Current => {
                if let Some(tokens) = rotate(app, &session).await? {
                    return Ok(tokens);
                }
            }
            Standing::Parent => {
                return issue(app, holder(&session), session.generation, session.idle_expires_at);
            }
            Standing::Reused => return Err(end_reused(app, request, &session).await?.into()),
        }
    }
    Err(ErrorCode::RefreshTokenInvalid.into())
}

async fn require_refreshable(app: &App, id: SessionId) -> Result<Session> {
    let session = stored::by_id(&mut app.db.read().await?, id).await?;
    let mut session = session.ok_or(ErrorCode::RefreshTokenInvalid)?;
    // What the company has shortened since counts for sessions that are open.
    let settings = org_settings::of(app, session.tenant_id).await?;
    session.expires_at =
        session.expires_at.min(session.created_at.plus_ms(settings.session_max_ms()));
    session.idle_expires_at =
        session.idle_expires_at.min(session.rotated_at.plus_ms(settings.session_idle_ms()));
    let now = app.clock.now();
    if session.user.status == UserRefStatus::Deleted {
        return Err(ErrorCode::RefreshTokenInvalid.into());
    }
    require_live(&session)?;
    if session.revoked || now >= session.idle_expires_at || now >= session.expires_at {
        return Err(ErrorCode::RefreshTokenInvalid.into());
    }
    Ok(session)
}

async fn rotate(app: &App, session: &Session) -> Result<Option<Tokens>> {
    let now = app.clock.now();
    let settings = org_settings::of(app, session.tenant_id).await?;
    let idle_expires_at = now.plus_ms(settings.session_idle_ms()).min(session.expires_at);
    let mut conn = app.db.write().await?;
    if !stored::rotate(&mut conn, session, now, idle_expires_at).await? {
        return Ok(None);
    }
    conn.commit().await?;
    issue(app, holder(session), session.generation + 1, idle_expires_at).map(Some)
}

/// Ends the session of a token that was used before, and tells its owner.
async fn end_reused(app: &App, request: &Request, session: &Session) -> Result<ErrorCode> {
    let reason = RevocationReason::RefreshReuse;
    let owner = (session.tenant_id, session.user.id);
    let mut conn = app.db.write().await?;
    let ended = sessions::end(&mut conn, owner, session.id, reason, app.clock.now()).await?;
    if ended.is_empty() {
        return Ok(ErrorCode::RefreshTokenInvalid);
    }
    let note = Note {
        tenant_id: session.tenant_id,
        action: "auth.refresh_reuse",
        actor_id: None,
        target: Some(("session", session.id.to_string())),
        detail: json!({ "userId": session.user.id }),
    };
    audit::note(app, &mut conn, request, note).await?;
    if let Some(tenant) = tenants::by_id(&mut conn, session.tenant_id).await?
        && let Some(to) = Recipient::of_ref(&session.user)
    {
        let mail =
            AccountMail::SessionRevoked { to, tenant_name: tenant.name, at: app.clock.now() };
        notify::tell_account(app, &mut conn, owner, mail).await?;
    }
    conn.commit().await?;
    notify::wake(app);
    sessions::publish(app, ended).await;
    Ok(ErrorCode::RefreshTokenReused)
}

fn holder(session: &Session) -> Holder {
    Holder { tenant_id: session.tenant_id, user_id: session.user.id, session_id: session.id }
}

#[cfg(test)]
mod tests;
