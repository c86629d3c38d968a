//! All connections of a worker on one poll: one thread, one read buffer, no timer per connection.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use mio::{Events, Interest, Poll, Token, Waker, event::Event};
use tidewire_protocol::codec::Codec;

use crate::{
    client::{Client, Piece},
    clock::Clock,
    framing,
    incoming::{Decoder, Incoming},
    setup, upgrade,
};

const WAKE: Token = Token(usize::MAX);
const EVENTS_PER_POLL: usize = 1_024;
const SCRATCH_BYTES: usize = 256 * 1024;

/// Something that reached a connection, with the time at which it was read.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) client: usize,
    pub(crate) at_ns: u64,
    pub(crate) incoming: Incoming,
}

#[derive(Debug)]
pub(crate) struct Fleet {
    poll: Poll,
    waker: Arc<Waker>,
    clients: Vec<Client>,
    to_flush: Vec<usize>,
    scratch: Vec<u8>,
    decoder: Decoder,
    opcode: u8,
    pub(crate) clock: Clock,
}

impl Fleet {
    pub(crate) fn new(codec: Codec, clock: Clock) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let opcode = match codec {
            Codec::Json => framing::TEXT,
            Codec::MessagePack => framing::BINARY,
        };
        Ok(Self {
            poll,
            waker,
            clients: Vec::new(),
            to_flush: Vec::new(),
            scratch: vec![0; SCRATCH_BYTES],
            decoder: Decoder::new(codec),
            opcode,
            clock,
        })
    }

    /// Something that other threads wake the poll with.
    pub(crate) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    pub(crate) const fn len(&self) -> usize {
        self.clients.len()
    }

    /// Starts one more connection; its number is how many there were before.
    pub(crate) fn connect(
        &mut self,
        target: SocketAddr,
        source: setup::Source,
        request: &upgrade::Request<'_>,
    ) -> anyhow::Result<()> {
        let mut client = Client::connect(target, source.address(), request)
            .with_context(|| format!("connecting to {target}"))?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut client.stream, Token(self.clients.len()), interest)?;
        self.clients.push(client);
        Ok(())
    }

    /// Adds a message to what [`Fleet::flush`] sends.
    pub(crate) fn queue(&mut self, client: usize, payload: &[u8]) {
        self.clients[client].queue(self.opcode, payload);
        if self.to_flush.last() != Some(&client) {
            self.to_flush.push(client);
        }
    }

    /// Sends what was queued, each connection's messages in one write.
    pub(crate) fn flush(&mut self) {
        for client in self.to_flush.drain(..) {
            self.clients[client].flush();
        }
    }

    /// Waits up to `timeout` and appends what arrived.
    pub(crate) fn poll(
        &mut self,
        timeout: Duration,
        events: &mut Events,
        arrivals: &mut Vec<Arrival>,
    ) -> io::Result<()> {
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        for event in events.iter().filter(|event| event.token() != WAKE) {
            self.serve(event, arrivals);
        }
        Ok(())
    }

    fn serve(&mut self, event: &Event, arrivals: &mut Vec<Arrival>) {
        let Token(number) = event.token();
        let client = &mut self.clients[number];
        if event.is_writable() {
            client.flush();
        }
        let to_the_end = event.is_read_closed() || event.is_error();
        if !event.is_readable() && !to_the_end {
            return;
        }
        let at_ns = self.clock.now_ns();
        let decoder = &mut self.decoder;
        client.read(&mut self.scratch, to_the_end, &mut |piece| {
            let incoming = match piece {
                Piece::Opened => Incoming::Opened,
                Piece::Message(payload) => decoder.read(payload),
                Piece::Ended(reason) => Incoming::Ended(reason),
            };
            arrivals.push(Arrival { client: number, at_ns, incoming });
        });
    }

    pub(crate) fn say_goodbye(&mut self) {
        for client in &mut self.clients {
            client.say_goodbye();
        }
    }
}

pub(crate) fn events() -> Events {
    Events::with_capacity(EVENTS_PER_POLL)
}
