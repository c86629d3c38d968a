//! Profiles: who may get which.

use tidewire_protocol::{ErrorCode, Timestamp, id::TenantId, model::users::Role};
use tidewire_storage::{
    Conn,
    profiles::{self, Profile},
};

use crate::{
    Actor, Error, Result,
    org_settings::Settings,
    permission::{Permission, Permissions, SYSTEM_PROFILES, default_profile_id},
};

/// Gives a new tenant its four system profiles.
pub(crate) async fn insert_system(
    conn: &mut Conn,
    tenant_id: TenantId,
    at: Timestamp,
) -> Result<()> {
    for system in &SYSTEM_PROFILES {
        let profile = Profile {
            id: system.id,
            name: system.name.to_owned(),
            description: Some(system.description.to_owned()),
            is_system: true,
            is_active: true,
            permission_ids: system.permissions().iter().map(Permission::id).collect(),
        };
        profiles::insert(conn, tenant_id, &profile, at).await?;
    }
    Ok(())
}

/// The profile that `actor` may give together with `role`: the one asked for, or else the company's
/// default, or else the role's own.
///
/// A manager gives the role `user` only, and no permission that they lack themselves; an
/// administrator gives everything below `super`.
pub(crate) async fn assignable(
    conn: &mut Conn,
    actor: &Actor,
    role: Role,
    profile_id: Option<i64>,
    settings: &Settings,
) -> Result<i64> {
    let may_give_role = role == Role::User || actor.role() >= Role::TenantAdmin;
    if !may_give_role || role == Role::Super {
        return Err(ErrorCode::RoleNotAssignable.into());
    }
    let tenant_id = actor.tenant_id();
    let profile = match profile_id {
        Some(id) => require_active(conn, tenant_id, id).await?,
        None => default_profile(conn, tenant_id, role, settings).await?,
    };
    if Permissions::from_ids(profile.permission_ids).iter().all(|granted| actor.may(granted)) {
        Ok(profile.id)
    } else {
        Err(ErrorCode::RoleNotAssignable.into())
    }
}

async fn require_active(conn: &mut Conn, tenant_id: TenantId, id: i64) -> Result<Profile> {
    active(conn, tenant_id, id).await?.ok_or_else(|| {
        Error::invalid_field("profileId", "unknown_profile", "must be an active profile")
    })
}

/// The company's choice may have been deactivated since.
async fn default_profile(
    conn: &mut Conn,
    tenant_id: TenantId,
    role: Role,
    settings: &Settings,
) -> Result<Profile> {
    if let Some(id) = settings.default_profile_id()
        && let Some(profile) = active(conn, tenant_id, id).await?
    {
        return Ok(profile);
    }
    require_active(conn, tenant_id, default_profile_id(role)).await
}

async fn active(conn: &mut Conn, tenant_id: TenantId, id: i64) -> Result<Option<Profile>> {
    let profile = profiles::by_id(conn, tenant_id, id).await?;
    Ok(profile.filter(|profile| profile.is_active))
}
