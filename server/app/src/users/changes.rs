//! Changing what somebody is called, what they may do, and whether they are here.

use serde_json::{Map, Value, json};
use tidewire_protocol::{
    ErrorCode,
    id::UserKey,
    model::users::{Role, UpdateUser, User, UserData, UserStatus},
};
use tidewire_storage::{
    Conn, tenants,
    users::{self, Change},
};

use super::{
    membership::{self, Effects},
    note, require, require_changeable, require_other_admin, write_feed,
};
use crate::{
    Actor, App, Error, Result,
    email_address::EmailAddress,
    mail::{AccountMail, Recipient},
    notify,
    org_settings::{self, Settings},
    permission::{Permission, default_profile_id},
    profiles,
    versions::Expected,
};

/// Changes somebody. A change of status does what deactivating and activating do.
pub async fn update(
    app: &App,
    actor: &Actor,
    key: UserKey,
    wanted: UpdateUser,
    expected: &Expected,
) -> Result<UserData> {
    actor.require(Permission::UsersUpdate)?;
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let mut conn = app.db.write().await?;
    let before = require_changeable(&mut conn, actor, key).await?;
    let after = draft(&mut conn, actor, &before, wanted, &settings).await?;
    check(&mut conn, actor, &before, &after, expected).await?;
    let mut effects = Effects::default();
    if is_written(&before, &after) {
        write(app, &mut conn, actor, &before, &after).await?;
    }
    if after.status != before.status {
        let current = require(&mut conn, actor.tenant_id(), key).await?;
        effects = membership::set(app, &mut conn, actor, &current, after.status, &settings).await?;
    }
    let user = require(&mut conn, actor.tenant_id(), key).await?;
    conn.commit().await?;
    if user.version != before.version {
        notify::wake(app);
        effects.publish(app, actor.tenant_id(), user.id).await;
    }
    Ok(UserData { user })
}

/// The person as they would be.
async fn draft(
    conn: &mut Conn,
    actor: &Actor,
    before: &User,
    wanted: UpdateUser,
    settings: &Settings,
) -> Result<User> {
    let role = wanted.role.unwrap_or(before.role);
    let asked = match wanted.profile_id {
        Some(given) => given,
        // The profile of the old role gives way to that of the new one; a chosen one stays.
        None if role != before.role
            && before.profile_id == Some(default_profile_id(before.role)) =>
        {
            Some(default_profile_id(role))
        }
        None => before.profile_id,
    };
    let is_reassigned =
        role != before.role || wanted.profile_id.is_some_and(|_| asked != before.profile_id);
    let profile_id = if is_reassigned {
        Some(profiles::assignable(conn, actor, role, asked, settings).await?)
    } else {
        before.profile_id
    };
    Ok(User {
        first_name: wanted.first_name.unwrap_or_else(|| before.first_name.clone()),
        last_name: wanted.last_name.unwrap_or_else(|| before.last_name.clone()),
        status: wanted.status.unwrap_or(before.status),
        role,
        profile_id,
        ..before.clone()
    })
}

async fn check(
    conn: &mut Conn,
    actor: &Actor,
    before: &User,
    after: &User,
    expected: &Expected,
) -> Result<()> {
    let is_moved = after.status != before.status;
    if is_moved {
        actor.require(Permission::UsersDeactivate)?;
    }
    if before.id == actor.user_id() && (is_moved || rights(before) != rights(after)) {
        return Err(ErrorCode::CannotModifySelf.into());
    }
    expected.require(before.version)?;
    if is_moved && before.status == UserStatus::Pending {
        return Err(ErrorCode::UserPending.into());
    }
    if after.role < Role::TenantAdmin || after.status == UserStatus::Inactive {
        require_other_admin(conn, actor.tenant_id(), before).await?;
    }
    Ok(())
}

const fn rights(user: &User) -> (Role, Option<i64>) {
    (user.role, user.profile_id)
}

fn is_written(before: &User, after: &User) -> bool {
    rights(before) != rights(after)
        || before.first_name != after.first_name
        || before.last_name != after.last_name
}

async fn write(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    before: &User,
    after: &User,
) -> Result<()> {
    let email = EmailAddress::parse(&after.email).ok_or(ErrorCode::Internal)?;
    let change = Change {
        id: after.id,
        first_name: &after.first_name,
        last_name: &after.last_name,
        email: &email.typed,
        email_key: &email.key,
        role: after.role,
        profile_id: after.profile_id,
        at: app.clock.now(),
    };
    users::update(conn, actor.tenant_id(), &change).await?;
    write_feed(app, conn, actor, after.id).await?;
    let (was, is) = difference(before, after);
    let detail = json!({ "before": was, "after": is });
    note(app, conn, actor, after.id, ("users.updated", detail)).await?;
    if before.role != after.role && after.status == UserStatus::Active {
        let tenant = tenants::by_id(conn, actor.tenant_id()).await?.ok_or_else(Error::not_found)?;
        let mail = AccountMail::RoleChanged {
            to: Recipient::new(&email, &after.first_name, &after.last_name),
            tenant_name: tenant.name,
            actor_name: actor.identity.user.display_name.clone(),
            old: before.role,
            new: after.role,
        };
        notify::tell_account(app, conn, (actor.tenant_id(), after.id), mail).await?;
    }
    Ok(())
}

/// The fields that differ, as they were and as they are.
fn difference(before: &User, after: &User) -> (Map<String, Value>, Map<String, Value>) {
    let fields = |user: &User| {
        [
            ("firstName", json!(user.first_name)),
            ("lastName", json!(user.last_name)),
            ("role", json!(user.role)),
            ("profileId", json!(user.profile_id)),
        ]
    };
    let (mut was, mut is) = (Map::new(), Map::new());
    for ((name, old), (_, new)) in fields(before).into_iter().zip(fields(after)) {
        if old != new {
            was.insert(name.to_owned(), old);
            is.insert(name.to_owned(), new);
        }
    }
    (was, is)
}

#[cfg(test)]
mod tests;
