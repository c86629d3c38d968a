//! Profiles: who may get which.

use tidewire_protocol::{ErrorCode, Timestamp, id::TenantId, model::users::Role};
use tidewire_storage::{
    Conn,
    profiles::{self, Profile},
};

use crate::{
    Actor, Error, Result,
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

/// The profile that `actor` may give together with `role`: the one asked for, or the role's own.
///
/// A manager gives the role `user` only, and no permission that they lack themselves; an
/// administrator gives everything below `super`.
pub(crate) async fn assignable(
    conn: &mut Conn,
    actor: &Actor,
    role: Role,
    profile_id: Option<i64>,
) -> Result<i64> {
    let may_give_role = role == Role::User || actor.role() >= Role::TenantAdmin;
    if !may_give_role || role == Role::Super {
        return Err(ErrorCode::RoleNotAssignable.into());
    }
    let id = profile_id.unwrap_or(default_profile_id(role));
    let profile = profiles::by_id(conn, actor.tenant_id(), id).await?;
    let Some(profile) = profile.filter(|profile| profile.is_active) else {
        return Err(Error::invalid_field(
            "profileId",
            "unknown_profile",
            "must be an active profile",
        ));
    };
    if Permissions::from_ids(profile.permission_ids).iter().all(|granted| actor.may(granted)) {
        Ok(id)
    } else {
        Err(ErrorCode::RoleNotAssignable.into())
    }
}
