//! Tokens of modules, known by their SHA-256.

use tidewire_protocol::{
    Timestamp,
    id::{ServiceTokenId, TenantId, UserId},
    model::tenants::TenantStatus,
};

use crate::{
    Conn, Result,
    query::{Row, query},
};

/// A token that was not revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceToken {
    pub id: ServiceTokenId,
    pub tenant_id: TenantId,
    pub name: String,
    pub permission_ids: Vec<i64>,
    /// How the token begins.
    pub prefix: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

const INSERT: &str = "\
insert into service_tokens (id, tenant_id, name, name_key, permissions, prefix, hash, created_by,
  created_ms, expires_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (tenant_id, name_key) where revoked_ms is null do nothing";

/// Answers whether the name was free.
pub async fn insert(
    conn: &mut Conn,
    token: &ServiceToken,
    hash: [u8; 32],
    by: UserId,
) -> Result<bool> {
    let inserted = query(INSERT)
        .bind(token.id)
        .bind(token.tenant_id)
        .bind(token.name.as_str())
        .bind(token.name.to_lowercase())
        .bind_json(&token.permission_ids)
        .bind(token.prefix.as_str())
        .bind(&hash[..])
        .bind(by)
        .bind(token.created_at)
        .bind(token.expires_at)
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

const LIST: &str = "\
select id, tenant_id, name, permissions, prefix, created_ms, expires_ms, last_used_ms
from service_tokens where tenant_id = $1 and revoked_ms is null order by name_key, id";

/// All of a tenant, by name.
pub async fn list(conn: &mut Conn, tenant_id: TenantId) -> Result<Vec<ServiceToken>> {
    query(LIST).bind(tenant_id).fetch_all(conn).await?.iter().map(read).collect()
}

const BY_HASH: &str = "\
select s.id, s.tenant_id, s.name, s.permissions, s.prefix, s.created_ms, s.expires_ms,
  s.last_used_ms, t.status
from service_tokens s join tenants t on t.id = s.tenant_id
where s.hash = $1 and s.revoked_ms is null";

/// The token of this hash, and whether its tenant may be used.
pub async fn by_hash(
    conn: &mut Conn,
    hash: [u8; 32],
) -> Result<Option<(ServiceToken, TenantStatus)>> {
    let row = query(BY_HASH).bind(&hash[..]).fetch_optional(conn).await?;
    row.map(|row| Ok((read(&row)?, row.word(8, TenantStatus::from_word)?))).transpose()
}

const REVOKE: &str = "\
update service_tokens set revoked_ms = $3 where tenant_id = $1 and id = $2 and revoked_ms is null";

/// Answers whether the token was live.
pub async fn revoke(
    conn: &mut Conn,
    tenant_id: TenantId,
    id: ServiceTokenId,
    at: Timestamp,
) -> Result<bool> {
    Ok(query(REVOKE).bind(tenant_id).bind(id).bind(at).execute(conn).await? == 1)
}

const NAME: &str = "select name from service_tokens where tenant_id = $1 and id = $2";

/// The name of a token, also of one that was revoked.
pub async fn name(
    conn: &mut Conn,
    tenant_id: TenantId,
    id: ServiceTokenId,
) -> Result<Option<String>> {
    let row = query(NAME).bind(tenant_id).bind(id).fetch_optional(conn).await?;
    row.map(|row| row.text(0)).transpose()
}

const NOTE_USE: &str = "\
update service_tokens set last_used_ms = $3
where tenant_id = $1 and id = $2 and (last_used_ms is null or last_used_ms < $3)";

pub async fn note_use(
    conn: &mut Conn,
    tenant_id: TenantId,
    id: ServiceTokenId,
    at: Timestamp,
) -> Result<()> {
    query(NOTE_USE).bind(tenant_id).bind(id).bind(at).execute(conn).await.map(drop)
}

fn read(row: &Row) -> Result<ServiceToken> {
    Ok(ServiceToken {
        id: row.id(0)?,
        tenant_id: row.id(1)?,
        name: row.text(2)?,
        permission_ids: row.json(3)?,
        prefix: row.text(4)?,
        created_at: row.timestamp(5)?,
        expires_at: row.timestamp(6)?,
        last_used_at: row.optional_timestamp(7)?,
    })
}

#[cfg(test)]
mod tests {
    use tidewire_testkit::on_both_engines;
    use uuid::Uuid;

    use super::*;
    use crate::testing::{ACME, NOW, add_tenant, open, user_id, within};

    fn token(n: u128, name: &str) -> ServiceToken {
        ServiceToken {
            id: ServiceTokenId::new(Uuid::from_u128(n)),
            tenant_id: ACME,
            name: name.to_owned(),
            permission_ids: vec![1, 103],
            prefix: "st_abcd".to_owned(),
            created_at: NOW,
            expires_at: NOW.plus_ms(1),
            last_used_at: None,
        }
    }

    on_both_engines! {
        async fn a_token_is_found_by_its_hash_until_it_is_revoked(db: TestDb) {
            let db = open(&db).await;
            let other = TenantId::new(Uuid::from_u128(2));
            add_tenant(&db, other, "other").await;
            let put = async |token: ServiceToken, hash| {
                within(&db, async |conn| insert(conn, &token, [hash; 32], user_id(1)).await).await
            };
            let mail = token(1, "Mail");
            assert!(put(mail.clone(), 1).await);
            assert!(!put(token(2, "MAIL"), 2).await);
            within(&db, async |conn| note_use(conn, ACME, mail.id, NOW).await).await;
            let mail = ServiceToken { last_used_at: Some(NOW), ..mail };
            let found = by_hash(&mut db.read().await.unwrap(), [1; 32]).await.unwrap();
            assert_eq!(found, Some((mail.clone(), TenantStatus::Active)));
            let end = async |tenant, at| {
                within(&db, async |conn| revoke(conn, tenant, mail.id, at).await).await
            };
            assert!(!end(other, NOW).await);
            assert_eq!(list(&mut db.read().await.unwrap(), ACME).await.unwrap(), std::slice::from_ref(&mail));
            assert_eq!([end(ACME, NOW).await, end(ACME, NOW).await], [true, false]);
            let kept = name(&mut db.read().await.unwrap(), ACME, mail.id).await.unwrap();
            assert_eq!(kept.as_deref(), Some("Mail"));
            assert_eq!(by_hash(&mut db.read().await.unwrap(), [1; 32]).await.unwrap(), None);
            assert!(put(token(3, "mail"), 3).await, "the name is free again");
        }
    }
}
