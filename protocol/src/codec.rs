//! Bytes to frames and back. Both codecs carry the same keys and values; the subprotocol chooses.

mod strict;

use serde::{Serialize, de::DeserializeSeed as _};
use serde_json::{Map, Value};

use crate::{
    frame::{ClientFrame, ServerFrame},
    limits::INTEGER_MAX,
};
use strict::Strict;

/// The encodings of the protocol, version 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Text frames.
    Json,
    /// Binary frames: `MessagePack` maps.
    MessagePack,
}

/// Bytes that are not a frame. The text says what was wrong, never what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(&'static str);

impl Codec {
    pub const ALL: [Self; 2] = [Self::Json, Self::MessagePack];

    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "tidewire.v1.json",
            Self::MessagePack => "tidewire.v1.msgpack",
        }
    }

    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.subprotocol() == name)
    }

    /// Encodes anything the server or a client sends.
    ///
    /// # Panics
    ///
    /// Never for the types of this crate: their maps have text keys and their enums have names.
    pub fn encode(self, value: &impl Serialize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        match self {
            Self::Json => serde_json::to_writer(&mut bytes, value).expect("frames have text keys"),
            Self::MessagePack => value
                .serialize(&mut rmp_serde::Serializer::new(&mut bytes).with_struct_map())
                .expect("frames have known shapes"),
        }
        bytes
    }

    /// Reads a command. Refused are: anything but one object, an `id` that is not a positive integer,
    /// a missing `op`, nesting over 32, a key twice, bytes behind the end.
    pub fn decode_command(self, bytes: &[u8]) -> Result<ClientFrame, Unreadable> {
        let Value::Object(mut frame) = self.decode_value(bytes)? else {
            return Err(Unreadable("a frame must be an object"));
        };
        let id = match frame.get("id") {
            None => None,
            Some(id) => match id.as_i64() {
                Some(id) if (1..=INTEGER_MAX).contains(&id) => Some(id as u64),
                _ => return Err(Unreadable("id must be a positive integer")),
            },
        };
        let Some(Value::String(op)) = frame.remove("op") else {
            return Err(Unreadable("op must be a string"));
        };
        let data = match frame.remove("data") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(data)) => data,
            Some(_) => return Err(Unreadable("data must be an object")),
        };
        Ok(ClientFrame { id, op, data })
    }

    /// Reads what a server sent; for clients.
    pub fn decode_server(self, bytes: &[u8]) -> Result<ServerFrame, Unreadable> {
        let frame = match self.decode_value(bytes)? {
            Value::Object(frame) => ServerFrame::from_object(frame),
            _ => None,
        };
        frame.ok_or(Unreadable("not a server frame"))
    }

    /// Reads one value under the strict rules.
    pub fn decode_value(self, bytes: &[u8]) -> Result<Value, Unreadable> {
        match self {
            Self::Json => {
                let mut reader = serde_json::Deserializer::from_slice(bytes);
                let value = Strict::default()
                    .deserialize(&mut reader)
                    .map_err(|_| Unreadable("not JSON, nested deeper than 32, or a key twice"))?;
                reader.end().map_err(|_| Unreadable("data behind the end"))?;
                Ok(value)
            }
            Self::MessagePack => {
                let mut rest = bytes;
                let mut reader = rmp_serde::Deserializer::new(&mut rest);
                reader.set_max_depth(crate::limits::NESTING_MAX * 2 + 8);
                let value = Strict::default().deserialize(&mut reader).map_err(|_| {
                    Unreadable("not MessagePack, nested deeper than 32, or a key twice")
                })?;
                if rest.is_empty() { Ok(value) } else { Err(Unreadable("data behind the end")) }
            }
        }
    }
}
