//! The books: what every connection must receive, and what it did receive.
//!
//! They are kept twice, by the `seq` of the event frame and by the stamp in the content, since a
//! server that numbers its frames well may still put the wrong message into them.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::payload::Stamp;

/// Which of the numbers from a start on have been seen.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// The lowest number not seen.
    next: u64,
    highest: u64,
    ahead: BTreeSet<u64>,
    seen: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    InOrder,
    /// A number above a hole: what is in the hole is late or lost.
    Early,
    /// It fills a hole that a higher number had left.
    Reordered,
    Doubled,
}

impl Order {
    pub(crate) const fn after(last: u64) -> Self {
        Self { next: last + 1, highest: last, ahead: BTreeSet::new(), seen: 0 }
    }

    pub(crate) fn saw(&mut self, number: u64) -> Verdict {
        if number < self.next || self.ahead.contains(&number) {
            return Verdict::Doubled;
        }
        let verdict = if number < self.highest {
            Verdict::Reordered
        } else if number > self.highest + 1 {
            Verdict::Early
        } else {
            Verdict::InOrder
        };
        self.highest = self.highest.max(number);
        self.seen += 1;
        self.ahead.insert(number);
        while self.ahead.remove(&self.next) {
            self.next += 1;
        }
        verdict
    }

    /// How many numbers up to and with `last` were not seen.
    pub(crate) fn missing_up_to(&self, last: u64) -> u64 {
        let span = (last + 1).saturating_sub(self.next);
        span - self.ahead.range(..=last).count() as u64
    }
}

/// What went wrong. A run is good when all of it is zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) reordered: u64,
}

impl Faults {
    fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Doubled => self.doubled += 1,
            Verdict::Reordered => self.reordered += 1,
            Verdict::InOrder | Verdict::Early => {}
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
    }
}

/// What was acknowledged: the last `seq` of each channel, and how many messages of each sender in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Acknowledged {
    /// By channel.
    pub(crate) heads: Vec<(u32, u64)>,
    /// By channel and sender.
    pub(crate) sent: Vec<(u32, u32, u64)>,
}

impl Acknowledged {
    pub(crate) fn extend(&mut self, other: Self) {
        self.heads.extend(other.heads);
        self.sent.extend(other.sent);
    }
}

/// The books of one worker's connections.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    members: HashMap<u32, Vec<u32>>,
    by_seq: HashMap<(u32, u32), Order>,
    by_stamp: HashMap<(u32, u32, u32), Order>,
    pub(crate) seq_faults: Faults,
    pub(crate) stamp_faults: Faults,
}

impl Ledger {
    /// From now on `client` must receive everything of `channel` after `head`.
    pub(crate) fn open(&mut self, client: u32, channel: u32, head: u64) {
        self.members.entry(channel).or_default().push(client);
        self.by_seq.insert((client, channel), Order::after(head));
    }

    pub(crate) fn members_of(&self, channel: u32) -> &[u32] {
        self.members.get(&channel).map_or(&[], Vec::as_slice)
    }

    /// Books an entry; `false` if it is one that the client should not have received, or had before.
    pub(crate) fn saw_entry(&mut self, client: u32, channel: u32, seq: u64) -> bool {
        let Some(order) = self.by_seq.get_mut(&(client, channel)) else {
            return false;
        };
        let verdict = order.saw(seq);
        self.seq_faults.count(verdict);
        verdict != Verdict::Doubled
    }

    /// Books a message of this run; `false` if the client had it before.
    pub(crate) fn saw_message(&mut self, client: u32, channel: u32, stamp: &Stamp) -> bool {
        let key = (client, channel, stamp.sender);
        let verdict = self.by_stamp.entry(key).or_insert(Order::after(0)).saw(stamp.number);
        self.stamp_faults.count(verdict);
        verdict != Verdict::Doubled
    }

    pub(crate) fn is_complete(&self, acknowledged: &Acknowledged) -> bool {
        self.missing_entries(acknowledged).next().is_none()
            && self.message_differences(acknowledged).all(|(lost, _)| lost == 0)
    }

    /// Closes the books: what is missing now is lost. Answers how many messages were received that
    /// nobody was told had been sent.
    pub(crate) fn close(&mut self, acknowledged: &Acknowledged) -> u64 {
        self.seq_faults.lost = self.missing_entries(acknowledged).sum();
        let differences = self.message_differences(acknowledged);
        let (lost, unknown) =
            differences.fold((0, 0), |sums, (lost, unknown)| (sums.0 + lost, sums.1 + unknown));
        self.stamp_faults.lost = lost;
        unknown
    }

    /// How many entries each client lacks, if any.
    fn missing_entries(&self, acknowledged: &Acknowledged) -> impl Iterator<Item = u64> {
        acknowledged
            .heads
            .iter()
            .flat_map(move |&(channel, head)| {
                let members = self.members_of(channel).iter();
                members.map(move |&client| self.by_seq[&(client, channel)].missing_up_to(head))
            })
            .filter(|&missing| missing > 0)
    }

    /// For each client and sender: how many messages too few, and how many too many.
    fn message_differences(&self, acknowledged: &Acknowledged) -> impl Iterator<Item = (u64, u64)> {
        acknowledged.sent.iter().flat_map(move |&(channel, sender, sent)| {
            self.members_of(channel).iter().map(move |&client| {
                let order = self.by_stamp.get(&(client, channel, sender));
                let seen = order.map_or(0, |order| order.seen);
                (sent.saturating_sub(seen), seen.saturating_sub(sent))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::Index};

    use super::*;

    fn faults(lost: u64, doubled: u64, reordered: u64) -> Faults {
        Faults { lost, doubled, reordered }
    }

    fn book(seqs: &[u64], head: u64) -> Faults {
        let mut ledger = Ledger::default();
        ledger.open(0, 0, 10);
        for &seq in seqs {
            ledger.saw_entry(0, 0, seq);
        }
        ledger.close(&Acknowledged { heads: vec![(0, head)], sent: vec![] });
        ledger.seq_faults
    }

    #[test]
    fn each_fault_is_told_apart() {
        assert_eq!(book(&[11, 12, 13], 13), faults(0, 0, 0));
        assert_eq!(book(&[11, 13], 13), faults(1, 0, 0));
        assert_eq!(book(&[11], 13), faults(2, 0, 0));
        assert_eq!(book(&[], 13), faults(3, 0, 0));
        assert_eq!(book(&[11, 12, 12, 13], 13), faults(0, 1, 0));
        assert_eq!(book(&[11, 13, 13, 12], 13), faults(0, 1, 1));
        assert_eq!(book(&[13, 12, 11], 13), faults(0, 0, 2));
        assert_eq!(book(&[10, 11, 12, 13], 13), faults(0, 1, 0));
        assert_eq!(book(&[11, 12, 13, 14], 13), faults(0, 0, 0));
    }

    #[test]
    fn a_message_is_missed_although_every_seq_is_there() {
        let mut ledger = Ledger::default();
        ledger.open(4, 0, 0);
        let stamp = |number| Stamp { run: 1, sender: 9, number, intended_ns: 0 };
        for (seq, number) in [(1, 1), (2, 1), (3, 3)] {
            ledger.saw_entry(4, 0, seq);
            ledger.saw_message(4, 0, &stamp(number));
        }
        let acknowledged = Acknowledged { heads: vec![(0, 3)], sent: vec![(0, 9, 3)] };
        assert!(!ledger.is_complete(&acknowledged));
        assert_eq!(ledger.close(&acknowledged), 0);
        assert_eq!((ledger.seq_faults, ledger.stamp_faults), (faults(0, 0, 0), faults(1, 1, 0)));
    }

    #[test]
    fn a_message_that_was_never_acknowledged_is_reported() {
        let mut ledger = Ledger::default();
        ledger.open(0, 0, 0);
        ledger.saw_message(0, 0, &Stamp { run: 1, sender: 9, number: 1, intended_ns: 0 });
        assert_eq!(ledger.close(&Acknowledged { heads: vec![], sent: vec![(0, 9, 0)] }), 1);
    }

    #[test]
    fn an_entry_of_a_channel_that_is_not_the_clients_is_refused() {
        let mut ledger = Ledger::default();
        ledger.open(0, 0, 0);
        assert!(!ledger.saw_entry(1, 0, 1));
        assert!(!ledger.saw_entry(0, 1, 1));
    }

    proptest! {
        #[test]
        fn what_is_dropped_repeated_and_kept_adds_up(
            count in 1..60_u64,
            dropped in vec(any::<Index>(), 0..10),
            repeated in vec(any::<Index>(), 0..10),
        ) {
            let mut kept: Vec<u64> = (11..11 + count).collect();
            for index in dropped {
                if !kept.is_empty() {
                    kept.remove(index.index(kept.len()));
                }
            }
            let mut delivered = kept.clone();
            for index in &repeated {
                if !kept.is_empty() {
                    delivered.push(kept[index.index(kept.len())]);
                }
            }
            let repetitions = (delivered.len() - kept.len()) as u64;
            let expected = faults(count - kept.len() as u64, repetitions, 0);
            prop_assert_eq!(book(&delivered, 10 + count), expected);
        }

        #[test]
        fn any_permutation_loses_and_doubles_nothing(
            numbers in Just((11..40_u64).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let sorted = numbers.is_sorted();
            let result = book(&numbers, 39);
            prop_assert_eq!((result.lost, result.doubled), (0, 0));
            prop_assert_eq!(result.reordered == 0, sorted);
        }
    }
}
