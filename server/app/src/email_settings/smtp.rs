//! The tenant's own mail server: saved with a sealed password, and tried without telling anything
//! about the network that this server stands in.

use std::{net::IpAddr, time::Duration};

use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    id::TenantId,
    model::email_settings::{
        EmailSection, LastTest, SaveSmtp, Smtp, SmtpSecurity, SmtpTestCode, SmtpTested,
    },
};
use tidewire_storage::email_settings::{self, Stored};
use tokio::time::{sleep, timeout};

use super::{Versioned, publish, save, seal_password};
use crate::{
    Actor, App, Error, Result,
    audit::{self, Note},
    idempotency,
    mail::{
        self, Recipient, SendError,
        smtp::{Failure, PORTS, Server},
    },
    permission::Permission,
    rate_limit::{Class, Key},
    versions::Expected,
};

/// With the rest of its second, a test ends within 15.
const TEST_TIMEOUT: Duration = Duration::from_secs(14);

/// The mail server's settings, without its password.
pub async fn smtp(app: &App, actor: &Actor) -> Result<Versioned<Smtp>> {
    actor.require(Permission::EmailSettingsManage)?;
    let mut conn = app.db.read().await?;
    let stored = email_settings::get(&mut conn, actor.tenant_id(), EmailSection::Smtp).await?;
    match stored {
        Some(stored) => Ok(Versioned { version: stored.version, value: shown(&stored)? }),
        None => Ok(Versioned { version: 0, value: Smtp::default() }),
    }
}

fn shown(stored: &Stored) -> Result<Smtp> {
    let has_password = stored.sealed_password.is_some();
    Ok(Smtp { has_password, updated_at: stored.updated_at, ..stored.body()? })
}

/// Saves the mail server's settings. Whoever points them somewhere else must know the password.
pub async fn save_smtp(
    app: &App,
    actor: &Actor,
    sent: SaveSmtp,
    expected: &Expected,
) -> Result<Versioned<Smtp>> {
    actor.require(Permission::EmailSettingsManage)?;
    require_place(app, &sent)?;
    let tenant_id = actor.tenant_id();
    let mut conn = app.db.write().await?;
    let stored = email_settings::hold(&mut conn, tenant_id, EmailSection::Smtp).await?;
    expected.require(stored.version)?;
    let before: Smtp = shown(&stored)?;
    let sealed = password(app, tenant_id, &sent, &before, stored.sealed_password)?;
    let after = merged(sent, &before, sealed.is_some());
    require_safe_login(app, &after)?;
    let place = (EmailSection::Smtp, "email_settings.smtp_updated");
    let sealed = sealed.as_deref();
    let version = save(app, &mut conn, actor, place, (&before, &after), sealed).await?;
    conn.commit().await?;
    publish(app, tenant_id, EmailSection::Smtp).await;
    Ok(Versioned { version, value: Smtp { updated_at: Some(app.clock.now()), ..after } })
}

/// What can be said of a host without asking for its addresses: the answer would tell which names
/// there are inside. Every connection asks.
fn require_place(app: &App, sent: &SaveSmtp) -> Result<()> {
    if !app.config.outgoing.permit_port(sent.port, &PORTS) {
        return Err(Error::invalid_field("port", "one_of", "must be one of 25, 465, 587, 2525"));
    }
    let is_here = sent.host == "localhost" || sent.host.ends_with(".localhost");
    let address = if is_here { Ok(IpAddr::from([127, 0, 0, 1])) } else { sent.host.parse() };
    match address {
        Ok(address) if !app.config.outgoing.permit_address(address) => {
            Err(ErrorCode::SmtpHostBlocked.into())
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The sealed password after the change.
fn password(
    app: &App,
    tenant_id: TenantId,
    sent: &SaveSmtp,
    before: &Smtp,
    stored: Option<String>,
) -> Result<Option<String>> {
    match (&sent.password, stored) {
        (Some(Some(password)), _) => Ok(Some(seal_password(app, tenant_id, password)?)),
        (Some(None), _) | (None, None) => Ok(None),
        (None, Some(_)) if leads_elsewhere(sent, before) => {
            Err(ErrorCode::SmtpPasswordRequired.into())
        }
        (None, Some(stored)) => renewed(app, tenant_id, stored).map(Some),
    }
}

fn leads_elsewhere(sent: &SaveSmtp, before: &Smtp) -> bool {
    let username = sent.username.as_ref().unwrap_or(&before.username);
    before.host.as_ref() != Some(&sent.host)
        || before.port != Some(sent.port)
        || before.security != sent.security
        || before.username != *username
}

/// A password that stays is put under the newest key by the way.
fn renewed(app: &App, tenant_id: TenantId, sealed: String) -> Result<String> {
    match app.seal.open(super::password_place(tenant_id), &sealed) {
        Ok(password) if !app.seal.is_current(&sealed) => seal_password(app, tenant_id, &password),
        Ok(_) | Err(_) => Ok(sealed),
    }
}

fn merged(sent: SaveSmtp, before: &Smtp, has_password: bool) -> Smtp {
    Smtp {
        enabled: sent.enabled,
        host: Some(sent.host),
        port: Some(sent.port),
        security: sent.security,
        username: sent.username.unwrap_or_else(|| before.username.clone()),
        has_password,
        timeout_seconds: sent.timeout_seconds,
        updated_at: None,
    }
}

fn require_safe_login(app: &App, smtp: &Smtp) -> Result<()> {
    let is_plain = smtp.security == SmtpSecurity::None && smtp.username.is_some();
    if is_plain && !app.config.mail.plain_login {
        return Err(Error::invalid_field(
            "security",
            "plain_login",
            "must be starttls or tls with a username",
        ));
    }
    Ok(())
}

/// Tries the saved mail server by a mail to the caller.
pub async fn test_smtp(app: &App, actor: &Actor) -> Result<SmtpTested> {
    actor.require(Permission::EmailSettingsManage)?;
    app.rate_limits.check(Class::SmtpTest, &Key::Tenant(actor.tenant_id()))?;
    let begun = app.clock.uptime();
    let tenant_id = actor.tenant_id();
    let mut conn = app.db.read().await?;
    let stored = email_settings::get(&mut conn, tenant_id, EmailSection::Smtp).await?;
    drop(conn);
    let stored = stored.filter(|stored| stored.version > 0).ok_or(ErrorCode::SmtpNotConfigured)?;
    let code = try_server(app, actor, &stored).await?;
    pad(app.clock.uptime().saturating_sub(begun)).await;
    note_test(app, actor, stored.version, code).await
}

async fn try_server(app: &App, actor: &Actor, stored: &Stored) -> Result<SmtpTestCode> {
    let to = Recipient::of_ref(&actor.identity.user).ok_or(ErrorCode::Internal)?;
    let server = match mail::smtp_server(app, actor.tenant_id(), stored) {
        Ok(server) => server.ok_or(ErrorCode::SmtpNotConfigured)?,
        Err(SendError::Settings(error)) => return Err(error.into()),
        Err(_) => return Ok(SmtpTestCode::AuthFailed),
    };
    // The answer to a longer wait would come too late.
    let server = Server { deadline: server.deadline.min(TEST_TIMEOUT), ..server };
    match timeout(TEST_TIMEOUT, mail::send_test(app, actor.tenant_id(), server, &to)).await {
        Ok(Ok(())) => Ok(SmtpTestCode::Ok),
        Ok(Err(SendError::Smtp(failure))) => Ok(code(failure)),
        Ok(Err(SendError::Settings(error))) => Err(error.into()),
        Ok(Err(_)) => Err(ErrorCode::Internal.into()),
        Err(_) => Ok(SmtpTestCode::Unreachable),
    }
}

const fn code(failure: Failure) -> SmtpTestCode {
    match failure {
        Failure::Unreachable => SmtpTestCode::Unreachable,
        Failure::Tls => SmtpTestCode::TlsFailed,
        Failure::Login => SmtpTestCode::AuthFailed,
        Failure::Rejected(_) => SmtpTestCode::Rejected,
    }
}

/// Waits for the end of the second, so that nobody can measure how far a connection got.
async fn pad(taken: Duration) {
    let begun = Duration::from_nanos(taken.subsec_nanos().into());
    sleep(Duration::from_secs(1).saturating_sub(begun)).await;
}

async fn note_test(
    app: &App,
    actor: &Actor,
    version: i64,
    code: SmtpTestCode,
) -> Result<SmtpTested> {
    let (tenant_id, at) = (actor.tenant_id(), app.clock.now());
    let ok = code == SmtpTestCode::Ok;
    let tested = SmtpTested { ok, code, message: sentence(code).to_owned(), tested_at: at };
    let mut conn = app.db.write().await?;
    email_settings::note_test(&mut conn, tenant_id, version, &LastTest { at, ok, code }).await?;
    let note = Note {
        tenant_id,
        action: "email_settings.smtp_tested",
        actor_id: Some(actor.user_id()),
        target: Some(("email_settings", EmailSection::Smtp.word().to_owned())),
        detail: json!({ "code": code }),
    };
    audit::note(app, &mut conn, &actor.request, note).await?;
    idempotency::record(app, &mut conn, actor, 200, &tested).await?;
    conn.commit().await?;
    Ok(tested)
}

const fn sentence(code: SmtpTestCode) -> &'static str {
    match code {
        SmtpTestCode::Ok => "The mail server has taken a mail to you.",
        SmtpTestCode::Unreachable => "The mail server cannot be reached.",
        SmtpTestCode::TlsFailed => "There is no secure connection to the mail server.",
        SmtpTestCode::AuthFailed => "The mail server has refused the user name or the password.",
        SmtpTestCode::Rejected => "The mail server has refused the mail.",
    }
}

#[cfg(test)]
mod tests;
