//! Links for those whom no mail reaches, administrators who cannot help themselves, and operators.

use std::sync::Arc;

use tidewire_protocol::{
    Timestamp,
    model::{
        accounts::RevocationReason,
        tenants::{Tenant, TenantStatus},
        users::{Role, User, UserStatus},
    },
};
use tidewire_storage::{
    Conn,
    feed::{self, Change},
    one_time_tokens::{self, NewToken, Purpose},
    tenants,
    users::{self, NewUser},
};

use super::{Failure, PLATFORM, Result, note, require_tenant};
use crate::{
    App,
    auth::one_time_token,
    email_address::EmailAddress,
    mail,
    news::{self, News},
    org_settings::{self, Settings},
    passwords,
    permission::default_profile_id,
    profiles, seats, sessions,
};

/// A link that works once. Whoever has it is let in: it is shown and kept nowhere.
pub struct Link {
    pub kind: LinkKind,
    pub url: String,
    pub expires_at: Timestamp,
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    Invitation,
    PasswordReset,
}

/// A link that lets somebody in: to accept their invitation, or to choose a new password. Earlier
/// ones of its kind are void.
pub async fn link(app: &App, slug: &str, email: &str) -> Result<Link> {
    let (tenant, settings) = look_up(app, slug).await?;
    let mut conn = app.db.write().await?;
    let user = require_person(&mut conn, &tenant, email).await?;
    let target = ("user", user.id.to_string());
    note(app, &mut conn, &tenant, "users.link_issued", target).await?;
    let link = issue(app, &mut conn, (&tenant, &settings), &user).await?;
    conn.commit().await?;
    Ok(link)
}

/// Makes somebody an active administrator, signs them out everywhere, and answers a link by which
/// they get in: for a company whose administrators have all lost their way.
pub async fn reset_administrator(app: &App, slug: &str, email: &str) -> Result<Link> {
    let (tenant, settings) = look_up(app, slug).await?;
    let mut conn = app.db.write().await?;
    tenants::lock(&mut conn, tenant.id).await?;
    let user = require_person(&mut conn, &tenant, email).await?;
    let (owner, at) = ((tenant.id, user.id), app.clock.now());
    users::lock(&mut conn, tenant.id, user.id).await?;
    if user.role < Role::TenantAdmin {
        users::set_role(&mut conn, owner, Role::TenantAdmin, at).await?;
    }
    if user.status == UserStatus::Inactive {
        seats::take(&mut conn, tenant.id).await?;
        users::activate(&mut conn, tenant.id, user.id, at).await?;
    }
    let reason = RevocationReason::Administrator;
    let ended = sessions::end_oldest(&mut conn, owner, 0, reason, at).await?;
    let changed = Change::UserChanged { user_id: user.id };
    feed::append(&mut conn, tenant.id, changed, at).await?;
    let target = ("user", user.id.to_string());
    note(app, &mut conn, &tenant, "users.administrator_reset", target).await?;
    let user = require_person(&mut conn, &tenant, email).await?;
    let link = issue(app, &mut conn, (&tenant, &settings), &user).await?;
    conn.commit().await?;
    sessions::publish(app, ended).await;
    news::publish(app, News::UserChanged { tenant_id: tenant.id, user_id: user.id }).await;
    Ok(link)
}

/// Somebody who operates the installation.
#[derive(Debug, Clone)]
pub struct NewSuper {
    pub email: String,
    pub first_name: String,
    pub last_name: String,
}

/// Adds an operator to the operators' own company, which the first of them makes, and answers the
/// link by which they choose a password.
pub async fn create_super(app: &App, new: NewSuper) -> Result<Link> {
    let email = EmailAddress::parse(&new.email);
    let email = email.ok_or_else(|| Failure::NoAddress(new.email.clone()))?;
    make_platform(app).await?;
    let (tenant, settings) = look_up(app, PLATFORM).await?;
    let mut conn = app.db.write().await?;
    tenants::lock(&mut conn, tenant.id).await?;
    let user = NewUser {
        id: app.clock.id(),
        tenant_id: tenant.id,
        number: tenants::take_user_numbers(&mut conn, tenant.id, 1).await?,
        email: &email.typed,
        email_key: &email.key,
        first_name: &new.first_name,
        last_name: &new.last_name,
        role: Role::Super,
        profile_id: default_profile_id(Role::Super),
        status: UserStatus::Pending,
        password_hash: None,
        invited_by: None,
        invitation_expires_at: Some(app.clock.now()),
        at: app.clock.now(),
    };
    if !users::insert(&mut conn, &user).await? {
        return Err(Failure::Known(new.email));
    }
    let target = ("user", user.id.to_string());
    note(app, &mut conn, &tenant, "users.super_created", target).await?;
    let user = require_person(&mut conn, &tenant, &new.email).await?;
    let link = issue(app, &mut conn, (&tenant, &settings), &user).await?;
    conn.commit().await?;
    Ok(link)
}

/// Makes the operators' own company unless it is there.
async fn make_platform(app: &App) -> Result<()> {
    let tenant = Tenant {
        id: app.clock.id(),
        name: "Platform".to_owned(),
        slug: PLATFORM.to_owned(),
        status: TenantStatus::Active,
        plan: "free".to_owned(),
        timezone: "UTC".to_owned(),
        locale: "en-US".to_owned(),
        created_at: app.clock.now(),
    };
    let mut conn = app.db.write().await?;
    if tenants::insert(&mut conn, &tenant).await? {
        profiles::insert_system(&mut conn, tenant.id, tenant.created_at).await?;
    }
    Ok(conn.commit().await?)
}

async fn look_up(app: &App, slug: &str) -> Result<(Tenant, Arc<Settings>)> {
    let tenant = require_tenant(&mut app.db.read().await?, slug).await?;
    let settings = org_settings::of(app, tenant.id).await?;
    Ok((tenant, settings))
}

async fn require_person(conn: &mut Conn, tenant: &Tenant, email: &str) -> Result<User> {
    let address = EmailAddress::parse(email);
    let address = address.ok_or_else(|| Failure::NoAddress(email.to_owned()))?;
    let found = users::by_email(conn, tenant.id, &address.key).await?;
    found.map(|found| found.user).ok_or_else(|| Failure::UnknownPerson(email.to_owned()))
}

async fn issue(
    app: &App,
    conn: &mut Conn,
    (tenant, settings): (&Tenant, &Settings),
    user: &User,
) -> Result<Link> {
    let (kind, purpose, lifetime_ms) = match user.status {
        UserStatus::Inactive => return Err(Failure::Deactivated(user.email.clone())),
        UserStatus::Active => {
            (LinkKind::PasswordReset, Purpose::PasswordReset, passwords::LINK_LIFETIME_MS)
        }
        UserStatus::Pending => {
            (LinkKind::Invitation, Purpose::Invitation, settings.invitation_lifetime_ms())
        }
    };
    let at = app.clock.now();
    let expires_at = at.plus_ms(lifetime_ms);
    if kind == LinkKind::Invitation {
        users::invite_again(conn, (tenant.id, user.id), None, (at, expires_at)).await?;
    }
    let (token, hash) = one_time_token::mint(&app.clock);
    let issued = NewToken { hash, tenant_id: tenant.id, user_id: user.id, purpose, at, expires_at };
    one_time_tokens::issue(conn, &issued).await?;
    let path = match kind {
        LinkKind::Invitation => mail::INVITATION_PATH,
        LinkKind::PasswordReset => mail::PASSWORD_RESET_PATH,
    };
    let url = format!("{}{}", app.config.public_url, path.replace("{token}", &token));
    Ok(Link { kind, url, expires_at })
}
