//! What people change about themselves: their password, their address's proof, their profile.

use tidewire_protocol::{
    Timestamp,
    id::{TenantId, UserId},
    model::users::User,
};

use super::{Credentials, credentials, search_text, select_user};
use crate::{Conn, Result, dialect::locking, query::query};

/// Lets others who change the person wait until this transaction ends.
pub async fn lock(conn: &mut Conn, tenant_id: TenantId, id: UserId) -> Result<()> {
    let sql =
        locking!("select 1 from users where tenant_id = $1 and id = $2", " for no key update", "");
    query(sql).bind(tenant_id).bind(id).fetch_optional(conn).await.map(drop)
}

const CREDENTIALS_BY_ID: &str =
    select_user!("where u.tenant_id = $1 and u.id = $2 and u.deleted_ms is null");

pub async fn credentials_by_id(
    conn: &mut Conn,
    tenant_id: TenantId,
    id: UserId,
) -> Result<Option<Credentials>> {
    let row = query(CREDENTIALS_BY_ID).bind(tenant_id).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(credentials).transpose()
}

/// A password, and when the one was chosen that it takes the place of; `None` stands for any.
#[derive(Debug)]
pub struct NewPassword<'a> {
    pub hash: &'a str,
    pub instead_of: Option<Timestamp>,
    pub at: Timestamp,
}

// No two passwords were chosen at the same time: that time is how they are told apart.
const SET_PASSWORD: &str = "\
update users set password_hash = $3,
  password_ms = case when password_ms >= $4 then password_ms + 1 else $4 end
where tenant_id = $1 and id = $2 and status = 'active' and deleted_ms is null
  and password_ms = coalesce($5, password_ms)";

/// Answers `false` when the person is not active, or has another password by now.
pub async fn set_password(
    conn: &mut Conn,
    (tenant_id, id): (TenantId, UserId),
    new: &NewPassword<'_>,
) -> Result<bool> {
    let changed = query(SET_PASSWORD)
        .bind(tenant_id)
        .bind(id)
        .bind(new.hash)
        .bind(new.at)
        .bind(new.instead_of)
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

const VERIFY_EMAIL: &str = "\
update users set email_verified = true, updated_ms = $3, version = version + 1
where tenant_id = $1 and id = $2 and not email_verified and deleted_ms is null";

/// Answers whether the address was not verified before.
pub async fn verify_email(
    conn: &mut Conn,
    (tenant_id, id): (TenantId, UserId),
    at: Timestamp,
) -> Result<bool> {
    let changed = query(VERIFY_EMAIL).bind(tenant_id).bind(id).bind(at).execute(conn).await?;
    Ok(changed == 1)
}

const UPDATE_OWN: &str = "\
update users set first_name = $4, last_name = $5, search_text = $6, phone = $7, avatar = $8,
  timezone = $9, locale = $10, updated_ms = $11, version = version + 1
where tenant_id = $1 and id = $2 and version = $3 and deleted_ms is null";

/// Writes names, phone, avatar, time zone and locale of `user`. Answers whether they were still at
/// `user.version`.
pub async fn update_own(
    conn: &mut Conn,
    tenant_id: TenantId,
    user: &User,
    email_key: &str,
    at: Timestamp,
) -> Result<bool> {
    let changed = query(UPDATE_OWN)
        .bind(tenant_id)
        .bind(user.id)
        .bind(user.version)
        .bind(user.first_name.as_str())
        .bind(user.last_name.as_str())
        .bind(search_text(&user.first_name, &user.last_name, &user.email, email_key))
        .bind(user.phone.as_deref())
        .bind(user.avatar.as_deref())
        .bind(user.timezone.as_deref())
        .bind(user.locale.as_deref())
        .bind(at)
        .execute(conn)
        .await?;
    Ok(changed == 1)
}
