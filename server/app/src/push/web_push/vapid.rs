//! Who we are to push services of the web (RFC 8292): one key of the installation, and a token for
//! each service that is made when it is needed and used again.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use moka::sync::Cache;
use serde::Serialize;
use tidewire_protocol::Timestamp;

use super::encryption;
use crate::{auth::key, config::Secret};

/// Services want less than a day.
const LIFETIME_SECONDS: i64 = 12 * 3_600;
/// A token is not used in its last hour: clocks differ, and services keep what is sent.
const SPARE_SECONDS: i64 = 3_600;
/// Vendors have few services; more than these would be somebody's play.
const SERVICES_MAX: u64 = 1_000;

/// The key that browsers subscribe with.
#[derive(Clone)]
pub struct VapidKey {
    signing: EncodingKey,
    public_key: String,
}

impl VapidKey {
    /// The key of a number; `None` where it is no key of the curve P-256.
    pub fn new(number: &Secret) -> Option<Self> {
        let public = encryption::public_key(&encryption::private_key(&number.0)?)?;
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &number.0, &public);
        let encoded = pair.ok()?.to_pkcs8v1().ok()?;
        Some(Self {
            signing: EncodingKey::from_ec_der(encoded.as_ref()),
            public_key: URL_SAFE_NO_PAD.encode(public),
        })
    }

    /// The installation's own, which follows from its secret, so that all nodes have it.
    ///
    /// # Panics
    ///
    /// Never: of eight numbers one is a key.
    pub(super) fn derive(secret: &Secret) -> Self {
        (0..8)
            .find_map(|n| Self::new(&Secret(key::derive(secret, &format!("vapid:{n}")))))
            .expect("one number in four billion is no key")
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
}

#[derive(Clone)]
struct Token {
    text: String,
    expires: i64,
}

/// Our key with the tokens that it has signed.
pub(super) struct Vapid {
    key: VapidKey,
    /// Whom a service's people ask when something is odd.
    subject: Option<String>,
    tokens: Cache<String, Token>,
}

impl Vapid {
    pub(super) fn new(key: VapidKey, subject: Option<String>) -> Self {
        Self { key, subject, tokens: Cache::new(SERVICES_MAX) }
    }

    /// As browsers take it.
    pub(super) fn public_key(&self) -> &str {
        &self.key.public_key
    }

    /// The `Authorization` for the service at an origin.
    pub(super) fn authorization(&self, origin: &str, now: Timestamp) -> String {
        let seconds = now.ms().div_euclid(1_000);
        let is_good =
            |token: &Token| (SPARE_SECONDS..=LIFETIME_SECONDS).contains(&(token.expires - seconds));
        let token = self.tokens.get(origin).filter(is_good).unwrap_or_else(|| {
            let token = self.sign(origin, seconds + LIFETIME_SECONDS);
            self.tokens.insert(origin.to_owned(), token.clone());
            token
        });
        format!("vapid t={},k={}", token.text, self.key.public_key)
    }

    fn sign(&self, origin: &str, expires: i64) -> Token {
        let claims = Claims { aud: origin, exp: expires, sub: self.subject.as_deref() };
        let text = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.key.signing)
            .expect("the key is one, and the claims are text and a number");
        Token { text, expires }
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation};
    use serde_json::Value;

    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_738_311_330_000);
    const ORIGIN: &str = "https://push.example";

    fn vapid() -> Vapid {
        let key = VapidKey::derive(&Secret([7; 32]));
        Vapid::new(key, Some("mailto:ops@tide.example".to_owned()))
    }

    /// The claims, once the signature was verified with the key that stands beside them.
    fn claims(authorization: &str) -> Value {
        let (token, key) =
            authorization.strip_prefix("vapid t=").unwrap().split_once(",k=").unwrap();
        let key = DecodingKey::from_ec_der(&URL_SAFE_NO_PAD.decode(key).unwrap());
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        validation.set_audience(&[ORIGIN]);
        jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims
    }

    #[test]
    fn a_service_is_told_who_we_are_for_less_than_a_day() {
        let claims = claims(&vapid().authorization(ORIGIN, NOW));
        assert_eq!(claims["aud"], ORIGIN);
        assert_eq!(claims["sub"], "mailto:ops@tide.example");
        let seconds = claims["exp"].as_i64().unwrap() - NOW.ms() / 1_000;
        assert!((3_600..86_400).contains(&seconds), "{seconds}");
    }

    #[test]
    fn a_token_is_used_again_until_it_grows_old_and_for_its_service_alone() {
        let vapid = vapid();
        let first = vapid.authorization(ORIGIN, NOW);
        let hours = |hours: i64| NOW.plus_ms(hours * 3_600_000);
        assert_eq!(vapid.authorization(ORIGIN, hours(11)), first);
        assert_ne!(vapid.authorization("https://other.example", NOW), first);
        assert_ne!(vapid.authorization(ORIGIN, hours(12)), first);
        assert_ne!(vapid.authorization(ORIGIN, hours(-13)), first, "no token is good for longer");
    }

    #[test]
    fn nodes_with_one_secret_have_one_key() {
        let key = |byte| VapidKey::derive(&Secret([byte; 32])).public_key;
        assert_eq!(key(1), key(1));
        assert_ne!(key(1), key(2));
        assert_eq!(key(1).len(), 87);
        assert!(VapidKey::new(&Secret([0; 32])).is_none());
    }
}
