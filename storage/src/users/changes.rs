//! Changing people: what they are called and may do, and whether they are here at all.

use tidewire_protocol::{
    Timestamp,
    id::{TenantId, UserId},
    model::users::{Role, UserStatus, display_name},
};

use super::search_text;
use crate::{Conn, Result, query::query};

/// What is to be written of somebody.
#[derive(Debug)]
pub struct Change<'a> {
    pub id: UserId,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub email: &'a str,
    pub email_key: &'a str,
    pub role: Role,
    pub profile_id: Option<i64>,
    pub at: Timestamp,
}

const UPDATE: &str = "\
update users set first_name = $3, last_name = $4, search_text = $5, role = $6, profile_id = $7,
  updated_ms = $8, version = version + 1
where tenant_id = $1 and id = $2 and deleted_ms is null";

pub async fn update(conn: &mut Conn, tenant_id: TenantId, change: &Change<'_>) -> Result<()> {
    let Change { id, first_name, last_name, email, email_key, role, profile_id, at } = *change;
    query(UPDATE)
        .bind(tenant_id)
        .bind(id)
        .bind(first_name)
        .bind(last_name)
        .bind(search_text(first_name, last_name, email, email_key))
        .bind(role.word())
        .bind(profile_id)
        .bind(at)
        .execute(conn)
        .await
        .map(drop)
}

const SET_ROLE: &str = "\
update users set role = $3, updated_ms = $4, version = version + 1
where tenant_id = $1 and id = $2 and deleted_ms is null";

pub async fn set_role(
    conn: &mut Conn,
    (tenant_id, id): (TenantId, UserId),
    role: Role,
    at: Timestamp,
) -> Result<()> {
    query(SET_ROLE)
        .bind(tenant_id)
        .bind(id)
        .bind(role.word())
        .bind(at)
        .execute(conn)
        .await
        .map(drop)
}

const DEACTIVATE: &str = "\
update users set status = 'inactive', deactivated_ms = $3, invitation_expires_ms = null,
  updated_ms = $3, version = version + 1
where tenant_id = $1 and id = $2 and status <> 'inactive' and deleted_ms is null";

/// Keeps somebody out. Answers whether they were in.
pub async fn deactivate(
    conn: &mut Conn,
    tenant_id: TenantId,
    id: UserId,
    at: Timestamp,
) -> Result<bool> {
    Ok(query(DEACTIVATE).bind(tenant_id).bind(id).bind(at).execute(conn).await? == 1)
}

const ACTIVATE: &str = "\
update users set status = case when password_hash is null then 'pending' else 'active' end,
  deactivated_ms = null, updated_ms = $3, version = version + 1
where tenant_id = $1 and id = $2 and status = 'inactive' and deleted_ms is null
returning status";

/// Lets somebody in again: as pending if they have never chosen a password. `None` if they were in.
pub async fn activate(
    conn: &mut Conn,
    tenant_id: TenantId,
    id: UserId,
    at: Timestamp,
) -> Result<Option<UserStatus>> {
    let row = query(ACTIVATE).bind(tenant_id).bind(id).bind(at).fetch_optional(conn).await?;
    row.map(|row| row.word(0, UserStatus::from_word)).transpose()
}

const INVITE_AGAIN: &str = "\
update users set invited_by = coalesce($3, invited_by), invited_ms = $4, invitation_expires_ms = $5, updated_ms = $4,
  version = version + 1
where tenant_id = $1 and id = $2 and status = 'pending' and deleted_ms is null";

/// Notes another invitation; `None` leaves who invited them.
pub async fn invite_again(
    conn: &mut Conn,
    (tenant_id, id): (TenantId, UserId),
    by: Option<UserId>,
    (at, expires_at): (Timestamp, Timestamp),
) -> Result<()> {
    query(INVITE_AGAIN)
        .bind(tenant_id)
        .bind(id)
        .bind(by)
        .bind(at)
        .bind(expires_at)
        .execute(conn)
        .await
        .map(drop)
}

const INVITER: &str = "\
select i.id, i.first_name, i.last_name from users u
join users i on i.tenant_id = u.tenant_id and i.id = u.invited_by
where u.tenant_id = $1 and u.id = $2";

/// Who has invited a person, by id and name.
pub async fn inviter(
    conn: &mut Conn,
    tenant_id: TenantId,
    id: UserId,
) -> Result<Option<(UserId, String)>> {
    let row = query(INVITER).bind(tenant_id).bind(id).fetch_optional(conn).await?;
    row.map(|row| Ok((row.id(0)?, display_name(&row.text(1)?, &row.text(2)?)))).transpose()
}

const ACTIVE_ADMINS: &str = "\
select id from users where tenant_id = $1 and role in ('tenant_admin', 'super')
  and status = 'active' and deleted_ms is null limit 2";

/// Two of the active administrators, or those that there are. To be asked under the tenant's lock.
pub async fn active_admins(conn: &mut Conn, tenant_id: TenantId) -> Result<Vec<UserId>> {
    let rows = query(ACTIVE_ADMINS).bind(tenant_id).fetch_all(conn).await?;
    rows.iter().map(|row| row.id(0)).collect()
}

// The address is free for somebody else; the number is not.
const ERASE: &str = "\
update users set email = '', email_key = '', first_name = '', last_name = '', search_text = '',
  profile_id = null, status = 'inactive', password_hash = null, password_ms = null,
  email_verified = false, phone = null, avatar = null, timezone = null, locale = null,
  last_login_ms = null, invited_by = null, invited_ms = null, invitation_expires_ms = null,
  deleted_ms = $3, updated_ms = $3, version = version + 1
where tenant_id = $1 and id = $2 and deleted_ms is null";

const ERASE_REST: [&str; 15] = [
    "delete from devices where tenant_id = $1 and user_id = $2",
    "delete from deliveries where tenant_id = $1 and user_id = $2",
    "delete from notifications where tenant_id = $1 and user_id = $2",
    "delete from notification_decisions where tenant_id = $1 and user_id = $2",
    "delete from inbox_entries
  where user_id in (select id from users where tenant_id = $1 and id = $2)",
    "delete from digest_settings where tenant_id = $1 and user_id = $2",
    "delete from digests where tenant_id = $1 and user_id = $2",
    "delete from looking where tenant_id = $1 and user_id = $2",
    "delete from one_time_tokens where tenant_id = $1 and user_id = $2",
    "delete from sessions where tenant_id = $1 and user_id = $2",
    "delete from channel_mentions where user_id = $2
  and channel_id in (select id from channels where tenant_id = $1)",
    "delete from idempotency where tenant_id = $1 and caller_id = $2",
    "delete from preferences where tenant_id = $1 and user_id = $2",
    "delete from notification_choices where tenant_id = $1 and user_id = $2",
    "delete from quiet_hours where tenant_id = $1 and user_id = $2",
];

/// Erases everything personal. The row stays, so that what they wrote is attributed to somebody.
pub async fn erase(conn: &mut Conn, tenant_id: TenantId, id: UserId, at: Timestamp) -> Result<()> {
    query(ERASE).bind(tenant_id).bind(id).bind(at).execute(conn).await?;
    for sql in ERASE_REST {
        query(sql).bind(tenant_id).bind(id).execute(conn).await?;
    }
    Ok(())
}
