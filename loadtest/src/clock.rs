//! Time for schedules and latencies.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the Unix epoch that never run backwards. The workers of one machine can compare
/// them: each reads the wall clock once and counts on from there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
    origin_ns: u64,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "a load generator lives in real time")]
    pub(crate) fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { origin: Instant::now(), origin_ns: since_epoch.as_nanos() as u64 }
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.origin_ns + self.origin.elapsed().as_nanos() as u64
    }
}

pub(crate) const fn seconds(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

pub(crate) const fn millis(millis: u64) -> u64 {
    millis * 1_000_000
}
