//! What a worker has counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{accounting::Faults, latency::Buckets};

/// Sums over a run. Everything that is a fault in itself is named in [`Counts::faults`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) sent: u64,
    pub(crate) acknowledged: u64,
    pub(crate) delivered: u64,
    pub(crate) delivered_bytes: u64,
    /// Events that are no entries of the channels under load.
    pub(crate) other_events: u64,
    /// Times that the server collapsed what a connection did not take.
    pub(crate) behind: u64,
    /// Sends without an answer at the end.
    pub(crate) unanswered: u64,
    /// Messages that arrived without ever being acknowledged.
    pub(crate) unacknowledged: u64,
    /// Refused sends, by code.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Connections that ended, by reason.
    pub(crate) ended: BTreeMap<String, u64>,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.acknowledged += other.acknowledged;
        self.delivered += other.delivered;
        self.delivered_bytes += other.delivered_bytes;
        self.other_events += other.other_events;
        self.behind += other.behind;
        self.unanswered += other.unanswered;
        self.unacknowledged += other.unacknowledged;
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
        for (reason, count) in other.ended {
            *self.ended.entry(reason).or_default() += count;
        }
    }

    pub(crate) fn faults(&self) -> u64 {
        let refused: u64 = self.refused.values().sum();
        let ended: u64 = self.ended.values().sum();
        self.behind + self.unanswered + self.unacknowledged + refused + ended
    }
}

/// What one worker has to say at the end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    pub(crate) by_seq: Faults,
    pub(crate) by_stamp: Faults,
    pub(crate) answered: Buckets,
    pub(crate) delivered: Buckets,
    pub(crate) late: Buckets,
    /// When the last answer or delivery arrived.
    pub(crate) last_ns: u64,
}
