//! A batch on SQLite: each statement takes all its rows as one JSON array, because the number of
//! statements, not of rows, is the cost.

use serde::Serialize;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use uuid::{Uuid, fmt::Simple};

use super::{
    jobs::{Draft, ReadDraft},
    number::{Admission, Move, Plan, Standing},
};
use crate::{Error, Result};

const ADMIT: &str = "\
select j.key, c.seq, c.ord, e.seq,
  case when c.kind = 'direct' then not exists (
    select 1 from channel_members o join users u on u.id = o.user_id
    where o.channel_id = c.id and o.user_id <> m.user_id and u.status = 'active' and u.deleted_ms is null)
  else false end
from json_each($1) j
cross join channel_members m on m.channel_id = unhex(j.value->>0) and m.user_id = unhex(j.value->>1)
cross join channels c on c.id = m.channel_id and c.tenant_id = unhex(j.value->>2)
left join entries e on e.channel_id = m.channel_id and e.actor_id = m.user_id and e.client_id = j.value->>3";

const RAISE_HEADS: &str = "\
update channels set seq = j.value->>1, mark = j.value->>2, ord = j.value->>3,
  last_message_seq = j.value->>1, last_message_ms = j.value->>4, touched_ms = j.value->>4
from json_each($1) j where channels.id = unhex(j.value->>0)";

const INSERT_ENTRIES: &str = "\
insert into entries (channel_id, seq, id, ord, kind, actor_id, at_ms, content, client_id, mentions)
select unhex(value->>0), value->>1, unhex(value->>2), value->>3, 'message', unhex(value->>4), value->>5,
  value->>6, value->>7, value->>8
from json_each($1)";

const RAISE_SENDERS: &str = "\
update channel_members set read_seq = j.value->>2, read_ord = j.value->>3, read_ms = j.value->>4, own_after = 0
from json_each($1) j
where channel_members.channel_id = unhex(j.value->>0) and channel_members.user_id = unhex(j.value->>1)";

const INSERT_MENTIONS: &str = "\
insert into channel_mentions (channel_id, user_id, seq)
select unhex(value->>0), unhex(value->>1), value->>2 from json_each($1) where true on conflict do nothing";

const READ_STANDINGS: &str = "\
select j.key, c.seq, m.read_seq, m.revision
from json_each($1) j
cross join channel_members m on m.channel_id = unhex(j.value->>0) and m.user_id = unhex(j.value->>1)
cross join channels c on c.id = m.channel_id and c.tenant_id = unhex(j.value->>2)
order by j.key";

const MOVE_MARKERS: &str = "\
update channel_members set read_seq = j.value->>2, read_ms = j.value->>3, touched_ms = j.value->>3,
  read_ord = (select e.ord from entries e where e.channel_id = channel_members.channel_id and e.seq = j.value->>2),
  own_after = case when own_after = 0 then 0 else (
    select count(*) from entries e where e.channel_id = channel_members.channel_id and e.seq > j.value->>2
      and e.actor_id = channel_members.user_id and e.kind = 'message' and e.deleted_ms is null) end
from json_each($1) j
where channel_members.channel_id = unhex(j.value->>0) and channel_members.user_id = unhex(j.value->>1)";

pub(super) async fn admit(
    conn: &mut SqliteConnection,
    drafts: &[&Draft],
) -> Result<Vec<Admission>> {
    let rows = json(drafts.iter().map(|draft| {
        (
            hex(draft.channel_id.uuid()),
            hex(draft.actor_id.uuid()),
            hex(draft.tenant_id.uuid()),
            &draft.client_id,
        )
    }))?;
    let found = sqlx::query(ADMIT).bind(rows).fetch_all(conn).await?;
    found.iter().map(admission).collect()
}

fn admission(row: &SqliteRow) -> Result<Admission> {
    Ok(Admission {
        index: row.try_get::<i64, _>(0)? as usize,
        head_seq: row.try_get::<i64, _>(1)? as u64,
        head_ord: row.try_get::<i64, _>(2)? as u64,
        repeated_seq: row.try_get::<Option<i64>, _>(3)?.map(|seq| seq as u64),
        recipient_inactive: row.try_get(4)?,
    })
}

pub(super) async fn store(conn: &mut SqliteConnection, plan: &Plan) -> Result<()> {
    let heads = json(plan.heads.iter().map(|(channel, head)| {
        (
            hex(channel.uuid()),
            head.position.seq,
            head.position.mark.to_i64(),
            head.ord,
            head.at.ms(),
        )
    }))?;
    sqlx::query(RAISE_HEADS).bind(heads).execute(&mut *conn).await?;
    let entries = json(plan.entries.iter().map(|entry| {
        let draft = &entry.draft;
        (
            hex(draft.channel_id.uuid()),
            entry.position.seq,
            hex(draft.id.uuid()),
            entry.ord,
            hex(draft.actor_id.uuid()),
            draft.at.ms(),
            &draft.content,
            &draft.client_id,
            (!draft.mentions.is_empty()).then_some(&draft.mentions),
        )
    }))?;
    sqlx::query(INSERT_ENTRIES).bind(entries).execute(&mut *conn).await?;
    let senders = json(plan.markers.iter().map(|((channel, user), head)| {
        (hex(channel.uuid()), hex(user.uuid()), head.position.seq, head.ord, head.at.ms())
    }))?;
    sqlx::query(RAISE_SENDERS).bind(senders).execute(&mut *conn).await?;
    store_mentions(conn, plan).await
}

async fn store_mentions(conn: &mut SqliteConnection, plan: &Plan) -> Result<()> {
    if plan.entries.iter().all(|entry| entry.draft.mentions.is_empty()) {
        return Ok(());
    }
    let mentions = json(plan.entries.iter().flat_map(|entry| {
        let channel = entry.draft.channel_id.uuid();
        entry
            .draft
            .mentions
            .iter()
            .map(move |user| (hex(channel), hex(user.uuid()), entry.position.seq))
    }))?;
    sqlx::query(INSERT_MENTIONS).bind(mentions).execute(conn).await?;
    Ok(())
}

pub(super) async fn read_standings(
    conn: &mut SqliteConnection,
    drafts: &[&ReadDraft],
) -> Result<Vec<Standing>> {
    let rows = json(drafts.iter().map(|draft| {
        (hex(draft.channel_id.uuid()), hex(draft.user_id.uuid()), hex(draft.tenant_id.uuid()))
    }))?;
    let found = sqlx::query(READ_STANDINGS).bind(rows).fetch_all(conn).await?;
    found.iter().map(standing).collect()
}

fn standing(row: &SqliteRow) -> Result<Standing> {
    Ok(Standing {
        index: row.try_get::<i64, _>(0)? as usize,
        head_seq: row.try_get::<i64, _>(1)? as u64,
        read_seq: row.try_get::<i64, _>(2)? as u64,
        revision: row.try_get(3)?,
    })
}

pub(super) async fn move_markers(conn: &mut SqliteConnection, moves: &[Move]) -> Result<()> {
    let rows = json(
        moves.iter().map(|m| (hex(m.channel_id.uuid()), hex(m.user_id.uuid()), m.seq, m.at.ms())),
    )?;
    sqlx::query(MOVE_MARKERS).bind(rows).execute(conn).await?;
    Ok(())
}

fn hex(id: Uuid) -> Simple {
    id.simple()
}

fn json<T: Serialize>(rows: impl Iterator<Item = T>) -> Result<String> {
    let rows: Vec<_> = rows.collect();
    serde_json::to_string(&rows).map_err(|error| Error::Setup(error.to_string()))
}
