//! Which key signs now, and which ones are still believed.
//!
//! Keys are replaced without anybody noticing: a new one is published before it signs, and the one
//! before it is believed until the last token that it signed has ended. Storage says when; each node
//! reads it at its start and in every sweep.

use std::sync::{Arc, PoisonError, RwLock};

use tidewire_protocol::{ErrorCode, Timestamp, model::accounts::KeySet};
use tidewire_storage::signing_keys::{self, Generation};
use uuid::Uuid;

use super::{Holder, TOKEN_BYTES_MAX, TokenKey};
use crate::{App, Result, config::Secret};

/// How long a new key is published before it signs: longer than others keep the published set, and
/// than any node sleeps between two sweeps.
const PUBLISHED_AHEAD_MS: i64 = 10 * 60_000;

/// How long the key before it is believed from then on: longer than any token lives.
const BELIEVED_AFTER_MS: i64 = 60 * 60_000;

/// Where there is no time to publish first: long enough for every node's sweep.
const HURRIED_AHEAD_MS: i64 = 15_000;

/// Generations that are told apart from keys that never were ours.
const REMEMBERED: u64 = 8;

/// The keys of an installation.
pub struct TokenKeys {
    issuer: String,
    secret: Secret,
    /// Oldest first.
    ring: RwLock<Arc<[Dated]>>,
}

/// A key with its time, which ends because of those that came later.
#[derive(Clone)]
struct Dated {
    generation: i64,
    key: Arc<TokenKey>,
    signs_from: Timestamp,
    believed_until: Timestamp,
}

const ALWAYS: Timestamp = Timestamp::from_ms(i64::MIN);
const FOREVER: Timestamp = Timestamp::from_ms(i64::MAX);

impl TokenKeys {
    pub(crate) fn new(secret: Secret, issuer: String) -> Self {
        let first = Dated {
            generation: 0,
            key: Arc::new(TokenKey::derive(&secret, &issuer, 0)),
            signs_from: ALWAYS,
            believed_until: FOREVER,
        };
        Self { issuer, secret, ring: RwLock::new(Arc::new([first])) }
    }

    /// A token of the key that signs at `now`, good from then on for `lifetime_seconds`.
    pub fn issue(
        &self,
        holder: Holder,
        id: Uuid,
        now: Timestamp,
        lifetime_seconds: i64,
    ) -> Result<String> {
        let ring = self.ring();
        let signing = ring.iter().rfind(|dated| dated.signs_from <= now);
        signing.ok_or(ErrorCode::Internal)?.key.issue(holder, id, now, lifetime_seconds)
    }

    /// Whom a token stands for; `TOKEN_EXPIRED` when it once was good, else `TOKEN_INVALID`.
    ///
    /// All tokens of a key begin with the very same header, so another algorithm, key, type or any
    /// further header field is refused by comparing text, before anything is decoded.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Holder> {
        let header = token.split_once('.').map(|(header, _)| header);
        let ring = self.ring();
        let dated = ring
            .iter()
            .find(|dated| Some(dated.key.header_segment.as_str()) == header)
            .filter(|_| token.len() <= TOKEN_BYTES_MAX)
            .ok_or(ErrorCode::TokenInvalid)?;
        let holder = dated.key.verify(token, now)?;
        if dated.believed_until <= now { Err(ErrorCode::TokenExpired.into()) } else { Ok(holder) }
    }

    /// The set of public keys (RFC 7517) that tokens can be verified with, now or soon.
    pub fn published(&self, now: Timestamp) -> KeySet {
        let ring = self.ring();
        let believed = ring.iter().rev().filter(|dated| dated.believed_until > now);
        KeySet { keys: believed.map(|dated| dated.key.public.clone()).collect() }
    }

    /// Takes over what storage says, newest generation first.
    fn learn(&self, newest: &[Generation]) {
        let known = self.ring();
        if known.last().map(|dated| dated.generation) == newest.first().map(|g| g.number)
            || newest.is_empty()
        {
            return;
        }
        let key = |generation| {
            let same = known.iter().find(|dated| dated.generation == generation);
            same.map_or_else(
                || Arc::new(TokenKey::derive(&self.secret, &self.issuer, generation)),
                |same| Arc::clone(&same.key),
            )
        };
        let mut believed_until = FOREVER;
        let mut ring = Vec::new();
        for &Generation { number, signs_from, previous_until } in newest {
            let key = key(number);
            ring.push(Dated { generation: number, key, signs_from, believed_until });
            believed_until = believed_until.min(previous_until);
        }
        if ring.last().is_some_and(|oldest| oldest.generation == 1) {
            ring.push(Dated { generation: 0, key: key(0), signs_from: ALWAYS, believed_until });
        }
        ring.reverse();
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring.into();
    }

    /// Replaced as a whole, so a panic in between has spoilt nothing.
    fn ring(&self) -> Arc<[Dated]> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads which keys there are.
pub async fn refresh(app: &App) -> Result<()> {
    let newest = signing_keys::newest(&mut app.db.read().await?, REMEMBERED).await?;
    app.token_keys.learn(&newest);
    Ok(())
}

/// When a key that was just added begins to sign, and when the one before it is believed no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    pub generation: i64,
    pub signs_from: Timestamp,
    pub previous_until: Timestamp,
}

/// Adds a key. In a hurry, because the one before it has leaked, that one is believed no more as soon
/// as every node knows the new one: whoever holds a token of it has to refresh it.
pub(crate) async fn rotate(app: &App, in_a_hurry: bool) -> Result<Rotation> {
    let now = app.clock.now();
    let (signs_from, previous_until) = if in_a_hurry {
        let at = now.plus_ms(HURRIED_AHEAD_MS);
        (at, at)
    } else {
        let at = now.plus_ms(PUBLISHED_AHEAD_MS);
        (at, at.plus_ms(BELIEVED_AFTER_MS))
    };
    let mut conn = app.db.write().await?;
    let generation = signing_keys::add(&mut conn, signs_from, previous_until).await?;
    conn.commit().await?;
    Ok(Rotation { generation, signs_from, previous_until })
}

#[cfg(test)]
mod tests;
