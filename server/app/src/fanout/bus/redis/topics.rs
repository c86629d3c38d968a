//! What a link is to be subscribed to, as a pure state.

use std::collections::{HashMap, VecDeque};

use super::super::TopicKey;

/// Ticks for which a topic that nobody wants any more stays subscribed: people come back.
const LINGER_TICKS: u64 = 5;

#[derive(Debug, Default)]
pub(super) struct Topics {
    known: HashMap<TopicKey, Hold>,
    /// To be subscribed, in the order they were asked for.
    fresh: VecDeque<TopicKey>,
    lingering: VecDeque<(u64, TopicKey)>,
    taken: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Wanted,
    Lingering,
}

impl Topics {
    /// Answers whether the topic has to be subscribed first.
    pub(super) fn want(&mut self, topic: TopicKey) -> bool {
        if self.known.insert(topic, Hold::Wanted).is_some() {
            return false;
        }
        self.fresh.push_back(topic);
        true
    }

    pub(super) fn leave(&mut self, topic: TopicKey, tick: u64) {
        if let Some(hold) = self.known.get_mut(&topic) {
            *hold = Hold::Lingering;
            self.lingering.push_back((tick + LINGER_TICKS, topic));
        }
    }

    /// How many topics have ever been asked for; what [`Topics::take_fresh`] counts up to.
    pub(super) fn requested(&self) -> u64 {
        self.taken + self.fresh.len() as u64
    }

    /// Topics to subscribe now, at most so many, and the count that is reached once they are.
    pub(super) fn take_fresh(&mut self, max: usize) -> (Vec<TopicKey>, u64) {
        let count = max.min(self.fresh.len());
        self.taken += count as u64;
        let known = &self.known;
        let fresh = self.fresh.drain(..count).filter(|topic| known.contains_key(topic));
        (fresh.collect(), self.taken)
    }

    /// Topics to unsubscribe now, at most so many.
    pub(super) fn take_expired(&mut self, tick: u64, max: usize) -> Vec<TopicKey> {
        let mut expired = Vec::new();
        while expired.len() < max
            && let Some((_, topic)) = self.lingering.pop_front_if(|(until, _)| *until <= tick)
        {
            if self.known.get(&topic) == Some(&Hold::Lingering) {
                self.known.remove(&topic);
                expired.push(topic);
            }
        }
        expired
    }

    /// Nothing is subscribed any more: what is wanted has to be subscribed anew.
    pub(super) fn start_over(&mut self) {
        self.known.retain(|_, hold| *hold == Hold::Wanted);
        self.lingering.clear();
        self.fresh = self.known.keys().copied().collect();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use tidewire_protocol::id::ChannelId;
    use uuid::Uuid;

    use super::*;

    const fn topic(number: u8) -> TopicKey {
        TopicKey::Channel(ChannelId::new(Uuid::from_u128(number as u128)))
    }

    #[test]
    fn who_comes_back_in_time_is_subscribed_still() {
        let mut topics = Topics::default();
        assert!(topics.want(topic(1)));
        assert_eq!(topics.take_fresh(10), (vec![topic(1)], 1));
        topics.leave(topic(1), 3);
        assert_eq!(topics.take_expired(7, 10), []);
        assert!(!topics.want(topic(1)));
        assert_eq!(topics.take_expired(100, 10), []);
        topics.leave(topic(1), 100);
        assert_eq!(topics.take_expired(105, 10), [topic(1)]);
        assert!(topics.want(topic(1)));
    }

    proptest! {
        /// Whatever happens, what is wanted is subscribed once everything was taken, and in the end
        /// nothing else.
        #[test]
        fn what_is_wanted_is_subscribed(steps in prop::collection::vec((0..6_u8, 0..5_u8), 0..200)) {
            let mut topics = Topics::default();
            let (mut wanted, mut subscribed) = (HashSet::new(), HashSet::new());
            let mut tick = 0;
            for (act, number) in steps {
                let topic = topic(number);
                match act {
                    0 | 1 => {
                        topics.want(topic);
                        wanted.insert(topic);
                    }
                    2 => {
                        topics.leave(topic, tick);
                        wanted.remove(&topic);
                    }
                    3 => subscribed.extend(topics.take_fresh(2).0),
                    4 => {
                        tick += u64::from(number);
                        for topic in topics.take_expired(tick, 3) {
                            subscribed.remove(&topic);
                        }
                    }
                    _ => {
                        topics.start_over();
                        subscribed.clear();
                    }
                }
            }
            let (fresh, reached) = topics.take_fresh(usize::MAX);
            subscribed.extend(fresh);
            prop_assert_eq!(reached, topics.requested());
            prop_assert!(wanted.is_subset(&subscribed));
            for topic in topics.take_expired(u64::MAX, usize::MAX) {
                subscribed.remove(&topic);
            }
            prop_assert_eq!(wanted, subscribed);
        }
    }
}
