//! Invitations: sent by mail, looked at by anybody who has the link, accepted once.

use serde_json::json;
use tidewire_protocol::{
    ErrorCode, Timestamp,
    id::{TenantId, UserId, UserKey},
    model::{
        tenants::{Tenant, TenantRef, TenantStatus},
        users::{
            AcceptInvitation, Invitation, InvitationAccepted, InvitationData, InvitationPreview,
            User, UserStatus, display_name,
        },
    },
    notification_event::EventKey,
};
use tidewire_storage::{
    Conn,
    feed::{self, Change},
    one_time_tokens::{self, NewToken, Purpose, Token},
    tenants,
    users::{self, Acceptance},
};

use super::{note, publish_changed, require_changeable, write_feed};
use crate::{
    Actor, App, Result,
    actor::Request,
    audit::{self, Note},
    auth::{one_time_token, password},
    email_address::{self, EmailAddress},
    idempotency,
    mail::{AccountMail, Recipient},
    notify::{self, Raised},
    org_settings::{self, Settings},
    permission::Permission,
    rate_limit::{Class, Key},
};

/// Whom an invitation goes to, and until when it can be accepted.
pub(super) struct Invited<'a> {
    pub user_id: UserId,
    pub email: &'a EmailAddress,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub at: Timestamp,
    pub expires_at: Timestamp,
}

/// In whose name somebody is invited.
#[derive(Clone, Copy)]
pub(super) struct Inviter<'a> {
    pub tenant_id: TenantId,
    pub id: UserId,
    pub name: &'a str,
}

impl<'a> From<&'a Actor> for Inviter<'a> {
    fn from(actor: &'a Actor) -> Self {
        let name = &actor.identity.user.display_name;
        Self { tenant_id: actor.tenant_id(), id: actor.user_id(), name }
    }
}

/// Mails an invitation; earlier ones of the same person become void.
pub(super) async fn send(
    app: &App,
    conn: &mut Conn,
    by: Inviter<'_>,
    invited: Invited<'_>,
) -> Result<()> {
    let (tenant_id, expires_at) = (by.tenant_id, invited.expires_at);
    let (token, hash) = one_time_token::mint(&app.clock);
    let issued = NewToken {
        hash,
        tenant_id,
        user_id: invited.user_id,
        purpose: Purpose::Invitation,
        at: invited.at,
        expires_at,
    };
    one_time_tokens::issue(conn, &issued).await?;
    let tenant = tenants::by_id(conn, tenant_id).await?.ok_or(ErrorCode::Internal)?;
    let mail = AccountMail::Invitation {
        to: Recipient::new(invited.email, invited.first_name, invited.last_name),
        tenant_name: tenant.name,
        inviter_name: by.name.to_owned(),
        token,
        expires_at,
    };
    notify::tell_account(app, conn, (tenant_id, invited.user_id), mail).await
}

/// Invites somebody who is pending once more.
pub(super) async fn send_again(
    app: &App,
    conn: &mut Conn,
    by: Inviter<'_>,
    user: &User,
    settings: &Settings,
) -> Result<Invitation> {
    let at = app.clock.now();
    let expires_at = at.plus_ms(settings.invitation_lifetime_ms());
    let owner = (by.tenant_id, user.id);
    users::invite_again(conn, owner, Some(by.id), (at, expires_at)).await?;
    let email = EmailAddress::parse(&user.email).ok_or(ErrorCode::Internal)?;
    let invited = Invited {
        user_id: user.id,
        email: &email,
        first_name: &user.first_name,
        last_name: &user.last_name,
        at,
        expires_at,
    };
    send(app, conn, by, invited).await?;
    Ok(Invitation { expires_at, email_queued: true })
}

/// Mails the invitation again to somebody who has forgotten that they have no password yet, in the
/// name of whoever invited them.
pub(crate) async fn remind_of_invitation(
    app: &App,
    conn: &mut Conn,
    tenant: &Tenant,
    user: &User,
) -> Result<()> {
    let settings = org_settings::of(app, tenant.id).await?;
    let Some((id, name)) = users::inviter(conn, tenant.id, user.id).await? else { return Ok(()) };
    let by = Inviter { tenant_id: tenant.id, id, name: &name };
    send_again(app, conn, by, user, &settings).await?;
    let change = Change::UserChanged { user_id: user.id };
    Ok(feed::append(conn, tenant.id, change, app.clock.now()).await?)
}

/// Mails the invitation of a pending person again; the old link is void.
pub async fn resend_invitation(app: &App, actor: &Actor, key: UserKey) -> Result<InvitationData> {
    actor.require_admin(Permission::UsersCreate)?;
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let mut conn = app.db.write().await?;
    let user = require_changeable(&mut conn, actor, key).await?;
    if user.status != UserStatus::Pending {
        return Err(ErrorCode::NotPending.into());
    }
    app.rate_limits.check(Class::ResendInvitation, &Key::User(user.id))?;
    let invitation = send_again(app, &mut conn, actor.into(), &user, &settings).await?;
    write_feed(app, &mut conn, actor, user.id).await?;
    note(app, &mut conn, actor, user.id, ("users.invitation_resent", json!({}))).await?;
    let answer = InvitationData { invitation };
    idempotency::record(app, &mut conn, actor, 200, &answer).await?;
    conn.commit().await?;
    notify::wake(app);
    publish_changed(app, actor.tenant_id(), user.id).await;
    Ok(answer)
}

/// An invitation that can still be accepted.
struct Open {
    hash: [u8; 32],
    expires_at: Timestamp,
    tenant: Tenant,
    user: User,
}

async fn require_open(app: &App, token: &str) -> Result<Open> {
    let hash = one_time_token::hash(token).ok_or(ErrorCode::OneTimeTokenInvalid)?;
    let mut conn = app.db.read().await?;
    let token = one_time_tokens::find(&mut conn, hash, Purpose::Invitation).await?;
    let Some(Token { tenant_id, user_id, expires_at, void: false }) = token else {
        return Err(ErrorCode::OneTimeTokenInvalid.into());
    };
    let user = users::by_id(&mut conn, tenant_id, user_id).await?;
    let user = user.filter(|user| user.status == UserStatus::Pending);
    let user = user.ok_or(ErrorCode::OneTimeTokenInvalid)?;
    if app.clock.now() >= expires_at {
        return Err(ErrorCode::OneTimeTokenExpired.into());
    }
    let tenant = tenants::by_id(&mut conn, tenant_id).await?.ok_or(ErrorCode::Internal)?;
    Ok(Open { hash, expires_at, tenant, user })
}

/// What an invitation is about. Reading changes nothing, so that link scanners do no harm.
pub async fn preview_invitation(app: &App, token: &str) -> Result<InvitationPreview> {
    let Open { expires_at, tenant, user, .. } = require_open(app, token).await?;
    Ok(InvitationPreview {
        tenant: TenantRef { name: tenant.name, slug: tenant.slug },
        email: email_address::masked(&user.email),
        first_name: user.first_name,
        expires_at,
    })
}

/// Makes an invited person active. Of many who accept at once, one succeeds; nobody is signed in.
pub async fn accept_invitation(
    app: &App,
    request: &Request,
    accept: AcceptInvitation,
) -> Result<InvitationAccepted> {
    let Open { hash, tenant, mut user, .. } = require_open(app, &accept.token).await?;
    if tenant.status == TenantStatus::Suspended {
        return Err(ErrorCode::TenantSuspended.into());
    }
    let email = EmailAddress::parse(&user.email).ok_or(ErrorCode::Internal)?;
    let personal = [&email.typed, &email.key, email.local_part(), &tenant.name, &tenant.slug];
    let settings = org_settings::of(app, tenant.id).await?;
    password::check_policy(&accept.password, settings.password_min_length(), &personal)?;
    let password_hash = password::hash(app, accept.password).await?;
    user.first_name = accept.first_name.unwrap_or(user.first_name);
    user.last_name = accept.last_name.unwrap_or(user.last_name);
    let accepted = Acceptance {
        user: &user,
        email_key: &email.key,
        password_hash: &password_hash,
        at: app.clock.now(),
    };
    let mut conn = app.db.write().await?;
    // Whoever changes people takes this lock first, so that nobody waits for one another.
    tenants::lock(&mut conn, tenant.id).await?;
    if !one_time_tokens::consume(&mut conn, hash, Purpose::Invitation, accepted.at).await?
        || !users::accept(&mut conn, tenant.id, &accepted).await?
    {
        return Err(ErrorCode::OneTimeTokenInvalid.into());
    }
    note_accepted(app, &mut conn, request, &tenant, &user).await?;
    if let Some((inviter, _)) = users::inviter(&mut conn, tenant.id, user.id).await? {
        let joined = display_name(&user.first_name, &user.last_name);
        let raised = Raised::new(EventKey::InvitationAccepted, [inviter]).by(user.id);
        notify::raise(app, &mut conn, tenant.id, &raised.with("userName", joined)).await?;
    }
    let shown = users::refs(&mut conn, tenant.id, &[user.id]).await?.pop();
    conn.commit().await?;
    notify::wake(app);
    publish_changed(app, tenant.id, user.id).await;
    Ok(InvitationAccepted {
        user: shown.ok_or(ErrorCode::Internal)?,
        tenant: TenantRef { name: tenant.name, slug: tenant.slug },
    })
}

async fn note_accepted(
    app: &App,
    conn: &mut Conn,
    request: &Request,
    tenant: &Tenant,
    user: &User,
) -> Result<()> {
    let change = Change::UserChanged { user_id: user.id };
    feed::append(conn, tenant.id, change, app.clock.now()).await?;
    let note = Note {
        tenant_id: tenant.id,
        action: "users.invitation_accepted",
        actor_id: Some(user.id),
        target: Some(("user", user.id.to_string())),
        detail: json!({}),
    };
    audit::note(app, conn, request, note).await
}

#[cfg(test)]
mod tests;
