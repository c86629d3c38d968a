//! When people get the mails that may wait, and the mails that were made of several.

use tidewire_protocol::{
    Timestamp,
    clock_time::ClockTime,
    id::{TenantId, UserId},
    model::digests::DigestFrequency,
};
use uuid::Uuid;

use crate::{
    Conn, Error, Result,
    query::{Row, query},
};

/// When somebody wants such mails, as they have said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDigest {
    pub frequency: DigestFrequency,
    pub time: ClockTime,
    /// 1 is Monday.
    pub weekday: u8,
    /// `None` follows the person's own zone.
    pub zone: Option<String>,
}

const SETTINGS: &str = "\
select frequency, minute, weekday, zone from digest_settings where tenant_id = $1 and user_id = $2";

/// `None` for who has never said anything.
pub async fn settings(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
) -> Result<Option<StoredDigest>> {
    let row = query(SETTINGS).bind(tenant).bind(user).fetch_optional(conn).await?;
    row.map(|row| read_settings(&row, 0)).transpose()
}

/// Reads the columns from `frequency` to `zone` from column `at` on.
pub(crate) fn read_settings(row: &Row, at: usize) -> Result<StoredDigest> {
    let minutes = u16::try_from(row.int(at + 1)?).ok().and_then(ClockTime::from_minutes);
    Ok(StoredDigest {
        frequency: row.word(at, DigestFrequency::from_word)?,
        time: minutes.ok_or(Error::Corrupt { column: at + 1 })?,
        weekday: row.int(at + 2)? as u8,
        zone: row.get(at + 3)?,
    })
}

const SET: &str = "\
insert into digest_settings (tenant_id, user_id, frequency, minute, weekday, zone, updated_ms)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (user_id) do update set
  frequency = excluded.frequency, minute = excluded.minute, weekday = excluded.weekday,
  zone = excluded.zone, updated_ms = excluded.updated_ms";

pub async fn set(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    digest: &StoredDigest,
    at: Timestamp,
) -> Result<()> {
    query(SET)
        .bind(tenant)
        .bind(user)
        .bind(digest.frequency.word())
        .bind(i64::from(digest.time.minutes()))
        .bind(i64::from(digest.weekday))
        .bind(digest.zone.as_deref())
        .bind(at)
        .execute(conn)
        .await
        .map(drop)
}

/// A mail that was made of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    pub id: Uuid,
    /// The moment that its items have waited for.
    pub window: Timestamp,
    pub frequency: DigestFrequency,
    pub items: u64,
    pub at: Timestamp,
}

const INSERT: &str = "\
insert into digests (id, tenant_id, user_id, window_ms, frequency, items, at_ms)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (user_id, window_ms) do nothing";

/// Notes a digest; answers whether it is the first for its person and moment.
pub async fn insert(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    digest: Digest,
) -> Result<bool> {
    let inserted = query(INSERT)
        .bind(digest.id)
        .bind(tenant)
        .bind(user)
        .bind(digest.window)
        .bind(digest.frequency.word())
        .bind(digest.items)
        .bind(digest.at)
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

#[cfg(test)]
mod tests {
    use tidewire_testkit::on_both_engines;

    use super::*;
    use crate::testing::{ACME, NOW, add, open, person, user_id, within};

    on_both_engines! {
        async fn settings_are_kept_as_they_were_said(db: TestDb) {
            let db = open(&db).await;
            add(&db, &[person(1, "a@acme.example", "A")]).await;
            let owner = (ACME, user_id(1));
            let of = async |owner| within(&db, async |conn| settings(conn, owner).await).await;
            assert_eq!(of(owner).await, None);
            let mut said = StoredDigest {
                frequency: DigestFrequency::Weekly,
                time: "07:30".parse().unwrap(),
                weekday: 5,
                zone: None,
            };
            for zone in [None, Some("Asia/Kathmandu".to_owned())] {
                said.zone = zone;
                within(&db, async |conn| set(conn, owner, &said, NOW).await).await;
                assert_eq!(of(owner).await.as_ref(), Some(&said));
            }
            assert_eq!(of((TenantId::new(Uuid::from_u128(2)), owner.1)).await, None);
        }

        async fn one_digest_is_made_for_each_person_and_moment(db: TestDb) {
            let db = open(&db).await;
            add(&db, &[person(1, "a@acme.example", "A"), person(2, "b@acme.example", "B")]).await;
            let digest = |n: u128, window| Digest {
                id: Uuid::from_u128(n),
                window,
                frequency: DigestFrequency::Daily,
                items: 3,
                at: NOW,
            };
            let made = async |user, digest| {
                within(&db, async |conn| insert(conn, (ACME, user), digest).await).await
            };
            assert!(made(user_id(1), digest(1, NOW)).await);
            assert!(!made(user_id(1), digest(2, NOW)).await);
            assert!(made(user_id(1), digest(3, NOW.plus_ms(1))).await);
            assert!(made(user_id(2), digest(4, NOW)).await);
        }
    }
}
