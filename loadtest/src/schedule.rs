//! When messages are meant to leave: a Poisson process, fixed before the first of them.
//!
//! The schedule never asks how the server is doing, and latency counts from it. So a server that
//! stalls is charged for every message that would have been sent meanwhile, which a generator that
//! waits for answers would leave out.

/// The intended times of one worker's messages, ascending.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    start_ns: u64,
    length_ns: u64,
    /// From the start to the next message.
    next_ns: f64,
    mean_gap_ns: f64,
    random: SplitMix,
}

impl Schedule {
    /// `per_second` messages from `start_ns` on for `length_ns`; the same for the same `seed`.
    pub(crate) fn new(per_second: f64, start_ns: u64, length_ns: u64, seed: u64) -> Self {
        let random = SplitMix(seed);
        let mean_gap_ns = 1e9 / per_second;
        let mut schedule = Self { start_ns, length_ns, next_ns: 0.0, mean_gap_ns, random };
        schedule.next_ns = schedule.gap();
        schedule
    }

    /// The next intended time, if it is not after `now_ns`.
    pub(crate) fn due(&mut self, now_ns: u64) -> Option<u64> {
        let next = self.start_ns + self.next_ns as u64;
        if next > now_ns || self.is_over() {
            return None;
        }
        self.next_ns += self.gap();
        Some(next)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.next_ns as u64 >= self.length_ns
    }

    /// One of so many, all equally likely.
    pub(crate) fn pick(&mut self, choices: usize) -> usize {
        (self.random.next() % choices as u64) as usize
    }

    fn gap(&mut self) -> f64 {
        -self.random.unit().ln() * self.mean_gap_ns
    }
}

/// Steele, Lea and Flood's `SplitMix64`: enough for arrival times, and repeatable.
#[derive(Debug, Clone)]
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Above 0, at most 1.
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn times(seed: u64) -> Vec<u64> {
        let mut schedule = Schedule::new(1_000.0, 5 * SECOND, 10 * SECOND, seed);
        std::iter::from_fn(|| schedule.due(u64::MAX)).collect()
    }

    #[test]
    fn a_schedule_is_fixed_ascending_and_keeps_its_rate() {
        let first = times(1);
        assert_eq!(first, times(1));
        assert_ne!(first, times(2));
        assert!(first.is_sorted() && first.iter().all(|t| (5 * SECOND..15 * SECOND).contains(t)));
        assert!((9_500..10_500).contains(&first.len()), "{}", first.len());
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        let mut schedule = Schedule::new(1_000.0, 0, SECOND, 7);
        let all = {
            let mut again = schedule.clone();
            std::iter::from_fn(move || again.due(u64::MAX)).collect::<Vec<_>>()
        };
        let mut sent = Vec::new();
        for now in (0..=SECOND).step_by(1_000_000) {
            while let Some(due) = schedule.due(now) {
                assert!(due <= now && due + 1_000_000 > now);
                sent.push(due);
            }
        }
        assert_eq!(sent, all);
        assert!(schedule.is_over());
    }
}
