//! Cursors: where a reader stands in a list, as an opaque text that only this installation can make.
//!
//! A cursor is a version, a position and a keyed hash (HMAC-SHA-256, cut to 16 bytes) over both and
//! over the collection it belongs to, filters included. So it is good after a restart and on every
//! node, and good for nothing else than the list it came from.

use aws_lc_rs::constant_time;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use tidewire_protocol::{ErrorCode, id::TenantId, limits::CURSOR_CHARS_MAX};

use crate::{Result, auth::key::MacKey, config::Secret};

const VERSION: u8 = 1;
const TAG_BYTES: usize = 16;

/// A list that is read by cursor: its name, its tenant, and all that decides what is in it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Collection<F> {
    pub name: &'static str,
    pub tenant_id: TenantId,
    pub filters: F,
}

/// The cursor that stands at `position` in `collection`.
///
/// # Panics
///
/// If the position is not plain data: a number, a text, a tuple of these.
pub fn encode<F: Serialize>(
    secret: &Secret,
    collection: &Collection<F>,
    position: &impl Serialize,
) -> String {
    let mut cursor = vec![VERSION];
    serde_json::to_writer(&mut cursor, position).expect("a position is plain data");
    let tag = tag(secret, collection, &cursor);
    cursor.extend_from_slice(&tag);
    URL_SAFE_NO_PAD.encode(cursor)
}

/// The position in `collection` that `cursor` stands at. Refuses with 400 `INVALID_CURSOR` what was
/// altered, or made for another collection or other filters.
pub fn decode<F: Serialize, P: DeserializeOwned>(
    secret: &Secret,
    collection: &Collection<F>,
    cursor: &str,
) -> Result<P> {
    read(secret, collection, cursor).ok_or_else(|| ErrorCode::InvalidCursor.into())
}

fn read<F: Serialize, P: DeserializeOwned>(
    secret: &Secret,
    collection: &Collection<F>,
    cursor: &str,
) -> Option<P> {
    if cursor.len() > CURSOR_CHARS_MAX {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (body, tag_sent) = bytes.split_last_chunk::<TAG_BYTES>()?;
    constant_time::verify_slices_are_equal(tag_sent, &tag(secret, collection, body)).ok()?;
    let (VERSION, position) = body.split_first().map(|(version, rest)| (*version, rest))? else {
        return None;
    };
    serde_json::from_slice(position).ok()
}

fn tag<F: Serialize>(secret: &Secret, collection: &Collection<F>, body: &[u8]) -> [u8; TAG_BYTES] {
    let mut signed = serde_json::to_vec(collection).expect("filters are plain data");
    // A byte that JSON text cannot contain, so that nothing moves from one part into the other.
    signed.push(0);
    signed.extend_from_slice(body);
    let whole = MacKey::derive(secret, "cursor").sign(&signed);
    *whole.first_chunk().expect("a tag is a part of the whole")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const SECRET: Secret = Secret([7; 32]);

    const fn history(channel: &str) -> Collection<&str> {
        Collection {
            name: "chat.messages",
            tenant_id: TenantId::new(Uuid::nil()),
            filters: channel,
        }
    }

    proptest! {
        #[test]
        fn a_cursor_finds_its_position_again(seq: u64) {
            let cursor = encode(&SECRET, &history("a"), &seq);
            prop_assert!(cursor.len() <= CURSOR_CHARS_MAX);
            let found: u64 = decode(&SECRET, &history("a"), &cursor).unwrap();
            prop_assert_eq!(found, seq);
        }

        #[test]
        fn an_altered_cursor_is_refused(seq: u64, at: prop::sample::Index, flip in 1_u8..) {
            let mut bytes = URL_SAFE_NO_PAD.decode(encode(&SECRET, &history("a"), &seq)).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let altered = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert!(decode::<_, u64>(&SECRET, &history("a"), &altered).is_err());
        }

        #[test]
        fn any_text_is_answered(text in ".{0,600}") {
            prop_assert!(decode::<_, u64>(&SECRET, &history("a"), &text).is_err());
        }
    }

    #[test]
    fn a_cursor_is_good_for_one_collection_of_one_tenant_on_one_installation() {
        let cursor = encode(&SECRET, &history("a"), &5_u64);
        let refused = |secret: &Secret, collection: &Collection<&str>| {
            decode::<_, u64>(secret, collection, &cursor).unwrap_err().code()
        };
        let elsewhere = Collection { tenant_id: TenantId::new(Uuid::max()), ..history("a") };
        assert_eq!(refused(&SECRET, &history("b")), ErrorCode::InvalidCursor);
        assert_eq!(refused(&SECRET, &elsewhere), ErrorCode::InvalidCursor);
        assert_eq!(refused(&Secret([8; 32]), &history("a")), ErrorCode::InvalidCursor);
    }
}
