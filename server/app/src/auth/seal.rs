//! Secrets of tenants at rest: sealed with AES-256-GCM under a key of the operator, and bound to the
//! tenant and the field they belong to, so that a value in another place does not open.
//!
//! A sealed value reads `<key id>.<base64url of nonce, ciphertext and tag>`. The first key seals, all
//! of them open: that is how a key is replaced.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tidewire_protocol::id::TenantId;

use super::key;
use crate::config::{SealingKey, Secret};

/// The key that every installation has, derived from its one secret.
const OWN_KEY_ID: &str = "0";

/// Where a secret belongs.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub tenant_id: TenantId,
    pub field: &'static str,
}

impl Place {
    fn aad(self) -> Aad<Vec<u8>> {
        Aad::from([self.tenant_id.uuid().as_bytes(), self.field.as_bytes()].concat())
    }
}

/// A value that none of the keys opens in this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value does not open")]
pub struct Unopenable;

/// The keys, the one that seals first.
pub struct Seal(Vec<(String, RandomizedNonceKey)>);

impl Seal {
    /// The operator's keys, and behind them the installation's own, under which values were sealed
    /// before the operator had any.
    pub fn new(keys: &[SealingKey], secret: &Secret) -> Self {
        let own =
            SealingKey { id: OWN_KEY_ID.to_owned(), key: Secret(key::derive(secret, "sealing")) };
        let keys = keys.iter().chain([&own]);
        Self(
            keys.filter_map(|given| {
                let key = RandomizedNonceKey::new(&AES_256_GCM, &given.key.0).ok()?;
                Some((given.id.clone(), key))
            })
            .collect(),
        )
    }

    /// `None` only where there is no key at all.
    pub fn seal(&self, place: Place, secret: &str) -> Option<String> {
        let (id, key) = self.0.first()?;
        let mut sealed = secret.as_bytes().to_vec();
        let nonce = key.seal_in_place_append_tag(place.aad(), &mut sealed).ok()?;
        let bytes = [nonce.as_ref().as_slice(), &sealed].concat();
        Some(format!("{id}.{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    pub fn open(&self, place: Place, sealed: &str) -> Result<String, Unopenable> {
        let (id, text) = sealed.split_once('.').ok_or(Unopenable)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unopenable)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or(Unopenable)?;
        // An operator may give two keys one name; the right one proves itself.
        self.0
            .iter()
            .filter(|(known, _)| known == id)
            .find_map(|(_, key)| open(key, nonce, place, sealed))
            .ok_or(Unopenable)
    }

    /// Whether a value was sealed under the key that seals now.
    pub fn is_current(&self, sealed: &str) -> bool {
        let id = sealed.split_once('.').map(|(id, _)| id);
        self.0.first().is_some_and(|(current, _)| Some(current.as_str()) == id)
    }
}

fn open(key: &RandomizedNonceKey, nonce: &[u8], place: Place, sealed: &[u8]) -> Option<String> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut bytes = sealed.to_vec();
    let opened = key.open_in_place(nonce, place.aad(), &mut bytes).ok()?;
    String::from_utf8(opened.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const HERE: Place =
        Place { tenant_id: TenantId::new(Uuid::from_u128(1)), field: "smtp.password" };

    fn key(id: &str, byte: u8) -> SealingKey {
        SealingKey { id: id.to_owned(), key: Secret([byte; 32]) }
    }

    fn seal(keys: &[SealingKey]) -> Seal {
        Seal::new(keys, &Secret([9; 32]))
    }

    #[test]
    fn a_sealed_value_opens_in_its_place_only() {
        let seal = seal(&[]);
        let sealed = seal.seal(HERE, "hunter2").unwrap();
        assert!(sealed.starts_with("0.") && !sealed.contains("hunter2"));
        assert_eq!(seal.open(HERE, &sealed).as_deref(), Ok("hunter2"));
        assert_ne!(seal.seal(HERE, "hunter2").unwrap(), sealed, "a nonce of its own each time");
        let of_another = Place { tenant_id: TenantId::new(Uuid::from_u128(2)), ..HERE };
        let in_another = Place { field: "webhook.secret", ..HERE };
        for place in [of_another, in_another] {
            assert_eq!(seal.open(place, &sealed), Err(Unopenable));
        }
    }

    #[test]
    fn what_was_tampered_with_does_not_open() {
        let seal = seal(&[]);
        let sealed = seal.seal(HERE, "hunter2").unwrap();
        let flipped = |at: usize| {
            let (id, text) = sealed.split_once('.').unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
            bytes[at] ^= 1;
            format!("{id}.{}", URL_SAFE_NO_PAD.encode(bytes))
        };
        for at in 0..NONCE_LEN + 7 + 16 {
            assert_eq!(seal.open(HERE, &flipped(at)), Err(Unopenable), "{at}");
        }
        for broken in ["", "0", "0.", "0.AAAA", "0.*", &sealed[2..], &format!("1{sealed}")] {
            assert_eq!(seal.open(HERE, broken), Err(Unopenable), "{broken}");
        }
    }

    #[test]
    fn keys_are_replaced_one_after_the_other() {
        let derived = seal(&[]).seal(HERE, "a").unwrap();
        let first = seal(&[key("k1", 1)]);
        assert_eq!(first.open(HERE, &derived).as_deref(), Ok("a"), "the own key stays");
        assert!(!first.is_current(&derived));
        let sealed = first.seal(HERE, "b").unwrap();
        assert!(sealed.starts_with("k1.") && first.is_current(&sealed));
        let both = seal(&[key("k2", 2), key("k1", 1)]);
        assert_eq!(both.open(HERE, &sealed).as_deref(), Ok("b"));
        assert!(!both.is_current(&sealed));
        assert!(both.seal(HERE, "c").unwrap().starts_with("k2."));
        assert_eq!(seal(&[key("k2", 2)]).open(HERE, &sealed), Err(Unopenable));
        let renamed = seal(&[key("k1", 3), key("k1", 1)]);
        assert_eq!(renamed.open(HERE, &sealed).as_deref(), Ok("b"));
    }
}
