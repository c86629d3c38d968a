//! A batch on SQLite: two trips to the thread that owns the connection, one that begins and asks and
//! one that stores and commits, because trips and not rows are the cost. Each statement takes all its
//! rows as one JSON array.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{
    AssertSqlSafe, Row as _, SqliteConnection,
    query::Query,
    sqlite::{Sqlite, SqliteArguments},
};
use uuid::{Uuid, fmt::Simple};

use super::{
    jobs::{Draft, ReadDraft, ReadOutcome, SendOutcome},
    number::{self, Admission, Move, Plan, Standing},
};
use crate::{Error, Result};

const ADMIT: &str = "\
select json_group_array(json_array(j.key, c.seq, c.ord, e.seq,
  case when c.kind = 'direct' then not exists (
    select 1 from channel_members o join users u on u.id = o.user_id
    where o.channel_id = c.id and o.user_id <> m.user_id and u.status = 'active' and u.deleted_ms is null)
  else false end))
from json_each($1) j
cross join channel_members m on m.channel_id = unhex(j.value->>0) and m.user_id = unhex(j.value->>1)
cross join channels c on c.id = m.channel_id and c.tenant_id = unhex(j.value->>2)
left join entries e on e.channel_id = m.channel_id and e.actor_id = m.user_id and e.client_id = j.value->>3;";

const RAISE_HEADS: &str = "\
update channels set seq = j.value->>1, mark = j.value->>2, ord = j.value->>3,
  last_message_seq = j.value->>1, last_message_ms = j.value->>4, touched_ms = j.value->>4
from json_each($1) j where channels.id = unhex(j.value->>0);";

const INSERT_ENTRIES: &str = "\
insert into entries (channel_id, seq, id, ord, kind, actor_id, at_ms, content, client_id, mentions)
select unhex(value->>0), value->>1, unhex(value->>2), value->>3, 'message', unhex(value->>4), value->>5,
  value->>6, value->>7, value->>8
from json_each($1);";

const RAISE_SENDERS: &str = "\
update channel_members set read_seq = j.value->>2, read_ord = j.value->>3, read_ms = j.value->>4, own_after = 0
from json_each($1) j
where channel_members.channel_id = unhex(j.value->>0) and channel_members.user_id = unhex(j.value->>1);";

const INSERT_MENTIONS: &str = "\
insert into channel_mentions (channel_id, user_id, seq)
select unhex(value->>0), unhex(value->>1), value->>2 from json_each($1) where true on conflict do nothing;";

const READ_STANDINGS: &str = "\
select json_group_array(json_array(j.key, c.seq, m.read_seq, m.revision))
from json_each($1) j
cross join channel_members m on m.channel_id = unhex(j.value->>0) and m.user_id = unhex(j.value->>1)
cross join channels c on c.id = m.channel_id and c.tenant_id = unhex(j.value->>2);";

const MOVE_MARKERS: &str = "\
update channel_members set read_seq = j.value->>2, read_ms = j.value->>3, touched_ms = j.value->>3,
  read_ord = (select e.ord from entries e where e.channel_id = channel_members.channel_id and e.seq = j.value->>2),
  own_after = case when own_after = 0 then 0 else (
    select count(*) from entries e where e.channel_id = channel_members.channel_id and e.seq > j.value->>2
      and e.actor_id = channel_members.user_id and e.kind = 'message' and e.deleted_ms is null) end
from json_each($1) j
where channel_members.channel_id = unhex(j.value->>0) and channel_members.user_id = unhex(j.value->>1);";

/// One transaction on the writing connection, which is in none.
pub(super) async fn write(
    conn: &mut SqliteConnection,
    sends: &[&Draft],
    reads: &[&ReadDraft],
) -> Result<(Vec<SendOutcome>, Vec<ReadOutcome>)> {
    let written = write_in_transaction(conn, sends, reads).await;
    if written.is_err() {
        // Fails when nothing was begun, or when SQLite has rolled back by itself.
        let _ = sqlx::query("rollback").execute(conn).await;
    }
    written
}

async fn write_in_transaction(
    conn: &mut SqliteConnection,
    sends: &[&Draft],
    reads: &[&ReadDraft],
) -> Result<(Vec<SendOutcome>, Vec<ReadOutcome>)> {
    let (mut sent, mut read) = (Vec::new(), Vec::new());
    let mut script = Script::default();
    script.say("begin immediate;");
    if !sends.is_empty() {
        script.run(ADMIT, sends.iter().map(|draft| asked_of_draft(draft)))?;
        let admissions = script.take().answer(conn).await?.into_iter().map(admission);
        let plan = Plan::new(sends, &admissions.collect::<Vec<_>>());
        store(&mut script, &plan)?;
        sent = plan.outcomes;
    }
    if !reads.is_empty() {
        script.run(READ_STANDINGS, reads.iter().map(|draft| asked_of_reader(draft)))?;
        let standings = script.take().answer(conn).await?.into_iter().map(standing);
        let moves;
        (read, moves) = number::read_moves(reads, &standings.collect::<Vec<_>>());
        script.run(MOVE_MARKERS, moves.iter().map(marker))?;
    }
    script.say("commit");
    script.take().query().execute(conn).await?;
    Ok((sent, read))
}

/// Statements that make one trip, each with its rows.
#[derive(Default)]
struct Script {
    sql: String,
    rows: Vec<String>,
}

impl Script {
    fn say(&mut self, statement: &str) {
        self.sql.push_str(statement);
    }

    /// Adds a statement whose only parameter, `$1`, is an array of these rows; nothing without rows.
    fn run<T: Serialize>(&mut self, statement: &str, rows: impl Iterator<Item = T>) -> Result<()> {
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            return Ok(());
        }
        let text = serde_json::to_string(&rows).map_err(|error| Error::Setup(error.to_string()))?;
        self.rows.push(text);
        self.sql.push_str(&statement.replace("$1", &format!("${}", self.rows.len())));
        Ok(())
    }

    fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    fn query(self) -> Query<'static, Sqlite, SqliteArguments> {
        self.rows.into_iter().fold(sqlx::query(AssertSqlSafe(self.sql)), Query::bind)
    }

    /// The rows of the last statement, which answers one JSON array of arrays.
    async fn answer<T: DeserializeOwned>(self, conn: &mut SqliteConnection) -> Result<Vec<T>> {
        let text: String = self.query().fetch_one(conn).await?.try_get(0)?;
        serde_json::from_str(&text).map_err(|_| Error::Corrupt { column: 0 })
    }
}

fn asked_of_draft(draft: &Draft) -> (Simple, Simple, Simple, &Option<String>) {
    (
        hex(draft.channel_id.uuid()),
        hex(draft.actor_id.uuid()),
        hex(draft.tenant_id.uuid()),
        &draft.client_id,
    )
}

fn asked_of_reader(draft: &ReadDraft) -> (Simple, Simple, Simple) {
    (hex(draft.channel_id.uuid()), hex(draft.user_id.uuid()), hex(draft.tenant_id.uuid()))
}

fn marker(moved: &Move) -> (Simple, Simple, u64, i64) {
    (hex(moved.channel_id.uuid()), hex(moved.user_id.uuid()), moved.seq, moved.at.ms())
}

fn admission(row: (usize, u64, u64, Option<u64>, u8)) -> Admission {
    let (index, head_seq, head_ord, repeated_seq, recipient_inactive) = row;
    let recipient_inactive = recipient_inactive != 0;
    Admission { index, head_seq, head_ord, repeated_seq, recipient_inactive }
}

fn standing(row: (usize, u64, u64, i64)) -> Standing {
    let (index, head_seq, read_seq, revision) = row;
    Standing { index, head_seq, read_seq, revision }
}

fn store(script: &mut Script, plan: &Plan) -> Result<()> {
    let head_rows = plan.heads.iter().map(|(channel, head)| {
        (
            hex(channel.uuid()),
            head.position.seq,
            head.position.mark.to_i64(),
            head.ord,
            head.at.ms(),
        )
    });
    let entry_rows = plan.entries.iter().map(|entry| {
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
    });
    let sender_rows = plan.markers.iter().map(|((channel, user), head)| {
        (hex(channel.uuid()), hex(user.uuid()), head.position.seq, head.ord, head.at.ms())
    });
    let mention_rows = plan.entries.iter().flat_map(|entry| {
        let channel = entry.draft.channel_id.uuid();
        let mentions = entry.draft.mentions.iter();
        mentions.map(move |user| (hex(channel), hex(user.uuid()), entry.position.seq))
    });
    script.run(RAISE_HEADS, head_rows)?;
    script.run(INSERT_ENTRIES, entry_rows)?;
    script.run(RAISE_SENDERS, sender_rows)?;
    script.run(INSERT_MENTIONS, mention_rows)
}

fn hex(id: Uuid) -> Simple {
    id.simple()
}
