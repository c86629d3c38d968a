//! One address of Redis: its connection, what is subscribed there, and what is on its way.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use redis::{Client, PushInfo, PushKind, RedisError};
use tokio::sync::{Notify, mpsc, watch};

use super::{
    super::TopicKey,
    Names,
    inbound::{Inbound, Probe},
    server::{Parcel, Server},
    topics::Topics,
};

/// Messages that wait for the server, and their bytes.
const OUTBOX_MAX: usize = 65_536;
const OUTBOX_BYTES_MAX: usize = 64 * 1024 * 1024;
const PARCELS_IN_ONE_WRITE: usize = 512;
const TOPICS_IN_ONE_COMMAND: usize = 1_000;
const TICK: Duration = Duration::from_secs(1);
/// Probes that may be unheard before the connection is taken for dead, however open it seems.
const PROBES_UNHEARD_MAX: u64 = 5;
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_DOUBLINGS_MAX: u32 = 4;
/// How long somebody who has just come waits until everything is subscribed.
const SETTLE_TIMEOUT: Duration = Duration::from_millis(500);

pub(super) struct Link {
    client: Client,
    names: Names,
    topics: Mutex<Topics>,
    changed: Notify,
    tick: AtomicU64,
    outbox: mpsc::Sender<Parcel>,
    outbox_bytes: AtomicUsize,
    state: watch::Sender<State>,
    server: Mutex<Option<Server>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    is_up: bool,
    /// Topics that were asked for, as [`Topics`] counts them, up to which all are subscribed.
    subscribed: u64,
}

/// Why a connection is given up.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    Redis(#[from] RedisError),
    #[error("the server has closed the connection")]
    Disconnected,
    #[error("what is published does not come back")]
    Silent,
}

impl Link {
    /// A link that does nothing yet, and what has to be sent once it runs.
    pub(super) fn new(client: Client, names: Names) -> (Self, mpsc::Receiver<Parcel>) {
        let (outbox, parcels) = mpsc::channel(OUTBOX_MAX);
        let link = Self {
            client,
            names,
            topics: Mutex::default(),
            changed: Notify::new(),
            tick: AtomicU64::new(0),
            outbox,
            outbox_bytes: AtomicUsize::new(0),
            state: watch::Sender::default(),
            server: Mutex::default(),
        };
        (link, parcels)
    }

    fn topics(&self) -> MutexGuard<'_, Topics> {
        // Each change of topics is whole before the lock is released.
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_up(&self) -> bool {
        self.state.borrow().is_up
    }

    /// The connection, for other commands than the bus' own; `None` while there is none.
    pub(super) fn server(&self) -> Option<Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_server(&self, server: Option<Server>) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = server;
    }

    pub(super) fn subscribe(&self, topic: TopicKey) {
        if self.topics().want(topic) {
            self.changed.notify_one();
        }
    }

    pub(super) fn unsubscribe(&self, topic: TopicKey) {
        self.topics().leave(topic, self.tick.load(Ordering::Relaxed));
    }

    /// Resolves when all that was asked for is subscribed. Not while the server is away: whatever is
    /// missed then is read from storage once it is back.
    pub(super) async fn settled(&self) {
        let requested = self.topics().requested();
        let mut state = self.state.subscribe();
        let settled = state.wait_for(|state| !state.is_up || state.subscribed >= requested);
        // Should it take longer, the sweep brings what is missed.
        let _ = tokio::time::timeout(SETTLE_TIMEOUT, settled).await;
    }

    /// Sends news; while the server is away, or far behind, they are counted as lost.
    pub(super) fn publish(&self, topic: TopicKey, bytes: Bytes) {
        let length = bytes.len();
        let waiting = self.outbox_bytes.fetch_add(length, Ordering::Relaxed);
        let parcel = Parcel { channel: self.names.of(topic), bytes };
        let sent = self.is_up()
            && waiting + length <= OUTBOX_BYTES_MAX
            && self.outbox.try_send(parcel).is_ok();
        if !sent {
            self.outbox_bytes.fetch_sub(length, Ordering::Relaxed);
            metrics::counter!("tidewire_bus_lost_total").increment(1);
        }
    }

    /// Keeps the link up, for ever. `sweep` is told whenever news may have been missed.
    pub(super) async fn run(
        &self,
        inbound: Arc<Inbound>,
        mut parcels: mpsc::Receiver<Parcel>,
        sweep: Arc<Notify>,
    ) {
        let mut failures = 0;
        loop {
            let Err(fault) = self.connection(&inbound, &mut parcels, &sweep, &mut failures).await;
            self.set_server(None);
            self.count_as(false);
            let was_up = self.state.send_replace(State::default()).is_up;
            if was_up || failures == 0 {
                tracing::warn!(server = %self.name(), %fault, "redis is away");
            }
            let pause = PAUSE_MIN * 2_u32.pow(failures.min(PAUSE_DOUBLINGS_MAX));
            failures += 1;
            tokio::time::sleep(pause).await;
        }
    }

    fn count_as(&self, is_up: bool) {
        let up = metrics::gauge!("tidewire_bus_up", "server" => self.name());
        up.set(f64::from(u8::from(is_up)));
    }

    /// Host and port, which tell no secret.
    fn name(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }

    /// One connection, until it is given up.
    async fn connection(
        &self,
        inbound: &Arc<Inbound>,
        parcels: &mut mpsc::Receiver<Parcel>,
        sweep: &Notify,
        failures: &mut u32,
    ) -> Result<Infallible, Fault> {
        let probe_name = self.names.probe();
        let probe = Arc::new(Probe::new(&probe_name));
        let dropped = Arc::new(Notify::new());
        let server = Server::connect(&self.client, {
            let (inbound, probe, dropped) =
                (Arc::clone(inbound), Arc::clone(&probe), Arc::clone(&dropped));
            move |PushInfo { kind, data }| match kind {
                PushKind::Message | PushKind::SMessage => inbound.take(data, &probe),
                PushKind::Disconnection => dropped.notify_one(),
                _ => {}
            }
        })
        .await?;
        server.subscribe(&[probe_name]).await?;
        self.topics().start_over();
        while self.subscribe_some(&server).await? {}
        self.set_server(Some(server.clone()));
        self.count_as(true);
        self.state.send_modify(|state| state.is_up = true);
        tracing::info!(server = %self.name(), "redis is connected");
        *failures = 0;
        sweep.notify_one();
        tokio::select! {
            () = dropped.notified() => Err(Fault::Disconnected),
            end = self.follow_topics(&server) => end,
            end = self.send_parcels(&server, parcels) => end,
            end = self.tick(&server, &probe) => end,
        }
    }

    /// Subscribes to what was asked for; answers whether there was something.
    async fn subscribe_some(&self, server: &Server) -> Result<bool, Fault> {
        let (fresh, reached) = self.topics().take_fresh(TOPICS_IN_ONE_COMMAND);
        if !fresh.is_empty() {
            server.subscribe(&self.names.all(&fresh)).await?;
        }
        let before = self.state.borrow().subscribed;
        self.state.send_modify(|state| state.subscribed = reached);
        Ok(reached > before)
    }

    async fn follow_topics(&self, server: &Server) -> Result<Infallible, Fault> {
        loop {
            self.changed.notified().await;
            while self.subscribe_some(server).await? {}
        }
    }

    async fn send_parcels(
        &self,
        server: &Server,
        parcels: &mut mpsc::Receiver<Parcel>,
    ) -> Result<Infallible, Fault> {
        let mut batch = Vec::new();
        loop {
            parcels.recv_many(&mut batch, PARCELS_IN_ONE_WRITE).await;
            let bytes = batch.iter().map(|parcel| parcel.bytes.len()).sum();
            self.outbox_bytes.fetch_sub(bytes, Ordering::Relaxed);
            server.publish(&batch).await?;
            batch.clear();
        }
    }

    /// Probes whether what is published comes back, and lets go of what nobody wants any more.
    async fn tick(&self, server: &Server, probe: &Probe) -> Result<Infallible, Fault> {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut sent: u64 = 0;
        loop {
            ticks.tick().await;
            if sent.saturating_sub(probe.heard()) >= PROBES_UNHEARD_MAX {
                return Err(Fault::Silent);
            }
            sent += 1;
            let bytes = Bytes::copy_from_slice(&sent.to_be_bytes());
            server.publish(&[Parcel { channel: self.names.probe(), bytes }]).await?;
            let tick = self.tick.fetch_add(1, Ordering::Relaxed);
            loop {
                let expired = self.topics().take_expired(tick, TOPICS_IN_ONE_COMMAND);
                if expired.is_empty() {
                    break;
                }
                server.unsubscribe(&self.names.all(&expired)).await?;
            }
        }
    }
}
