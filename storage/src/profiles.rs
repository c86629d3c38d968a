//! Profiles: named sets of permissions, numbered per tenant.

use tidewire_protocol::{Timestamp, id::TenantId};

use crate::{
    Conn, Error, Result,
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
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

const INSERT: &str = "\
insert into profiles (tenant_id, id, name, name_key, description, is_system, is_active, permissions,
  created_ms, updated_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
on conflict (tenant_id, name_key) do nothing";

/// Answers whether the name was free.
pub async fn insert(conn: &mut Conn, tenant_id: TenantId, profile: &Profile) -> Result<bool> {
    let inserted = query(INSERT)
        .bind(tenant_id)
        .bind(profile.id)
        .bind(profile.name.as_str())
        .bind(profile.name.to_lowercase())
        .bind(profile.description.as_deref())
        .bind(profile.is_system)
        .bind(profile.is_active)
        .bind_json(&profile.permission_ids)
        .bind(profile.created_at)
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

const UPDATE: &str = "\
update profiles set name = $3, name_key = $4, description = $5, is_active = $6, permissions = $7,
  updated_ms = $8, version = version + 1
where tenant_id = $1 and id = $2";

/// Writes all that can change, and the next version. Answers whether the name was free.
pub async fn update(conn: &mut Conn, tenant_id: TenantId, profile: &Profile) -> Result<bool> {
    let updated = query(UPDATE)
        .bind(tenant_id)
        .bind(profile.id)
        .bind(profile.name.as_str())
        .bind(profile.name.to_lowercase())
        .bind(profile.description.as_deref())
        .bind(profile.is_active)
        .bind_json(&profile.permission_ids)
        .bind(profile.updated_at)
        .execute(conn)
        .await;
    match updated {
        Ok(_) => Ok(true),
        Err(Error::Conflict(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

const BY_ID: &str = "\
select id, name, description, is_system, is_active, permissions, created_ms, updated_ms, version
from profiles where tenant_id = $1 and id = $2";

pub async fn by_id(conn: &mut Conn, tenant_id: TenantId, id: i64) -> Result<Option<Profile>> {
    let row = query(BY_ID).bind(tenant_id).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

const LIST: &str = "\
select p.id, p.name, p.description, p.is_system, p.is_active, p.permissions, p.created_ms,
  p.updated_ms, p.version,
  (select count(*) from users u where u.tenant_id = p.tenant_id and u.profile_id = p.id
   and u.status in ('active', 'pending') and u.deleted_ms is null)
from profiles p where p.tenant_id = $1 order by p.is_system desc, p.name_key, p.id";

/// All of a tenant, those of the system first, then by name, each with how many people hold it.
pub async fn list(conn: &mut Conn, tenant_id: TenantId) -> Result<Vec<(Profile, i64)>> {
    let rows = query(LIST).bind(tenant_id).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((read(row)?, row.int(9)?))).collect()
}

const HOLDERS: &str = "\
select count(*) from users where tenant_id = $1 and profile_id = $2
  and status in ('active', 'pending') and deleted_ms is null";

/// How many active and invited people hold a profile.
pub async fn holders(conn: &mut Conn, tenant_id: TenantId, id: i64) -> Result<i64> {
    query(HOLDERS).bind(tenant_id).bind(id).fetch_one(conn).await?.int(0)
}

const COUNT_CUSTOM: &str = "select count(*) from profiles where tenant_id = $1 and not is_system";

/// How many a tenant has made.
pub async fn count_custom(conn: &mut Conn, tenant_id: TenantId) -> Result<i64> {
    query(COUNT_CUSTOM).bind(tenant_id).fetch_one(conn).await?.int(0)
}

fn read(row: &Row) -> Result<Profile> {
    Ok(Profile {
        id: row.int(0)?,
        name: row.text(1)?,
        description: row.get(2)?,
        is_system: row.get(3)?,
        is_active: row.get(4)?,
        permission_ids: row.json(5)?,
        created_at: row.timestamp(6)?,
        updated_at: row.timestamp(7)?,
        version: row.int(8)?,
    })
}

#[cfg(test)]
mod tests {
    use tidewire_testkit::on_both_engines;

    use super::*;
    use crate::{
        tenants,
        testing::{ACME, NOW, add, add_tenant, open, person, within},
    };

    fn profile(id: i64, name: &str) -> Profile {
        Profile {
            id,
            name: name.to_owned(),
            description: None,
            is_system: id < 5,
            is_active: true,
            permission_ids: vec![1, 2],
            created_at: NOW,
            updated_at: NOW,
            version: 1,
        }
    }

    on_both_engines! {
        async fn a_name_is_taken_once_whatever_its_case_and_only_in_its_tenant(db: TestDb) {
            let db = open(&db).await;
            let other = TenantId::new(uuid::Uuid::from_u128(2));
            add_tenant(&db, other, "other").await;
            let put = async |tenant, profile: Profile| {
                within(&db, async |conn| insert(conn, tenant, &profile).await).await
            };
            assert!(put(ACME, profile(5, "Straße")).await);
            assert!(!put(ACME, profile(6, "STRAßE")).await);
            assert!(put(ACME, profile(6, "Sales")).await);
            assert!(put(other, profile(5, "Sales")).await);
            let renamed = Profile { name: "sales".to_owned(), ..profile(5, "") };
            let mut conn = db.write().await.unwrap();
            assert!(!update(&mut conn, ACME, &renamed).await.unwrap());
            drop(conn);
            let same = Profile { name: "SALES".to_owned(), is_active: false, ..profile(6, "") };
            assert!(within(&db, async |conn| update(conn, ACME, &same).await).await);
            let found = by_id(&mut db.read().await.unwrap(), ACME, 6).await.unwrap().unwrap();
            assert_eq!(found, Profile { version: 2, ..same });
        }

        async fn those_of_the_system_come_first_each_with_its_holders(db: TestDb) {
            let db = open(&db).await;
            within(&db, async |conn| {
                for profile in [profile(1, "Standard"), profile(5, "zeta"), profile(6, "Alpha")] {
                    assert!(insert(conn, ACME, &profile).await?);
                }
                tenants::take_profile_id(conn, ACME).await
            }).await;
            add(&db, &[person(1, "a@acme.example", "A"), person(2, "b@acme.example", "B")]).await;
            let mut conn = db.read().await.unwrap();
            let listed = list(&mut conn, ACME).await.unwrap();
            let listed: Vec<_> = listed.iter().map(|(profile, held)| (profile.id, *held)).collect();
            assert_eq!(listed, [(1, 2), (6, 0), (5, 0)]);
            assert_eq!(holders(&mut conn, ACME, 1).await.unwrap(), 2);
            assert_eq!(count_custom(&mut conn, ACME).await.unwrap(), 2);
        }
    }
}
