//! Who we are to Apple's service: a token that our key signs, used for most of the hour that it is
//! good, since the service minds new ones more often than every twenty minutes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use tidewire_protocol::Timestamp;

const LIFETIME_MS: i64 = 45 * 60_000;
const RENEWAL_INTERVAL_MS: i64 = 20 * 60_000;
const ID_BYTES: usize = 10;

/// The key that Apple has given us, with its name and ours.
#[derive(Clone)]
pub struct Credentials {
    key: EncodingKey,
    key_id: String,
    team_id: String,
}

/// Why credentials are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredentials {
    #[error("is no private key of the curve P-256 in PEM")]
    Key,
    #[error("is not ten letters and digits")]
    Id,
}

impl Credentials {
    /// A key as Apple hands it out, in PEM.
    pub fn new(pem: &[u8], key_id: &str, team_id: &str) -> Result<Self, InvalidCredentials> {
        let key = EncodingKey::from_ec_pem(pem).map_err(|_| InvalidCredentials::Key)?;
        let is_id =
            |id: &str| id.len() == ID_BYTES && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_id(key_id) || !is_id(team_id) {
            return Err(InvalidCredentials::Id);
        }
        let credentials = Self { key, key_id: key_id.to_owned(), team_id: team_id.to_owned() };
        // A key of another curve shows only when it signs.
        credentials.sign(0).map_err(|_| InvalidCredentials::Key)?;
        Ok(credentials)
    }

    fn sign(&self, seconds: i64) -> jsonwebtoken::errors::Result<String> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, &Claims { iss: &self.team_id, iat: seconds }, &self.key)
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
}

pub(super) struct ProviderToken {
    credentials: Credentials,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// When one was made because the service had refused another.
    renewed: Option<Timestamp>,
}

struct Token {
    text: String,
    issued: Timestamp,
}

impl ProviderToken {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, state: Mutex::default() }
    }

    /// The token of this hour.
    pub(super) fn current(&self, now: Timestamp) -> String {
        let mut state = self.state();
        match &state.token {
            Some(token) if (0..LIFETIME_MS).contains(&(now.ms() - token.issued.ms())) => {
                token.text.clone()
            }
            _ => self.issue(&mut state, now),
        }
    }

    /// Another token than one that the service has refused for its age. `None` where it has refused
    /// one just before: then age is not what is wrong.
    pub(super) fn renew(&self, refused: &str, now: Timestamp) -> Option<String> {
        let mut state = self.state();
        if let Some(token) = state.token.as_ref().filter(|token| token.text != refused) {
            return Some(token.text.clone());
        }
        let is_too_soon =
            |renewed: Timestamp| (0..RENEWAL_INTERVAL_MS).contains(&(now.ms() - renewed.ms()));
        if state.renewed.is_some_and(is_too_soon) {
            return None;
        }
        state.renewed = Some(now);
        Some(self.issue(&mut state, now))
    }

    fn issue(&self, state: &mut State, now: Timestamp) -> String {
        let text = self.credentials.sign(now.ms().div_euclid(1_000));
        let text = text.expect("the key has signed before");
        state.token = Some(Token { text: text.clone(), issued: now });
        text
    }

    /// What is in it is replaced in one step, so a panic has spoilt nothing.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm,
    };
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_738_311_330_000);

    fn pem(algorithm: &'static EcdsaSigningAlgorithm) -> Vec<u8> {
        let key = EcdsaKeyPair::generate(algorithm).unwrap().to_pkcs8v1().unwrap();
        let text = STANDARD.encode(key.as_ref());
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n").into_bytes()
    }

    fn token() -> ProviderToken {
        let pem = pem(&ECDSA_P256_SHA256_FIXED_SIGNING);
        ProviderToken::new(Credentials::new(&pem, "ABC123DEFG", "DEF123GHIJ").unwrap())
    }

    fn minutes(minutes: i64) -> Timestamp {
        NOW.plus_ms(minutes * 60_000)
    }

    #[test]
    fn a_token_is_used_for_twenty_minutes_and_not_for_an_hour() {
        let token = token();
        let first = token.current(NOW);
        assert_eq!(token.current(minutes(21)), first);
        assert_eq!(token.current(minutes(44)), first);
        let second = token.current(minutes(59));
        assert_ne!(second, first);
        assert_eq!(token.current(minutes(60)), second);
        assert_ne!(token.current(NOW), second, "a clock that was set back makes a new one");
    }

    #[test]
    fn one_that_was_refused_is_replaced_once_for_all_who_used_it() {
        let token = token();
        let first = token.current(NOW);
        let second = token.renew(&first, NOW).unwrap();
        assert_ne!(second, first);
        assert_eq!(token.renew(&first, NOW), Some(second.clone()));
        assert_eq!(token.current(NOW), second);
        assert_eq!(token.renew(&second, minutes(19)), None);
        assert!(token.renew(&second, minutes(20)).is_some());
    }

    #[test]
    fn what_cannot_sign_is_no_key() {
        let good = pem(&ECDSA_P256_SHA256_FIXED_SIGNING);
        let other = pem(&ECDSA_P384_SHA384_FIXED_SIGNING);
        for wrong in [b"".as_slice(), b"no key", &other] {
            let refused = Credentials::new(wrong, "ABC123DEFG", "DEF123GHIJ").err();
            assert_eq!(refused, Some(InvalidCredentials::Key));
        }
        for (key_id, team_id) in [("", "DEF123GHIJ"), ("ABC123DEFG", "DEF 23GHIJ")] {
            let refused = Credentials::new(&good, key_id, team_id).err();
            assert_eq!(refused, Some(InvalidCredentials::Id));
        }
    }
}
