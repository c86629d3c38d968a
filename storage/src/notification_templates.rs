//! What companies have worded themselves; what they have not has no row.

use tidewire_protocol::{
    Timestamp,
    id::{TenantId, UserId},
    model::notification_templates::Wording,
};

use crate::{
    Conn, Result,
    query::{Row, query},
};

/// A template that somebody has changed. Version 0 was never saved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// `None` when it was set back to the built-in words.
    pub wording: Option<Wording>,
    pub version: i64,
    pub updated_at: Option<Timestamp>,
    pub updated_by: Option<UserId>,
}

const GET: &str = "\
select subject, body, body_text, version, updated_ms, updated_by from notification_templates
where tenant_id = $1 and template = $2";

pub async fn get(conn: &mut Conn, tenant_id: TenantId, template: &str) -> Result<Option<Stored>> {
    let row = query(GET).bind(tenant_id).bind(template).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

const ALL: &str = "\
select subject, body, body_text, version, updated_ms, updated_by, template
from notification_templates where tenant_id = $1";

/// All that were ever changed, by their names.
pub async fn all(conn: &mut Conn, tenant_id: TenantId) -> Result<Vec<(String, Stored)>> {
    let rows = query(ALL).bind(tenant_id).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.text(6)?, read(row)?))).collect()
}

const HOLD: &str = "\
insert into notification_templates (tenant_id, template, version) values ($1, $2, 0)
on conflict (tenant_id, template) do update set version = notification_templates.version
returning subject, body, body_text, version, updated_ms, updated_by";

/// The template, which nobody else changes until the transaction ends.
pub async fn hold(conn: &mut Conn, tenant_id: TenantId, template: &str) -> Result<Stored> {
    read(&query(HOLD).bind(tenant_id).bind(template).fetch_one(conn).await?)
}

const SAVE: &str = "\
update notification_templates
set subject = $3, body = $4, body_text = $5, version = version + 1, updated_ms = $6, updated_by = $7
where tenant_id = $1 and template = $2
returning subject, body, body_text, version, updated_ms, updated_by";

/// Gives a template that is held other words, or with `None` the built-in ones.
pub async fn save(
    conn: &mut Conn,
    (tenant_id, template): (TenantId, &str),
    wording: Option<&Wording>,
    (by, at): (UserId, Timestamp),
) -> Result<Stored> {
    let row = query(SAVE)
        .bind(tenant_id)
        .bind(template)
        .bind(wording.and_then(|wording| wording.subject.as_deref()))
        .bind(wording.map(|wording| wording.body.as_str()))
        .bind(wording.and_then(|wording| wording.body_text.as_deref()))
        .bind(at)
        .bind(by)
        .fetch_one(conn)
        .await?;
    read(&row)
}

fn read(row: &Row) -> Result<Stored> {
    let body: Option<String> = row.get(1)?;
    let wording = match body {
        Some(body) => Some(Wording { subject: row.get(0)?, body, body_text: row.get(2)? }),
        None => None,
    };
    Ok(Stored {
        wording,
        version: row.int(3)?,
        updated_at: row.optional_timestamp(4)?,
        updated_by: row.optional_id(5)?,
    })
}

#[cfg(test)]
mod tests {
    use tidewire_testkit::on_both_engines;
    use uuid::Uuid;

    use super::*;
    use crate::testing::{ACME, NOW, add_tenant, open, user_id, within};

    const OTHER: TenantId = TenantId::new(Uuid::from_u128(2));
    const MAIL: &str = "sales.lead_assigned.email";

    fn wording(subject: Option<&str>, body: &str) -> Wording {
        Wording { subject: subject.map(str::to_owned), body: body.to_owned(), body_text: None }
    }

    on_both_engines! {
        async fn words_are_saved_and_taken_back_with_a_version_that_only_grows(db: TestDb) {
            let db = open(&db).await;
            add_tenant(&db, OTHER, "other").await;
            let held = within(&db, async |conn| hold(conn, ACME, MAIL).await).await;
            assert_eq!(held, Stored::default());
            let own = Wording {
                body_text: Some("text".to_owned()),
                ..wording(Some("subject"), "body")
            };
            for (version, words) in [(1, Some(&own)), (2, None), (3, Some(&own))] {
                let saved = within(&db, async |conn| {
                    hold(conn, ACME, MAIL).await?;
                    save(conn, (ACME, MAIL), words, (user_id(1), NOW)).await
                }).await;
                let expected = Stored {
                    wording: words.cloned(),
                    version,
                    updated_at: Some(NOW),
                    updated_by: Some(user_id(1)),
                };
                assert_eq!(saved, expected);
                let mut conn = db.read().await.unwrap();
                assert_eq!(get(&mut conn, ACME, MAIL).await.unwrap(), Some(expected));
            }
            let mut conn = db.read().await.unwrap();
            assert_eq!(get(&mut conn, OTHER, MAIL).await.unwrap(), None);
            assert_eq!(get(&mut conn, ACME, "sales.lead_assigned.push").await.unwrap(), None);
        }

        async fn all_are_those_of_one_tenant(db: TestDb) {
            let db = open(&db).await;
            add_tenant(&db, OTHER, "other").await;
            for (tenant, template) in [(ACME, MAIL), (ACME, "tasks.assigned.push"), (OTHER, MAIL)] {
                within(&db, async |conn| {
                    hold(conn, tenant, template).await?;
                    save(conn, (tenant, template), Some(&wording(None, "x")), (user_id(1), NOW)).await
                }).await;
            }
            let mut found = all(&mut db.read().await.unwrap(), ACME).await.unwrap();
            found.sort_by(|(a, _), (b, _)| a.cmp(b));
            let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, [MAIL, "tasks.assigned.push"]);
            assert_eq!(found[0].1.wording, Some(wording(None, "x")));
        }
    }
}
