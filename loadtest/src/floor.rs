//! The floor program: one thread on one poll that sends a pre-built frame to every member of a group,
//! one system call each. No server can do less without batching its calls.

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
};

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};
use socket2::{Domain, Protocol, Socket, Type};

use crate::{
    framing::{self, Broken},
    upgrade,
};

const LISTENER: Token = Token(usize::MAX);
const BACKLOG: i32 = 4_096;
const EVENTS_PER_POLL: usize = 1_024;
const SCRATCH_BYTES: usize = 256 * 1024;

/// The server.
#[derive(Debug)]
pub struct Floor {
    poll: Poll,
    listener: TcpListener,
    /// Slots are used again, so that a long life with many rounds costs no memory.
    members: Vec<Option<Member>>,
    free: Vec<usize>,
    groups: Vec<Vec<usize>>,
    merge: bool,
    scratch: Vec<u8>,
}

#[derive(Debug)]
struct Member {
    stream: TcpStream,
    /// `None` before the upgrade.
    group: Option<usize>,
    unread: Vec<u8>,
    unsent: Vec<u8>,
}

impl Floor {
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub fn bind(address: SocketAddr, merge: bool) -> anyhow::Result<Self> {
        let poll = Poll::new()?;
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let mut listener = TcpListener::from_std(socket.into());
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            listener,
            members: Vec::new(),
            free: Vec::new(),
            groups: Vec::new(),
            merge,
            scratch: vec![0; SCRATCH_BYTES],
        })
    }

    /// # Errors
    ///
    /// When the socket has no address any more.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves for ever.
    ///
    /// # Errors
    ///
    /// When the poll or the listener fails.
    pub fn run(&mut self) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(EVENTS_PER_POLL);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept_all()?,
                    Token(slot) if event.is_writable() && !event.is_readable() => self.flush(slot),
                    Token(slot) => self.serve(slot),
                }
            }
        }
    }

    fn accept_all(&mut self) -> anyhow::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => self.admit(stream)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The peer hung up while it waited.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn admit(&mut self, mut stream: TcpStream) -> anyhow::Result<()> {
        stream.set_nodelay(true)?;
        let slot = self.free.pop().unwrap_or(self.members.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(slot), interest)?;
        let member = Member { stream, group: None, unread: Vec::new(), unsent: Vec::new() };
        if slot == self.members.len() {
            self.members.push(Some(member));
        } else {
            self.members[slot] = Some(member);
        }
        Ok(())
    }

    /// Reads what there is and hands it on; a peer that has gone or makes no sense is dropped.
    fn serve(&mut self, slot: usize) {
        loop {
            let Some(member) = &mut self.members[slot] else { return };
            match member.stream.read(&mut self.scratch) {
                Ok(0) => return self.dismiss(slot),
                Ok(length) => {
                    member.unread.extend_from_slice(&self.scratch[..length]);
                    if self.digest(slot).is_err() {
                        return self.dismiss(slot);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.dismiss(slot),
            }
        }
        self.flush(slot);
    }

    fn digest(&mut self, slot: usize) -> Result<(), Broken> {
        let Some(member) = &mut self.members[slot] else { return Ok(()) };
        let Some(group) = member.group else {
            return self.upgrade(slot);
        };
        let mut frames = member.take_frames()?;
        if self.merge && frames.len() > 1 {
            frames = vec![frames.concat()];
        }
        for frame in frames {
            self.hand_out(group, &frame);
        }
        Ok(())
    }

    fn upgrade(&mut self, slot: usize) -> Result<(), Broken> {
        let Some(member) = &mut self.members[slot] else { return Ok(()) };
        let Some(asked) = upgrade::read_request(&member.unread)? else {
            return Ok(());
        };
        member.unread.drain(..asked.length);
        member.group = Some(asked.group);
        member.send(upgrade::response(&asked.subprotocol).as_bytes());
        if self.groups.len() <= asked.group {
            self.groups.resize_with(asked.group + 1, Vec::new);
        }
        self.groups[asked.group].push(slot);
        Ok(())
    }

    /// The floor itself.
    fn hand_out(&mut self, group: usize, frame: &[u8]) {
        for &slot in &self.groups[group] {
            if let Some(member) = &mut self.members[slot] {
                member.send(frame);
            }
        }
    }

    fn flush(&mut self, slot: usize) {
        if let Some(member) = &mut self.members[slot]
            && !member.unsent.is_empty()
        {
            let unsent = std::mem::take(&mut member.unsent);
            member.send(&unsent);
        }
    }

    fn dismiss(&mut self, slot: usize) {
        if let Some(member) = self.members[slot].take() {
            if let Some(group) = member.group {
                self.groups[group].retain(|&other| other != slot);
            }
            self.free.push(slot);
        }
    }
}

impl Member {
    /// The frames to hand on for every message that has arrived in full.
    fn take_frames(&mut self) -> Result<Vec<Vec<u8>>, Broken> {
        let mut frames = Vec::new();
        let mut used = 0;
        while let Some(head) = framing::first_frame(&self.unread[used..])? {
            let payload = &mut self.unread[used + head.start..used + head.end];
            framing::apply_mask(head.mask.unwrap_or_default(), payload);
            if matches!(head.opcode, framing::TEXT | framing::BINARY) {
                let mut frame = Vec::with_capacity(payload.len() + 10);
                framing::push_frame(&mut frame, head.opcode, payload);
                frames.push(frame);
            }
            used += head.end;
        }
        self.unread.drain(..used);
        Ok(frames)
    }

    /// One call; what the socket does not take goes when it is writable again.
    fn send(&mut self, bytes: &[u8]) {
        let sent = if self.unsent.is_empty() { self.stream.write(bytes).unwrap_or(0) } else { 0 };
        if sent < bytes.len() {
            self.unsent.extend_from_slice(&bytes[sent..]);
        }
    }
}
