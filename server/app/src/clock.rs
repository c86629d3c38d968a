//! The only place that asks for the time and for randomness.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use tidewire_protocol::Timestamp;
use uuid::{Builder, Uuid};

/// Where instants, ids and secrets come from; cheap to clone.
#[derive(Clone)]
pub struct Clock {
    source: Source,
    random: SystemRandom,
}

#[derive(Clone)]
enum Source {
    System { started: Instant, ahead_ms: Arc<AtomicI64> },
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is clock.rs")]
        let started = Instant::now();
        let source = Source::System { started, ahead_ms: Arc::default() };
        Self { source, random: SystemRandom::new() }
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it; for tests.
    pub fn manual(start: Timestamp) -> Self {
        Self {
            source: Source::Manual(Arc::new(AtomicI64::new(start.ms()))),
            random: SystemRandom::new(),
        }
    }

    pub fn now(&self) -> Timestamp {
        match &self.source {
            Source::System { ahead_ms, .. } => {
                #[expect(clippy::disallowed_methods, reason = "this is clock.rs")]
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let ahead_ms = ahead_ms.load(Ordering::Acquire);
                Timestamp::from_ms(since_epoch.as_millis() as i64).plus_ms(ahead_ms)
            }
            Source::Manual(ms) => Timestamp::from_ms(ms.load(Ordering::Acquire)),
        }
    }

    /// Time that never goes back, whatever is done to the machine's clock; only differences count.
    pub fn uptime(&self) -> Duration {
        match &self.source {
            Source::System { started, .. } => started.elapsed(),
            Source::Manual(ms) => Duration::from_millis(ms.load(Ordering::Acquire).max(0) as u64),
        }
    }

    /// Goes ahead of the machine's clock by so much; for trying out what takes days.
    pub fn run_ahead(&self, ms: i64) {
        if let Source::System { ahead_ms, .. } = &self.source {
            ahead_ms.store(ms, Ordering::Release);
        }
    }

    /// Moves a manual clock; the machine's clock does not obey.
    pub fn advance(&self, ms: i64) {
        if let Source::Manual(now) = &self.source {
            now.fetch_add(ms, Ordering::AcqRel);
        }
    }

    /// A time-ordered id (RFC 9562, version 7) with 74 random bits.
    pub fn id<T: From<Uuid>>(&self) -> T {
        let ms = self.now().ms().max(0) as u64;
        Builder::from_unix_timestamp_millis(ms, &self.random_bytes()).into_uuid().into()
    }

    /// Bytes that nobody can guess.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness to give; going on would be worse.
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes).expect("the operating system gives randomness");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use tidewire_protocol::id::UserId;

    use super::*;

    #[test]
    fn ids_carry_the_time_and_differ() {
        let clock = Clock::manual(Timestamp::from_ms(1_738_311_330_123));
        let (a, b) = (clock.id::<UserId>(), clock.id::<UserId>());
        assert_ne!(a, b);
        assert_eq!(a.uuid().get_version_num(), 7);
        assert_eq!(a.uuid().as_u128() >> 80, 1_738_311_330_123);
        clock.advance(1);
        assert_eq!(clock.id::<UserId>().uuid().as_u128() >> 80, 1_738_311_330_124);
    }
}
