//! WebSocket framing as far as a client and the floor need it (RFC 6455, section 5.2). Messages in
//! several fragments are refused: nobody here sends them.

use std::fmt;

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;

const FINAL: u8 = 0x80;
const OPCODE: u8 = 0x0f;
const CONTINUATION: u8 = 0x0;
const MASKED: u8 = 0x80;
/// In place of a length: it follows in two bytes, or in eight.
const LENGTH_16: u8 = 0x7e;
const LENGTH_64: u8 = 0x7f;
const PAYLOAD_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The peer broke the protocol; the text says how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) &'static str);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Where a frame's parts lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) opcode: u8,
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Finds the first frame of `bytes`; `None` when it is not complete.
pub(crate) fn first_frame(bytes: &[u8]) -> Result<Option<Head>, Broken> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    if first & 0x70 != 0 {
        return Err(Broken("a reserved bit is set"));
    }
    let opcode = first & OPCODE;
    if first & FINAL == 0 || opcode == CONTINUATION {
        return Err(Broken("a message in fragments"));
    }
    let Some((length, length_bytes)) = payload_length(second & !MASKED, rest) else {
        return Ok(None);
    };
    if length > PAYLOAD_BYTES_MAX {
        return Err(Broken("a frame of more than 16 MiB"));
    }
    let mask_start = 2 + length_bytes;
    let start = if second & MASKED == 0 { mask_start } else { mask_start + 4 };
    let end = start + length as usize;
    if bytes.len() < end {
        return Ok(None);
    }
    let mask = bytes[mask_start..start].try_into().ok();
    Ok(Some(Head { opcode, mask, start, end }))
}

/// The payload's length and how many more bytes said so.
fn payload_length(short: u8, rest: &[u8]) -> Option<(u64, usize)> {
    match short {
        LENGTH_16 => Some((u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 2)),
        LENGTH_64 => Some((u64::from_be_bytes(*rest.first_chunk()?), 8)),
        _ => Some((u64::from(short), 0)),
    }
}

/// Appends a server's frame: not masked.
pub(crate) fn push_frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    push_head(out, opcode, 0, payload.len());
    out.extend_from_slice(payload);
}

/// Appends a client's frame: masked.
pub(crate) fn push_masked(out: &mut Vec<u8>, opcode: u8, mask: [u8; 4], payload: &[u8]) {
    push_head(out, opcode, MASKED, payload.len());
    out.extend_from_slice(&mask);
    let start = out.len();
    out.extend_from_slice(payload);
    apply_mask(mask, &mut out[start..]);
}

fn push_head(out: &mut Vec<u8>, opcode: u8, masked: u8, length: usize) {
    out.push(FINAL | opcode);
    match length {
        0..126 => out.push(masked | length as u8),
        126..=0xffff => {
            out.push(masked | LENGTH_16);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(masked | LENGTH_64);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

pub(crate) fn apply_mask(mask: [u8; 4], payload: &mut [u8]) {
    for (byte, key) in payload.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn payload() -> impl Strategy<Value = Vec<u8>> {
        let length = prop_oneof![0..200_usize, 65_000..66_000_usize];
        length.prop_map(|length| (0..length).map(|i| i as u8).collect())
    }

    proptest! {
        #[test]
        fn a_frame_is_found_when_it_is_complete_and_not_before(
            payload in payload(),
            mask in proptest::option::of(any::<[u8; 4]>()),
            cut in any::<prop::sample::Index>(),
            more in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let mut bytes = Vec::new();
            match mask {
                Some(mask) => push_masked(&mut bytes, TEXT, mask, &payload),
                None => push_frame(&mut bytes, TEXT, &payload),
            }
            let length = bytes.len();
            prop_assert_eq!(first_frame(&bytes[..cut.index(length)]), Ok(None));
            bytes.extend(more);
            let head = first_frame(&bytes).unwrap().unwrap();
            prop_assert_eq!((head.opcode, head.mask, head.end), (TEXT, mask, length));
            apply_mask(mask.unwrap_or_default(), &mut bytes[head.start..head.end]);
            prop_assert_eq!(&bytes[head.start..head.end], payload.as_slice());
        }

        #[test]
        fn any_bytes_are_a_frame_or_not_and_never_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let _ = first_frame(&bytes);
        }
    }

    #[test]
    fn fragments_reserved_bits_and_huge_frames_are_refused() {
        for bytes in [
            &[0x01, 0x00][..],
            &[0x80, 0x00],
            &[0xc1, 0x00],
            &[0x82, 127, 0, 0, 0, 0, 0xff, 0, 0, 0],
        ] {
            assert!(first_frame(bytes).is_err(), "{bytes:?}");
        }
    }
}
