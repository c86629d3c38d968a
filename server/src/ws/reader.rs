//! Bytes to messages (RFC 6455, sections 5 to 8), as strictly as the standard allows and as early as
//! the bytes tell: a text fails at its first wrong byte, a message at the head that makes it too big.
//!
//! Between two frames a reader holds no memory of its own.

use std::str;

use tidewire_protocol::close_code::CloseCode;

use super::frame::{Head, Opcode, PartialHead};

/// What came out of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// Valid UTF-8.
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    /// The peer closes, with this code if it gave one.
    Close(Option<u16>),
}

/// The reading side of one connection.
pub struct Reader {
    message_bytes_max: usize,
    /// For the first message alone.
    first_bytes_max: Option<usize>,
    head: PartialHead,
    frame: Option<Frame>,
    /// The payload of the control frame that is being read; it may come inside a message.
    control: Vec<u8>,
    message: Option<Message>,
}

/// A frame whose payload is being read.
#[derive(Clone, Copy)]
struct Frame {
    head: Head,
    have: usize,
}

/// A message of which some frames have come.
struct Message {
    is_text: bool,
    bytes: Vec<u8>,
    /// How much of a text is known to be UTF-8.
    checked: usize,
}

impl Reader {
    /// A reader of messages up to so many bytes.
    pub fn new(message_bytes_max: usize) -> Self {
        Self {
            message_bytes_max,
            first_bytes_max: None,
            head: PartialHead::default(),
            frame: None,
            control: Vec::new(),
            message: None,
        }
    }

    /// Takes a first message of up to so many bytes.
    pub const fn allow_first(&mut self, bytes_max: usize) {
        self.first_bytes_max = Some(bytes_max);
    }

    /// Takes bytes from the front of `input` until something came out of them; `None` when it needs
    /// more. After an error it must not be used again.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Incoming>, CloseCode> {
        loop {
            let frame = match self.frame.take() {
                Some(frame) => frame,
                None => match self.head.read(input)? {
                    Some(head) => self.begin(head)?,
                    None => return Ok(None),
                },
            };
            let Some(head) = self.fill(frame, input)? else { return Ok(None) };
            let whole = if head.opcode.is_control() {
                Some(control(head.opcode, std::mem::take(&mut self.control))?)
            } else if head.is_final {
                self.first_bytes_max = None;
                self.message.take().map(Message::end).transpose()?
            } else {
                None
            };
            if whole.is_some() {
                return Ok(whole);
            }
        }
    }

    /// Whether a frame may stand here (section 5.4).
    fn begin(&mut self, head: Head) -> Result<Frame, CloseCode> {
        let before = match (head.opcode, &self.message) {
            (Opcode::Text | Opcode::Binary, None) => {
                let is_text = head.opcode == Opcode::Text;
                self.message = Some(Message { is_text, bytes: Vec::new(), checked: 0 });
                0
            }
            (Opcode::Continuation, Some(message)) => message.bytes.len(),
            (Opcode::Text | Opcode::Binary, Some(_)) | (Opcode::Continuation, None) => {
                return Err(CloseCode::Framing);
            }
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => 0,
        };
        let bytes_max = self.first_bytes_max.unwrap_or(self.message_bytes_max);
        if head.length > bytes_max.saturating_sub(before) {
            return Err(CloseCode::TooBig);
        }
        Ok(Frame { head, have: 0 })
    }

    /// Takes payload; answers the frame's head once all of it is here.
    fn fill(&mut self, frame: Frame, input: &mut &[u8]) -> Result<Option<Head>, CloseCode> {
        let Frame { head, have } = frame;
        let (taken, rest) = input.split_at(input.len().min(head.length - have));
        *input = rest;
        match &mut self.message {
            Some(message) if !head.opcode.is_control() => message.extend(taken, head.mask, have)?,
            _ => extend_unmasked(&mut self.control, taken, head.mask, have),
        }
        let have = have + taken.len();
        if have == head.length {
            return Ok(Some(head));
        }
        self.frame = Some(Frame { head, have });
        Ok(None)
    }
}

impl Message {
    fn extend(&mut self, masked: &[u8], mask: [u8; 4], offset: usize) -> Result<(), CloseCode> {
        extend_unmasked(&mut self.bytes, masked, mask, offset);
        if self.is_text {
            self.check()?;
        }
        Ok(())
    }

    /// A character may be cut anywhere (section 8.1); what can no longer become one fails now.
    fn check(&mut self) -> Result<(), CloseCode> {
        self.checked += match str::from_utf8(&self.bytes[self.checked..]) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Err(CloseCode::InvalidUtf8),
        };
        Ok(())
    }

    fn end(self) -> Result<Incoming, CloseCode> {
        match self.is_text {
            true if self.checked < self.bytes.len() => Err(CloseCode::InvalidUtf8),
            true => Ok(Incoming::Text(self.bytes)),
            false => Ok(Incoming::Binary(self.bytes)),
        }
    }
}

/// Section 5.3; `offset` bytes of the same payload came before.
fn extend_unmasked(bytes: &mut Vec<u8>, masked: &[u8], mut mask: [u8; 4], offset: usize) {
    let from = bytes.len();
    bytes.extend_from_slice(masked);
    mask.rotate_left(offset % 4);
    for four in bytes[from..].chunks_mut(4) {
        for (byte, mask) in four.iter_mut().zip(mask) {
            *byte ^= mask;
        }
    }
}

fn control(opcode: Opcode, payload: Vec<u8>) -> Result<Incoming, CloseCode> {
    match opcode {
        Opcode::Ping => Ok(Incoming::Ping(payload)),
        Opcode::Close => close(&payload).map(Incoming::Close),
        _ => Ok(Incoming::Pong),
    }
}

/// Section 5.5.1.
fn close(payload: &[u8]) -> Result<Option<u16>, CloseCode> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(CloseCode::Framing) };
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Err(CloseCode::Framing);
    }
    str::from_utf8(reason).map_err(|_| CloseCode::InvalidUtf8)?;
    Ok(Some(code))
}

/// Section 7.4, with the codes that were registered since; 1004 to 1006 and 1015 are never on a wire.
const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests;
