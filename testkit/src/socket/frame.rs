//! Frames of RFC 6455, section 5.2, with every bit free to be wrong.

const MASK: [u8; 4] = [0x1D, 0xC0, 0xFF, 0xEE];

/// What the low four bits of a frame's first byte mean.
pub mod opcode {
    pub const CONTINUATION: u8 = 0x0;
    pub const TEXT: u8 = 0x1;
    pub const BINARY: u8 = 0x2;
    pub const CLOSE: u8 = 0x8;
    pub const PING: u8 = 0x9;
    pub const PONG: u8 = 0xA;
}

/// A frame, read or to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub is_final: bool,
    pub opcode: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    /// A message in one frame.
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { is_final: true, opcode, payload: payload.into() }
    }

    /// A fragment that others follow.
    pub fn fragment(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { is_final: false, ..Self::new(opcode, payload) }
    }

    /// A close frame.
    pub fn close(code: u16, reason: &[u8]) -> Self {
        Self::new(opcode::CLOSE, [&code.to_be_bytes(), reason].concat())
    }

    /// The bytes that a client has to send.
    pub fn masked(&self) -> Vec<u8> {
        let mut bytes = Head::of(self).bytes();
        bytes.extend(self.payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    /// The code of a close frame, if it has one.
    pub fn close_code(&self) -> Option<u16> {
        self.payload.first_chunk().map(|code| u16::from_be_bytes(*code))
    }

    /// The payload as text.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.payload).expect("a text frame is UTF-8")
    }

    /// A server's frame at the beginning of `bytes`, and how long it is; `None` while it is not whole.
    pub(super) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let [first, second, rest @ ..] = bytes else { return None };
        assert_eq!(first & 0x70, 0, "reserved bits are set");
        assert_eq!(second & 0x80, 0, "a server does not mask");
        let (length, at): (usize, usize) = match second {
            126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
            127 => (usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?, 10),
            length => (usize::from(*length), 2),
        };
        let end = at.checked_add(length)?;
        let payload = bytes.get(at..end)?.to_vec();
        Some((Self { is_final: first & 0x80 != 0, opcode: first & 0x0F, payload }, end))
    }
}

/// A client's frame up to its payload, field by field.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    pub is_final: bool,
    /// The reserved bits, 0 to 7.
    pub reserved: u8,
    pub opcode: u8,
    pub length: u64,
    /// In how many bytes the length is written: 1, 3 or 9.
    pub length_bytes: u8,
    pub is_masked: bool,
}

impl Head {
    /// The right one for a frame.
    pub fn of(frame: &Frame) -> Self {
        let length = frame.payload.len() as u64;
        let length_bytes = match length {
            0..=125 => 1,
            126..=0xFFFF => 3,
            _ => 9,
        };
        let Frame { is_final, opcode, .. } = *frame;
        Self { is_final, reserved: 0, opcode, length, length_bytes, is_masked: true }
    }

    /// As it goes over the wire, with the masking key.
    ///
    /// # Panics
    ///
    /// If the length does not go into its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes =
            vec![u8::from(self.is_final) << 7 | (self.reserved & 7) << 4 | self.opcode & 0x0F];
        let mask = u8::from(self.is_masked) << 7;
        match self.length_bytes {
            1 => bytes.push(mask | u8::try_from(self.length).expect("fits")),
            3 => {
                bytes.push(mask | 0x7E);
                bytes.extend(u16::try_from(self.length).expect("fits").to_be_bytes());
            }
            _ => {
                bytes.push(mask | 0x7F);
                bytes.extend(self.length.to_be_bytes());
            }
        }
        if self.is_masked {
            bytes.extend(MASK);
        }
        bytes
    }
}
