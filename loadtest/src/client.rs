//! One connection: its socket, what is not sent yet, and the frame that has not arrived in full.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, SocketAddr},
};

use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use crate::{
    framing::{self, Broken},
    upgrade::{self, Refused},
};

/// A connection from its first SYN to its end.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    stage: Stage,
    unread: Vec<u8>,
    unsent: Vec<u8>,
    frames_sent: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Upgrading,
    Open,
    Ended,
}

/// What reading brought to light.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Opened,
    Message(&'a [u8]),
    /// Why the connection is over.
    Ended(String),
}

impl Client {
    /// Starts to connect from `source` and to ask for the upgrade.
    pub(crate) fn connect(
        target: SocketAddr,
        source: Option<IpAddr>,
        request: &upgrade::Request<'_>,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(target), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(source) = source {
            socket.set_reuse_address(true)?;
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        if let Err(error) = socket.connect(&target.into())
            && error.kind() != io::ErrorKind::WouldBlock
            && error.raw_os_error() != Some(EINPROGRESS)
        {
            return Err(error);
        }
        Ok(Self {
            stream: TcpStream::from_std(socket.into()),
            stage: Stage::Upgrading,
            unread: Vec::new(),
            unsent: request.to_text().into_bytes(),
            frames_sent: 0,
        })
    }

    /// Appends a frame to what [`Client::flush`] sends, unless nobody would get it.
    pub(crate) fn queue(&mut self, opcode: u8, payload: &[u8]) {
        if self.stage == Stage::Ended {
            return;
        }
        self.frames_sent += 1;
        let mask = self.frames_sent.wrapping_mul(0x9e37_79b9).to_be_bytes();
        framing::push_masked(&mut self.unsent, opcode, mask, payload);
    }

    /// Sends as much as the socket takes; the rest goes when it is writable again.
    pub(crate) fn flush(&mut self) {
        let mut sent = 0;
        while sent < self.unsent.len() {
            match self.stream.write(&self.unsent[sent..]) {
                Ok(bytes) => sent += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A broken socket tells its story to the reading side.
                Err(_) => break,
            }
        }
        self.unsent.drain(..sent);
    }

    /// Reads until the socket is empty; `to_the_end` if the poll says that the peer has finished.
    pub(crate) fn read(
        &mut self,
        scratch: &mut [u8],
        to_the_end: bool,
        take: &mut impl FnMut(Piece<'_>),
    ) {
        while self.stage != Stage::Ended {
            match self.stream.read(scratch) {
                Ok(0) => return self.end("the stream ended", take),
                Ok(length) => {
                    if let Err(reason) = self.digest(&scratch[..length], take) {
                        return self.end(&reason, take);
                    }
                    // A short read has emptied the socket, and asking again would only cost a call;
                    // but an end that is there already comes with no event of its own.
                    if length < scratch.len() && !to_the_end {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.end(&error.to_string(), take),
            }
        }
    }

    fn end(&mut self, reason: &str, take: &mut impl FnMut(Piece<'_>)) {
        if self.stage != Stage::Ended {
            self.stage = Stage::Ended;
            take(Piece::Ended(reason.to_owned()));
        }
    }

    fn digest(&mut self, fresh: &[u8], take: &mut impl FnMut(Piece<'_>)) -> Result<(), String> {
        if self.unread.is_empty() {
            let used = self.consume(fresh, take)?;
            self.unread.extend_from_slice(&fresh[used..]);
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.unread);
        held.extend_from_slice(fresh);
        let used = self.consume(&held, take)?;
        held.drain(..used);
        self.unread = held;
        Ok(())
    }

    /// Handles everything complete in `bytes` and answers how much of them that was.
    fn consume(&mut self, bytes: &[u8], take: &mut impl FnMut(Piece<'_>)) -> Result<usize, String> {
        let mut used = 0;
        if self.stage == Stage::Upgrading {
            match upgrade::read_response(bytes).map_err(|refused| refused.to_string())? {
                None => return Ok(0),
                Some(length) => used = length,
            }
            self.stage = Stage::Open;
            take(Piece::Opened);
        }
        while let Some(head) = framing::first_frame(&bytes[used..]).map_err(|b| b.to_string())? {
            let payload = &bytes[used + head.start..used + head.end];
            self.receive(head.opcode, payload, take)?;
            used += head.end;
        }
        Ok(used)
    }

    fn receive(
        &mut self,
        opcode: u8,
        payload: &[u8],
        take: &mut impl FnMut(Piece<'_>),
    ) -> Result<(), String> {
        match opcode {
            framing::TEXT | framing::BINARY => take(Piece::Message(payload)),
            framing::PING => {
                self.queue(framing::PONG, payload);
                self.flush();
            }
            framing::PONG => {}
            framing::CLOSE => return Err(close_reason(payload)),
            _ => return Err(Broken("an unknown opcode").to_string()),
        }
        Ok(())
    }

    /// Says goodbye, for what it is worth: the socket is dropped without waiting for the answer.
    pub(crate) fn say_goodbye(&mut self) {
        if self.stage == Stage::Open {
            self.queue(framing::CLOSE, &1000_u16.to_be_bytes());
            self.flush();
        }
    }
}

/// What `connect` of a non-blocking socket answers on Linux while the handshake is under way.
const EINPROGRESS: i32 = 115;

fn close_reason(payload: &[u8]) -> String {
    match payload {
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            format!("closed {code} {}", String::from_utf8_lossy(reason))
        }
        _ => "closed without a code".to_owned(),
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broken(broken) => broken.fmt(f),
            Self::Status(line) => write!(f, "upgrade refused: {line}"),
        }
    }
}
