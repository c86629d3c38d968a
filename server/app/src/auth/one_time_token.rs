//! Tokens that travel by mail: 256 random bits, 43 base64url characters, known to storage by their
//! SHA-256 alone.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::key::sha256;
use crate::clock::Clock;

/// A new token as it is mailed, and its hash.
pub fn mint(clock: &Clock) -> (String, [u8; 32]) {
    let bytes: [u8; 32] = clock.random_bytes();
    (URL_SAFE_NO_PAD.encode(bytes), sha256(&bytes))
}

/// The hash of what somebody presents; `None` when it cannot be a token.
pub fn hash(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 43 {
        return None;
    }
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(32) => Some(sha256(&bytes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tidewire_protocol::Timestamp;

    use super::*;

    #[test]
    fn a_token_is_found_by_its_text_and_by_nothing_like_it() {
        let clock = Clock::manual(Timestamp::from_ms(0));
        let (text, expected) = mint(&clock);
        assert_eq!(hash(&text), Some(expected));
        assert_ne!(hash(&mint(&clock).0), Some(expected));
        for bad in [&text[..42], &format!("{text}A"), "", &text.replace(&text[..1], "=")] {
            assert_eq!(hash(bad), None, "{bad}");
        }
    }
}
