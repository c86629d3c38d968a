//! Profiles: named sets of permissions, numbered per tenant.

use tidewire_protocol::{Timestamp, id::TenantId};

use crate::{
    Conn, Result,
    query::{Row, query},
};

/// A profile with the numbers of its permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub id: i64,
    pub name: String,
    pub description: Option<String>,
    pub is_system: bool,
    pub is_active: bool,
    pub permission_ids: Vec<i64>,
}

const INSERT: &str = "\
insert into profiles (tenant_id, id, name, name_key, description, is_system, is_active, permissions,
  created_ms, updated_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";

pub async fn insert(
    conn: &mut Conn,
    tenant_id: TenantId,
    profile: &Profile,
    at: Timestamp,
) -> Result<()> {
    query(INSERT)
        .bind(tenant_id)
        .bind(profile.id)
        .bind(profile.name.as_str())
        .bind(profile.name.to_lowercase())
        .bind(profile.description.as_deref())
        .bind(profile.is_system)
        .bind(profile.is_active)
        .bind_json(&profile.permission_ids)
        .bind(at)
        .execute(conn)
        .await
        .map(drop)
}

const BY_ID: &str = "\
select id, name, description, is_system, is_active, permissions from profiles
where tenant_id = $1 and id = $2";

pub async fn by_id(conn: &mut Conn, tenant_id: TenantId, id: i64) -> Result<Option<Profile>> {
    let row = query(BY_ID).bind(tenant_id).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Profile> {
    Ok(Profile {
        id: row.int(0)?,
        name: row.text(1)?,
        description: row.get(2)?,
        is_system: row.get(3)?,
        is_active: row.get(4)?,
        permission_ids: row.json(5)?,
    })
}
