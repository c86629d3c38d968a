//! Passwords: Argon2id hashes, a few at a time, and the rule for new ones.

use std::{num::NonZero, thread, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash,
};
use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MAX},
};
use tokio::{sync::Semaphore, time::timeout};

use crate::{App, Error, Result};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Costs what a real one costs and fits no password; for accounts that do not exist.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Lower case, one a line, in the order of their bytes.
const COMMON: &str = include_str!("../../data/common_passwords.txt");

/// Room for hashing: each hash takes a core and 19 MiB while it runs.
pub struct Room(Semaphore);

impl Room {
    /// As many hashes at once as there are cores.
    pub fn for_this_machine() -> Self {
        Self(Semaphore::new(thread::available_parallelism().map_or(1, NonZero::get)))
    }
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right {
        /// A better hash of the same password, when the stored one was made with weaker settings.
        renewed: Option<String>,
    },
}

/// Hashes a new password. Waits for room at most 5 s, then answers `UNAVAILABLE`.
pub async fn hash(app: &App, password: String) -> Result<String> {
    let salt = app.clock.random_bytes();
    in_room(app, move || make(password.as_bytes(), salt)).await?
}

/// Compares a password with a stored hash; without one it takes the same time and is wrong.
pub async fn verify(app: &App, password: String, stored: Option<String>) -> Result<Verdict> {
    let salt = app.clock.random_bytes();
    in_room(app, move || {
        let hash = PasswordHash::new(stored.as_deref().unwrap_or(DUMMY)).ok()?;
        let fits = hasher().ok()?.verify_password(password.as_bytes(), &hash).is_ok();
        if !fits || stored.is_none() {
            return Some(Verdict::Wrong);
        }
        let renewed = if is_current(&hash) { None } else { make(password.as_bytes(), salt).ok() };
        Some(Verdict::Right { renewed })
    })
    .await?
    .ok_or(ErrorCode::Internal.into())
}

async fn in_room<T: Send + 'static>(
    app: &App,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let Ok(Ok(_permit)) = timeout(WAIT_MAX, app.hashing.0.acquire()).await else {
        return Err(Error::new(ErrorCode::Unavailable).with_retry_after(1));
    };
    app.tasks.blocking(work).await.ok_or(ErrorCode::Internal.into())
}

fn make(password: &[u8], salt: [u8; 16]) -> Result<String> {
    let hash = hasher()?.hash_password_with_salt(password, &salt);
    Ok(hash.map_err(|_| ErrorCode::Internal)?.to_string())
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| ErrorCode::Internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn is_current(hash: &PasswordHash) -> bool {
    Params::try_from(hash).is_ok_and(|params| {
        hash.algorithm.as_str() == "argon2id"
            && params.m_cost() >= MEMORY_KIB
            && params.t_cost() >= PASSES
    })
}

/// Refuses a new password with `PASSWORD_POLICY`, naming every rule it breaks. `min_length` is the
/// company's. `personal` are words that an attacker would try first; like common passwords they are
/// compared as a whole, whatever their case, so that `your-password` passes.
pub fn check_policy(password: &str, min_length: usize, personal: &[&str]) -> Result<()> {
    let lower = password.to_lowercase();
    let chars = password.chars().count();
    let rules: Vec<_> = [
        ("min_length", chars < min_length),
        ("max_length", chars > PASSWORD_CHARS_MAX || password.len() > PASSWORD_BYTES_MAX),
        ("common", has_line(COMMON, &lower)),
        ("personal", personal.iter().any(|word| word.to_lowercase() == lower)),
    ]
    .into_iter()
    .filter_map(|(rule, broken)| broken.then_some(rule))
    .collect();
    if rules.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorCode::PasswordPolicy).with_details(json!({
        "rules": rules, "minLength": min_length, "maxLength": PASSWORD_CHARS_MAX,
    })))
}

/// Whether `line` is one of the lines of `sorted`, by bisection over the text itself.
fn has_line(sorted: &str, line: &str) -> bool {
    let bytes = sorted.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start =
            bytes[low..middle].iter().rposition(|b| *b == b'\n').map_or(low, |at| low + at + 1);
        let end =
            bytes[middle..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| middle + at);
        match bytes[start..end].cmp(line.as_bytes()) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

#[cfg(test)]
mod tests;
