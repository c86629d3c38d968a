//! Signing in, staying signed in, and seeing oneself.

mod refresh;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use tidewire_protocol::{
    ErrorCode, Timestamp,
    id::{TenantId, UserId},
    model::{
        accounts::{Login, Me, SessionInfo, SignedIn, Tokens},
        tenants::{Tenant, TenantStatus},
        users::{User, UserStatus},
    },
    notification_event::EventKey,
};
use tidewire_storage::{
    Conn, notification_decisions, tenants,
    users::{self, Credentials, StoredPassword},
};

use crate::{
    Actor, App, Error, Result,
    actor::Request,
    audit::{self, Note},
    auth::{
        password::{self, Verdict},
        refresh_token,
        throttle::{Attempt, Outcome},
        token::{Holder, LIFETIME_SECONDS},
    },
    email_address::EmailAddress,
    fanout::bus::{News, TopicKey},
    mail::{AccountMail, Recipient},
    notify::{self, Raised},
    org_settings::{self, Settings},
    sessions,
};

pub use refresh::refresh;

/// From this many failures in an hour on, somebody hears of them.
const FAILURES_TO_TELL: usize = 10;
const HOUR_MS: i64 = 3_600_000;

/// Signs a person in to one tenant.
///
/// An unknown company, an unknown address, a wrong password and an invitation that was not accepted
/// have one answer and take one time.
pub async fn login(app: &App, request: &Request, login: Login) -> Result<SignedIn> {
    // What is no address is looked up as it is, and so belongs to nobody.
    let email_key = EmailAddress::parse(&login.email).map_or(login.email, |email| email.key);
    let attempt = Attempt::new(&login.tenant_slug, &email_key, request.address);
    refuse_while_waiting(app, &attempt)?;
    let account = find(app, &login.tenant_slug, &email_key).await?;
    let stored = account.known().map(|(_, _, password)| password.hash.clone());
    let verdict = password::verify(app, login.password, stored).await?;
    settle(app, &attempt, &verdict)?;
    let refusal = match (account.known(), verdict) {
        (Some((tenant, user, password)), Verdict::Right { renewed }) => {
            let settings = org_settings::of(app, tenant.id).await?;
            match require_usable(tenant, user, &settings) {
                Ok(()) => {
                    let checked = Checked { tenant, user, password, renewed, settings: &settings };
                    return open(app, request, checked, login.device_name.as_deref()).await;
                }
                Err(refusal) => refusal,
            }
        }
        _ => ErrorCode::InvalidCredentials.into(),
    };
    let failures = app.throttle().account_failures(&attempt, app.clock.now());
    note_failure(app, request, &account, &email_key, (refusal.code(), failures)).await?;
    Err(refusal)
}

/// What was found under a slug and an address.
struct Account {
    tenant: Option<Tenant>,
    credentials: Option<Credentials>,
}

impl Account {
    /// The parts, if there is somebody with a password.
    fn known(&self) -> Option<(&Tenant, &User, &StoredPassword)> {
        let credentials = self.credentials.as_ref()?;
        Some((self.tenant.as_ref()?, &credentials.user, credentials.password.as_ref()?))
    }
}

async fn find(app: &App, slug: &str, email_key: &str) -> Result<Account> {
    let mut conn = app.db.read().await?;
    let tenant = tenants::by_slug(&mut conn, slug).await?;
    let credentials = match &tenant {
        Some(tenant) => users::by_email(&mut conn, tenant.id, email_key).await?,
        None => None,
    };
    Ok(Account { tenant, credentials })
}

fn require_usable(tenant: &Tenant, user: &User, settings: &Settings) -> Result<()> {
    match (tenant.status, user.status) {
        (TenantStatus::Suspended, _) => Err(ErrorCode::TenantSuspended.into()),
        (TenantStatus::Active, UserStatus::Inactive) => Err(ErrorCode::AccountDeactivated.into()),
        (TenantStatus::Active, UserStatus::Pending) => Err(ErrorCode::InvalidCredentials.into()),
        (TenantStatus::Active, UserStatus::Active) => {
            if settings.requires_verified_email() && !user.email_verified {
                return Err(ErrorCode::EmailNotVerified.into());
            }
            Ok(())
        }
    }
}

fn refuse_while_waiting(app: &App, attempt: &Attempt) -> Result<()> {
    too_many(app.throttle().wait_ms(attempt, app.clock.now()))
}

fn settle(app: &App, attempt: &Attempt, verdict: &Verdict) -> Result<()> {
    let outcome = match verdict {
        Verdict::Right { .. } => Outcome::Right,
        Verdict::Wrong => Outcome::Wrong,
    };
    let wait_ms = app.throttle().settle(attempt, outcome, app.clock.now());
    if wait_ms.is_none() {
        let news = News::SignIn { attempt: *attempt, outcome };
        app.fanout.bus().publish(TopicKey::Everywhere, &news);
    }
    too_many(wait_ms)
}

pub(crate) fn too_many(wait_ms: Option<i64>) -> Result<()> {
    match wait_ms {
        None => Ok(()),
        Some(ms) => Err(Error::new(ErrorCode::TooManyAttempts)
            .with_retry_after(ms.unsigned_abs().div_ceil(1_000))),
    }
}

/// An address that belongs to nobody is noted by a keyed hash: the log tells repeated tries apart
/// and nobody's address.
async fn note_failure(
    app: &App,
    request: &Request,
    account: &Account,
    email_key: &str,
    (code, failures): (ErrorCode, usize),
) -> Result<()> {
    let Some(tenant) = &account.tenant else { return Ok(()) };
    let user = account.credentials.as_ref().map(|credentials| &credentials.user);
    let mut detail = json!({ "code": code.code() });
    if user.is_none() {
        let tag = app.audit_key.sign(email_key.as_bytes());
        detail["emailHash"] = URL_SAFE_NO_PAD.encode(&tag[..16]).into();
    }
    let note = Note {
        tenant_id: tenant.id,
        action: "auth.login_failed",
        actor_id: None,
        target: user.map(|user| ("user", user.id.to_string())),
        detail,
    };
    let mut conn = app.db.write().await?;
    audit::note(app, &mut conn, request, note).await?;
    if let Some(user) = user.filter(|_| failures >= FAILURES_TO_TELL) {
        tell_throttled(app, &mut conn, request, (tenant.id, user.id), failures).await?;
    }
    conn.commit().await?;
    notify::wake(app);
    Ok(())
}

/// Tells somebody that passwords are tried on their account, at most once an hour.
async fn tell_throttled(
    app: &App,
    conn: &mut Conn,
    request: &Request,
    (tenant, user): (TenantId, UserId),
    failures: usize,
) -> Result<()> {
    let (now, event) = (app.clock.now(), EventKey::Throttled);
    let key = format!("{} {user}", event.word());
    let hour = (now, now.plus_ms(-HOUR_MS));
    if !notification_decisions::take_key(conn, tenant, &key, hour).await? {
        return Ok(());
    }
    let raised = Raised::new(event, [user]).with("attempts", failures);
    let raised = match request.address {
        Some(address) => raised.with("ipAddress", address.to_string()),
        None => raised,
    };
    notify::raise(app, conn, tenant, &raised).await
}

/// Somebody whose password was right.
struct Checked<'a> {
    tenant: &'a Tenant,
    user: &'a User,
    password: &'a StoredPassword,
    renewed: Option<String>,
    settings: &'a Settings,
}

async fn open(
    app: &App,
    request: &Request,
    checked: Checked<'_>,
    device_name: Option<&str>,
) -> Result<SignedIn> {
    let Checked { tenant, user, password, renewed, settings } = checked;
    let now = app.clock.now();
    let mut conn = app.db.write().await?;
    if !users::sign_in(&mut conn, tenant.id, user.id, password.chosen_at, now).await? {
        return Err(ErrorCode::InvalidCredentials.into());
    }
    if let Some(renewed) = renewed {
        users::renew_hash(&mut conn, tenant.id, user.id, &password.hash, &renewed).await?;
    }
    let owner = (tenant.id, user.id);
    let opened = sessions::open(app, &mut conn, request, owner, device_name, settings).await?;
    if opened.on_new_device && user.last_login_at.is_some() && user.email_verified {
        tell_new_device(app, &mut conn, request, (tenant, user), device_name).await?;
    }
    let note = Note {
        tenant_id: tenant.id,
        action: "auth.login",
        actor_id: Some(user.id),
        target: Some(("session", opened.id.to_string())),
        detail: json!({}),
    };
    audit::note(app, &mut conn, request, note).await?;
    conn.commit().await?;
    notify::wake(app);
    sessions::publish(app, opened.ended).await;
    let holder = Holder { tenant_id: tenant.id, user_id: user.id, session_id: opened.id };
    Ok(SignedIn {
        tokens: issue(app, holder, 0, opened.refresh_expires_at)?,
        user: User { last_login_at: Some(now), ..user.clone() },
        tenant: crate::tenants::public(tenant, settings),
    })
}

/// Somebody else may have the password.
async fn tell_new_device(
    app: &App,
    conn: &mut Conn,
    request: &Request,
    (tenant, user): (&Tenant, &User),
    device_name: Option<&str>,
) -> Result<()> {
    let email = EmailAddress::parse(&user.email).ok_or(ErrorCode::Internal)?;
    let device = device_name.or(request.user_agent.as_deref());
    let mail = AccountMail::NewDevice {
        to: Recipient::new(&email, &user.first_name, &user.last_name),
        tenant_name: tenant.name.clone(),
        device: device.map(str::to_owned),
        at: app.clock.now(),
        address: request.address,
    };
    notify::tell_account(app, conn, (tenant.id, user.id), mail).await
}

/// The pair of tokens of a session at a generation.
fn issue(
    app: &App,
    holder: Holder,
    generation: u64,
    refresh_expires_at: Timestamp,
) -> Result<Tokens> {
    let id = app.clock.id();
    Ok(Tokens {
        access_token: app.token_keys.issue(holder, id, app.clock.now(), LIFETIME_SECONDS)?,
        refresh_token: refresh_token::mint(&app.refresh_key, holder.session_id, generation),
        token_type: "Bearer".to_owned(),
        expires_in: LIFETIME_SECONDS,
        refresh_expires_at,
        session_id: holder.session_id,
    })
}

/// The signed-in person with their tenant, permissions and session.
pub async fn me(app: &App, actor: &Actor) -> Result<Me> {
    let mut conn = app.db.read().await?;
    let user = users::by_id(&mut conn, actor.tenant_id(), actor.user_id()).await?;
    let tenant = tenants::by_id(&mut conn, actor.tenant_id()).await?;
    let identity = &actor.identity;
    Ok(Me {
        user: user.ok_or(ErrorCode::SessionRevoked)?,
        tenant: tenant.ok_or(ErrorCode::SessionRevoked)?,
        role: identity.role,
        permissions: identity.permissions.keys().into_iter().map(str::to_owned).collect(),
        session: SessionInfo {
            id: identity.session_id,
            created_at: identity.session_created_at,
            expires_at: identity.session_expires_at,
        },
    })
}

#[cfg(test)]
mod tests;
