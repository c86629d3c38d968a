//! What people choose for the programs they use.

use tidewire_protocol::{
    Timestamp,
    id::{TenantId, UserId},
    model::preferences::Preferences,
};

use crate::{Conn, Result, query::query};

const OF: &str = "\
select ui, notifications, updated_ms from preferences where tenant_id = $1 and user_id = $2";

/// The defaults for who has chosen nothing.
pub async fn of(conn: &mut Conn, tenant_id: TenantId, user_id: UserId) -> Result<Preferences> {
    let row = query(OF).bind(tenant_id).bind(user_id).fetch_optional(conn).await?;
    let Some(row) = row else { return Ok(Preferences::default()) };
    Ok(Preferences {
        ui: row.json(0)?,
        notifications: row.json(1)?,
        updated_at: Some(row.timestamp(2)?),
    })
}

const PUT: &str = "\
insert into preferences (tenant_id, user_id, ui, notifications, updated_ms)
values ($1, $2, $3, $4, $5)
on conflict (user_id) do update set
  ui = excluded.ui, notifications = excluded.notifications, updated_ms = excluded.updated_ms";

pub async fn put(
    conn: &mut Conn,
    tenant_id: TenantId,
    user_id: UserId,
    preferences: &Preferences,
    at: Timestamp,
) -> Result<()> {
    query(PUT)
        .bind(tenant_id)
        .bind(user_id)
        .bind_json(&preferences.ui)
        .bind_json(&preferences.notifications)
        .bind(at)
        .execute(conn)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use tidewire_protocol::model::preferences::Theme;
    use tidewire_testkit::on_both_engines;
    use uuid::Uuid;

    use super::*;
    use crate::testing::{ACME, NOW, add, open, person, user_id, within};

    on_both_engines! {
        async fn choices_are_kept_for_their_person_alone(db: TestDb) {
            let db = open(&db).await;
            add(&db, &[person(1, "a@acme.example", "A"), person(2, "b@acme.example", "B")]).await;
            let mut chosen = Preferences::default();
            for theme in [Theme::Dark, Theme::Light] {
                chosen.ui.theme = theme;
                chosen.updated_at = Some(NOW);
                within(&db, async |conn| put(conn, ACME, user_id(1), &chosen, NOW).await).await;
                let kept = within(&db, async |conn| of(conn, ACME, user_id(1)).await).await;
                assert_eq!(kept, chosen);
            }
            let elsewhere = TenantId::new(Uuid::from_u128(2));
            for (tenant, user) in [(ACME, user_id(2)), (elsewhere, user_id(1))] {
                let kept = within(&db, async |conn| of(conn, tenant, user).await).await;
                assert_eq!(kept, Preferences::default());
            }
        }
    }
}
