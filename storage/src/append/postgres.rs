//! A batch on Postgres: arrays through `unnest`, and channel rows locked in id order first, so that
//! lanes and nodes that share channels wait for each other instead of deadlocking.
//!
//! A statement that had to wait sees the rows that it locks as they are now, and all others as they were
//! before. So a statement that locks reads nothing that counts from rows which it does not lock: members
//! are locked along with their channel, and what is read of the log is read by the next statement.

use sqlx::{PgConnection, PgPool, Row as _, postgres::PgRow, types::Json};

use super::{
    jobs::{Draft, ReadDraft, ReadOutcome, SendOutcome},
    number::{self, Admission, Move, Plan, Standing},
};
use crate::Result;

const LOCK: &str = "\
select 1
from unnest($1::uuid[], $2::uuid[]) as j (channel_id, tenant_id)
join channels c on c.id = j.channel_id and c.tenant_id = j.tenant_id
order by c.id
for update of c";

const ADMIT: &str = "\
select j.n - 1, c.seq, c.ord, e.seq,
  case when c.kind = 'direct' then not exists (
    select 1 from channel_members o join users u on u.id = o.user_id
    where o.channel_id = c.id and o.user_id <> m.user_id and u.status = 'active' and u.deleted_ms is null)
  else false end
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[])
  with ordinality as j (channel_id, user_id, tenant_id, client_id, n)
join channel_members m on m.channel_id = j.channel_id and m.user_id = j.user_id
join channels c on c.id = m.channel_id and c.tenant_id = j.tenant_id
left join entries e on e.channel_id = m.channel_id and e.actor_id = m.user_id and e.client_id = j.client_id
order by c.id
for update of c, m";

const STORE: &str = "\
with heads as (
  update channels c set seq = h.seq, mark = h.mark, ord = h.ord,
    last_message_seq = h.seq, last_message_ms = h.at_ms, touched_ms = h.at_ms
  from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) as h (id, seq, mark, ord, at_ms)
  where c.id = h.id
), written as (
  insert into entries (channel_id, seq, id, ord, kind, actor_id, at_ms, content, client_id, mentions)
  select channel_id, seq, id, ord, 'message', actor_id, at_ms, content, client_id, mentions
  from unnest($6::uuid[], $7::bigint[], $8::uuid[], $9::bigint[], $10::uuid[], $11::bigint[], $12::text[], $13::text[], $14::jsonb[])
    as t (channel_id, seq, id, ord, actor_id, at_ms, content, client_id, mentions)
), named as (
  insert into channel_mentions (channel_id, user_id, seq)
  select channel_id, user_id, seq from unnest($15::uuid[], $16::uuid[], $17::bigint[]) as n (channel_id, user_id, seq)
  on conflict do nothing
)
update channel_members m set read_seq = r.seq, read_ord = r.ord, read_ms = r.at_ms, own_after = 0
from unnest($18::uuid[], $19::uuid[], $20::bigint[], $21::bigint[], $22::bigint[])
  as r (channel_id, user_id, seq, ord, at_ms)
where m.channel_id = r.channel_id and m.user_id = r.user_id";

const READ_STANDINGS: &str = "\
select j.n - 1, c.seq, m.read_seq, m.revision
from unnest($1::uuid[], $2::uuid[], $3::uuid[]) with ordinality as j (channel_id, user_id, tenant_id, n)
join channel_members m on m.channel_id = j.channel_id and m.user_id = j.user_id
join channels c on c.id = m.channel_id and c.tenant_id = j.tenant_id
order by c.id, j.n
for update of c, m";

const MOVE_MARKERS: &str = "\
update channel_members m set read_seq = r.seq, read_ms = r.at_ms, touched_ms = r.at_ms,
  read_ord = (select e.ord from entries e where e.channel_id = m.channel_id and e.seq = r.seq),
  own_after = case when m.own_after = 0 then 0 else (
    select count(*) from entries e where e.channel_id = m.channel_id and e.seq > r.seq
      and e.actor_id = m.user_id and e.kind = 'message' and e.deleted_ms is null) end
from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) as r (channel_id, user_id, seq, at_ms)
where m.channel_id = r.channel_id and m.user_id = r.user_id";

/// One transaction.
pub(super) async fn write(
    pool: &PgPool,
    sends: &[&Draft],
    reads: &[&ReadDraft],
) -> Result<(Vec<SendOutcome>, Vec<ReadOutcome>)> {
    let (mut sent, mut read) = (Vec::new(), Vec::new());
    let mut transaction = pool.begin().await?;
    let conn = &mut *transaction;
    if !sends.is_empty() && !reads.is_empty() {
        lock(conn, sends, reads).await?;
    }
    if !sends.is_empty() {
        let plan = Plan::new(sends, &admit(conn, sends).await?);
        if !plan.entries.is_empty() {
            store(conn, &plan).await?;
        }
        sent = plan.outcomes;
    }
    if !reads.is_empty() {
        let moves;
        (read, moves) = number::read_moves(reads, &read_standings(conn, reads).await?);
        if !moves.is_empty() {
            move_markers(conn, &moves).await?;
        }
    }
    transaction.commit().await?;
    Ok((sent, read))
}

/// All channels in one order, before the two statements that each lock their own.
async fn lock(conn: &mut PgConnection, sends: &[&Draft], reads: &[&ReadDraft]) -> Result<()> {
    let mut channels = column(sends, |draft| draft.channel_id.uuid());
    let mut tenants = column(sends, |draft| draft.tenant_id.uuid());
    channels.extend(reads.iter().map(|draft| draft.channel_id.uuid()));
    tenants.extend(reads.iter().map(|draft| draft.tenant_id.uuid()));
    sqlx::query(LOCK).bind(channels).bind(tenants).execute(conn).await?;
    Ok(())
}

async fn admit(conn: &mut PgConnection, drafts: &[&Draft]) -> Result<Vec<Admission>> {
    let found = sqlx::query(ADMIT)
        .bind(column(drafts, |draft| draft.channel_id.uuid()))
        .bind(column(drafts, |draft| draft.actor_id.uuid()))
        .bind(column(drafts, |draft| draft.tenant_id.uuid()))
        .bind(column(drafts, |draft| draft.client_id.clone()))
        .fetch_all(conn)
        .await?;
    found.iter().map(admission).collect()
}

fn admission(row: &PgRow) -> Result<Admission> {
    Ok(Admission {
        index: row.try_get::<i64, _>(0)? as usize,
        head_seq: row.try_get::<i64, _>(1)? as u64,
        head_ord: row.try_get::<i64, _>(2)? as u64,
        repeated_seq: row.try_get::<Option<i64>, _>(3)?.map(|seq| seq as u64),
        recipient_inactive: row.try_get(4)?,
    })
}

async fn store(conn: &mut PgConnection, plan: &Plan) -> Result<()> {
    let heads: Vec<_> = plan.heads.iter().collect();
    let entries: Vec<_> = plan.entries.iter().collect();
    let markers: Vec<_> = plan.markers.iter().collect();
    let mentions: Vec<_> = plan
        .entries
        .iter()
        .flat_map(|entry| {
            entry
                .draft
                .mentions
                .iter()
                .map(move |user| (entry.draft.channel_id, *user, entry.position.seq))
        })
        .collect();
    sqlx::query(STORE)
        .bind(column(&heads, |(channel, _)| channel.uuid()))
        .bind(column(&heads, |(_, head)| head.position.seq as i64))
        .bind(column(&heads, |(_, head)| head.position.mark.to_i64()))
        .bind(column(&heads, |(_, head)| head.ord as i64))
        .bind(column(&heads, |(_, head)| head.at.ms()))
        .bind(column(&entries, |entry| entry.draft.channel_id.uuid()))
        .bind(column(&entries, |entry| entry.position.seq as i64))
        .bind(column(&entries, |entry| entry.draft.id.uuid()))
        .bind(column(&entries, |entry| entry.ord as i64))
        .bind(column(&entries, |entry| entry.draft.actor_id.uuid()))
        .bind(column(&entries, |entry| entry.draft.at.ms()))
        .bind(column(&entries, |entry| entry.draft.content.clone()))
        .bind(column(&entries, |entry| entry.draft.client_id.clone()))
        .bind(column(&entries, |entry| {
            (!entry.draft.mentions.is_empty()).then(|| Json(entry.draft.mentions.clone()))
        }))
        .bind(column(&mentions, |(channel, _, _)| channel.uuid()))
        .bind(column(&mentions, |(_, user, _)| user.uuid()))
        .bind(column(&mentions, |(_, _, seq)| *seq as i64))
        .bind(column(&markers, |((channel, _), _)| channel.uuid()))
        .bind(column(&markers, |((_, user), _)| user.uuid()))
        .bind(column(&markers, |(_, head)| head.position.seq as i64))
        .bind(column(&markers, |(_, head)| head.ord as i64))
        .bind(column(&markers, |(_, head)| head.at.ms()))
        .execute(conn)
        .await?;
    Ok(())
}

async fn read_standings(conn: &mut PgConnection, drafts: &[&ReadDraft]) -> Result<Vec<Standing>> {
    let found = sqlx::query(READ_STANDINGS)
        .bind(column(drafts, |draft| draft.channel_id.uuid()))
        .bind(column(drafts, |draft| draft.user_id.uuid()))
        .bind(column(drafts, |draft| draft.tenant_id.uuid()))
        .fetch_all(conn)
        .await?;
    found.iter().map(standing).collect()
}

fn standing(row: &PgRow) -> Result<Standing> {
    Ok(Standing {
        index: row.try_get::<i64, _>(0)? as usize,
        head_seq: row.try_get::<i64, _>(1)? as u64,
        read_seq: row.try_get::<i64, _>(2)? as u64,
        revision: row.try_get(3)?,
    })
}

async fn move_markers(conn: &mut PgConnection, moves: &[Move]) -> Result<()> {
    sqlx::query(MOVE_MARKERS)
        .bind(column(moves, |m| m.channel_id.uuid()))
        .bind(column(moves, |m| m.user_id.uuid()))
        .bind(column(moves, |m| m.seq as i64))
        .bind(column(moves, |m| m.at.ms()))
        .execute(conn)
        .await?;
    Ok(())
}

fn column<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

#[cfg(test)]
mod tests;
