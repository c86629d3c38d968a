//! What is to reach people outside of the app: pushes to their devices, and mails. A row waits until it
//! is due, is worked on under a lease, and stays for as long as somebody may ask what became of it.

use serde_json::Value;
use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, DecisionId, DeliveryId, DeviceId, NotificationId, TenantId, UserId},
    model::notifications::{Delivery, DeliveryStatus},
    notification_event::EventKey,
};
use uuid::Uuid;

use crate::{
    Conn, Error, Result,
    dialect::{Sql, by_ids},
    query::{Row, query},
};

/// The route of mails that are held back here.
pub const EMAIL: &str = "email";
/// The route of mails that have gone on to the outbox.
pub const MAIL: &str = "mail";

macro_rules! column_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

column_words! {
    /// What a delivery is for.
    Kind {
        /// Says that something has happened.
        Alert = "alert",
        /// Changes the figure on a program's icon.
        Badge = "badge",
        /// Takes back what was shown.
        Clear = "clear",
    }
}

column_words! {
    /// Why a delivery waits.
    Held {
        /// The person has a connection open and may be reading.
        Live = "live",
        Quiet = "quiet",
        Digest = "digest",
    }
}

/// A delivery to come.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDelivery<'a> {
    pub id: DeliveryId,
    pub decision_id: Option<DecisionId>,
    pub notification_id: Option<NotificationId>,
    pub event: EventKey,
    /// [`EMAIL`], [`MAIL`], or the platform of a device.
    pub route: &'a str,
    pub device_id: Option<DeviceId>,
    pub kind: Kind,
    pub held: Option<Held>,
    /// The message that it is about.
    pub message: Option<(ChannelId, u64)>,
    pub content: &'a Value,
    pub due_at: Timestamp,
    pub at: Timestamp,
}

const PUT: &str = "\
insert into deliveries (id, tenant_id, user_id, decision_id, notification_id, event, route, device_id,
  kind, held, chat_channel_id, chat_seq, content, state, due_ms, window_ms, created_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'queued', $14, $14, $15)";

pub async fn put(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    new: &NewDelivery<'_>,
) -> Result<()> {
    query(PUT)
        .bind(new.id)
        .bind(tenant)
        .bind(user)
        .bind(new.decision_id)
        .bind(new.notification_id)
        .bind(new.event.word())
        .bind(new.route)
        .bind(new.device_id)
        .bind(new.kind.word())
        .bind(new.held.map(Held::word))
        .bind(new.message.map(|(channel, _)| channel))
        .bind(new.message.map(|(_, seq)| seq as i64))
        .bind_json(new.content)
        .bind(new.due_at)
        .bind(new.at)
        .execute(conn)
        .await
        .map(drop)
}

/// A delivery in the hands of one worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    pub id: DeliveryId,
    pub tenant_id: TenantId,
    pub user_id: UserId,
    pub decision_id: Option<DecisionId>,
    pub notification_id: Option<NotificationId>,
    pub event: EventKey,
    pub device_id: Option<DeviceId>,
    pub kind: Kind,
    pub held: Option<Held>,
    pub message: Option<(ChannelId, u64)>,
    pub content: Value,
    /// How often it was tried before.
    pub attempts: i64,
    /// The moment that it has waited for.
    pub window: Timestamp,
    pub created_at: Timestamp,
}

macro_rules! claimed_columns {
    () => {
        " returning id, tenant_id, user_id, decision_id, notification_id, event, device_id, kind, held,
  chat_channel_id, chat_seq, content, attempts, window_ms, created_ms"
    };
}

fn read_claimed(row: &Row) -> Result<Claimed> {
    let seq: Option<i64> = row.get(10)?;
    let held: Option<String> = row.get(8)?;
    Ok(Claimed {
        id: row.id(0)?,
        tenant_id: row.id(1)?,
        user_id: row.id(2)?,
        decision_id: row.optional_id(3)?,
        notification_id: row.optional_id(4)?,
        event: row.word(5, EventKey::from_word)?,
        device_id: row.optional_id(6)?,
        kind: row.word(7, Kind::from_word)?,
        held: match held {
            Some(word) => Some(Held::from_word(&word).ok_or(Error::Corrupt { column: 8 })?),
            None => None,
        },
        message: row.optional_id(9)?.zip(seq.map(|seq| seq as u64)),
        content: row.json(11)?,
        attempts: row.int(12)?,
        window: row.timestamp(13)?,
        created_at: row.timestamp(14)?,
    })
}

const IS_DUE: &str =
    "select 1 from deliveries where route = $1 and state = 'queued' and due_ms <= $2 limit 1";

/// Whether there is anything to claim; cheaper than claiming nothing.
pub async fn is_due(conn: &mut Conn, route: &str, at: Timestamp) -> Result<bool> {
    Ok(query(IS_DUE).bind(route).bind(at).fetch_optional(conn).await?.is_some())
}

/// Takes at most `limit` due deliveries of a route, until `lease_until`.
pub async fn claim(
    conn: &mut Conn,
    route: &str,
    claim: Uuid,
    (at, lease_until): (Timestamp, Timestamp),
    limit: u64,
) -> Result<Vec<Claimed>> {
    let sql = Sql {
        sqlite: concat!(
            "update deliveries set claim = $2, due_ms = $4 where id in (\
             select id from deliveries where route = $1 and state = 'queued' and due_ms <= $3 \
             order by due_ms limit $5)",
            claimed_columns!()
        ),
        postgres: concat!(
            "update deliveries set claim = $2, due_ms = $4 where id in (\
             select id from deliveries where route = $1 and state = 'queued' and due_ms <= $3 \
             order by due_ms limit $5 for update skip locked)",
            claimed_columns!()
        ),
    };
    let claimed = query(sql).bind(route).bind(claim).bind(at).bind(lease_until).bind(limit);
    claimed.fetch_all(conn).await?.iter().map(read_claimed).collect()
}

/// Takes what else is due on a route for the same person and for the same reason, however much it is.
pub async fn claim_rest(
    conn: &mut Conn,
    (route, user, held): (&str, UserId, Held),
    claim: Uuid,
    (at, lease_until): (Timestamp, Timestamp),
) -> Result<Vec<Claimed>> {
    let sql = Sql {
        sqlite: concat!(
            "update deliveries set claim = $2, due_ms = $4 where id in (\
             select id from deliveries where route = $1 and user_id = $5 and held = $6 \
             and state = 'queued' and due_ms <= $3)",
            claimed_columns!()
        ),
        postgres: concat!(
            "update deliveries set claim = $2, due_ms = $4 where id in (\
             select id from deliveries where route = $1 and user_id = $5 and held = $6 \
             and state = 'queued' and due_ms <= $3 for update skip locked)",
            claimed_columns!()
        ),
    };
    let claimed = query(sql).bind(route).bind(claim).bind(at).bind(lease_until);
    let rows = claimed.bind(user).bind(held.word()).fetch_all(conn).await?;
    rows.iter().map(read_claimed).collect()
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// Whoever carries it on has taken it.
    Delivered,
    /// Tried in vain, and once more then.
    Retry {
        due_at: Timestamp,
        reason: &'a str,
    },
    /// Not tried: it waits longer.
    Postponed {
        due_at: Timestamp,
        held: Option<Held>,
    },
    Failed {
        reason: &'a str,
    },
    /// Nobody needs it any more.
    Canceled {
        reason: &'a str,
    },
}

const RETRY: &str = "\
update deliveries set due_ms = $3, reason = $4, attempts = attempts + 1, held = null, claim = null
where id = $1 and claim = $2 and state = 'queued'";
const POSTPONE: &str = "\
update deliveries set due_ms = $3, window_ms = $3, held = $4, claim = null
where id = $1 and claim = $2 and state = 'queued'";
const CLOSE: &str = "\
update deliveries set state = $3, reason = $4, attempts = attempts + $5, done_ms = $6, content = null,
  claim = null
where id = $1 and claim = $2 and state = 'queued'";

/// Notes what became of a delivery. Answers `false` when the claim was no longer held.
pub async fn settle(
    conn: &mut Conn,
    (id, claim): (DeliveryId, Uuid),
    outcome: Outcome<'_>,
    at: Timestamp,
) -> Result<bool> {
    let (state, reason, attempts) = match outcome {
        Outcome::Retry { due_at, reason } => {
            let retried = query(RETRY).bind(id).bind(claim).bind(due_at).bind(reason);
            return Ok(retried.execute(conn).await? == 1);
        }
        Outcome::Postponed { due_at, held } => {
            let held = held.map(Held::word);
            let postponed = query(POSTPONE).bind(id).bind(claim).bind(due_at).bind(held);
            return Ok(postponed.execute(conn).await? == 1);
        }
        Outcome::Delivered => ("delivered", None, 1_i64),
        Outcome::Failed { reason } => ("failed", Some(reason), 1),
        Outcome::Canceled { reason } => ("canceled", Some(reason), 0),
    };
    let closed = query(CLOSE).bind(id).bind(claim).bind(state).bind(reason).bind(attempts).bind(at);
    Ok(closed.execute(conn).await? == 1)
}

const MAILED: &str = "\
update deliveries set route = $3, mail_id = $4, held = null, content = null, claim = null
where id = $1 and claim = $2 and state = 'queued'";

/// Goes on as a part of a mail of the outbox. Answers `false` when the claim was no longer held.
pub async fn mailed(
    conn: &mut Conn,
    (id, claim): (DeliveryId, Uuid),
    mail_id: Uuid,
) -> Result<bool> {
    let mailed = query(MAILED).bind(id).bind(claim).bind(MAIL).bind(mail_id);
    Ok(mailed.execute(conn).await? == 1)
}

const MAIL_TRIED: &str = "\
update deliveries set attempts = $2, state = $3, reason = $4, done_ms = $5
where mail_id = $1 and state = 'queued'";

/// Notes how a mail of the outbox fares.
pub async fn mail_tried(
    conn: &mut Conn,
    mail_id: Uuid,
    attempts: i64,
    outcome: Outcome<'_>,
    at: Timestamp,
) -> Result<()> {
    let (state, reason, done) = match outcome {
        Outcome::Delivered => ("delivered", None, Some(at)),
        Outcome::Failed { reason } => ("failed", Some(reason), Some(at)),
        Outcome::Canceled { reason } => ("canceled", Some(reason), Some(at)),
        Outcome::Retry { reason, .. } => ("queued", Some(reason), None),
        Outcome::Postponed { .. } => ("queued", None, None),
    };
    let tried = query(MAIL_TRIED).bind(mail_id).bind(attempts).bind(state).bind(reason);
    tried.bind(done).execute(conn).await.map(drop)
}

const MOVE_HELD: &str = "\
update deliveries set due_ms = $3, window_ms = $3
where tenant_id = $1 and user_id = $2 and held = $4 and state = 'queued' and claim is null";

/// Makes everything due at another moment that waits for one reason.
pub async fn move_held(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    held: Held,
    due_at: Timestamp,
) -> Result<()> {
    let moved = query(MOVE_HELD).bind(tenant).bind(user).bind(due_at).bind(held.word());
    moved.execute(conn).await.map(drop)
}

const WAITING: &str = "\
select count(*) from deliveries
where tenant_id = $1 and user_id = $2 and held = $3 and state = 'queued'";

/// How much of a person's waits for one reason.
pub async fn waiting(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    held: Held,
) -> Result<i64> {
    query(WAITING).bind(tenant).bind(user).bind(held.word()).fetch_one(conn).await?.int(0)
}

const OF_DECISIONS: Sql = by_ids!(
    "select decision_id, attempts, state, coalesce(done_ms, created_ms), reason
from deliveries where tenant_id = $1 and user_id = $2 and decision_id ",
    "$3",
    " order by created_ms, id"
);

/// What became of decisions, each with a delivery for every device.
pub async fn of_decisions(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    decisions: &[DecisionId],
) -> Result<Vec<(DecisionId, Delivery)>> {
    let rows = query(OF_DECISIONS).bind(tenant).bind(user).bind(decisions).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let delivery = Delivery {
                attempt: row.int(1)?,
                status: row.word(2, DeliveryStatus::from_word)?,
                at: row.timestamp(3)?,
                reason: row.get(4)?,
            };
            Ok((row.id(0)?, delivery))
        })
        .collect()
}

const SHOWN_ON: &str = "\
select 1 from deliveries
where tenant_id = $1 and user_id = $2 and device_id = $3 and kind = 'alert' and state = 'delivered'
  and done_ms > $4
  and (notification_id = $5 or (chat_channel_id = $6 and chat_seq <= $7))
limit 1";

/// Whether a device was shown anything since `since` about a notification or about a channel's messages
/// up to one.
pub async fn was_shown(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    device: DeviceId,
    since: Timestamp,
    (notification, message): (Option<NotificationId>, Option<(ChannelId, u64)>),
) -> Result<bool> {
    let row = query(SHOWN_ON)
        .bind(tenant)
        .bind(user)
        .bind(device)
        .bind(since)
        .bind(notification)
        .bind(message.map(|(channel, _)| channel))
        .bind(message.map(|(_, seq)| seq as i64))
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

const PURGE: &str = "delete from deliveries where done_ms < $1";

/// Forgets what was done before `before`.
pub async fn purge(conn: &mut Conn, before: Timestamp) -> Result<u64> {
    query(PURGE).bind(before).execute(conn).await
}

#[cfg(test)]
mod tests;
