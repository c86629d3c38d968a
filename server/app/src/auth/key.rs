//! The keys of an installation, all derived from its one secret.

use aws_lc_rs::{
    constant_time, digest,
    hkdf::{HKDF_SHA256, Salt},
    hmac,
};

use crate::config::Secret;

/// A key of its own for `purpose` (HKDF with SHA-256, RFC 5869): who learns one learns no other.
///
/// # Panics
///
/// Never: 32 bytes are within what HKDF gives.
pub fn derive(secret: &Secret, purpose: &str) -> [u8; 32] {
    let mut key = [0; 32];
    Salt::new(HKDF_SHA256, b"tidewire")
        .extract(&secret.0)
        .expand(&[purpose.as_bytes()], HKDF_SHA256)
        .and_then(|output| output.fill(&mut key))
        .expect("32 bytes are within what HKDF gives");
    key
}

/// A key that authenticates what the server hands out and gets back (HMAC with SHA-256).
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    pub fn derive(secret: &Secret, purpose: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &derive(secret, purpose)))
    }

    pub fn sign(&self, data: &[u8]) -> [u8; 32] {
        let mut tag = [0; 32];
        tag.copy_from_slice(hmac::sign(&self.0, data).as_ref());
        tag
    }

    /// Whether `tag` is this key's over `data`; takes the same time either way.
    pub fn verify(&self, data: &[u8], tag: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.sign(data), tag).is_ok()
    }
}

/// SHA-256.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_and_each_secret_has_its_own_key() {
        let (a, b) = (Secret([1; 32]), Secret([2; 32]));
        assert_eq!(derive(&a, "x"), derive(&a, "x"));
        assert_ne!(derive(&a, "x"), derive(&a, "y"));
        assert_ne!(derive(&a, "x"), derive(&b, "x"));
    }

    #[test]
    fn a_tag_holds_for_its_data_only() {
        let key = MacKey::derive(&Secret([1; 32]), "x");
        let tag = key.sign(b"data");
        assert!(key.verify(b"data", &tag));
        assert!(!key.verify(b"Data", &tag));
        assert!(!key.verify(b"data", &tag[..31]));
        assert!(!MacKey::derive(&Secret([1; 32]), "y").verify(b"data", &tag));
    }
}
