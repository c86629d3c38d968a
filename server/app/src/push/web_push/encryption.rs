//! Message encryption for Web Push (RFC 8291), which is the content coding `aes128gcm` (RFC 8188) with
//! keys that the browser and we agree on. A message is one record.

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    agreement::{ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey, agree},
    hkdf::{HKDF_SHA256, Salt},
};

use crate::clock::Clock;

pub(super) const PUBLIC_KEY_BYTES: usize = 65;
pub(super) const AUTH_BYTES: usize = 16;
/// What fits where a service takes no more than 4096 bytes, as it has to (RFC 8030, section 7.2).
pub(super) const PLAINTEXT_BYTES_MAX: usize = 3_993;

const RECORD_BYTES: u32 = 4_096;
const SALT_BYTES: usize = 16;
const KEY_BYTES: usize = 16;
/// Ends the text of the last record; only zeros follow.
const DELIMITER: u8 = 2;
/// Texts are filled up to a multiple of this, so that their lengths tell little.
const STEP_BYTES: usize = 512;
/// One in four billion is no private key.
const ATTEMPTS_MAX: usize = 8;

/// Whom a message is for: the browser's public key, and the secret that the push service has not seen.
#[derive(Clone)]
pub(super) struct Receiver {
    pub public_key: [u8; PUBLIC_KEY_BYTES],
    pub auth: [u8; AUTH_BYTES],
}

impl Receiver {
    /// `None` where the key is no point of the curve.
    pub(super) fn new(public_key: [u8; PUBLIC_KEY_BYTES], auth: [u8; AUTH_BYTES]) -> Option<Self> {
        ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, public_key)).ok()?;
        Some(Self { public_key, auth })
    }
}

/// What a message is encrypted with besides, new for each.
pub(super) struct Fresh {
    key: PrivateKey,
    salt: [u8; SALT_BYTES],
}

impl Fresh {
    /// # Panics
    ///
    /// Never: nearly all numbers of 32 bytes are private keys.
    pub(super) fn new(clock: &Clock) -> Self {
        let key = (0..ATTEMPTS_MAX)
            .find_map(|_| private_key(&clock.random_bytes()))
            .expect("nearly all numbers of 32 bytes are private keys");
        Self { key, salt: clock.random_bytes() }
    }
}

/// The key of a number, unless it is no key of the curve.
pub(super) fn private_key(number: &[u8; 32]) -> Option<PrivateKey> {
    PrivateKey::from_private_key(&ECDH_P256, number).ok()
}

pub(super) fn public_key(key: &PrivateKey) -> Option<[u8; PUBLIC_KEY_BYTES]> {
    key.compute_public_key().ok()?.as_ref().try_into().ok()
}

/// The body for a text of at most [`PLAINTEXT_BYTES_MAX`]; `None` for a longer one.
pub(super) fn encrypt(receiver: &Receiver, fresh: &Fresh, text: &[u8]) -> Option<Vec<u8>> {
    let bytes = text.len().next_multiple_of(STEP_BYTES).clamp(STEP_BYTES, PLAINTEXT_BYTES_MAX);
    if text.len() > PLAINTEXT_BYTES_MAX {
        return None;
    }
    encrypt_padded(receiver, fresh, text, bytes - text.len())
}

fn encrypt_padded(
    receiver: &Receiver,
    fresh: &Fresh,
    text: &[u8],
    padding: usize,
) -> Option<Vec<u8>> {
    let own = public_key(&fresh.key)?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, receiver.public_key);
    let info: [&[u8]; 3] = [b"WebPush: info\0", &receiver.public_key, &own];
    let keying = agree(&fresh.key, theirs, (), |shared| Ok(expand(&receiver.auth, shared, &info)))
        .ok()??;
    encode(&keying, &fresh.salt, &own, text, padding)
}

/// The content coding (RFC 8188, section 2) with `id` for the key's name.
fn encode(
    keying: &[u8],
    salt: &[u8; SALT_BYTES],
    id: &[u8],
    text: &[u8],
    padding: usize,
) -> Option<Vec<u8>> {
    let key = expand(salt, keying, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce = expand(salt, keying, &[b"Content-Encoding: nonce\0"])?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key[..KEY_BYTES]).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(&nonce[..NONCE_LEN]).ok()?;
    let mut record = text.to_vec();
    record.push(DELIMITER);
    record.resize(record.len() + padding, 0);
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut record).ok()?;
    let id_bytes = u8::try_from(id.len()).ok()?;
    Some([salt, &RECORD_BYTES.to_be_bytes()[..], &[id_bytes], id, &record].concat())
}

/// The first 32 bytes of what HKDF (RFC 5869) gives; shorter outputs are beginnings of it.
fn expand(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> Option<[u8; 32]> {
    let mut output = [0; 32];
    let key = Salt::new(HKDF_SHA256, salt).extract(secret);
    key.expand(info, HKDF_SHA256).ok()?.fill(&mut output).ok()?;
    Some(output)
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        URL_SAFE_NO_PAD.decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 8291, appendix A.
    fn browser() -> Receiver {
        let public_key = concat!(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6",
            "SRpkNtoIAiw4",
        );
        Receiver::new(bytes(public_key), bytes("BTBZMqHH6r4Tts7J_aSIgg")).unwrap()
    }

    fn fresh() -> Fresh {
        let key = bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        Fresh { key: private_key(&key).unwrap(), salt: bytes("DGv6ra1nlYgDCS1FRnbzlw") }
    }

    #[test]
    fn the_example_of_rfc_8291_comes_out_to_the_byte() {
        let own = public_key(&fresh().key).unwrap();
        let published = concat!(
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK",
            "6PBru3jl7A8",
        );
        assert_eq!(own, bytes(published));
        let text = b"When I grow up, I want to be a watermelon";
        let body = encrypt_padded(&browser(), &fresh(), text, 0).unwrap();
        let expected = concat!(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e",
            "3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwb",
            "uwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
        );
        assert_eq!(URL_SAFE_NO_PAD.encode(body), expected);
    }

    #[test]
    fn the_first_example_of_rfc_8188_comes_out_to_the_byte() {
        let key: [u8; 16] = bytes("yqdlZ-tYemfogSmv7Ws5PQ");
        let salt = bytes("I1BsxtFttlv3u_Oo94xnmw");
        let body = encode(&key, &salt, b"", b"I am the walrus", 0).unwrap();
        let expected = "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg";
        assert_eq!(URL_SAFE_NO_PAD.encode(body), expected);
    }

    #[test]
    fn lengths_come_in_steps_and_end_where_services_do() {
        let length = |text: usize| Some(encrypt(&browser(), &fresh(), &vec![b'x'; text])?.len());
        let overhead = 86 + 1 + 16;
        assert_eq!(length(0), Some(overhead + STEP_BYTES));
        assert_eq!(length(STEP_BYTES), Some(overhead + STEP_BYTES));
        assert_eq!(length(STEP_BYTES + 1), Some(overhead + 2 * STEP_BYTES));
        assert_eq!(length(PLAINTEXT_BYTES_MAX), Some(RECORD_BYTES as usize));
        assert_eq!(length(PLAINTEXT_BYTES_MAX + 1), None);
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        assert!(private_key(&[0; 32]).is_none());
        assert!(private_key(&[0xff; 32]).is_none());
        let mut point = browser().public_key;
        point[64] ^= 1;
        assert!(Receiver::new(point, [0; AUTH_BYTES]).is_none());
        assert!(Receiver::new([0; PUBLIC_KEY_BYTES], [0; AUTH_BYTES]).is_none());
    }

    #[test]
    fn nothing_is_used_twice() {
        let clock = Clock::system();
        let (a, b) = (Fresh::new(&clock), Fresh::new(&clock));
        assert_ne!(a.salt, b.salt);
        assert_ne!(public_key(&a.key), public_key(&b.key));
    }
}
