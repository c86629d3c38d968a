//! Making profiles and changing them.

use serde_json::{Value, json};
use tidewire_protocol::{
    ErrorCode,
    input::FieldError,
    limits::PROFILES_MAX,
    model::profiles::{CreateProfile, ProfileData, ProfileDetail, UpdateProfile},
};
use tidewire_storage::{
    Conn,
    feed::{self, Change},
    profiles::{self as stored, Profile},
    tenants,
};

use super::{detail, require, show};
use crate::{
    Actor, App, Error, Result,
    audit::{self, Note},
    idempotency,
    news::{self, News},
    permission::{Permission, Permissions},
    versions::Expected,
};

/// Makes a profile of the company's own.
pub async fn create(app: &App, actor: &Actor, draft: CreateProfile) -> Result<ProfileDetail> {
    actor.require(Permission::ProfilesManage)?;
    let (tenant_id, at) = (actor.tenant_id(), app.clock.now());
    let permission_ids = granted(draft.permissions)?;
    let mut conn = app.db.write().await?;
    tenants::lock(&mut conn, tenant_id).await?;
    if stored::count_custom(&mut conn, tenant_id).await? >= PROFILES_MAX {
        return Err(ErrorCode::ProfileLimit.into());
    }
    let profile = Profile {
        id: tenants::take_profile_id(&mut conn, tenant_id).await?,
        name: draft.name,
        description: draft.description,
        is_system: false,
        is_active: true,
        permission_ids,
        created_at: at,
        updated_at: at,
        version: 1,
    };
    if !stored::insert(&mut conn, tenant_id, &profile).await? {
        return Err(ErrorCode::NameTaken.into());
    }
    let told = json!({ "name": profile.name, "permissions": keys(&profile.permission_ids) });
    note(app, &mut conn, actor, "profiles.created", &profile, told).await?;
    let created = detail(&mut conn, tenant_id, &profile).await?;
    idempotency::record(app, &mut conn, actor, 201, &created).await?;
    conn.commit().await?;
    Ok(created)
}

/// The numbers in their order. Only what people can hold can be granted to them.
fn granted(mut ids: Vec<i64>) -> Result<Vec<i64>> {
    let is_known =
        |id: i64| Permission::from_id(id).is_some_and(|known| known.lowest_role().is_some());
    let unknown = ids.iter().enumerate().filter(|(_, id)| !is_known(**id));
    let errors: Vec<FieldError> = unknown
        .map(|(index, _)| {
            let field = format!("permissions[{index}]");
            FieldError::new(field, "unknown_permission", "must be the number of a permission")
        })
        .collect();
    if !errors.is_empty() {
        return Err(errors.into());
    }
    ids.sort_unstable();
    Ok(ids)
}

fn keys(ids: &[i64]) -> Vec<&'static str> {
    Permissions::from_ids(ids.iter().copied()).keys()
}

/// Changes a profile of the company's own. Its holders have their new permissions at once.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: i64,
    wanted: UpdateProfile,
    expected: &Expected,
) -> Result<ProfileDetail> {
    actor.require(Permission::ProfilesManage)?;
    let tenant_id = actor.tenant_id();
    let permission_ids = wanted.permissions.map(granted).transpose()?;
    let mut conn = app.db.write().await?;
    let before = require_own(&mut conn, actor, id).await?;
    expected.require(before.version)?;
    let after = Profile {
        name: wanted.name.unwrap_or_else(|| before.name.clone()),
        description: wanted.description.unwrap_or_else(|| before.description.clone()),
        permission_ids: permission_ids.unwrap_or_else(|| before.permission_ids.clone()),
        ..before.clone()
    };
    if after == before {
        return detail(&mut conn, tenant_id, &before).await;
    }
    let after = write(app, &mut conn, actor, after).await?;
    let told = difference(&before, &after);
    note(app, &mut conn, actor, "profiles.updated", &after, told).await?;
    let updated = detail(&mut conn, tenant_id, &after).await?;
    conn.commit().await?;
    news::publish(app, News::TenantChanged { tenant_id }).await;
    Ok(updated)
}

/// Under the company's lock, so that nobody is given a profile that is being deactivated.
async fn require_own(conn: &mut Conn, actor: &Actor, id: i64) -> Result<Profile> {
    tenants::lock(conn, actor.tenant_id()).await?;
    let profile = require(conn, actor.tenant_id(), id).await?;
    if profile.is_system { Err(ErrorCode::SystemProfile.into()) } else { Ok(profile) }
}

async fn write(app: &App, conn: &mut Conn, actor: &Actor, changed: Profile) -> Result<Profile> {
    let (tenant_id, at) = (actor.tenant_id(), app.clock.now());
    let changed = Profile { updated_at: at, ..changed };
    if !stored::update(conn, tenant_id, &changed).await? {
        return Err(ErrorCode::NameTaken.into());
    }
    feed::append(conn, tenant_id, Change::TenantChanged, at).await?;
    Ok(Profile { version: changed.version + 1, ..changed })
}

fn difference(before: &Profile, after: &Profile) -> Value {
    let only_in = |these: &Profile, those: &Profile| -> Vec<i64> {
        let others = &those.permission_ids;
        these.permission_ids.iter().copied().filter(|id| !others.contains(id)).collect()
    };
    let mut told = json!({
        "granted": keys(&only_in(after, before)), "withdrawn": keys(&only_in(before, after)),
    });
    if before.name != after.name {
        told["name"] = json!({ "before": before.name, "after": after.name });
    }
    if before.description != after.description {
        told["description"] = json!({ "before": before.description, "after": after.description });
    }
    told
}

/// Takes a profile out of use, unless somebody has it.
pub async fn deactivate(app: &App, actor: &Actor, id: i64) -> Result<ProfileData> {
    actor.require(Permission::ProfilesManage)?;
    let tenant_id = actor.tenant_id();
    let mut conn = app.db.write().await?;
    let profile = require_own(&mut conn, actor, id).await?;
    let holders = stored::holders(&mut conn, tenant_id, id).await?;
    if profile.is_active && holders > 0 {
        let details = json!({ "userCount": holders });
        return Err(Error::new(ErrorCode::ProfileInUse).with_details(details));
    }
    set_active(app, conn, actor, profile, false).await
}

/// Brings a profile back into use.
pub async fn activate(app: &App, actor: &Actor, id: i64) -> Result<ProfileData> {
    actor.require(Permission::ProfilesManage)?;
    let mut conn = app.db.write().await?;
    tenants::lock(&mut conn, actor.tenant_id()).await?;
    let profile = require(&mut conn, actor.tenant_id(), id).await?;
    set_active(app, conn, actor, profile, true).await
}

async fn set_active(
    app: &App,
    mut conn: Conn,
    actor: &Actor,
    profile: Profile,
    is_active: bool,
) -> Result<ProfileData> {
    let tenant_id = actor.tenant_id();
    let holders = stored::holders(&mut conn, tenant_id, profile.id).await?;
    if profile.is_active == is_active {
        return Ok(ProfileData { profile: show(&profile, holders) });
    }
    let profile = write(app, &mut conn, actor, Profile { is_active, ..profile }).await?;
    let action = if is_active { "profiles.activated" } else { "profiles.deactivated" };
    note(app, &mut conn, actor, action, &profile, json!({ "name": profile.name })).await?;
    conn.commit().await?;
    news::publish(app, News::TenantChanged { tenant_id }).await;
    Ok(ProfileData { profile: show(&profile, holders) })
}

async fn note(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    action: &'static str,
    profile: &Profile,
    detail: Value,
) -> Result<()> {
    let note = Note {
        tenant_id: actor.tenant_id(),
        action,
        actor_id: Some(actor.user_id()),
        target: Some(("profile", profile.id.to_string())),
        detail,
    };
    audit::note(app, conn, &actor.request, note).await
}
