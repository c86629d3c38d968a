//! What a server pushes, on its way to the hub: bounded, and in order for each topic.

use std::{
    hash::Hasher as _,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use redis::Value;
use siphasher::sip::SipHasher13;
use tidewire_protocol::id::NodeId;
use tokio::sync::{Notify, mpsc};

use super::super::{News, wire};

/// News that wait for the hub, for each worker, and their bytes for all of them.
const INBOX_MAX: usize = 16_384;
const WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The receiving end of one worker.
pub struct Inbox {
    news: mpsc::Receiver<Bytes>,
    waiting_bytes: Arc<AtomicUsize>,
}

/// The sending ends. What finds no room is counted and swept from storage.
pub(super) struct Inbound {
    node_id: NodeId,
    inboxes: Vec<mpsc::Sender<Bytes>>,
    waiting_bytes: Arc<AtomicUsize>,
    sweep: Arc<Notify>,
}

/// What a link heard of its own probes.
#[derive(Default)]
pub(super) struct Probe {
    name: Vec<u8>,
    heard: AtomicU64,
}

impl Probe {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.as_bytes().to_vec(), heard: AtomicU64::new(0) }
    }

    pub(super) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }
}

impl Inbound {
    pub(super) fn new(node_id: NodeId, workers: usize, sweep: Arc<Notify>) -> (Self, Vec<Inbox>) {
        let waiting_bytes = Arc::<AtomicUsize>::default();
        let (inboxes, receivers) = (0..workers)
            .map(|_| {
                let (sender, news) = mpsc::channel(INBOX_MAX);
                (sender, Inbox { news, waiting_bytes: Arc::clone(&waiting_bytes) })
            })
            .unzip();
        (Self { node_id, inboxes, waiting_bytes, sweep }, receivers)
    }

    /// Takes a message as the server pushed it: the topic's name, and the bytes.
    pub(super) fn take(&self, mut message: Vec<Value>, probe: &Probe) {
        let (Some(Value::BulkString(bytes)), Some(Value::BulkString(topic))) =
            (message.pop(), message.pop())
        else {
            return;
        };
        if topic == probe.name {
            if let Ok(number) = bytes.try_into() {
                probe.heard.fetch_max(u64::from_be_bytes(number), Ordering::Relaxed);
            }
        } else if wire::origin(&bytes) != Some(self.node_id) {
            self.hand_over(&topic, bytes.into());
        }
    }

    fn hand_over(&self, topic: &[u8], bytes: Bytes) {
        let mut hasher = SipHasher13::new();
        hasher.write(topic);
        let place = hasher.finish() as usize % self.inboxes.len();
        let length = bytes.len();
        let waiting = self.waiting_bytes.fetch_add(length, Ordering::Relaxed);
        if waiting + length > WAITING_BYTES_MAX || self.inboxes[place].try_send(bytes).is_err() {
            self.waiting_bytes.fetch_sub(length, Ordering::Relaxed);
            metrics::counter!("tidewire_bus_lost_total").increment(1);
            self.sweep.notify_one();
        }
    }
}

impl Inbox {
    /// The news that have come and can be read, at most so many; `None` when the bus is gone.
    pub(in super::super) async fn recv(&mut self, max: usize) -> Option<Vec<News>> {
        let mut taken = Vec::new();
        if self.news.recv_many(&mut taken, max).await == 0 {
            return None;
        }
        let bytes = taken.iter().map(Bytes::len).sum();
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        let count = taken.len();
        let news: Vec<News> = taken.iter().filter_map(|bytes| wire::decode(bytes).ok()).collect();
        let unreadable = (count - news.len()) as u64;
        metrics::counter!("tidewire_bus_unreadable_total").increment(unreadable);
        Some(news)
    }
}
