//! Whether somebody belongs to the company: deactivated, brought back, erased, signed out.

use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    id::{ChannelId, TenantId, UserId, UserKey},
    model::{
        accounts::RevocationReason,
        users::{SessionsRevoked, User, UserData, UserDeleted, UserStatus},
    },
};
use tidewire_storage::{
    Conn, audit as stored_audit, entries::Placed, one_time_tokens, tenants, users,
};

use super::{
    invitation, note, publish_changed, require, require_changeable, require_other_admin, write_feed,
};
use crate::{
    Actor, App, Error, Result, catch_up, channel_members,
    email_address::EmailAddress,
    idempotency,
    mail::{AccountMail, Recipient},
    news::News,
    notify,
    org_settings::{self, Settings},
    permission::Permission,
    seats, sessions,
};

/// What others are to hear of after the commit.
#[derive(Default)]
pub(super) struct Effects {
    ended: Vec<News>,
    handed_over: Vec<(ChannelId, Vec<Placed>)>,
}

impl Effects {
    /// Sessions end before anything else is told.
    pub(super) async fn publish(self, app: &App, tenant_id: TenantId, user_id: UserId) {
        sessions::publish(app, self.ended).await;
        publish_changed(app, tenant_id, user_id).await;
        for (channel, placed) in self.handed_over {
            catch_up::publish(app, tenant_id, channel, &placed).await;
        }
    }
}

/// Brings somebody into a status; the caller has checked that it may be done.
pub(super) async fn set(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    user: &User,
    status: UserStatus,
    settings: &Settings,
) -> Result<Effects> {
    match status {
        UserStatus::Inactive => {
            let effects = end(app, conn, actor, user, RevocationReason::Deactivated).await?;
            users::deactivate(conn, actor.tenant_id(), user.id, app.clock.now()).await?;
            note(app, conn, actor, user.id, ("users.deactivated", json!({}))).await?;
            if user.status == UserStatus::Active {
                tell(app, conn, actor, user, |to, tenant_name| AccountMail::Deactivated {
                    to,
                    tenant_name,
                })
                .await?;
            }
            Ok(effects)
        }
        UserStatus::Active | UserStatus::Pending => {
            bring_back(app, conn, actor, user, settings).await?;
            Ok(Effects::default())
        }
    }
}

/// Ends all that somebody has: sign-ins, links, the ownership of groups.
async fn end(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    user: &User,
    reason: RevocationReason,
) -> Result<Effects> {
    let (owner, at) = ((actor.tenant_id(), user.id), app.clock.now());
    let ended = sessions::end_oldest(conn, owner, 0, reason, at).await?;
    one_time_tokens::void_all(conn, owner.0, owner.1, at).await?;
    let handed_over = channel_members::hand_over(app, actor, conn, user.id).await?;
    write_feed(app, conn, actor, user.id).await?;
    Ok(Effects { ended, handed_over })
}

async fn bring_back(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    user: &User,
    settings: &Settings,
) -> Result<()> {
    let tenant_id = actor.tenant_id();
    seats::take(conn, tenant_id).await?;
    let status = users::activate(conn, tenant_id, user.id, app.clock.now()).await?;
    write_feed(app, conn, actor, user.id).await?;
    note(app, conn, actor, user.id, ("users.activated", json!({}))).await?;
    if status == Some(UserStatus::Pending) {
        return invitation::send_again(app, conn, actor.into(), user, settings).await.map(drop);
    }
    tell(app, conn, actor, user, |to, tenant_name| AccountMail::Activated { to, tenant_name }).await
}

async fn tell(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    user: &User,
    mail: impl FnOnce(Recipient, String) -> AccountMail,
) -> Result<()> {
    let email = EmailAddress::parse(&user.email).ok_or(ErrorCode::Internal)?;
    let to = Recipient::new(&email, &user.first_name, &user.last_name);
    let tenant = tenants::by_id(conn, actor.tenant_id()).await?.ok_or_else(Error::not_found)?;
    let mail = mail(to, tenant.name);
    notify::tell_account(app, conn, (actor.tenant_id(), user.id), mail).await
}

/// Keeps somebody out; they stay known. A second call does nothing.
pub async fn deactivate(app: &App, actor: &Actor, key: UserKey) -> Result<UserData> {
    actor.require(Permission::UsersDeactivate)?;
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let mut conn = app.db.write().await?;
    let user = require_removable(&mut conn, actor, key).await?;
    if user.status == UserStatus::Inactive {
        return Ok(UserData { user });
    }
    let effects = set(app, &mut conn, actor, &user, UserStatus::Inactive, &settings).await?;
    let user = require(&mut conn, actor.tenant_id(), key).await?;
    conn.commit().await?;
    notify::wake(app);
    effects.publish(app, actor.tenant_id(), user.id).await;
    Ok(UserData { user })
}

/// Not oneself, and not the last administrator.
async fn require_removable(conn: &mut Conn, actor: &Actor, key: UserKey) -> Result<User> {
    let user = require_changeable(conn, actor, key).await?;
    if user.id == actor.user_id() {
        return Err(ErrorCode::CannotModifySelf.into());
    }
    require_other_admin(conn, actor.tenant_id(), &user).await?;
    Ok(user)
}

/// Brings somebody back who was deactivated. Whoever never chose a password is invited again.
pub async fn activate(app: &App, actor: &Actor, key: UserKey) -> Result<UserData> {
    actor.require(Permission::UsersDeactivate)?;
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let mut conn = app.db.write().await?;
    let user = require_changeable(&mut conn, actor, key).await?;
    match user.status {
        UserStatus::Active => return Ok(UserData { user }),
        UserStatus::Pending => return Err(ErrorCode::UserPending.into()),
        UserStatus::Inactive => {}
    }
    let effects = set(app, &mut conn, actor, &user, UserStatus::Active, &settings).await?;
    let user = require(&mut conn, actor.tenant_id(), key).await?;
    let answer = UserData { user };
    idempotency::record(app, &mut conn, actor, 200, &answer).await?;
    conn.commit().await?;
    notify::wake(app);
    effects.publish(app, actor.tenant_id(), answer.user.id).await;
    Ok(answer)
}

/// Erases somebody for good. What they wrote stays, as written by a deleted user.
pub async fn delete(app: &App, actor: &Actor, key: UserKey) -> Result<UserDeleted> {
    actor.require(Permission::UsersDelete)?;
    let tenant_id = actor.tenant_id();
    let mut conn = app.db.write().await?;
    let user = require_removable(&mut conn, actor, key).await?;
    let effects = end(app, &mut conn, actor, &user, RevocationReason::Deleted).await?;
    users::erase(&mut conn, tenant_id, user.id, app.clock.now()).await?;
    stored_audit::forget(&mut conn, tenant_id, user.id).await?;
    note(app, &mut conn, actor, user.id, ("users.deleted", json!({}))).await?;
    conn.commit().await?;
    effects.publish(app, tenant_id, user.id).await;
    Ok(UserDeleted { deleted: true, id: user.id })
}

/// Signs somebody out everywhere.
pub async fn revoke_sessions(app: &App, actor: &Actor, key: UserKey) -> Result<SessionsRevoked> {
    actor.require(Permission::SessionsManage)?;
    let mut conn = app.db.write().await?;
    let user = require_changeable(&mut conn, actor, key).await?;
    let owner = (actor.tenant_id(), user.id);
    let reason = RevocationReason::Administrator;
    let ended = sessions::end_oldest(&mut conn, owner, 0, reason, app.clock.now()).await?;
    let answer = SessionsRevoked { revoked_sessions: ended.len() as i64 };
    let detail = json!({ "sessions": ended.len() });
    note(app, &mut conn, actor, user.id, ("users.sessions_revoked", detail)).await?;
    idempotency::record(app, &mut conn, actor, 200, &answer).await?;
    conn.commit().await?;
    sessions::publish(app, ended).await;
    Ok(answer)
}

#[cfg(test)]
mod tests;
