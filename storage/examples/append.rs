//! The log alone: senders without sockets append to the channels of a seeded database, each waiting
//! for its commit. What the server reaches is compared with it.
//!
//! ```text
//! cargo run --release -p tidewire-storage --example append -- DATABASE_URL SENDERS SECONDS
//! ```

use std::{error::Error, time::Duration};

use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, MessageId, TenantId, UserId},
};
use tidewire_storage::{
    Db,
    append::{Draft, Lane, Log, SendOutcome},
    query::query,
};
use tokio::{task::JoinSet, time::Instant};
use uuid::Uuid;

const MEMBERS: &str = "\
select c.tenant_id, m.channel_id, m.user_id from channel_members m join channels c on c.id = m.channel_id";
const CONTENT_BYTES: usize = 128;

/// Who writes where.
type Place = (TenantId, ChannelId, UserId);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("expected DATABASE_URL SENDERS SECONDS");
    let (url, senders, seconds) = (next()?, next()?.parse()?, next()?.parse()?);
    let db = Db::open(&url).await?;
    let places = places(&db).await?;
    if places.is_empty() {
        return Err("nobody is in a channel: seed the database first".into());
    }
    let (log, lanes) = Log::new(&db);
    let mut tasks = JoinSet::new();
    let end = Instant::now() + Duration::from_secs(seconds);
    for sender in 0..senders {
        tasks.spawn(send_until(end, log.clone(), places[sender % places.len()]));
    }
    drop(log);
    for lane in lanes {
        tasks.spawn(write(lane));
    }
    let mut latencies: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_micros();
    let rate = latencies.len() as u64 / seconds;
    #[expect(clippy::print_stdout, reason = "what was asked for")]
    {
        println!("append: {rate}/s, {senders} senders, p50 {} us, p99 {} us", at(50), at(99));
    }
    Ok(())
}

async fn places(db: &Db) -> Result<Vec<Place>, Box<dyn Error>> {
    let rows = query(MEMBERS).fetch_all(&mut db.read().await?).await?;
    let place = |row: &tidewire_storage::query::Row| Ok((row.id(0)?, row.id(1)?, row.id(2)?));
    rows.iter().map(place).collect()
}

/// As the server drives it, with nobody to tell.
async fn write(mut lane: Lane) -> Vec<Duration> {
    while let Some(jobs) = lane.collect().await {
        lane.commit(jobs).await.answer();
    }
    Vec::new()
}

async fn send_until(
    end: Instant,
    log: Log,
    (tenant_id, channel_id, actor_id): Place,
) -> Vec<Duration> {
    let mut latencies = Vec::new();
    while Instant::now() < end {
        let id = new_id();
        let draft = Draft {
            tenant_id,
            channel_id,
            actor_id,
            id: MessageId::new(id),
            at: Timestamp::from_ms(1_800_000_000_000),
            content: "x".repeat(CONTENT_BYTES),
            client_id: Some(id.to_string()),
            mentions: Vec::new(),
        };
        let started = Instant::now();
        match log.send(draft).await {
            Ok(SendOutcome::Appended(_)) => latencies.push(started.elapsed()),
            other => panic!("not appended: {other:?}"),
        }
    }
    latencies
}

#[expect(clippy::disallowed_methods, reason = "nothing here has to be repeated")]
fn new_id() -> Uuid {
    Uuid::now_v7()
}
