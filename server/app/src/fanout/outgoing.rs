//! Frames on their way out, encoded once per codec, WebSocket header included (RFC 6455, section 5.2:
//! a server's frames are unmasked, so every receiver can share the same bytes).

use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};
use serde::Serialize;
use tidewire_protocol::{
    close_code::CloseCode, codec::Codec, event::Event, frame::EventFrame, id::ChannelId,
    position::Position,
};

const FINAL: u8 = 0x80;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// An event that many connections will get. Each codec's bytes are made when first asked for.
#[derive(Debug)]
pub struct Outgoing {
    /// The JSON text without a header; what travels between nodes.
    payload: Bytes,
    json: OnceLock<Bytes>,
    message_pack: OnceLock<Bytes>,
}

impl Outgoing {
    /// An entry of a channel's log.
    pub fn entry(channel: ChannelId, position: Position, event: &Event) -> Self {
        Self::new(&EventFrame::entry(channel, position, event))
    }

    /// An entry of a person's inbox.
    pub fn inbox(seq: u64, event: &Event) -> Self {
        Self::new(&EventFrame::inbox(seq, event))
    }

    /// An event that is no entry of a log.
    pub fn plain(event: &Event) -> Self {
        Self::new(&EventFrame::plain(event))
    }

    fn new(frame: &EventFrame<'_>) -> Self {
        Self::from_payload(Codec::Json.encode(frame).into())
    }

    /// An event as another node sent it.
    pub fn from_payload(payload: Bytes) -> Self {
        Self { payload, json: OnceLock::new(), message_pack: OnceLock::new() }
    }

    /// The JSON text, for the bus.
    pub const fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The frame for receivers of `codec`.
    pub fn bytes(&self, codec: Codec) -> &Bytes {
        match codec {
            Codec::Json => self.json.get_or_init(|| frame(TEXT, &self.payload)),
            Codec::MessagePack => self.message_pack.get_or_init(|| self.transcode()),
        }
    }

    fn transcode(&self) -> Bytes {
        match Codec::Json.decode_value(&self.payload) {
            Ok(value) => data(Codec::MessagePack, &value),
            Err(error) => {
                tracing::error!(%error, "an event of our own cannot be read back");
                Bytes::new()
            }
        }
    }
}

/// Anything for one connection, as a frame of its codec.
pub fn data(codec: Codec, value: &impl Serialize) -> Bytes {
    let opcode = match codec {
        Codec::Json => TEXT,
        Codec::MessagePack => BINARY,
    };
    frame(opcode, &codec.encode(value))
}

/// A ping without a payload.
pub const fn ping() -> Bytes {
    Bytes::from_static(&[FINAL | PING, 0])
}

/// The answer to a ping (RFC 6455, section 5.5.3).
pub fn pong(payload: &[u8]) -> Bytes {
    frame(PONG, payload)
}

/// A close frame with its reason.
pub fn close(code: CloseCode) -> Bytes {
    let mut payload = code.code().to_be_bytes().to_vec();
    payload.extend_from_slice(code.reason().as_bytes());
    frame(CLOSE, &payload)
}

/// The answer to a peer's close frame: its own code back, or none if it gave none.
pub fn close_echo(code: Option<u16>) -> Bytes {
    frame(CLOSE, code.map(u16::to_be_bytes).as_ref().map_or(&[], |code| code.as_slice()))
}

/// One unfragmented, unmasked frame.
pub fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(payload.len() + 10);
    bytes.extend_from_slice(&[FINAL | opcode]);
    match payload.len() {
        length @ 0..=125 => bytes.extend_from_slice(&[length as u8]),
        length @ 126..=0xFFFF => {
            bytes.extend_from_slice(&[126]);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.extend_from_slice(&[127]);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use tidewire_protocol::event::Empty;

    use super::*;

    #[test]
    fn headers_have_the_shortest_length() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let bytes = frame(BINARY, &vec![7; length]);
            assert_eq!(bytes.len(), length + header, "{length}");
            assert_eq!(bytes[0], 0x82);
            assert_eq!(bytes[1] & 0x80, 0, "a server never masks");
        }
    }

    #[test]
    fn both_codecs_carry_the_same_event() {
        let outgoing = Outgoing::plain(&Event::Behind(Empty {}));
        let json = outgoing.bytes(Codec::Json).slice(2..);
        let packed = outgoing.bytes(Codec::MessagePack).slice(2..);
        assert_eq!(Codec::Json.decode_value(&json), Codec::MessagePack.decode_value(&packed));
    }
}
