//! People: inviting, reading, and finding them for others.

mod changes;
mod invitation;
mod membership;

use std::collections::HashMap;

use serde_json::{Value, json};
use tidewire_protocol::{
    ErrorCode,
    id::{TenantId, UserId, UserKey},
    model::{
        pages::Page,
        users::{
            CreateUser, Invitation, Role, User, UserCreated, UserData, UserRef, UserRefStatus,
            UserStatus, UsersQuery,
        },
    },
};
use tidewire_storage::{
    Conn,
    feed::{self, Change},
    tenants,
    users::{self, NewUser},
};

use crate::{
    Actor, App, Error, Result,
    actor::Caller,
    audit::{self, Note},
    email_address::EmailAddress,
    idempotency,
    news::{self, News},
    notify, org_settings,
    permission::Permission,
    profiles, seats,
};

use invitation::Invited;

pub use changes::update;
pub(crate) use invitation::remind_of_invitation;
pub use invitation::{accept_invitation, preview_invitation, resend_invitation};
pub use membership::{activate, deactivate, delete, revoke_sessions};

/// Adds somebody in status pending and mails them an invitation.
pub async fn create(app: &App, actor: &Actor, draft: CreateUser) -> Result<UserCreated> {
    actor.require(Permission::UsersCreate)?;
    let email = EmailAddress::parse_field("email", &draft.email).map_err(|error| vec![error])?;
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let now = app.clock.now();
    let expires_at = now.plus_ms(settings.invitation_lifetime_ms());
    let mut conn = app.db.write().await?;
    tenants::lock(&mut conn, actor.tenant_id()).await?;
    let role = draft.role.unwrap_or(Role::User);
    let profile_id =
        profiles::assignable(&mut conn, actor, role, draft.profile_id, &settings).await?;
    if !settings.allows_domain(email.domain()) {
        return Err(ErrorCode::EmailDomainNotAllowed.into());
    }
    seats::take(&mut conn, actor.tenant_id()).await?;
    let new = NewUser {
        id: app.clock.id(),
        tenant_id: actor.tenant_id(),
        number: tenants::take_user_numbers(&mut conn, actor.tenant_id(), 1).await?,
        email: &email.typed,
        email_key: &email.key,
        first_name: &draft.first_name,
        last_name: &draft.last_name,
        role,
        profile_id,
        status: UserStatus::Pending,
        password_hash: None,
        invited_by: Some(actor.user_id()),
        invitation_expires_at: Some(expires_at),
        at: now,
    };
    if !users::insert(&mut conn, &new).await? {
        return Err(email_taken(&mut conn, actor.tenant_id(), &email).await?);
    }
    let invited = Invited {
        user_id: new.id,
        email: &email,
        first_name: new.first_name,
        last_name: new.last_name,
        at: now,
        expires_at,
    };
    invitation::send(app, &mut conn, actor.into(), invited).await?;
    note_created(app, &mut conn, actor, &new).await?;
    let user = users::by_id(&mut conn, actor.tenant_id(), new.id).await?;
    let created = UserCreated {
        user: user.ok_or(ErrorCode::Internal)?,
        invitation: Invitation { expires_at, email_queued: true },
    };
    idempotency::record(app, &mut conn, actor, 201, &created).await?;
    conn.commit().await?;
    notify::wake(app);
    publish_changed(app, actor.tenant_id(), new.id).await;
    Ok(created)
}

async fn email_taken(conn: &mut Conn, tenant_id: TenantId, email: &EmailAddress) -> Result<Error> {
    let details = users::by_email(conn, tenant_id, &email.key)
        .await?
        .map(|found| json!({ "userId": found.user.id, "status": found.user.status }));
    Ok(match details {
        Some(details) => Error::new(ErrorCode::EmailTaken).with_details(details),
        None => ErrorCode::EmailTaken.into(),
    })
}

async fn note_created(app: &App, conn: &mut Conn, actor: &Actor, new: &NewUser<'_>) -> Result<()> {
    write_feed(app, conn, actor, new.id).await?;
    let detail = json!({ "role": new.role, "profileId": new.profile_id });
    note(app, conn, actor, new.id, ("users.created", detail)).await
}

async fn publish_changed(app: &App, tenant_id: TenantId, user_id: UserId) {
    news::publish(app, News::UserChanged { tenant_id, user_id }).await;
}

/// One person of the tenant. Everybody may read themselves.
pub async fn get(app: &App, caller: impl Into<Caller>, key: UserKey) -> Result<UserData> {
    let caller = caller.into();
    let is_self = caller.person().is_some_and(|actor| match key {
        UserKey::Id(id) => id == actor.user_id(),
        UserKey::Number(number) => number == actor.identity.user.number,
    });
    if !is_self {
        caller.require(Permission::UsersRead)?;
    }
    let user = require(&mut app.db.read().await?, caller.tenant_id(), key).await?;
    Ok(UserData { user: as_seen_by(&caller, user) })
}

async fn require(conn: &mut Conn, tenant_id: TenantId, key: UserKey) -> Result<User> {
    let user = match key {
        UserKey::Id(id) => users::by_id(conn, tenant_id, id).await?,
        UserKey::Number(number) => users::by_number(conn, tenant_id, number).await?,
    };
    user.ok_or_else(Error::not_found)
}

/// The person that a change is about, under the company's lock. Nobody changes those above them, and
/// managers change only people of role `user`, and themselves.
async fn require_changeable(conn: &mut Conn, actor: &Actor, key: UserKey) -> Result<User> {
    tenants::lock(conn, actor.tenant_id()).await?;
    let user = require(conn, actor.tenant_id(), key).await?;
    let outranks = match actor.role() {
        Role::Super => false,
        Role::TenantAdmin => user.role > Role::TenantAdmin,
        Role::User | Role::Manager => user.role > Role::User && user.id != actor.user_id(),
    };
    if outranks { Err(ErrorCode::TargetOutranksCaller.into()) } else { Ok(user) }
}

/// Refuses with `LAST_ADMIN` when without `user` nobody could administer the company.
async fn require_other_admin(conn: &mut Conn, tenant_id: TenantId, user: &User) -> Result<()> {
    if user.role < Role::TenantAdmin || user.status != UserStatus::Active {
        return Ok(());
    }
    let admins = users::active_admins(conn, tenant_id).await?;
    if admins.iter().any(|admin| *admin != user.id) {
        Ok(())
    } else {
        Err(ErrorCode::LastAdmin.into())
    }
}

async fn note(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    user_id: UserId,
    (action, detail): (&'static str, Value),
) -> Result<()> {
    let note = Note {
        tenant_id: actor.tenant_id(),
        action,
        actor_id: Some(actor.user_id()),
        target: Some(("user", user_id.to_string())),
        detail,
    };
    audit::note(app, conn, &actor.request, note).await
}

/// Notes for every node that somebody has changed.
async fn write_feed(app: &App, conn: &mut Conn, actor: &Actor, user_id: UserId) -> Result<()> {
    let change = Change::UserChanged { user_id };
    Ok(feed::append(conn, actor.tenant_id(), change, app.clock.now()).await?)
}

/// A page of the tenant's people.
pub async fn list(app: &App, caller: impl Into<Caller>, query: UsersQuery) -> Result<Page<User>> {
    let caller = caller.into();
    caller.require(Permission::UsersRead)?;
    let mut conn = app.db.read().await?;
    let total = users::count(&mut conn, caller.tenant_id(), &query).await?;
    let found = users::list(&mut conn, caller.tenant_id(), &query).await?;
    let items = found.into_iter().map(|user| as_seen_by(&caller, user)).collect();
    Ok(query.page.page_of(items, total))
}

/// Without `users.update` the private fields of others are hidden.
fn as_seen_by(caller: &Caller, user: User) -> User {
    let is_self = caller.person().is_some_and(|actor| user.id == actor.user_id());
    if is_self || caller.may(Permission::UsersUpdate) {
        return user;
    }
    User { phone: None, last_login_at: None, invited_at: None, invitation_expires_at: None, ..user }
}

/// The people that a request names, in the order of the keys; `None` for those who are not in the
/// tenant or are gone.
pub async fn resolve(
    conn: &mut Conn,
    tenant_id: TenantId,
    keys: &[UserKey],
) -> Result<Vec<Option<UserRef>>> {
    let (mut ids, mut numbers) = (Vec::new(), Vec::new());
    for key in keys {
        match key {
            UserKey::Id(id) => ids.push(*id),
            UserKey::Number(number) => numbers.push(*number),
        }
    }
    let mut found = HashMap::new();
    if !ids.is_empty() {
        let refs = users::refs(conn, tenant_id, &ids).await?;
        found.extend(refs.into_iter().map(|user| (UserKey::Id(user.id), user)));
    }
    if !numbers.is_empty() {
        let refs = users::refs_by_numbers(conn, tenant_id, numbers).await?;
        found.extend(refs.into_iter().map(|user| (UserKey::Number(user.number), user)));
    }
    found.retain(|_, user| user.status != UserRefStatus::Deleted);
    Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
}

/// People as others see them, those who are gone included; unknown ids are left out.
pub async fn refs(
    conn: &mut Conn,
    tenant_id: TenantId,
    ids: &[UserId],
) -> Result<HashMap<UserId, UserRef>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let refs = users::refs(conn, tenant_id, ids).await?;
    Ok(refs.into_iter().map(|user| (user.id, user)).collect())
}

#[cfg(test)]
mod races;
#[cfg(test)]
mod tests;
