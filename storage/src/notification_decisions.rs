//! What was decided for each person, event and channel, and why.

use tidewire_protocol::{
    Timestamp,
    id::{DecisionId, NotificationId, TenantId, UserId},
    model::{
        notification_decisions::{OutcomeKind, Reason, RuleAsked},
        notification_preferences::Channel,
        notifications::DecisionListed,
    },
    notification_event::EventKey,
};

use crate::{
    Conn, Result,
    query::{Query, Row, query},
};

/// A decision as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub id: DecisionId,
    pub event: EventKey,
    pub channel: Channel,
    pub outcome: OutcomeKind,
    pub reason: Reason,
    pub until: Option<Timestamp>,
    pub rules: Vec<RuleAsked>,
    pub notification_id: Option<NotificationId>,
    pub at: Timestamp,
}

const INSERT: &str = "\
insert into notification_decisions (id, tenant_id, user_id, event, channel, outcome, reason, until_ms,
  rules, notification_id, decided_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

pub async fn insert(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    decision: &Decision,
) -> Result<()> {
    query(INSERT)
        .bind(decision.id)
        .bind(tenant)
        .bind(user)
        .bind(decision.event.word())
        .bind(decision.channel.word())
        .bind(decision.outcome.word())
        .bind(decision.reason.word())
        .bind(decision.until)
        .bind_json(&decision.rules)
        .bind(decision.notification_id)
        .bind(decision.at)
        .execute(conn)
        .await
        .map(drop)
}

const ABOUT: &str = "\
select id, event, channel, outcome, reason, until_ms, rules, notification_id, decided_ms
from notification_decisions
where tenant_id = $1 and user_id = $2 and notification_id = $3
order by decided_ms, id";

/// What was decided about one notification, in order.
pub async fn about(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    id: NotificationId,
) -> Result<Vec<Decision>> {
    let rows = query(ABOUT).bind(tenant).bind(user).bind(id).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Decision> {
    Ok(Decision {
        id: row.id(0)?,
        event: row.word(1, EventKey::from_word)?,
        channel: row.word(2, Channel::from_word)?,
        outcome: row.word(3, OutcomeKind::from_word)?,
        reason: row.word(4, Reason::from_word)?,
        until: row.optional_timestamp(5)?,
        rules: row.json(6)?,
        notification_id: row.optional_id(7)?,
        at: row.timestamp(8)?,
    })
}

/// Which of a person's decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    pub event: Option<String>,
    pub outcome: Option<OutcomeKind>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

macro_rules! wanted {
    () => {
        "from notification_decisions d
left join notifications n on n.id = d.notification_id and n.user_id = d.user_id
where d.tenant_id = $1 and d.user_id = $2 and ($3 is null or d.event = $3)
  and ($4 is null or d.outcome = $4) and d.decided_ms >= $5 and d.decided_ms < $6"
    };
}

const LIST: &str = concat!(
    "select d.id, d.event, d.channel, d.outcome, d.reason, n.id, d.decided_ms ",
    wanted!(),
    " order by d.decided_ms desc, d.id desc limit $7 offset $8"
);
const COUNT: &str = concat!("select count(*) ", wanted!());

/// Some of a person's decisions, newest first, and how many there are in all.
pub async fn list(
    conn: &mut Conn,
    owner: (TenantId, UserId),
    filters: &Filters,
    (limit, offset): (u32, u64),
) -> Result<(Vec<DecisionListed>, u64)> {
    let total = wanted(COUNT, owner, filters).fetch_one(conn).await?.int(0)?;
    let page = wanted(LIST, owner, filters).bind(i64::from(limit)).bind(offset);
    let rows = page.fetch_all(conn).await?;
    let found = rows.iter().map(read_listed).collect::<Result<_>>()?;
    Ok((found, total as u64))
}

fn wanted(sql: &'static str, (tenant, user): (TenantId, UserId), filters: &Filters) -> Query {
    query(sql)
        .bind(tenant)
        .bind(user)
        .bind(filters.event.as_deref())
        .bind(filters.outcome.map(OutcomeKind::word))
        .bind(filters.from.map_or(0, Timestamp::ms))
        .bind(filters.to.map_or(i64::MAX, Timestamp::ms))
}

fn read_listed(row: &Row) -> Result<DecisionListed> {
    Ok(DecisionListed {
        id: row.id(0)?,
        event_key: row.word(1, EventKey::from_word)?,
        channel: row.word(2, Channel::from_word)?,
        outcome: row.word(3, OutcomeKind::from_word)?,
        reason: row.word(4, Reason::from_word)?,
        notification_id: row.optional_id(5)?,
        decided_at: row.timestamp(6)?,
    })
}

const PURGE: &str = "delete from notification_decisions where decided_ms < $1";

/// Forgets decisions from before `before`.
pub async fn purge(conn: &mut Conn, before: Timestamp) -> Result<u64> {
    query(PURGE).bind(before).execute(conn).await
}

const TAKE_KEY: &str = "\
insert into notification_keys (tenant_id, key, at_ms) values ($1, $2, $3)
on conflict (tenant_id, key) do update set at_ms = excluded.at_ms
where notification_keys.at_ms <= $4";

/// Takes a key that nobody has used after `since`; answers whether it was free.
pub async fn take_key(
    conn: &mut Conn,
    tenant: TenantId,
    key: &str,
    (at, since): (Timestamp, Timestamp),
) -> Result<bool> {
    let taken = query(TAKE_KEY).bind(tenant).bind(key).bind(at).bind(since);
    Ok(taken.execute(conn).await? == 1)
}

const PURGE_KEYS: &str = "delete from notification_keys where at_ms < $1";

/// Forgets keys that were used before `before`.
pub async fn purge_keys(conn: &mut Conn, before: Timestamp) -> Result<u64> {
    query(PURGE_KEYS).bind(before).execute(conn).await
}

#[cfg(test)]
mod tests;
