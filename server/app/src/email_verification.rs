//! Proving by a link in a mail that an address is one's own.

use serde_json::json;
use tidewire_protocol::{
    ErrorCode, Timestamp,
    id::{TenantId, UserId},
    model::{
        email_verification::{EmailVerified, VerificationResent},
        users::User,
    },
};
use tidewire_storage::{
    Conn,
    feed::{self, Change},
    one_time_tokens::{self, NewToken, Purpose, Token},
    users,
};

use crate::{
    Actor, App, Result,
    actor::Request,
    audit::{self, Note},
    auth::one_time_token,
    email_address::{self, EmailAddress},
    mail::{AccountMail, Recipient},
    news::{self, News},
    notify,
    rate_limit::{Class, Key},
};

const LINK_LIFETIME_MS: i64 = 48 * 3_600_000;

/// Queues the mail with the link; links that were sent before become void.
pub(crate) async fn send(
    app: &App,
    conn: &mut Conn,
    tenant_id: TenantId,
    (user_id, to): (UserId, Recipient),
) -> Result<()> {
    let (token, hash) = one_time_token::mint(&app.clock);
    let at = app.clock.now();
    let expires_at = at.plus_ms(LINK_LIFETIME_MS);
    let purpose = Purpose::EmailVerification;
    let issued = NewToken { hash, tenant_id, user_id, purpose, at, expires_at };
    one_time_tokens::issue(conn, &issued).await?;
    let mail = AccountMail::EmailVerification { to, token, expires_at };
    notify::tell_account(app, conn, (tenant_id, user_id), mail).await
}

/// Sends the link to the caller again, unless their address is verified already.
pub async fn resend(app: &App, actor: &Actor) -> Result<VerificationResent> {
    let (tenant_id, user_id) = (actor.tenant_id(), actor.user_id());
    let mut conn = app.db.write().await?;
    let user = users::by_id(&mut conn, tenant_id, user_id).await?;
    let user = user.ok_or(ErrorCode::SessionRevoked)?;
    if user.email_verified {
        return Ok(VerificationResent { email_queued: false, already_verified: true });
    }
    app.rate_limits.check(Class::VerificationMail, &Key::User(user_id))?;
    let email = EmailAddress::parse(&user.email).ok_or(ErrorCode::Internal)?;
    let to = Recipient::new(&email, &user.first_name, &user.last_name);
    send(app, &mut conn, tenant_id, (user_id, to)).await?;
    conn.commit().await?;
    notify::wake(app);
    Ok(VerificationResent { email_queued: true, already_verified: false })
}

/// Confirms an address. Opening the link again says the same, so that programs which look into mails
/// break nothing; it signs nobody in.
pub async fn verify(app: &App, request: &Request, token: &str) -> Result<EmailVerified> {
    let (tenant_id, user) = require_sent(app, token).await?;
    let already_verified = user.email_verified || !confirm(app, request, tenant_id, &user).await?;
    let email = email_address::masked(&user.email);
    Ok(EmailVerified { verified: true, email, already_verified })
}

async fn require_sent(app: &App, token: &str) -> Result<(TenantId, User)> {
    let hash = one_time_token::hash(token).ok_or(ErrorCode::OneTimeTokenInvalid)?;
    let mut conn = app.db.read().await?;
    let token = one_time_tokens::find(&mut conn, hash, Purpose::EmailVerification).await?;
    let Token { tenant_id, user_id, expires_at, void } =
        token.ok_or(ErrorCode::OneTimeTokenInvalid)?;
    let user = users::by_id(&mut conn, tenant_id, user_id).await?;
    let user = user.ok_or(ErrorCode::OneTimeTokenInvalid)?;
    if void && !user.email_verified {
        return Err(ErrorCode::OneTimeTokenInvalid.into());
    }
    if app.clock.now() >= expires_at {
        return Err(ErrorCode::OneTimeTokenExpired.into());
    }
    Ok((tenant_id, user))
}

/// Answers whether it was this visit that confirmed it.
async fn confirm(app: &App, request: &Request, tenant_id: TenantId, user: &User) -> Result<bool> {
    let at: Timestamp = app.clock.now();
    let mut conn = app.db.write().await?;
    if !users::verify_email(&mut conn, (tenant_id, user.id), at).await? {
        return Ok(false);
    }
    feed::append(&mut conn, tenant_id, Change::UserChanged { user_id: user.id }, at).await?;
    let note = Note {
        tenant_id,
        action: "auth.email_verified",
        actor_id: Some(user.id),
        target: Some(("user", user.id.to_string())),
        detail: json!({}),
    };
    audit::note(app, &mut conn, request, note).await?;
    conn.commit().await?;
    news::publish(app, News::UserChanged { tenant_id, user_id: user.id }).await;
    Ok(true)
}

#[cfg(test)]
mod tests;
