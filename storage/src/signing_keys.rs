//! Generations of the key that signs access tokens. The keys themselves follow from the
//! installation's secret; here is only when each begins.

use tidewire_protocol::Timestamp;

use crate::{Conn, Result, query::query};

/// A key that took over from the one before it, or will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation {
    /// From 1 on, without gaps; the first key of all is 0.
    pub number: i64,
    pub signs_from: Timestamp,
    /// Until when the key before it is still good for tokens that it signed.
    pub previous_until: Timestamp,
}

const INSERT: &str = "\
insert into signing_keys (generation, signs_from_ms, previous_until_ms)
select coalesce(max(generation), 0) + 1, $1, $2 from signing_keys
returning generation";

/// Adds the next generation and answers its number.
pub async fn add(conn: &mut Conn, signs_from: Timestamp, previous_until: Timestamp) -> Result<i64> {
    query(INSERT).bind(signs_from).bind(previous_until).fetch_one(conn).await?.int(0)
}

const NEWEST: &str = "\
select generation, signs_from_ms, previous_until_ms from signing_keys
order by generation desc limit $1";

/// The newest `limit` generations, newest first.
pub async fn newest(conn: &mut Conn, limit: u64) -> Result<Vec<Generation>> {
    let rows = query(NEWEST).bind(limit).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(Generation {
                number: row.int(0)?,
                signs_from: row.timestamp(1)?,
                previous_until: row.timestamp(2)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use tidewire_testkit::on_both_engines;

    use super::*;
    use crate::testing::{NOW, open, within};

    on_both_engines! {
        async fn generations_are_numbered_without_gaps_and_read_from_the_newest(db: TestDb) {
            let db = open(&db).await;
            for number in 1..=3 {
                let from = NOW.plus_ms(number * 1_000);
                let added = within(&db, async |conn| add(conn, from, from.plus_ms(500)).await);
                assert_eq!(added.await, number);
            }
            let newest = within(&db, async |conn| newest(conn, 2).await).await;
            let third = Generation {
                number: 3,
                signs_from: NOW.plus_ms(3_000),
                previous_until: NOW.plus_ms(3_500),
            };
            assert_eq!(newest[0], third);
            assert_eq!(newest.iter().map(|found| found.number).collect::<Vec<_>>(), [3, 2]);
        }
    }
}
