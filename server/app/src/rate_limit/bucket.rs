//! The buckets of one class, and what happens when there are too many of them.

use std::{
    hash::{BuildHasher as _, RandomState},
    num::NonZeroU32,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use governor::{
    NotUntil, Quota, RateLimiter,
    clock::Clock as _,
    middleware::{StateInformationMiddleware, StateSnapshot},
    state::keyed::DashMapStateStore,
};

use super::{Exceeded, Key, Rate, Standing};
use crate::clock::Clock;

/// More keys than this and the class is crowded. Keys of signed-in callers never come near; a flood
/// of addresses may.
const KEYS_MAX: usize = 100_000;

/// In a crowded class a key is one of 65,536 slots, drawn with a hash that nobody can aim: memory
/// stays bounded, and an honest caller shares with few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Slot {
    Own(Key),
    Shared(u16),
}

#[derive(Clone)]
struct Watch(Clock);

impl governor::clock::Clock for Watch {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.uptime()
    }
}

/// The buckets of one class.
pub(super) struct Buckets {
    rate: Rate,
    watch: Watch,
    limiter: RateLimiter<Slot, DashMapStateStore<Slot>, Watch, StateInformationMiddleware>,
    crowded: AtomicBool,
    hasher: RandomState,
}

impl Buckets {
    pub(super) fn new(rate: Rate, clock: &Clock) -> Self {
        let watch = Watch(clock.clone());
        let count = NonZeroU32::new(rate.count).unwrap_or(NonZeroU32::MIN);
        let refill = Duration::from_secs(rate.seconds.max(1).into()) / count.get();
        let quota = Quota::with_period(refill).unwrap_or(Quota::per_second(NonZeroU32::MAX));
        let store = DashMapStateStore::default();
        Self {
            rate: Rate { count: count.get(), ..rate },
            limiter: RateLimiter::new(quota.allow_burst(count), store, watch.clone()),
            watch,
            crowded: AtomicBool::new(false),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn draw(&self, key: &Key) -> Result<Standing, Exceeded> {
        let slot = if self.crowded.load(Ordering::Relaxed) {
            Slot::Shared(self.hasher.hash_one(key) as u16)
        } else {
            Slot::Own(*key)
        };
        match self.limiter.check_key(&slot) {
            Ok(state) => Ok(self.standing(&state)),
            Err(not_until) => Err(self.exceeded(&not_until)),
        }
    }

    fn standing(&self, state: &StateSnapshot) -> Standing {
        let remaining = state.remaining_burst_capacity();
        Standing {
            limit: self.rate.count,
            remaining,
            reset_seconds: self.refill_seconds(remaining),
        }
    }

    fn exceeded(&self, not_until: &NotUntil<Duration>) -> Exceeded {
        let wait = not_until.wait_time_from(self.watch.now());
        let standing = Standing {
            limit: self.rate.count,
            remaining: 0,
            reset_seconds: self.refill_seconds(0),
        };
        Exceeded { standing, retry_after_seconds: whole_seconds(wait).max(1) }
    }

    fn refill_seconds(&self, remaining: u32) -> u64 {
        let missing = u64::from(self.rate.count.saturating_sub(remaining));
        (missing * u64::from(self.rate.seconds)).div_ceil(self.rate.count.into())
    }

    pub(super) fn tidy(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
        self.crowded.store(self.limiter.len() > KEYS_MAX, Ordering::Relaxed);
    }
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use tidewire_protocol::Timestamp;

    use super::*;

    fn visitor(i: u32) -> Key {
        Key::address(IpAddr::V4(Ipv4Addr::from_bits(i)))
    }

    #[test]
    fn quiet_callers_are_forgotten_and_a_flood_is_bounded() {
        let clock = Clock::manual(Timestamp::from_ms(0));
        let buckets = Buckets::new(Rate { count: 2, seconds: 60 }, &clock);
        for i in 0..=KEYS_MAX as u32 {
            assert!(buckets.draw(&visitor(i)).is_ok());
        }
        buckets.tidy();
        let crowd = buckets.limiter.len();
        for i in 0..200_000 {
            let _ = buckets.draw(&visitor(i + 1_000_000));
        }
        assert!(buckets.limiter.len() <= crowd + usize::from(u16::MAX) + 1);
        clock.advance(120_000);
        buckets.tidy();
        assert_eq!(buckets.limiter.len(), 0);
        assert!(!buckets.crowded.load(Ordering::Relaxed));
    }
}
