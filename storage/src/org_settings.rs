//! What a company has decided for all its people; what it has not decided has no row.

use serde_json::Value;
use tidewire_protocol::{
    Timestamp,
    id::{TenantId, UserId},
    model::org_settings::SettingKey,
};

use crate::{
    Conn, Result,
    query::{Row, query},
};

/// A setting that somebody has set.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub key: SettingKey,
    /// `None` when it was set back to the default.
    pub value: Option<Value>,
    pub version: i64,
    pub updated_at: Timestamp,
    pub updated_by: Option<UserId>,
}

const ALL: &str = "\
select key, value, version, updated_ms, updated_by from org_settings where tenant_id = $1";

/// All that were set; keys of a newer release are left out.
pub async fn all(conn: &mut Conn, tenant_id: TenantId) -> Result<Vec<Stored>> {
    let rows = query(ALL).bind(tenant_id).fetch_all(conn).await?;
    rows.iter().filter_map(|row| read(row).transpose()).collect()
}

const DECIDED: &str = "\
select tenant_id, value from org_settings where key = $1 and value is not null";

/// What every tenant has decided that has decided something.
pub async fn decided(conn: &mut Conn, key: SettingKey) -> Result<Vec<(TenantId, Value)>> {
    let rows = query(DECIDED).bind(key.word()).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.id(0)?, row.json(1)?))).collect()
}

const PUT: &str = "\
insert into org_settings (tenant_id, key, value, version, updated_ms, updated_by)
values ($1, $2, $3, 1, $4, $5)
on conflict (tenant_id, key) do update
set value = excluded.value, version = org_settings.version + 1,
  updated_ms = excluded.updated_ms, updated_by = excluded.updated_by";

/// Keeps a value, or with `None` that there is none any more.
pub async fn put(
    conn: &mut Conn,
    tenant_id: TenantId,
    key: SettingKey,
    value: Option<Value>,
    (by, at): (UserId, Timestamp),
) -> Result<()> {
    query(PUT)
        .bind(tenant_id)
        .bind(key.word())
        .bind(value)
        .bind(at)
        .bind(by)
        .execute(conn)
        .await
        .map(drop)
}

fn read(row: &Row) -> Result<Option<Stored>> {
    let Some(key) = SettingKey::from_word(&row.text(0)?) else { return Ok(None) };
    Ok(Some(Stored {
        key,
        value: row.optional_json(1)?,
        version: row.int(2)?,
        updated_at: row.timestamp(3)?,
        updated_by: row.optional_id(4)?,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tidewire_protocol::id::TenantId;
    use tidewire_testkit::on_both_engines;
    use uuid::Uuid;

    use super::*;
    use crate::{
        query::query,
        tenants,
        testing::{ACME, NOW, add_tenant, open, user_id, within},
    };

    const OTHER: TenantId = TenantId::new(Uuid::from_u128(2));

    on_both_engines! {
        async fn a_setting_counts_how_often_it_was_set_also_back_to_nothing(db: TestDb) {
            let db = open(&db).await;
            add_tenant(&db, OTHER, "other").await;
            let key = SettingKey::AllowedEmailDomains;
            for value in [Some(json!(["acme.example"])), None, Some(json!([]))] {
                within(&db, async |conn| {
                    put(conn, ACME, key, value, (user_id(1), NOW)).await
                }).await;
            }
            let mut conn = db.read().await.unwrap();
            let stored = Stored {
                key,
                value: Some(json!([])),
                version: 3,
                updated_at: NOW,
                updated_by: Some(user_id(1)),
            };
            assert_eq!(all(&mut conn, ACME).await.unwrap(), [stored]);
            assert_eq!(all(&mut conn, OTHER).await.unwrap(), []);
        }

        async fn a_key_of_a_newer_release_is_passed_over(db: TestDb) {
            let db = open(&db).await;
            within(&db, async |conn| {
                put(conn, ACME, SettingKey::ChatEnabled, Some(json!(false)), (user_id(1), NOW))
                    .await?;
                query("update org_settings set key = 'chat.of_tomorrow'").execute(conn).await
            }).await;
            assert_eq!(all(&mut db.read().await.unwrap(), ACME).await.unwrap(), []);
        }

        async fn a_tenant_keeps_the_name_it_was_registered_with(db: TestDb) {
            let db = open(&db).await;
            within(&db, async |conn| {
                tenants::set_general(conn, ACME, "Acme & Sons", "Europe/Vienna", "de-AT").await
            }).await;
            let locked = within(&db, async |conn| tenants::lock(conn, ACME).await).await;
            assert_eq!(locked.as_deref(), Some("acme"));
            let mut conn = db.read().await.unwrap();
            let tenant = tenants::by_id(&mut conn, ACME).await.unwrap().unwrap();
            assert_eq!((&*tenant.name, &*tenant.locale), ("Acme & Sons", "de-AT"));
            let name = tenants::registered_name(&mut conn, ACME).await.unwrap();
            assert_eq!(name.as_deref(), Some("acme"));
        }
    }
}
