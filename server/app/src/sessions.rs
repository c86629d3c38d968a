//! Sign-ins: opening them, and ending them with everybody hearing of it.

use serde_json::json;
use tidewire_protocol::{
    Timestamp,
    id::{SessionId, TenantId, UserId},
    model::accounts::{LoggedOut, LoggedOutAll, RevocationReason},
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
};

pub(crate) const IDLE_LIFETIME_MS: i64 = 7 * 86_400_000;
pub(crate) const LIFETIME_MS: i64 = 30 * 86_400_000;
const PER_USER_MAX: u64 = 20;

/// A session that was just opened, and those that had to make room.
pub(crate) struct Opened {
    pub id: SessionId,
    pub refresh_expires_at: Timestamp,
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
) -> Result<Opened> {
    let now = app.clock.now();
    let session = NewSession {
        id: app.clock.id(),
        tenant_id,
        user_id,
        at: now,
        idle_expires_at: now.plus_ms(IDLE_LIFETIME_MS),
        expires_at: now.plus_ms(LIFETIME_MS),
        device_name,
        user_agent: request.user_agent.as_deref(),
        address: request.address.map(|address| address.to_string()),
    };
    let keep = PER_USER_MAX - 1;
    let reason = RevocationReason::SessionLimit;
    let ended = end_oldest(conn, (tenant_id, user_id), keep, reason, now).await?;
    sessions::insert(conn, &session).await?;
    Ok(Opened { id: session.id, refresh_expires_at: session.idle_expires_at, ended })
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
