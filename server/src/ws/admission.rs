//! How many sockets may open in a second. Whoever comes too early is told when to come back, each
//! somewhat later than the one before, so that a crowd returns as a queue.

use std::sync::{Mutex, PoisonError};

/// Openings that may come at once, as a share of a second's.
const BURST_MS: i64 = 1_000;
/// Nobody is sent away for longer, however many came.
const RETURN_MAX_MS: i64 = 30_000;

/// The rate of openings on this node.
pub struct Admission {
    per_second: u32,
    schedule: Mutex<Schedule>,
}

/// In microseconds since the epoch.
#[derive(Default)]
struct Schedule {
    /// When the opening after those that were admitted is due.
    next: i64,
    /// When the next of those who were sent away is told to return.
    next_return: i64,
}

impl Admission {
    pub fn new(per_second: u32) -> Self {
        Self { per_second, schedule: Mutex::default() }
    }

    /// Admits somebody now, or says after how many seconds to return.
    pub fn admit(&self, now_ms: i64) -> Result<(), u64> {
        let mut schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, step) = (now_ms * 1_000, 1_000_000 / i64::from(self.per_second.max(1)));
        let next = schedule.next.max(now);
        if next - now < BURST_MS * 1_000 {
            schedule.next = next + step;
            return Ok(());
        }
        let latest = now + RETURN_MAX_MS * 1_000;
        schedule.next_return = (schedule.next_return.max(next) + step).min(latest);
        Err(((schedule.next_return - now) as u64).div_ceil(1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_told_to_return_one_after_the_other() {
        let admission = Admission::new(10);
        let answers: Vec<_> = (0..40).map(|_| admission.admit(1_000)).collect();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 10);
        let returns: Vec<u64> = answers.into_iter().filter_map(Result::err).collect();
        assert!(returns.is_sorted());
        assert_eq!((returns[0], returns[29]), (2, 4));
    }

    #[test]
    fn who_returns_when_told_is_admitted() {
        let admission = Admission::new(10);
        let mut waiting: Vec<i64> = vec![0; 100];
        let mut refused = 0;
        while let Some(place) = (0..waiting.len()).min_by_key(|place| waiting[*place]) {
            let now = waiting.swap_remove(place);
            if let Err(seconds) = admission.admit(now) {
                refused += 1;
                waiting.push(now + seconds as i64 * 1_000);
            }
        }
        assert!(refused < 2 * 90, "{refused} refusals of 90 who came too early");
    }
}
