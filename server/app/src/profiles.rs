//! Profiles: making and changing them, and who may give which.

mod changes;

use tidewire_protocol::{
    ErrorCode, Timestamp,
    id::TenantId,
    model::{
        pages::Items,
        profiles::{
            AssignableProfile, PermissionCatalogue, PermissionInfo, PermissionModule, Profile,
            ProfileDetail, ProfilesQuery,
        },
        users::Role,
    },
};
use tidewire_storage::{Conn, profiles as stored};

use crate::{
    Actor, App, Error, Result,
    org_settings::Settings,
    permission::{self, Permission, Permissions, SYSTEM_PROFILES, default_profile_id},
};

pub use changes::{activate, create, deactivate, update};

/// All profiles of the company.
pub async fn list(app: &App, actor: &Actor, query: ProfilesQuery) -> Result<Items<Profile>> {
    actor.require(Permission::ProfilesRead)?;
    let found = stored::list(&mut app.db.read().await?, actor.tenant_id()).await?;
    let shown = found.iter().filter(|(profile, _)| profile.is_active || query.include_inactive);
    Ok(Items { items: shown.map(|(profile, holders)| show(profile, *holders)).collect() })
}

/// The profiles that can be given to somebody.
pub async fn assignable_ones(app: &App, actor: &Actor) -> Result<Items<AssignableProfile>> {
    actor.require(Permission::UsersRead)?;
    let found = stored::list(&mut app.db.read().await?, actor.tenant_id()).await?;
    let active = found.into_iter().map(|(profile, _)| profile).filter(|profile| profile.is_active);
    let items = active.map(|profile| AssignableProfile {
        id: profile.id,
        name: profile.name,
        description: profile.description,
        is_system: profile.is_system,
    });
    Ok(Items { items: items.collect() })
}

/// All permissions that a profile can grant; the same for every company.
pub fn catalogue(actor: &Actor) -> Result<PermissionCatalogue> {
    actor.require(Permission::ProfilesRead)?;
    let mut modules: Vec<PermissionModule> = Vec::new();
    let mut items = Vec::new();
    for permission in permission::of_people() {
        let (module, id) = (permission.module(), permission.id());
        match modules.iter_mut().find(|known| known.module == module) {
            Some(known) => known.permission_ids.push(id),
            None => modules
                .push(PermissionModule { module: module.to_owned(), permission_ids: vec![id] }),
        }
        items.push(PermissionInfo {
            id,
            key: permission.key().to_owned(),
            module: module.to_owned(),
            name: permission.title().to_owned(),
            description: permission.description().to_owned(),
            min_role: permission.lowest_role().unwrap_or(Role::User),
        });
    }
    Ok(PermissionCatalogue { items, modules })
}

/// One profile with what it grants.
pub async fn get(app: &App, actor: &Actor, id: i64) -> Result<ProfileDetail> {
    actor.require(Permission::ProfilesRead)?;
    let mut conn = app.db.read().await?;
    let profile = require(&mut conn, actor.tenant_id(), id).await?;
    detail(&mut conn, actor.tenant_id(), &profile).await
}

async fn require(conn: &mut Conn, tenant_id: TenantId, id: i64) -> Result<stored::Profile> {
    stored::by_id(conn, tenant_id, id).await?.ok_or_else(Error::not_found)
}

async fn detail(
    conn: &mut Conn,
    tenant_id: TenantId,
    profile: &stored::Profile,
) -> Result<ProfileDetail> {
    let holders = stored::holders(conn, tenant_id, profile.id).await?;
    let granted = Permissions::from_ids(profile.permission_ids.iter().copied());
    Ok(ProfileDetail {
        profile: show(profile, holders),
        permissions: granted.iter().map(Permission::id).collect(),
        permission_keys: granted.iter().map(|granted| granted.key().to_owned()).collect(),
    })
}

fn show(profile: &stored::Profile, holders: i64) -> Profile {
    Profile {
        id: profile.id,
        name: profile.name.clone(),
        description: profile.description.clone(),
        is_system: profile.is_system,
        is_active: profile.is_active,
        user_count: holders,
        permission_count: profile.permission_ids.len() as i64,
        created_at: profile.created_at,
        updated_at: profile.updated_at,
        version: profile.version,
    }
}

/// Gives a new tenant its four system profiles.
pub(crate) async fn insert_system(
    conn: &mut Conn,
    tenant_id: TenantId,
    at: Timestamp,
) -> Result<()> {
    for system in &SYSTEM_PROFILES {
        let profile = stored::Profile {
            id: system.id,
            name: system.name.to_owned(),
            description: Some(system.description.to_owned()),
            is_system: true,
            is_active: true,
            permission_ids: system.permissions().iter().map(Permission::id).collect(),
            created_at: at,
            updated_at: at,
            version: 1,
        };
        stored::insert(conn, tenant_id, &profile).await?;
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

async fn require_active(conn: &mut Conn, tenant_id: TenantId, id: i64) -> Result<stored::Profile> {
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
) -> Result<stored::Profile> {
    if let Some(id) = settings.default_profile_id()
        && let Some(profile) = active(conn, tenant_id, id).await?
    {
        return Ok(profile);
    }
    require_active(conn, tenant_id, default_profile_id(role)).await
}

async fn active(conn: &mut Conn, tenant_id: TenantId, id: i64) -> Result<Option<stored::Profile>> {
    let profile = stored::by_id(conn, tenant_id, id).await?;
    Ok(profile.filter(|profile| profile.is_active))
}

#[cfg(test)]
mod tests;
