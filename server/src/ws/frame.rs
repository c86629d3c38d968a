//! The head of a client's frame (RFC 6455, section 5.2). What a head alone proves wrong is refused
//! at once, whatever length it announces.

use tidewire_protocol::close_code::CloseCode;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0F;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7F;
/// Says that the length follows in two bytes; the next one, in eight.
const LENGTH_IN_TWO: u8 = 126;
const CONTROL_BYTES_MAX: usize = 125;
const HEAD_BYTES_MAX: usize = 14;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    const fn parse(bits: u8) -> Option<Self> {
        match bits {
            0x0 => Some(Self::Continuation),
            0x1 => Some(Self::Text),
            0x2 => Some(Self::Binary),
            0x8 => Some(Self::Close),
            0x9 => Some(Self::Ping),
            0xA => Some(Self::Pong),
            _ => None,
        }
    }

    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// All that stands before a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) is_final: bool,
    pub(super) opcode: Opcode,
    pub(super) length: usize,
    pub(super) mask: [u8; 4],
}

/// A head of which some bytes have come.
#[derive(Default)]
pub(super) struct PartialHead {
    bytes: [u8; HEAD_BYTES_MAX],
    have: usize,
}

impl PartialHead {
    /// Takes bytes from the front of `input` until the head is whole.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Result<Option<Head>, CloseCode> {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            self.bytes[self.have] = *byte;
            self.have += 1;
            let bytes = &self.bytes[..self.have];
            if bytes.len() == whole(bytes)? {
                let head = parse(bytes)?;
                self.have = 0;
                return Ok(Some(head));
            }
        }
        Ok(None)
    }
}

/// How long the head that begins like this is, as far as can be told.
fn whole(bytes: &[u8]) -> Result<usize, CloseCode> {
    let opcode = Opcode::parse(bytes[0] & OPCODE).ok_or(CloseCode::Framing)?;
    let is_fragment = bytes[0] & FINAL == 0;
    if bytes[0] & RESERVED != 0 || (is_fragment && opcode.is_control()) {
        return Err(CloseCode::Framing);
    }
    let Some(second) = bytes.get(1) else { return Ok(2) };
    let length = second & LENGTH;
    if second & MASKED == 0 || (opcode.is_control() && usize::from(length) > CONTROL_BYTES_MAX) {
        return Err(CloseCode::Framing);
    }
    Ok(match length {
        0..LENGTH_IN_TWO => 6,
        LENGTH_IN_TWO => 8,
        _ => HEAD_BYTES_MAX,
    })
}

fn parse(bytes: &[u8]) -> Result<Head, CloseCode> {
    let (before_mask, mask) = bytes.split_last_chunk().ok_or(CloseCode::Framing)?;
    Ok(Head {
        is_final: bytes[0] & FINAL != 0,
        opcode: Opcode::parse(bytes[0] & OPCODE).ok_or(CloseCode::Framing)?,
        length: length(before_mask)?,
        mask: *mask,
    })
}

/// The length in its only valid form: the shortest one, and below 2^63.
fn length(bytes: &[u8]) -> Result<usize, CloseCode> {
    let (length, shortest) = match bytes {
        [_, _, a, b] => (u64::from(u16::from_be_bytes([*a, *b])), u64::from(LENGTH_IN_TWO)),
        [_, _, long @ ..] if !long.is_empty() => {
            let long = long.try_into().map_err(|_| CloseCode::Framing)?;
            (u64::from_be_bytes(long), 1 << 16)
        }
        _ => (u64::from(bytes[1] & LENGTH), 0),
    };
    if length < shortest || length > i64::MAX as u64 {
        return Err(CloseCode::Framing);
    }
    usize::try_from(length).map_err(|_| CloseCode::TooBig)
}
