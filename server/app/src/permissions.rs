//! What the caller may do.

use tidewire_protocol::{
    ErrorCode,
    model::permissions::{MyPermissions, ProfileRef},
};
use tidewire_storage::users;

use crate::{Actor, App, Result, permission::Permission};

/// The caller's role and effective permissions.
pub async fn mine(app: &App, actor: &Actor) -> Result<MyPermissions> {
    let user = users::by_id(&mut app.db.read().await?, actor.tenant_id(), actor.user_id()).await?;
    let user = user.ok_or(ErrorCode::SessionRevoked)?;
    let mut permissions: Vec<_> = actor.identity.permissions.iter().collect();
    permissions.sort_unstable_by_key(|permission| permission.key());
    Ok(MyPermissions {
        role: actor.role(),
        profile: user.profile_id.zip(user.profile_name).map(|(id, name)| ProfileRef { id, name }),
        permissions: permissions.iter().map(|permission| permission.key().to_owned()).collect(),
        permission_ids: permissions.into_iter().map(Permission::id).collect(),
        computed_at: app.clock.now(),
    })
}

#[cfg(test)]
mod tests;
