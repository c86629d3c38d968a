//! Companies.

use tidewire_protocol::{
    id::TenantId,
    model::tenants::{Tenant, TenantStatus},
};

use crate::{
    Conn, Result,
    dialect::locking,
    query::{Row, query},
};

const INSERT: &str = "\
insert into tenants (id, slug, name, registered_name, status, plan, timezone, locale, created_ms)
values ($1, $2, $3, $3, $4, $5, $6, $7, $8)
on conflict (slug) do nothing";

/// Answers whether the slug was free.
pub async fn insert(conn: &mut Conn, tenant: &Tenant) -> Result<bool> {
    let inserted = query(INSERT)
        .bind(tenant.id)
        .bind(tenant.slug.as_str())
        .bind(tenant.name.as_str())
        .bind(tenant.status.word())
        .bind(tenant.plan.as_str())
        .bind(tenant.timezone.as_str())
        .bind(tenant.locale.as_str())
        .bind(tenant.created_at)
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

const BY_ID: &str = "\
select id, name, slug, status, plan, timezone, locale, created_ms from tenants where id = $1";

pub async fn by_id(conn: &mut Conn, id: TenantId) -> Result<Option<Tenant>> {
    query(BY_ID).bind(id).fetch_optional(conn).await?.as_ref().map(read).transpose()
}

const BY_SLUG: &str = "\
select id, name, slug, status, plan, timezone, locale, created_ms from tenants where slug = $1";

pub async fn by_slug(conn: &mut Conn, slug: &str) -> Result<Option<Tenant>> {
    query(BY_SLUG).bind(slug).fetch_optional(conn).await?.as_ref().map(read).transpose()
}

const TAKE_USER_NUMBERS: &str = "\
update tenants set next_user_number = next_user_number + $2 where id = $1
returning next_user_number - $2";

/// Takes `count` user numbers and answers the first. Holds the tenant's row until the transaction
/// ends, so that people are added to a tenant one after another.
pub async fn take_user_numbers(conn: &mut Conn, id: TenantId, count: u64) -> Result<i64> {
    query(TAKE_USER_NUMBERS).bind(id).bind(count).fetch_one(conn).await?.int(0)
}

const TAKE_PROFILE_ID: &str = "\
update tenants set next_profile_id = next_profile_id + 1 where id = $1
returning next_profile_id - 1";

/// Takes the number of a new profile; like user numbers, one after another.
pub async fn take_profile_id(conn: &mut Conn, id: TenantId) -> Result<i64> {
    query(TAKE_PROFILE_ID).bind(id).fetch_one(conn).await?.int(0)
}

/// Keeps others from deciding about the same tenant until the transaction ends. Answers the name that
/// it was registered with, or `None` for an unknown tenant.
pub async fn lock(conn: &mut Conn, id: TenantId) -> Result<Option<String>> {
    let sql =
        locking!("select registered_name from tenants where id = $1", " for no key update", "");
    query(sql).bind(id).fetch_optional(conn).await?.map(|row| row.text(0)).transpose()
}

const REGISTERED_NAME: &str = "select registered_name from tenants where id = $1";

/// The name that the tenant was registered with.
pub async fn registered_name(conn: &mut Conn, id: TenantId) -> Result<Option<String>> {
    let row = query(REGISTERED_NAME).bind(id).fetch_optional(conn).await?;
    row.map(|row| row.text(0)).transpose()
}

const SET_GENERAL: &str = "\
update tenants set name = $2, timezone = $3, locale = $4 where id = $1";

/// Makes the tenant's own row say what its settings say.
pub async fn set_general(
    conn: &mut Conn,
    id: TenantId,
    name: &str,
    timezone: &str,
    locale: &str,
) -> Result<()> {
    query(SET_GENERAL).bind(id).bind(name).bind(timezone).bind(locale).execute(conn).await.map(drop)
}

const SET_STATUS: &str = "update tenants set status = $2 where id = $1 and status <> $2";

/// Answers whether it had another status before.
pub async fn set_status(conn: &mut Conn, id: TenantId, status: TenantStatus) -> Result<bool> {
    Ok(query(SET_STATUS).bind(id).bind(status.word()).execute(conn).await? == 1)
}

fn read(row: &Row) -> Result<Tenant> {
    Ok(Tenant {
        id: row.id(0)?,
        name: row.text(1)?,
        slug: row.text(2)?,
        status: row.word(3, TenantStatus::from_word)?,
        plan: row.text(4)?,
        timezone: row.text(5)?,
        locale: row.text(6)?,
        created_at: row.timestamp(7)?,
    })
}
