//! Refresh tokens: derived from a session's id and generation under the server's key, so that no
//! verifier is stored and nothing in the database is worth stealing.
//!
//! A session stands at one generation. Exchanging its token moves it to the next; the token of the
//! generation before may fetch its successor again for a short while, because answers get lost and
//! browsers have two tabs. Any other known token means that somebody has a copy.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tidewire_protocol::{Timestamp, id::SessionId};
use uuid::Uuid;

use super::key::MacKey;

/// How long the token before the current one may fetch its successor again.
const PARENT_GRACE_MS: i64 = 30_000;

const SIGNED_BYTES: usize = 16 + 8;
const TOKEN_BYTES: usize = SIGNED_BYTES + 32;

/// The token of a session at a generation: 75 base64url characters.
pub fn mint(key: &MacKey, session_id: SessionId, generation: u64) -> String {
    let mut bytes = [0; TOKEN_BYTES];
    bytes[..16].copy_from_slice(session_id.uuid().as_bytes());
    bytes[16..SIGNED_BYTES].copy_from_slice(&generation.to_be_bytes());
    let tag = key.sign(&bytes[..SIGNED_BYTES]);
    bytes[SIGNED_BYTES..].copy_from_slice(&tag);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Which session and generation a token was made for; `None` unless this server made it.
pub fn open(key: &MacKey, token: &str) -> Option<(SessionId, u64)> {
    let mut bytes = [0; TOKEN_BYTES];
    if URL_SAFE_NO_PAD.decode_slice(token, &mut bytes) != Ok(TOKEN_BYTES)
        || !key.verify(&bytes[..SIGNED_BYTES], &bytes[SIGNED_BYTES..])
    {
        return None;
    }
    let (id, rest) = bytes.split_first_chunk::<16>()?;
    let generation = rest.first_chunk::<8>()?;
    Some((Uuid::from_bytes(*id).into(), u64::from_be_bytes(*generation)))
}

/// What a genuine token means to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The current one: exchange it.
    Current,
    /// The one before, in time: answer the current one again.
    Parent,
    /// Used long ago; or from a future that a restored database has forgotten, where nothing tells
    /// an owner from a thief.
    Reused,
}

/// Where the token of generation `presented` stands to a session at `generation` since `rotated_at`.
pub const fn standing(
    presented: u64,
    generation: u64,
    rotated_at: Timestamp,
    now: Timestamp,
) -> Standing {
    if presented == generation {
        Standing::Current
    } else if generation > 0
        && presented == generation - 1
        && now.ms() - rotated_at.ms() <= PARENT_GRACE_MS
    {
        Standing::Parent
    } else {
        Standing::Reused
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Secret;

    fn key() -> MacKey {
        MacKey::derive(&Secret([7; 32]), "refresh")
    }

    proptest! {
        #[test]
        fn a_token_opens_to_what_it_was_made_for(id: u128, generation: u64) {
            let id = SessionId::new(Uuid::from_u128(id));
            let token = mint(&key(), id, generation);
            prop_assert!(token.len() >= 20 && token.len() <= 512);
            prop_assert_eq!(open(&key(), &token), Some((id, generation)));
        }

        #[test]
        fn an_altered_token_opens_to_nothing(id: u128, generation: u64, at in 0..74_usize, by in 1..64_usize) {
            const ALPHABET: &[u8; 64] =
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let mut token = mint(&key(), Uuid::from_u128(id).into(), generation).into_bytes();
            let digit = ALPHABET.iter().position(|c| *c == token[at]).unwrap();
            token[at] = ALPHABET[(digit + by) % 64];
            prop_assert_eq!(open(&key(), &String::from_utf8(token).unwrap()), None);
        }

        #[test]
        fn anything_opens_without_a_panic(text: String) {
            prop_assert_eq!(open(&key(), &text), None);
        }

        #[test]
        fn only_the_current_token_and_its_parent_are_of_use(
            presented in 0..6_u64, generation in 0..6_u64, waited in 0..60_000_i64,
        ) {
            let rotated = Timestamp::from_ms(1_000_000);
            let expected = match generation as i64 - presented as i64 {
                0 => Standing::Current,
                1 if waited <= 30_000 => Standing::Parent,
                _ => Standing::Reused,
            };
            prop_assert_eq!(standing(presented, generation, rotated, rotated.plus_ms(waited)), expected);
        }
    }

    #[test]
    fn another_installations_token_opens_to_nothing() {
        let other = MacKey::derive(&Secret([8; 32]), "refresh");
        let token = mint(&other, Uuid::from_u128(1).into(), 0);
        assert_eq!(open(&key(), &token), None);
    }
}
