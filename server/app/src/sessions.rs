//! Sign-ins: opening them, and ending them with everybody hearing of it.

use serde_json::json;
use tidewire_protocol::{
    ErrorCode, Timestamp,
    id::{SessionId, TenantId, UserId},
    model::accounts::{LoggedOut, LoggedOutAll, RevocationReason, SessionEnded, Sessions},
};
use tidewire_storage::{
    Conn,
    feed::{self, Change},
    sessions::{self, NewSession},
};

use crate::{
    Actor, App, Result,
    actor::Request,
    audit::{self, Note},
    news::{self, News},
    org_settings::Settings,
};

/// A session that was just opened, and those that had to make room.
pub(crate) struct Opened {
    pub id: SessionId,
    pub refresh_expires_at: Timestamp,
    /// The person has not signed in from such a device lately.
    pub on_new_device: bool,
    pub ended: Vec<News>,
}

/// Opens a session; the oldest ones beyond the limit are revoked. The caller holds the person's row,
/// so that two sign-ins at once count one another.
pub(crate) async fn open(
    app: &App,
    conn: &mut Conn,
    request: &Request,
    (tenant_id, user_id): (TenantId, UserId),
    device_name: Option<&str>,
    settings: &Settings,
) -> Result<Opened> {
    let now = app.clock.now();
    let session = NewSession {
        id: app.clock.id(),
        tenant_id,
        user_id,
        at: now,
        idle_expires_at: now.plus_ms(settings.session_idle_ms()),
        expires_at: now.plus_ms(settings.session_max_ms()),
        device_name,
        user_agent: request.user_agent.as_deref(),
        address: request.address.map(|address| address.to_string()),
    };
    let keep = settings.sessions_per_user_max().saturating_sub(1);
    let reason = RevocationReason::SessionLimit;
    let ended = end_oldest(conn, (tenant_id, user_id), keep, reason, now).await?;
    let on_new_device = !sessions::is_known_device(conn, &session).await?;
    sessions::insert(conn, &session).await?;
    let refresh_expires_at = session.idle_expires_at;
    Ok(Opened { id: session.id, refresh_expires_at, on_new_device, ended })
}

/// The caller's live sessions.
pub async fn list(app: &App, actor: &Actor) -> Result<Sessions> {
    let owner = (actor.tenant_id(), actor.user_id());
    let mut items = sessions::list(&mut app.db.read().await?, owner, app.clock.now()).await?;
    for item in &mut items {
        item.current = item.id == actor.session_id();
    }
    Ok(Sessions { items })
}

/// Ends one of the caller's sessions.
pub async fn end_own(app: &App, actor: &Actor, id: SessionId) -> Result<SessionEnded> {
    let (owner, at) = ((actor.tenant_id(), actor.user_id()), app.clock.now());
    let mut conn = app.db.write().await?;
    let own = sessions::list(&mut conn, owner, at).await?;
    if !own.iter().any(|session| session.id == id) {
        return Err(ErrorCode::NotFound.into());
    }
    let ended = end(&mut conn, owner, id, RevocationReason::Ended, at).await?;
    let note = Note {
        tenant_id: actor.tenant_id(),
        action: "auth.session_revoked",
        actor_id: Some(actor.user_id()),
        target: Some(("session", id.to_string())),
        detail: json!({}),
    };
    audit::note(app, &mut conn, &actor.request, note).await?;
    conn.commit().await?;
    publish(app, ended).await;
    Ok(SessionEnded { revoked: true, id })
}

/// Ends the session of somebody who guesses at the password of whoever it belongs to.
pub(crate) async fn end_guessing(app: &App, actor: &Actor) -> Result<()> {
    let owner = (actor.tenant_id(), actor.user_id());
    let reason = RevocationReason::PasswordGuessed;
    let mut conn = app.db.write().await?;
    let ended = end(&mut conn, owner, actor.session_id(), reason, app.clock.now()).await?;
    note(app, &mut conn, actor, "auth.session_revoked", 1).await?;
    conn.commit().await?;
    publish(app, ended).await;
    Ok(())
}

/// Ends the caller's session.
pub async fn logout(app: &App, actor: &Actor) -> Result<LoggedOut> {
    let (tenant_id, user_id) = (actor.tenant_id(), actor.user_id());
    let mut conn = app.db.write().await?;
    let ended = end(
        &mut conn,
        (tenant_id, user_id),
        actor.session_id(),
        RevocationReason::Logout,
        app.clock.now(),
    )
    .await?;
    note(app, &mut conn, actor, "auth.logout", 1).await?;
    conn.commit().await?;
    publish(app, ended).await;
    Ok(LoggedOut { logged_out: true })
}

/// Ends every session of the caller.
pub async fn logout_all(app: &App, actor: &Actor) -> Result<LoggedOutAll> {
    let owner = (actor.tenant_id(), actor.user_id());
    let mut conn = app.db.write().await?;
    let ended =
        end_oldest(&mut conn, owner, 0, RevocationReason::LogoutAll, app.clock.now()).await?;
    note(app, &mut conn, actor, "auth.logout_all", ended.len()).await?;
    conn.commit().await?;
    let revoked_sessions = ended.len() as i64;
    publish(app, ended).await;
    Ok(LoggedOutAll { revoked_sessions })
}

async fn note(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    action: &'static str,
    sessions: usize,
) -> Result<()> {
    let note = Note {
        tenant_id: actor.tenant_id(),
        action,
        actor_id: Some(actor.user_id()),
        target: Some(("session", actor.session_id().to_string())),
        detail: json!({ "sessions": sessions }),
    };
    audit::note(app, conn, &actor.request, note).await
}

/// Revokes one session; what it answers is to be [`publish`]ed after the commit.
pub(crate) async fn end(
    conn: &mut Conn,
    owner: (TenantId, UserId),
    id: SessionId,
    reason: RevocationReason,
    at: Timestamp,
) -> Result<Vec<News>> {
    let was_alive = sessions::revoke(conn, owner.0, id, reason, at).await?;
    write_feed(conn, owner, was_alive.then_some(id).as_slice(), reason, at).await
}

/// Revokes all sessions of a person but the newest `keep`; what it answers is to be [`publish`]ed
/// after the commit.
pub(crate) async fn end_oldest(
    conn: &mut Conn,
    owner: (TenantId, UserId),
    keep: u64,
    reason: RevocationReason,
    at: Timestamp,
) -> Result<Vec<News>> {
    let ended = sessions::revoke_oldest(conn, owner, keep, reason, at).await?;
    write_feed(conn, owner, &ended, reason, at).await
}

/// Revokes all sessions of a person but one; what it answers is to be [`publish`]ed after the commit.
pub(crate) async fn end_others(
    conn: &mut Conn,
    owner: (TenantId, UserId),
    keep: SessionId,
    reason: RevocationReason,
    at: Timestamp,
) -> Result<Vec<News>> {
    let ended = sessions::revoke_others(conn, owner, keep, reason, at).await?;
    write_feed(conn, owner, &ended, reason, at).await
}

async fn write_feed(
    conn: &mut Conn,
    (tenant_id, user_id): (TenantId, UserId),
    ended: &[SessionId],
    reason: RevocationReason,
    at: Timestamp,
) -> Result<Vec<News>> {
    for session_id in ended.iter().copied() {
        let change = Change::SessionRevoked { session_id, user_id, reason };
        feed::append(conn, tenant_id, change, at).await?;
    }
    let news = |session_id: &SessionId| News::SessionRevoked {
        tenant_id,
        user_id,
        session_id: *session_id,
        reason,
    };
    Ok(ended.iter().map(news).collect())
}

/// Lets everybody hear of what was committed.
pub(crate) async fn publish(app: &App, ended: Vec<News>) {
    for news in ended {
        news::publish(app, news).await;
    }
}

#[cfg(test)]
mod tests;
