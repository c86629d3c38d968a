//! A channel on this node: the order of its entries, and the connections that follow it.
//!
//! Entries may be offered late, twice or out of order; they leave in order, without gaps. What is
//! missing after a short grace is read from storage, because the bus carries news and not the truth.

mod members;
mod stream;

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tidewire_protocol::{
    Position,
    codec::Codec,
    id::{ChannelId, TenantId, UserId},
    limits::GAP_GRACE_MS,
};

use super::{
    connection::Connection,
    entry::{Effect, LogEntry},
    mailbox::EphemeralKey,
    outgoing::Outgoing,
};
use crate::{App, catch_up};
use members::Members;
use stream::{Next, Stream};

const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// One channel that somebody on this node follows.
pub struct Topic {
    tenant: TenantId,
    channel: ChannelId,
    stream: Mutex<Stream>,
    members: Members,
}

impl Topic {
    pub(super) fn new(tenant: TenantId, channel: ChannelId) -> Self {
        Self { tenant, channel, stream: Mutex::new(Stream::default()), members: Members::default() }
    }

    pub const fn channel(&self) -> ChannelId {
        self.channel
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn attach(&self, connection: &Arc<Connection>) {
        self.members.insert(connection);
    }

    pub(crate) fn detach(&self, connection: &Connection) {
        self.members.remove(connection);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Somebody has read everything up to `seq` from storage: a topic that has just begun goes on
    /// from there.
    pub(crate) fn start_at(self: &Arc<Self>, app: &App, seq: u64) {
        let woken = self.stream().start_at(seq);
        self.run_if(app, woken);
    }

    /// Takes entries, in whatever order they come.
    pub(super) fn offer(self: &Arc<Self>, app: &App, entries: Vec<Arc<LogEntry>>) {
        let mut woken = false;
        let mut stream = self.stream();
        for entry in entries {
            woken |= stream.offer(entry);
        }
        drop(stream);
        self.run_if(app, woken);
    }

    /// Storage has entries up to `seq`.
    pub(super) fn learn_head(self: &Arc<Self>, app: &App, seq: u64) {
        let woken = self.stream().learn_head(seq);
        self.run_if(app, woken);
    }

    fn run_if(self: &Arc<Self>, app: &App, woken: bool) {
        if woken {
            let (topic, tasks, app) = (Arc::clone(self), app.tasks.clone(), app.clone());
            tasks.spawn(async move { topic.run(&app).await });
        }
    }

    /// Delivers until nothing is left; one at a time for each topic.
    async fn run(&self, app: &App) {
        loop {
            let next = self.stream().next();
            match next {
                Next::Deliver(entries) => self.deliver(app, entries).await,
                Next::WaitForGap => tokio::time::sleep(Duration::from_millis(GAP_GRACE_MS)).await,
                Next::Fetch { after, up_to } => self.fetch(app, after, up_to).await,
                Next::Idle => return,
            }
            if app.tasks.stop_token().is_cancelled() {
                return;
            }
        }
    }

    async fn fetch(&self, app: &App, after: u64, up_to: u64) {
        metrics::counter!("tidewire_catch_up_total").increment(1);
        match catch_up::fetch(app, self.tenant, self.channel, after, up_to).await {
            Ok(entries) => self.stream().fill(after, entries),
            Err(error) => {
                tracing::warn!(%error, "catch-up failed, trying again");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }

    async fn deliver(&self, app: &App, entries: Vec<Arc<LogEntry>>) {
        for run in runs(entries) {
            for entry in run.entries() {
                if let Effect::MemberRemoved(user) = entry.effect {
                    app.fanout.leave(user, self.channel);
                }
            }
            let now_ms = app.clock.now().ms();
            for chunk in self.members.chunks() {
                let mut receivers = 0;
                chunk.for_each(|connection| {
                    connection.deliver(&app.fanout, &run, now_ms);
                    receivers += 1;
                });
                let count = receivers * run.entries().len() as u64;
                metrics::counter!("tidewire_deliveries_total").increment(count);
                tokio::task::yield_now().await;
            }
        }
    }

    /// Hands a frame that may be lost to everybody here but `except`.
    pub(super) fn ephemeral(&self, key: EphemeralKey, frame: &Outgoing, except: Option<UserId>) {
        for chunk in self.members.chunks() {
            chunk.for_each(|connection| {
                if Some(connection.user_id()) != except {
                    connection.mailbox().ephemeral(key, frame.bytes(connection.codec()));
                }
            });
        }
    }
}

/// Splits entries so that one that takes somebody out of the channel stands alone: whoever leaves must
/// not get it, nor anything after it, in the same write.
fn runs(entries: Vec<Arc<LogEntry>>) -> Vec<Run> {
    let mut runs: Vec<Vec<Arc<LogEntry>>> = Vec::new();
    let mut alone = true;
    for entry in entries {
        let removes = matches!(entry.effect, Effect::MemberRemoved(_));
        match runs.last_mut() {
            Some(run) if !alone && !removes => run.push(entry),
            _ => runs.push(vec![entry]),
        }
        alone = removes;
    }
    runs.into_iter().map(Run::new).collect()
}

/// Consecutive entries of one channel that leave in one write.
#[derive(Debug)]
pub struct Run {
    entries: Vec<Arc<LogEntry>>,
    merged: [OnceLock<Bytes>; 2],
}

impl Run {
    /// # Panics
    ///
    /// If there is no entry; a run stands for something to deliver.
    pub fn new(entries: Vec<Arc<LogEntry>>) -> Self {
        assert!(!entries.is_empty(), "a run has entries");
        Self { entries, merged: Default::default() }
    }

    pub fn single(entry: Arc<LogEntry>) -> Self {
        Self::new(vec![entry])
    }

    pub fn entries(&self) -> &[Arc<LogEntry>] {
        &self.entries
    }

    pub fn channel(&self) -> ChannelId {
        self.entries[0].channel
    }

    pub fn first(&self) -> u64 {
        self.entries[0].position.seq
    }

    pub fn last(&self) -> u64 {
        self.head().seq
    }

    pub fn head(&self) -> Position {
        self.entries[self.entries.len() - 1].position
    }

    /// The frames from seq `from` on, back to back.
    pub fn bytes(&self, codec: Codec, from: u64) -> Bytes {
        if let [entry] = self.entries.as_slice() {
            return entry.outgoing.bytes(codec).clone();
        }
        if from > self.first() {
            return join(self.entries.iter().filter(|entry| entry.position.seq >= from), codec);
        }
        let merged = &self.merged[usize::from(codec == Codec::MessagePack)];
        merged.get_or_init(|| join(self.entries.iter(), codec)).clone()
    }
}

fn join<'e>(entries: impl Iterator<Item = &'e Arc<LogEntry>>, codec: Codec) -> Bytes {
    let mut bytes = BytesMut::new();
    for entry in entries {
        bytes.extend_from_slice(entry.outgoing.bytes(codec));
    }
    bytes.freeze()
}
