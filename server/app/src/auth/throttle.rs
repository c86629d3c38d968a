//! Waiting after failed sign-ins: not a lock, and the same for accounts that do not exist.
//!
//! Pure: time is an argument. Each node counts what it sees and what the others tell it, so that going
//! from node to node helps nobody. Counts are bounded; under a flood those that were touched longest ago
//! are forgotten.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    mem,
    net::IpAddr,
};

use serde::{Deserialize, Serialize};
use tidewire_protocol::Timestamp;

use super::key::sha256;

const FAILURES_BEFORE_WAIT: u32 = 5;
const FIRST_WAIT_MS: i64 = 60_000;
const LONGEST_WAIT_MS: i64 = 15 * 60_000;
const QUIET_MS: i64 = 3_600_000;
const ACCOUNT_FAILURES_PER_HOUR: usize = 100;

/// Each half of a [`Bounded`] map.
const ORIGINS_MAX: usize = 100_000;
const ACCOUNTS_MAX: usize = 10_000;

/// Somebody trying an account: which one, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attempt {
    account: Account,
    origin: Option<Origin>,
}

/// A short name for a tenant and an address in it.
type Account = [u8; 16];

/// The part of an address that one household or company holds: IPv4 /32, IPv6 /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Origin {
    V4(u32),
    V6(u64),
}

impl Attempt {
    pub fn new(slug: &str, email_key: &str, address: Option<IpAddr>) -> Self {
        let hash = sha256(format!("{slug}\n{email_key}").as_bytes());
        let mut account = Account::default();
        account.copy_from_slice(&hash[..16]);
        Self {
            account,
            origin: address.map(|address| match address.to_canonical() {
                IpAddr::V4(address) => Origin::V4(address.to_bits()),
                IpAddr::V6(address) => Origin::V6((address.to_bits() >> 64) as u64),
            }),
        }
    }
}

/// How a comparison of passwords ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Right,
    Wrong,
    /// There is a new password, chosen by whoever reads the account's mail.
    Reset,
}

/// Failures of the last hour.
pub struct Throttle {
    streaks: Bounded<Attempt, Streak>,
    accounts: Bounded<Account, Hour>,
}

/// Failures in a row, from one origin on one account.
#[derive(Clone, Copy)]
struct Streak {
    failures: u32,
    last: Timestamp,
}

/// The latest failures on one account from anywhere, at most as many as are allowed in an hour.
#[derive(Default)]
struct Hour {
    failures: VecDeque<Timestamp>,
    /// Failures beyond what an hour allows.
    excess: u32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { streaks: Bounded::new(ORIGINS_MAX), accounts: Bounded::new(ACCOUNTS_MAX) }
    }
}

impl Throttle {
    /// How many milliseconds are left to wait, if any.
    pub fn wait_ms(&mut self, attempt: &Attempt, now: Timestamp) -> Option<i64> {
        let streak = self.streaks.get(attempt).and_then(|streak| streak.ends_at(now));
        let account = self.accounts.get(&attempt.account).and_then(|hour| hour.ends_at(now));
        let ends_at = streak.max(account)?;
        Some(ends_at.ms() - now.ms()).filter(|wait| *wait > 0)
    }

    /// How many sign-ins to an account have failed in the last hour, from anywhere.
    pub fn account_failures(&mut self, attempt: &Attempt, now: Timestamp) -> usize {
        self.accounts.get(&attempt.account).map_or(0, |hour| {
            hour.forget(now);
            hour.failures.len()
        })
    }

    /// Takes note of an outcome, and answers how long to wait when a wait has begun meanwhile: then
    /// a comparison counts for nothing and must not be told, so that many guesses at once learn no
    /// more than a few in a row.
    pub fn settle(&mut self, attempt: &Attempt, outcome: Outcome, now: Timestamp) -> Option<i64> {
        if outcome == Outcome::Reset {
            self.forgive(attempt.account);
        }
        let wait = self.wait_ms(attempt, now);
        match outcome {
            _ if wait.is_some() => {}
            Outcome::Right | Outcome::Reset => self.clear(attempt),
            Outcome::Wrong => self.failed(attempt, now),
        }
        wait
    }

    /// Lets an account start anew, from wherever it was tried.
    fn forgive(&mut self, account: Account) {
        self.streaks.retain(|attempt| attempt.account != account);
        self.accounts.remove(&account);
    }

    fn clear(&mut self, attempt: &Attempt) {
        self.streaks.remove(attempt);
        self.accounts.remove(&attempt.account);
    }

    fn failed(&mut self, attempt: &Attempt, now: Timestamp) {
        let streak = self.streaks.get_or_insert(*attempt, Streak { failures: 0, last: now });
        streak.failures = if streak.is_over(now) { 1 } else { streak.failures + 1 };
        streak.last = now;
        self.accounts.get_or_insert(attempt.account, Hour::default()).failed(now);
    }
}

impl Streak {
    fn is_over(&self, now: Timestamp) -> bool {
        now.ms() - self.last.ms() >= QUIET_MS
    }

    fn ends_at(&self, now: Timestamp) -> Option<Timestamp> {
        if self.is_over(now) {
            return None;
        }
        let beyond = self.failures.checked_sub(FAILURES_BEFORE_WAIT)?;
        Some(self.last.plus_ms(wait_after(beyond)))
    }
}

impl Hour {
    fn failed(&mut self, now: Timestamp) {
        self.forget(now);
        if self.failures.len() == ACCOUNT_FAILURES_PER_HOUR {
            self.failures.pop_front();
            self.excess += 1;
        } else {
            self.excess = 0;
        }
        self.failures.push_back(now);
    }

    fn forget(&mut self, now: Timestamp) {
        while self.failures.front().is_some_and(|at| now.ms() - at.ms() >= QUIET_MS) {
            self.failures.pop_front();
        }
    }

    fn ends_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.forget(now);
        if self.failures.len() < ACCOUNT_FAILURES_PER_HOUR {
            return None;
        }
        Some(self.failures.back()?.plus_ms(wait_after(self.excess)))
    }
}

/// A minute, doubled `times`.
fn wait_after(times: u32) -> i64 {
    FIRST_WAIT_MS.checked_shl(times.min(8)).map_or(LONGEST_WAIT_MS, |ms| ms.min(LONGEST_WAIT_MS))
}

/// A map that holds what was touched last: when one half is full it becomes the old half, and the
/// old one is dropped.
struct Bounded<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    half_max: usize,
}

impl<K: Copy + Eq + Hash, V> Bounded<K, V> {
    fn new(half_max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half_max }
    }

    /// Reading touches.
    fn get(&mut self, key: &K) -> Option<&mut V> {
        if let Some(value) = self.old.remove(key) {
            self.make_room();
            self.young.insert(*key, value);
        }
        self.young.get_mut(key)
    }

    fn get_or_insert(&mut self, key: K, value: V) -> &mut V {
        let value = self.old.remove(&key).unwrap_or(value);
        if !self.young.contains_key(&key) {
            self.make_room();
        }
        self.young.entry(key).or_insert(value)
    }

    fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.young.retain(|key, _| keep(key));
        self.old.retain(|key, _| keep(key));
    }

    fn make_room(&mut self) {
        if self.young.len() >= self.half_max {
            self.old = mem::take(&mut self.young);
        }
    }
}

#[cfg(test)]
mod tests;
