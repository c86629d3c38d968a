//! What a server's frames mean to a scenario, read as cheaply as exactness allows.
//!
//! A broadcast is the very same bytes for every member, so a payload is read in full once, and each
//! repetition only has to be equal to it.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hasher as _},
};

use serde::Deserialize;
use tidewire_protocol::{
    codec::Codec,
    frame::{ServerFrame, Welcome},
    id::ChannelId,
};

use crate::payload::Stamp;

/// The id of the `hello` command on every connection.
pub(crate) const HELLO_ID: u64 = 1;
const REMEMBERED_MAX: usize = 4_096;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Incoming {
    /// The upgrade succeeded.
    Opened,
    Welcome(Vec<(ChannelId, u64)>),
    /// `Ok` holds the `seq` of the message that a `chat.send` made, `Err` the error's code.
    Reply {
        id: u64,
        outcome: Result<u64, String>,
    },
    Entry(Entry),
    /// The server collapsed what this connection did not take in time.
    Behind,
    Other,
    Ended(String),
}

/// An entry of a channel's log; with a stamp if it is a message of a load generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) channel: ChannelId,
    pub(crate) seq: u64,
    pub(crate) stamp: Option<Stamp>,
    pub(crate) bytes: usize,
}

/// The parts of a server frame that matter here.
#[derive(Debug, Deserialize)]
struct View<'a> {
    id: Option<u64>,
    ok: Option<bool>,
    error: Option<ErrorView>,
    #[serde(borrow)]
    event: Option<&'a str>,
    channel: Option<ChannelId>,
    seq: Option<u64>,
    data: Option<DataView>,
}

#[derive(Debug, Deserialize)]
struct ErrorView {
    code: String,
}

#[derive(Debug, Deserialize)]
struct DataView {
    message: Option<MessageView>,
}

#[derive(Debug, Deserialize)]
struct MessageView {
    seq: u64,
    content: Option<String>,
}

/// Reads frames of one codec.
#[derive(Debug)]
pub(crate) struct Decoder {
    codec: Codec,
    remembered: HashMap<u64, (Box<[u8]>, Entry)>,
}

impl Decoder {
    pub(crate) fn new(codec: Codec) -> Self {
        Self { codec, remembered: HashMap::new() }
    }

    pub(crate) fn read(&mut self, payload: &[u8]) -> Incoming {
        let key = hash(payload);
        if let Some((known, entry)) = self.remembered.get(&key)
            && **known == *payload
        {
            return Incoming::Entry(*entry);
        }
        let incoming = self.read_in_full(payload);
        if let Incoming::Entry(entry) = incoming {
            if self.remembered.len() == REMEMBERED_MAX {
                self.remembered.clear();
            }
            self.remembered.insert(key, (payload.into(), entry));
        }
        incoming
    }

    fn read_in_full(&self, payload: &[u8]) -> Incoming {
        let view: Option<View<'_>> = match self.codec {
            Codec::Json => serde_json::from_slice(payload).ok(),
            Codec::MessagePack => rmp_serde::from_slice(payload).ok(),
        };
        match view {
            None => Incoming::Ended("a frame that cannot be read".to_owned()),
            Some(View { id: Some(HELLO_ID), ok: Some(true), .. }) => self.read_welcome(payload),
            Some(View { id: Some(id), ok, error, data, .. }) => {
                Incoming::Reply { id, outcome: outcome(ok, error, data) }
            }
            Some(View { event: Some("channel.behind"), .. }) => Incoming::Behind,
            Some(View {
                event: Some(event), channel: Some(channel), seq: Some(seq), data, ..
            }) => {
                let message = data.and_then(|data| data.message);
                let content = message.and_then(|message| message.content);
                let created = event == "chat.message.created";
                let stamp = content.filter(|_| created).and_then(|content| Stamp::parse(&content));
                Incoming::Entry(Entry { channel, seq, stamp, bytes: payload.len() })
            }
            Some(_) => Incoming::Other,
        }
    }

    fn read_welcome(&self, payload: &[u8]) -> Incoming {
        let welcome = match self.codec.decode_server(payload) {
            Ok(ServerFrame::Reply(reply)) => {
                reply.data.and_then(|data| Welcome::deserialize(data).ok())
            }
            _ => None,
        };
        match welcome {
            None => Incoming::Ended("a welcome that cannot be read".to_owned()),
            Some(welcome) => Incoming::Welcome(
                welcome.channels.into_iter().map(|state| (state.id, state.seq)).collect(),
            ),
        }
    }
}

fn outcome(
    ok: Option<bool>,
    error: Option<ErrorView>,
    data: Option<DataView>,
) -> Result<u64, String> {
    if ok == Some(true) {
        let message = data.and_then(|data| data.message);
        return message.map(|message| message.seq).ok_or_else(|| "NO_MESSAGE".to_owned());
    }
    Err(error.map_or_else(|| "NO_CODE".to_owned(), |error| error.code))
}

fn hash(payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(payload);
    hasher.finish()
}
