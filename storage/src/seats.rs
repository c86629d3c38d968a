//! How many people a company has room for.

use tidewire_protocol::id::TenantId;

use crate::{Conn, Result, dialect::locking, query::query};

/// What is taken, and of how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seats {
    /// Active and invited people.
    pub used: i64,
    /// `None` for any number.
    pub limit: Option<i64>,
}

const COUNT: &str = "\
select count(*) from users
where tenant_id = $1 and status in ('active', 'pending') and deleted_ms is null";

/// Counts under the tenant's lock: until the transaction ends, nobody else takes a seat.
pub async fn count(conn: &mut Conn, tenant_id: TenantId) -> Result<Seats> {
    let limit = locking!("select seat_limit from tenants where id = $1", " for no key update", "");
    let limit = query(limit).bind(tenant_id).fetch_one(conn).await?.get(0)?;
    let used = query(COUNT).bind(tenant_id).fetch_one(conn).await?.int(0)?;
    Ok(Seats { used, limit })
}

#[cfg(test)]
mod tests {
    use tidewire_testkit::on_both_engines;

    use super::*;
    use crate::testing::{ACME, add, open, person, within};

    on_both_engines! {
        async fn active_and_invited_people_have_a_seat(db: TestDb) {
            let db = open(&db).await;
            add(&db, &[person(1, "a@acme.example", "A"), person(2, "b@acme.example", "B")]).await;
            add(&db, &[person(3, "c@acme.example", "C"), person(4, "d@acme.example", "D")]).await;
            let counted = within(&db, async |conn| {
                query("update users set status = 'pending' where number = 2").execute(conn).await?;
                query("update users set status = 'inactive' where number = 3").execute(conn).await?;
                query("update users set deleted_ms = 1 where number = 4").execute(conn).await?;
                let before = count(conn, ACME).await?;
                query("update tenants set seat_limit = 5").execute(conn).await?;
                Ok([before, count(conn, ACME).await?])
            }).await;
            assert_eq!(counted.map(|seats| seats.used), [2, 2]);
            assert_eq!(counted.map(|seats| seats.limit), [None, Some(5)]);
        }
    }
}
