//! A bus inside one process. It serves the single node, where it carries nothing, and the tests,
//! where several nodes share it and it loses, repeats, delays and reorders by a seed.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use dashmap::DashSet;
use tokio::sync::mpsc;

use super::{News, TopicKey};
use crate::tasks::Tasks;

const QUEUE_MAX: usize = 65_536;

/// The bus that nodes of one process share; cheap to clone.
#[derive(Clone, Default)]
pub struct LocalBus(Arc<Shared>);

#[derive(Default)]
struct Shared {
    nodes: RwLock<Vec<Arc<Node>>>,
    faults: Option<Mutex<Faults>>,
}

struct Node {
    subscriptions: DashSet<TopicKey>,
    queue: mpsc::Sender<News>,
}

/// How a bus misbehaves; the same seed misbehaves in the same way.
#[derive(Debug, Clone)]
pub struct Faults {
    pub seed: u64,
    /// Of a hundred news, how many are lost.
    pub lose_percent: u64,
    /// Of a hundred news, how many arrive twice.
    pub repeat_percent: u64,
    /// Of a hundred news, how many are late, by up to `delay_ms_max`; others overtake them.
    pub delay_percent: u64,
    pub delay_ms_max: u64,
}

/// One node's place on the bus; leaving is dropping it.
pub struct Membership {
    bus: LocalBus,
    node: Arc<Node>,
}

impl LocalBus {
    /// A bus that misbehaves.
    pub fn with_faults(faults: Faults) -> Self {
        Self(Arc::new(Shared { nodes: RwLock::default(), faults: Some(Mutex::new(faults)) }))
    }

    /// Joins the bus; the receiver gets what other nodes publish to this one's topics.
    pub fn join(&self) -> (Membership, mpsc::Receiver<News>) {
        let (queue, receiver) = mpsc::channel(QUEUE_MAX);
        let node = Arc::new(Node { subscriptions: DashSet::new(), queue });
        self.0.nodes.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&node));
        (Membership { bus: self.clone(), node }, receiver)
    }
}

impl Membership {
    pub(super) fn subscribe(&self, topic: TopicKey) {
        self.node.subscriptions.insert(topic);
    }

    pub(super) fn unsubscribe(&self, topic: TopicKey) {
        self.node.subscriptions.remove(&topic);
    }

    pub(super) fn publish(&self, tasks: &Tasks, topic: TopicKey, news: &News) {
        let nodes = self.bus.0.nodes.read().unwrap_or_else(PoisonError::into_inner);
        for node in nodes.iter() {
            if Arc::ptr_eq(node, &self.node) || !node.subscriptions.contains(&topic) {
                continue;
            }
            match &self.bus.0.faults {
                None => node.take(news.clone()),
                Some(faults) => {
                    let fate = faults.lock().unwrap_or_else(PoisonError::into_inner).decide();
                    deliver(tasks, node, news, fate);
                }
            }
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut nodes = self.bus.0.nodes.write().unwrap_or_else(PoisonError::into_inner);
        nodes.retain(|node| !Arc::ptr_eq(node, &self.node));
    }
}

impl Node {
    fn take(&self, news: News) {
        if self.queue.try_send(news).is_err() {
            metrics::counter!("tidewire_bus_lost_total").increment(1);
        }
    }
}

/// When a piece of news arrives, each time it does.
type Fate = Vec<Duration>;

fn deliver(tasks: &Tasks, node: &Arc<Node>, news: &News, fate: Fate) {
    for delay in fate {
        if delay.is_zero() {
            node.take(news.clone());
        } else {
            let (node, news) = (Arc::clone(node), news.clone());
            tasks.spawn_until_stop(async move {
                tokio::time::sleep(delay).await;
                node.take(news);
            });
        }
    }
}

impl Faults {
    fn decide(&mut self) -> Fate {
        if self.chance(self.lose_percent) {
            return Vec::new();
        }
        let copies = 1 + usize::from(self.chance(self.repeat_percent));
        (0..copies)
            .map(|_| {
                let late = self.chance(self.delay_percent);
                let ms = if late { 1 + self.random() % self.delay_ms_max.max(1) } else { 0 };
                Duration::from_millis(ms)
            })
            .collect()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.random() % 100 < percent
    }

    /// `SplitMix64` (Steele, Lea and Flood, 2014).
    fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_faults() {
        let faults = Faults {
            seed: 7,
            lose_percent: 10,
            repeat_percent: 10,
            delay_percent: 30,
            delay_ms_max: 50,
        };
        let fates = |mut faults: Faults| (0..1_000).map(|_| faults.decide()).collect::<Vec<_>>();
        let (first, second) = (fates(faults.clone()), fates(faults));
        assert_eq!(first, second);
        let lost = first.iter().filter(|fate| fate.is_empty()).count();
        let doubled = first.iter().filter(|fate| fate.len() == 2).count();
        assert!((50..200).contains(&lost), "{lost}");
        assert!((50..200).contains(&doubled), "{doubled}");
    }
}
