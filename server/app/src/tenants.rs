//! Companies: registering one, and what it shows to its people and to strangers.

mod slug;

use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    id::UserId,
    input::FieldError,
    limits::PASSWORD_CHARS_MIN,
    model::{
        org_settings::SettingKey,
        tenants::{
            RegisterTenant, Registered, SlugCheck, SlugReason, Tenant, TenantData, TenantPublic,
            TenantPublicData, TenantStatus,
        },
        users::{Role, User, UserStatus},
    },
};
use tidewire_storage::{
    Conn, tenants,
    users::{self, NewUser},
};

use crate::{
    Actor, App, Result,
    actor::Request,
    audit::{self, Note},
    auth::password,
    email_address::EmailAddress,
    email_verification,
    mail::Recipient,
    notify,
    org_settings::{self, Settings},
    permission::default_profile_id,
    profiles,
};

/// Creates a tenant and its first administrator.
pub async fn register(app: &App, request: &Request, draft: RegisterTenant) -> Result<Registered> {
    if !app.config.registration_open {
        return Err(ErrorCode::RegistrationClosed.into());
    }
    let (slug, email) = read_names(&draft)?;
    let personal = [&email.typed, &email.key, email.local_part(), &draft.company_name, &slug];
    password::check_policy(&draft.admin_password, PASSWORD_CHARS_MIN, &personal)?;
    if tenants::by_slug(&mut app.db.read().await?, &slug).await?.is_some() {
        return Err(ErrorCode::SlugTaken.into());
    }
    let password_hash = password::hash(app, draft.admin_password.clone()).await?;
    let tenant = new_tenant(app, &draft, slug);
    let mut conn = app.db.write().await?;
    let admin_id = insert(app, &mut conn, &tenant, &draft, &email, &password_hash).await?;
    let to = Recipient::new(&email, &draft.admin_first_name, &draft.admin_last_name);
    email_verification::send(app, &mut conn, tenant.id, (admin_id, to)).await?;
    let note = Note {
        tenant_id: tenant.id,
        action: "tenants.registered",
        actor_id: Some(admin_id),
        target: Some(("tenant", tenant.id.to_string())),
        detail: json!({}),
    };
    audit::note(app, &mut conn, request, note).await?;
    let user = require_user(&mut conn, &tenant, admin_id).await?;
    conn.commit().await?;
    notify::wake(app);
    Ok(Registered { tenant, user })
}

fn read_names(draft: &RegisterTenant) -> Result<(String, EmailAddress)> {
    let slug = slug::normalise(&draft.slug);
    let slug_error = slug::check(&slug).err().map(|reason| match reason {
        SlugReason::Reserved => FieldError::new("slug", "reserved", "is reserved"),
        SlugReason::Invalid | SlugReason::Taken => {
            FieldError::new("slug", "slug", "must be 3 to 48 of a-z, 0-9 and single hyphens inside")
        }
    });
    match (slug_error, EmailAddress::parse_field("adminEmail", &draft.admin_email)) {
        (None, Ok(email)) => Ok((slug, email)),
        (slug_error, email) => {
            Err(slug_error.into_iter().chain(email.err()).collect::<Vec<_>>().into())
        }
    }
}

fn new_tenant(app: &App, draft: &RegisterTenant, slug: String) -> Tenant {
    Tenant {
        id: app.clock.id(),
        name: draft.company_name.clone(),
        slug,
        status: TenantStatus::Active,
        plan: "free".to_owned(),
        timezone: "UTC".to_owned(),
        locale: "en-US".to_owned(),
        created_at: app.clock.now(),
    }
}

async fn insert(
    app: &App,
    conn: &mut Conn,
    tenant: &Tenant,
    draft: &RegisterTenant,
    email: &EmailAddress,
    password_hash: &str,
) -> Result<UserId> {
    if !tenants::insert(conn, tenant).await? {
        return Err(ErrorCode::SlugTaken.into());
    }
    profiles::insert_system(conn, tenant.id, tenant.created_at).await?;
    let admin = NewUser {
        id: app.clock.id(),
        tenant_id: tenant.id,
        number: tenants::take_user_numbers(conn, tenant.id, 1).await?,
        email: &email.typed,
        email_key: &email.key,
        first_name: &draft.admin_first_name,
        last_name: &draft.admin_last_name,
        role: Role::TenantAdmin,
        profile_id: default_profile_id(Role::TenantAdmin),
        status: UserStatus::Active,
        password_hash: Some(password_hash),
        invited_by: None,
        invitation_expires_at: None,
        at: tenant.created_at,
    };
    users::insert(conn, &admin).await?;
    Ok(admin.id)
}

async fn require_user(conn: &mut Conn, tenant: &Tenant, id: UserId) -> Result<User> {
    users::by_id(conn, tenant.id, id).await?.ok_or(ErrorCode::Internal.into())
}

/// The caller's tenant.
pub async fn me(app: &App, actor: &Actor) -> Result<TenantData> {
    let tenant = tenants::by_id(&mut app.db.read().await?, actor.tenant_id()).await?;
    Ok(TenantData { tenant: tenant.ok_or(ErrorCode::NotFound)? })
}

/// What a sign-in page shows; a suspended tenant is as absent as an unknown one.
pub async fn by_slug(app: &App, slug: &str) -> Result<TenantPublicData> {
    let tenant = tenants::by_slug(&mut app.db.read().await?, &slug::normalise(slug)).await?;
    let tenant = tenant.filter(|tenant| tenant.status == TenantStatus::Active);
    let tenant = tenant.ok_or(ErrorCode::NotFound)?;
    let settings = org_settings::of(app, tenant.id).await?;
    Ok(TenantPublicData { tenant: public(&tenant, &settings) })
}

/// Whether a slug can still be taken. Reserves nothing.
pub async fn check_slug(app: &App, slug: &str) -> Result<SlugCheck> {
    let slug = slug::normalise(slug);
    let mut reason = slug::check(&slug).err();
    if reason.is_none() && tenants::by_slug(&mut app.db.read().await?, &slug).await?.is_some() {
        reason = Some(SlugReason::Taken);
    }
    Ok(SlugCheck { slug, available: reason.is_none(), reason })
}

pub(crate) fn public(tenant: &Tenant, settings: &Settings) -> TenantPublic {
    let text = |key| settings.text(key).map(str::to_owned);
    TenantPublic {
        name: tenant.name.clone(),
        slug: tenant.slug.clone(),
        logo_url: text(SettingKey::LogoUrl),
        primary_color: text(SettingKey::PrimaryColor).unwrap_or_default(),
        login_message: text(SettingKey::LoginMessage).unwrap_or_default(),
        locale: tenant.locale.clone(),
    }
}

#[cfg(test)]
mod tests;
