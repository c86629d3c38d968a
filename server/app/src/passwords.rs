//! Choosing a new password: with the one that is known, or with a link from a mail.

mod forgotten;

use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    model::{
        accounts::RevocationReason,
        passwords::{ChangePassword, PasswordChanged},
        tenants::Tenant,
        users::User,
    },
};
use tidewire_storage::{
    Conn,
    one_time_tokens::{self, Purpose},
    tenants,
    users::{self, NewPassword, StoredPassword},
};

use crate::{
    Actor, App, Error, Result, accounts,
    actor::Request,
    audit::{self, Note},
    auth::{
        password::{self, Verdict},
        throttle::{Attempt, Outcome},
    },
    email_address::EmailAddress,
    mail::{AccountMail, Recipient},
    notify, org_settings, sessions,
};

pub(crate) use forgotten::{LINK_LIFETIME_MS, OUTBOX_KIND, answer as answer_forgotten};
pub use forgotten::{forgot, reset};

/// Replaces one's own password; all other sessions of the person end.
///
/// Five wrong guesses end this session too: whoever has it may not be whom it belongs to.
pub async fn change(app: &App, actor: &Actor, change: ChangePassword) -> Result<PasswordChanged> {
    let (tenant, user, stored) = myself(app, actor).await?;
    let attempt = Attempt::new("password of", &actor.session_id().to_string(), None);
    require_right(app, actor, &attempt, change.current_password.clone(), &stored).await?;
    check_policy(app, &change.new_password, &tenant, &user).await?;
    if change.new_password == change.current_password {
        return Err(Error::new(ErrorCode::PasswordPolicy)
            .with_details(json!({ "rules": ["same_as_current"] })));
    }
    let hash = password::hash(app, change.new_password).await?;
    let at = app.clock.now();
    let owner = (tenant.id, user.id);
    let mut conn = app.db.write().await?;
    let new = NewPassword { hash: &hash, instead_of: Some(stored.chosen_at), at };
    if !users::set_password(&mut conn, owner, &new).await? {
        return Err(ErrorCode::CurrentPasswordWrong.into());
    }
    let reason = RevocationReason::PasswordChanged;
    let ended = sessions::end_others(&mut conn, owner, actor.session_id(), reason, at).await?;
    tell_changed(app, &mut conn, &actor.request, &tenant, &user).await?;
    note(app, &mut conn, &actor.request, (&tenant, &user), "auth.password_changed").await?;
    conn.commit().await?;
    notify::wake(app);
    let revoked_sessions = ended.len() as i64;
    sessions::publish(app, ended).await;
    Ok(PasswordChanged { changed: true, revoked_sessions })
}

async fn myself(app: &App, actor: &Actor) -> Result<(Tenant, User, StoredPassword)> {
    let mut conn = app.db.read().await?;
    let (tenant_id, user_id) = (actor.tenant_id(), actor.user_id());
    let tenant = tenants::by_id(&mut conn, tenant_id).await?;
    let found = users::credentials_by_id(&mut conn, tenant_id, user_id).await?;
    let found = found.and_then(|found| Some((found.user, found.password?)));
    match (tenant, found) {
        (Some(tenant), Some((user, stored))) => Ok((tenant, user, stored)),
        _ => Err(ErrorCode::SessionRevoked.into()),
    }
}

async fn require_right(
    app: &App,
    actor: &Actor,
    attempt: &Attempt,
    password: String,
    stored: &StoredPassword,
) -> Result<()> {
    let verdict = password::verify(app, password, Some(stored.hash.clone())).await?;
    let (outcome, refusal) = match verdict {
        Verdict::Right { .. } => (Outcome::Right, None),
        Verdict::Wrong => (Outcome::Wrong, Some(ErrorCode::CurrentPasswordWrong)),
    };
    let now = app.clock.now();
    app.throttle().settle(attempt, outcome, now);
    let wait_ms = app.throttle().wait_ms(attempt, now);
    if wait_ms.is_some() {
        sessions::end_guessing(app, actor).await?;
    }
    accounts::too_many(wait_ms)?;
    refusal.map_or(Ok(()), |code| Err(code.into()))
}

async fn check_policy(app: &App, password: &str, tenant: &Tenant, user: &User) -> Result<()> {
    let email = EmailAddress::parse(&user.email).ok_or(ErrorCode::Internal)?;
    let personal = [&email.typed, &email.key, email.local_part(), &tenant.name, &tenant.slug];
    let settings = org_settings::of(app, tenant.id).await?;
    password::check_policy(password, settings.password_min_length(), &personal)
}

/// A link to reset the password that was replaced is of no use any more.
async fn tell_changed(
    app: &App,
    conn: &mut Conn,
    request: &Request,
    tenant: &Tenant,
    user: &User,
) -> Result<()> {
    let at = app.clock.now();
    one_time_tokens::void(conn, (tenant.id, user.id), Purpose::PasswordReset, at).await?;
    let email = EmailAddress::parse(&user.email).ok_or(ErrorCode::Internal)?;
    let changed = AccountMail::PasswordChanged {
        to: Recipient::new(&email, &user.first_name, &user.last_name),
        tenant_name: tenant.name.clone(),
        at,
        address: request.address,
    };
    notify::tell_account(app, conn, (tenant.id, user.id), changed).await
}

async fn note(
    app: &App,
    conn: &mut Conn,
    request: &Request,
    (tenant, user): (&Tenant, &User),
    action: &'static str,
) -> Result<()> {
    let note = Note {
        tenant_id: tenant.id,
        action,
        actor_id: Some(user.id),
        target: Some(("user", user.id.to_string())),
        detail: json!({}),
    };
    audit::note(app, conn, request, note).await
}

#[cfg(test)]
mod tests;
