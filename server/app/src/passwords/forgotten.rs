//! Forgotten passwords: asking for a link, and using it.
//!
//! Asking only queues, so that it takes the same time whether there is such an account or not. The
//! queued work looks for the account and writes to the address that is stored there.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidewire_protocol::{
    ErrorCode,
    id::TenantId,
    model::{
        accounts::RevocationReason,
        passwords::{ForgotPassword, ForgotPasswordAnswer, PasswordReset, ResetPassword},
        tenants::{Tenant, TenantStatus},
        users::{User, UserStatus},
    },
};
use tidewire_storage::{
    Conn,
    one_time_tokens::{self, NewToken, Purpose, Token},
    outbox, tenants,
    users::{self, NewPassword},
};
use uuid::Uuid;

use super::{check_policy, note, tell_changed};
use crate::{
    App, Result,
    actor::Request,
    auth::{
        key::sha256,
        one_time_token, password,
        throttle::{Attempt, Outcome},
    },
    email_address::EmailAddress,
    fanout::bus::{News, TopicKey},
    mail::{AccountMail, Recipient},
    news, notify,
    rate_limit::{Class, Key},
    sessions, users as people,
};

/// The kind of outbox rows that are forgotten passwords.
pub(crate) const OUTBOX_KIND: &str = "password_forgot";

/// How long a link works by which a password is chosen.
pub(crate) const LINK_LIFETIME_MS: i64 = 60 * 60_000;
const ANSWER: &str = "If there is such an account, a mail is on its way to its address.";

/// Somebody who cannot sign in, as it waits in the outbox.
#[derive(Serialize, Deserialize)]
struct Forgotten {
    slug: String,
    email_key: String,
    address: Option<IpAddr>,
    request_id: String,
}

/// Asks for a mail with a link. What is answered, and when, tells nothing about the account.
pub async fn forgot(
    app: &App,
    request: &Request,
    forgot: ForgotPassword,
) -> Result<ForgotPasswordAnswer> {
    // What is no address is looked up as it is, and so belongs to nobody.
    let email_key = EmailAddress::parse(&forgot.email).map_or(forgot.email, |email| email.key);
    let account = sha256(format!("{}\n{email_key}", forgot.tenant_slug).as_bytes());
    app.rate_limits.check(Class::ForgotAccount, &Key::Account(account))?;
    app.fanout.bus().publish(TopicKey::Everywhere, &News::Forgot { account });
    let forgotten = Forgotten {
        slug: forgot.tenant_slug,
        email_key,
        address: request.address,
        request_id: request.id.clone(),
    };
    // Whose it is will be known when it is answered.
    let nobody = TenantId::new(Uuid::nil());
    let mut conn = app.db.write().await?;
    let key = (app.clock.id(), nobody);
    outbox::put(&mut conn, key, OUTBOX_KIND, &forgotten, app.clock.now()).await?;
    conn.commit().await?;
    app.forgotten.notify_one();
    Ok(ForgotPasswordAnswer { message: ANSWER.to_owned() })
}

/// Does what was asked for, in the transaction that settles it.
pub(crate) async fn answer(app: &App, conn: &mut Conn, payload: Value) -> Result<()> {
    let Ok(asked) = serde_json::from_value::<Forgotten>(payload) else { return Ok(()) };
    let Some(tenant) = tenants::by_slug(conn, &asked.slug).await? else { return Ok(()) };
    let found = users::by_email(conn, tenant.id, &asked.email_key).await?;
    let request = Request { id: asked.request_id, address: asked.address, ..Request::default() };
    let Some(user) = found.map(|found| found.user) else { return Ok(()) };
    match (tenant.status, user.status) {
        (TenantStatus::Active, UserStatus::Active) => {
            send_link(app, conn, &request, &tenant, &user).await?;
        }
        (TenantStatus::Active, UserStatus::Pending) => {
            people::remind_of_invitation(app, conn, &tenant, &user).await?;
        }
        (TenantStatus::Suspended, _) | (_, UserStatus::Inactive) => {}
    }
    note(app, conn, &request, (&tenant, &user), "auth.password_forgot").await
}

async fn send_link(
    app: &App,
    conn: &mut Conn,
    request: &Request,
    tenant: &Tenant,
    user: &User,
) -> Result<()> {
    let (token, hash) = one_time_token::mint(&app.clock);
    let at = app.clock.now();
    let expires_at = at.plus_ms(LINK_LIFETIME_MS);
    let purpose = Purpose::PasswordReset;
    let issued = NewToken { hash, tenant_id: tenant.id, user_id: user.id, purpose, at, expires_at };
    one_time_tokens::issue(conn, &issued).await?;
    let email = EmailAddress::parse(&user.email).ok_or(ErrorCode::Internal)?;
    let to = Recipient::new(&email, &user.first_name, &user.last_name);
    let mail = AccountMail::PasswordReset { to, token, expires_at, address: request.address };
    notify::tell_account(app, conn, (tenant.id, user.id), mail).await
}

/// Sets a new password with the token from the mail. All sessions end; nobody is signed in.
///
/// A password that breaks the policy leaves the token as it is. Of many who use it, one succeeds.
pub async fn reset(app: &App, request: &Request, reset: ResetPassword) -> Result<PasswordReset> {
    let hash = one_time_token::hash(&reset.token).ok_or(ErrorCode::OneTimeTokenInvalid)?;
    let (tenant, user) = require_open(app, hash).await?;
    check_policy(app, &reset.password, &tenant, &user).await?;
    let password_hash = password::hash(app, reset.password).await?;
    let (at, owner) = (app.clock.now(), (tenant.id, user.id));
    let mut conn = app.db.write().await?;
    let new = NewPassword { hash: &password_hash, instead_of: None, at };
    // The person before their links, as everywhere.
    users::lock(&mut conn, tenant.id, user.id).await?;
    if !one_time_tokens::consume(&mut conn, hash, Purpose::PasswordReset, at).await?
        || !users::set_password(&mut conn, owner, &new).await?
    {
        return Err(ErrorCode::OneTimeTokenInvalid.into());
    }
    users::verify_email(&mut conn, owner, at).await?;
    let reason = RevocationReason::PasswordReset;
    let ended = sessions::end_oldest(&mut conn, owner, 0, reason, at).await?;
    tell_changed(app, &mut conn, request, &tenant, &user).await?;
    note(app, &mut conn, request, (&tenant, &user), "auth.password_reset").await?;
    conn.commit().await?;
    notify::wake(app);
    forgive(app, request, &tenant, &user);
    sessions::publish(app, ended).await;
    let changed = news::News::UserChanged { tenant_id: tenant.id, user_id: user.id };
    news::publish(app, changed).await;
    Ok(PasswordReset { reset: true })
}

async fn require_open(app: &App, hash: [u8; 32]) -> Result<(Tenant, User)> {
    let mut conn = app.db.read().await?;
    let token = one_time_tokens::find(&mut conn, hash, Purpose::PasswordReset).await?;
    let Some(Token { tenant_id, user_id, expires_at, void: false }) = token else {
        return Err(ErrorCode::OneTimeTokenInvalid.into());
    };
    let tenant = tenants::by_id(&mut conn, tenant_id).await?;
    let user = users::by_id(&mut conn, tenant_id, user_id).await?;
    let user = user.filter(|user| user.status == UserStatus::Active);
    let (Some(tenant), Some(user)) = (tenant, user) else {
        return Err(ErrorCode::OneTimeTokenInvalid.into());
    };
    if app.clock.now() >= expires_at {
        return Err(ErrorCode::OneTimeTokenExpired.into());
    }
    Ok((tenant, user))
}

/// Failed sign-ins with the old password count for nothing any more, on any node.
fn forgive(app: &App, request: &Request, tenant: &Tenant, user: &User) {
    let Some(email) = EmailAddress::parse(&user.email) else { return };
    let attempt = Attempt::new(&tenant.slug, &email.key, request.address);
    let outcome = Outcome::Reset;
    app.throttle().settle(&attempt, outcome, app.clock.now());
    app.fanout.bus().publish(TopicKey::Everywhere, &News::SignIn { attempt, outcome });
}
