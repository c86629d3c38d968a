//! People: one row each, kept after deletion so that what they wrote stays attributed to somebody.

mod changes;
mod list;
mod own;
mod refs;

use tidewire_protocol::{
    Timestamp,
    id::{TenantId, UserId},
    model::users::{Role, User, UserStatus, display_name},
};

use crate::{
    Conn, Result,
    query::{Row, query},
};

pub use changes::{
    Change, activate, active_admins, deactivate, erase, invite_again, inviter, set_role, update,
};
pub use list::{count, list};
pub use own::{NewPassword, credentials_by_id, lock, set_password, update_own, verify_email};
pub(crate) use refs::read_ref;
pub use refs::{active, refs, refs_by_numbers, shown};

/// A person to be added.
#[derive(Debug, Clone)]
pub struct NewUser<'a> {
    pub id: UserId,
    pub tenant_id: TenantId,
    pub number: i64,
    pub email: &'a str,
    pub email_key: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub role: Role,
    pub profile_id: i64,
    pub status: UserStatus,
    pub password_hash: Option<&'a str>,
    pub invited_by: Option<UserId>,
    pub invitation_expires_at: Option<Timestamp>,
    pub at: Timestamp,
}

const INSERT: &str = "\
insert into users (id, tenant_id, number, email, email_key, first_name, last_name, search_text, role,
  profile_id, status, password_hash, password_ms, invited_by, invited_ms, invitation_expires_ms,
  created_ms, updated_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)
on conflict (tenant_id, email_key) where deleted_ms is null do nothing";

/// Answers whether the address was free in the tenant.
pub async fn insert(conn: &mut Conn, user: &NewUser<'_>) -> Result<bool> {
    let inserted = query(INSERT)
        .bind(user.id)
        .bind(user.tenant_id)
        .bind(user.number)
        .bind(user.email)
        .bind(user.email_key)
        .bind(user.first_name)
        .bind(user.last_name)
        .bind(search_text(user.first_name, user.last_name, user.email, user.email_key))
        .bind(user.role.word())
        .bind(user.profile_id)
        .bind(user.status.word())
        .bind(user.password_hash)
        .bind(user.password_hash.map(|_| user.at))
        .bind(user.invited_by)
        .bind(user.invitation_expires_at.map(|_| user.at))
        .bind(user.invitation_expires_at)
        .bind(user.at)
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

/// What a search looks through. A line break keeps a match from reaching over two fields.
pub(crate) fn search_text(first: &str, last: &str, email: &str, email_key: &str) -> String {
    let mut text = format!("{first} {last}\n{email}").to_lowercase();
    if !text.ends_with(email_key) {
        text = text + "\n" + email_key;
    }
    text
}

/// The columns of [`read`], from users `u` and profiles `p`.
macro_rules! select_user {
    ($($rest:literal),+) => {
        concat!(
            "select u.id, u.number, u.email, u.first_name, u.last_name, u.role, u.profile_id, p.name, \
             u.status, u.email_verified, u.phone, u.avatar, u.timezone, u.locale, u.last_login_ms, \
             u.invited_ms, u.invitation_expires_ms, u.deactivated_ms, u.created_ms, u.updated_ms, \
             u.version, u.password_hash, u.password_ms \
             from users u left join profiles p on p.tenant_id = u.tenant_id and p.id = u.profile_id ",
            $($rest),+
        )
    };
}
use select_user;

const BY_ID: &str = select_user!("where u.tenant_id = $1 and u.id = $2 and u.deleted_ms is null");

pub async fn by_id(conn: &mut Conn, tenant_id: TenantId, id: UserId) -> Result<Option<User>> {
    let row = query(BY_ID).bind(tenant_id).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

const BY_NUMBER: &str =
    select_user!("where u.tenant_id = $1 and u.number = $2 and u.deleted_ms is null");

pub async fn by_number(conn: &mut Conn, tenant_id: TenantId, number: i64) -> Result<Option<User>> {
    let row = query(BY_NUMBER).bind(tenant_id).bind(number).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// A person with what proves who they are.
#[derive(Debug)]
pub struct Credentials {
    pub user: User,
    /// Absent until an invitation was accepted.
    pub password: Option<StoredPassword>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPassword {
    pub hash: String,
    /// When the person chose it; the same after its hash was renewed.
    pub chosen_at: Timestamp,
}

const BY_EMAIL: &str =
    select_user!("where u.tenant_id = $1 and u.email_key = $2 and u.deleted_ms is null");

pub async fn by_email(
    conn: &mut Conn,
    tenant_id: TenantId,
    email_key: &str,
) -> Result<Option<Credentials>> {
    let row = query(BY_EMAIL).bind(tenant_id).bind(email_key).fetch_optional(conn).await?;
    row.as_ref().map(credentials).transpose()
}

fn credentials(row: &Row) -> Result<Credentials> {
    let password = match row.get::<Option<String>>(21)? {
        Some(hash) => Some(StoredPassword { hash, chosen_at: row.timestamp(22)? }),
        None => None,
    };
    Ok(Credentials { user: read(row)?, password })
}

const SIGN_IN: &str = "\
update users set last_login_ms = $4
where tenant_id = $1 and id = $2 and password_ms = $3 and status = 'active' and deleted_ms is null";

/// Notes a sign-in with the password chosen at `chosen_at`. Answers `false` when the person is no
/// longer active or has another password by now. Holds the row, so that a person signs in once at a
/// time.
pub async fn sign_in(
    conn: &mut Conn,
    tenant_id: TenantId,
    id: UserId,
    chosen_at: Timestamp,
    at: Timestamp,
) -> Result<bool> {
    let changed = query(SIGN_IN).bind(tenant_id).bind(id).bind(chosen_at).bind(at);
    Ok(changed.execute(conn).await? == 1)
}

const RENEW_HASH: &str = "\
update users set password_hash = $4 where tenant_id = $1 and id = $2 and password_hash = $3";

/// Replaces the hash of the same password by one with newer parameters.
pub async fn renew_hash(
    conn: &mut Conn,
    tenant_id: TenantId,
    id: UserId,
    old: &str,
    new: &str,
) -> Result<()> {
    query(RENEW_HASH).bind(tenant_id).bind(id).bind(old).bind(new).execute(conn).await.map(drop)
}

/// What somebody adds when accepting an invitation.
#[derive(Debug)]
pub struct Acceptance<'a> {
    pub user: &'a User,
    pub email_key: &'a str,
    pub password_hash: &'a str,
    pub at: Timestamp,
}

const ACCEPT: &str = "\
update users set status = 'active', email_verified = true, password_hash = $3, password_ms = $4,
  first_name = $5, last_name = $6, search_text = $7, invitation_expires_ms = null,
  updated_ms = $4, version = version + 1
where tenant_id = $1 and id = $2 and status = 'pending' and deleted_ms is null";

/// Makes an invited person active, with the names in `user`. Answers whether they were pending.
pub async fn accept(
    conn: &mut Conn,
    tenant_id: TenantId,
    accepted: &Acceptance<'_>,
) -> Result<bool> {
    let user = accepted.user;
    let changed = query(ACCEPT)
        .bind(tenant_id)
        .bind(user.id)
        .bind(accepted.password_hash)
        .bind(accepted.at)
        .bind(user.first_name.as_str())
        .bind(user.last_name.as_str())
        .bind(search_text(&user.first_name, &user.last_name, &user.email, accepted.email_key))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

fn read(row: &Row) -> Result<User> {
    let (first_name, last_name) = (row.text(3)?, row.text(4)?);
    Ok(User {
        id: row.id(0)?,
        number: row.int(1)?,
        email: row.text(2)?,
        display_name: display_name(&first_name, &last_name),
        first_name,
        last_name,
        role: row.word(5, Role::from_word)?,
        profile_id: row.get(6)?,
        profile_name: row.get(7)?,
        status: row.word(8, UserStatus::from_word)?,
        email_verified: row.get(9)?,
        phone: row.get(10)?,
        avatar: row.get(11)?,
        timezone: row.get(12)?,
        locale: row.get(13)?,
        last_login_at: row.optional_timestamp(14)?,
        invited_at: row.optional_timestamp(15)?,
        invitation_expires_at: row.optional_timestamp(16)?,
        deactivated_at: row.optional_timestamp(17)?,
        created_at: row.timestamp(18)?,
        updated_at: row.timestamp(19)?,
        version: row.int(20)?,
    })
}

#[cfg(test)]
mod tests;
