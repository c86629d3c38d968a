//! A client that takes everything at once, and the events it was shown.

use std::{
    io::{self, IoSlice},
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tidewire_protocol::{codec::Codec, command::Hello, frame::ServerFrame};

use crate::{
    Actor, App,
    fanout::{
        connection::Connection,
        mailbox::{Mailbox, Wire},
    },
    resume,
};

/// What came over one connection.
pub(crate) struct Screen {
    taken: Arc<Taken>,
    /// Kept for as long as the person is here.
    connection: Arc<Connection>,
}

#[derive(Default)]
struct Taken(Mutex<Vec<u8>>);

impl Wire for Taken {
    fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut taken = self.0.lock().unwrap();
        let before = taken.len();
        for buffer in buffers {
            taken.extend_from_slice(buffer);
        }
        Ok(taken.len() - before)
    }
}

impl Screen {
    /// A connection of `actor` on the node of `app`.
    pub(crate) async fn of(app: &App, actor: &Actor) -> Self {
        Self::saying(app, actor, &Hello::default()).await
    }

    /// As [`Screen::of`], where the program says something of its own.
    pub(crate) async fn saying(app: &App, actor: &Actor, hello: &Hello) -> Self {
        let taken = Arc::new(Taken::default());
        let mailbox = Arc::new(Mailbox::new(Codec::Json, taken.clone()));
        let identity = Arc::clone(&actor.identity);
        let connection = app.fanout.register(identity.user_id, |user| {
            Arc::new(Connection::new(app.clock.id(), user, identity, mailbox, app.clock.now().ms()))
        });
        resume::start(app, actor, &connection, 1, hello).await.unwrap();
        Self { taken, connection }
    }

    /// The data of all events of a name, in the order they came.
    pub(crate) fn shown(&self, name: &str) -> Vec<Value> {
        let frames = self.frames();
        let texts = frames.iter().filter(|(opcode, _)| *opcode == 0x81);
        let events = texts.filter_map(|(_, frame)| match Codec::Json.decode_server(frame) {
            Ok(ServerFrame::Event(event)) if event.event == name => Some(event.data),
            _ => None,
        });
        events.collect()
    }

    /// The answer to hello.
    pub(crate) fn welcome(&self) -> Value {
        let frames = self.frames();
        let replies =
            frames.iter().filter_map(|(_, frame)| match Codec::Json.decode_server(frame) {
                Ok(ServerFrame::Reply(reply)) => reply.data,
                _ => None,
            });
        replies.into_iter().next().unwrap()
    }

    /// The entries of the inbox that came, as (event, number).
    pub(crate) fn inbox(&self) -> Vec<(String, u64)> {
        let frames = self.frames();
        let texts = frames.iter().filter(|(opcode, _)| *opcode == 0x81);
        let events = texts.filter_map(|(_, frame)| match Codec::Json.decode_server(frame) {
            Ok(ServerFrame::Event(event)) => Some((event.event, event.inbox?)),
            _ => None,
        });
        events.collect()
    }

    /// Whether the server has ended the connection.
    pub(crate) fn is_closed(&self) -> bool {
        !self.connection.mailbox().is_open()
    }

    fn frames(&self) -> Vec<(u8, Vec<u8>)> {
        let taken = self.taken.0.lock().unwrap();
        let mut rest = taken.as_slice();
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let (header, length) = match rest[1] {
                127 => (10, u64::from_be_bytes(rest[2..10].try_into().unwrap()) as usize),
                126 => (4, usize::from(u16::from_be_bytes([rest[2], rest[3]]))),
                short => (2, usize::from(short)),
            };
            frames.push((rest[0], rest[header..header + length].to_vec()));
            rest = &rest[header + length..];
        }
        frames
    }
}
