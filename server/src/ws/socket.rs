//! The loop that owns a connection's socket: it reads when something came and the peer may go on, and
//! drains the mailbox when something waits. It decides nothing.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    net::Shutdown,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use socket2::SockRef;
use tidewire_app::fanout::{
    mailbox::{Drained, Mailbox},
    outgoing,
};
use tidewire_protocol::limits::FRAME_BYTES_MAX;
use tokio::net::TcpStream;

use super::reader::{Incoming, Reader};

const SHARED_BUFFER_BYTES: usize = 64 * 1024;
/// How long a peer may take to close after it was told to.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; SHARED_BUFFER_BYTES]);
}

/// What a socket reports to.
pub trait Peer {
    /// A whole message, or a control frame, which was answered already.
    fn take(&mut self, incoming: Incoming);
    /// Whether more may be read now. When this turns true again, the mailbox is woken.
    fn may_read(&self) -> bool;
    /// The wire is full, or free again.
    fn blocked(&self, blocked: bool);
}

/// A connection's wire: the socket, with the bytes that came along with the upgrade request.
pub struct Socket {
    stream: Arc<TcpStream>,
    mailbox: Arc<Mailbox>,
    reader: Reader,
}

/// How a loop ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// Our close frame is out.
    Closed,
    /// The peer is gone.
    Gone,
    /// The condition that was waited for is met.
    Met,
}

enum Ready {
    Met,
    Read,
    Write,
}

impl Socket {
    /// A socket that takes messages up to the size of a frame.
    pub fn new(stream: Arc<TcpStream>, mailbox: Arc<Mailbox>) -> Self {
        Self { stream, mailbox, reader: Reader::new(FRAME_BYTES_MAX) }
    }

    /// Takes a first message of up to so many bytes.
    pub const fn allow_first(&mut self, bytes_max: usize) {
        self.reader.allow_first(bytes_max);
    }

    /// Bytes that came along with the upgrade request.
    pub fn feed(&mut self, bytes: &[u8], peer: &mut impl Peer) {
        feed(&mut self.reader, &self.mailbox, bytes, peer);
    }

    /// Moves bytes until the connection ends or `met` says so.
    pub async fn run<P: Peer>(&mut self, peer: &mut P, met: impl Fn(&P) -> bool) -> End {
        loop {
            let ready = poll_fn(|cx| self.poll_ready(cx, peer, &met)).await;
            match ready {
                Ok(Ready::Met) => return End::Met,
                Ok(Ready::Write) => match self.mailbox.drain() {
                    Drained::Empty => peer.blocked(false),
                    Drained::Blocked => peer.blocked(true),
                    Drained::Finished => return End::Closed,
                    Drained::Broken => return End::Gone,
                },
                Ok(Ready::Read) => {
                    if !self.read(peer) {
                        return End::Gone;
                    }
                }
                Err(_) => return End::Gone,
            }
        }
    }

    fn poll_ready<P: Peer>(
        &self,
        cx: &mut Context<'_>,
        peer: &P,
        met: impl Fn(&P) -> bool,
    ) -> Poll<io::Result<Ready>> {
        self.mailbox.register(cx.waker());
        if met(peer) {
            return Poll::Ready(Ok(Ready::Met));
        }
        if self.mailbox.is_waiting() {
            if self.mailbox.is_broken() {
                return Poll::Ready(Ok(Ready::Write));
            }
            if let Poll::Ready(writable) = self.stream.poll_write_ready(cx) {
                return Poll::Ready(writable.map(|()| Ready::Write));
            }
        }
        if peer.may_read()
            && let Poll::Ready(readable) = self.stream.poll_read_ready(cx)
        {
            return Poll::Ready(readable.map(|()| Ready::Read));
        }
        Poll::Pending
    }

    /// Reads what is there; answers whether the peer is still there.
    fn read(&mut self, peer: &mut impl Peer) -> bool {
        BUFFER.with_borrow_mut(|buffer| match self.stream.try_read(buffer) {
            Ok(0) => false,
            Ok(count) => {
                feed(&mut self.reader, &self.mailbox, &buffer[..count], peer);
                true
            }
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        })
    }

    /// Ends the connection in order (RFC 6455, section 7.1.1): our side is shut, and what still comes
    /// is read and dropped until the peer closes too, so that our last frame is not lost to a reset.
    pub async fn finish(self) {
        if SockRef::from(&*self.stream).shutdown(Shutdown::Write).is_err() {
            return;
        }
        let drained = pin!(async {
            while self.stream.readable().await.is_ok() {
                let ended = BUFFER.with_borrow_mut(|buffer| match self.stream.try_read(buffer) {
                    Ok(count) => count == 0,
                    Err(error) => error.kind() != io::ErrorKind::WouldBlock,
                });
                if ended {
                    return;
                }
            }
        });
        // Either way the socket is dropped now.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, drained).await;
    }
}

/// Takes what bytes mean until they are used up or our close frame is queued; what comes after that
/// is dropped (section 1.4).
fn feed(reader: &mut Reader, mailbox: &Mailbox, mut bytes: &[u8], peer: &mut impl Peer) {
    while mailbox.is_open() {
        match reader.next(&mut bytes) {
            Ok(Some(incoming)) => take(mailbox, peer, incoming),
            Ok(None) => return,
            Err(code) => mailbox.finish(outgoing::close(code)),
        }
    }
}

fn take(mailbox: &Mailbox, peer: &mut impl Peer, incoming: Incoming) {
    match &incoming {
        Incoming::Ping(payload) => mailbox.control(outgoing::pong(payload)),
        Incoming::Close(code) => mailbox.finish(outgoing::close_echo(*code)),
        Incoming::Text(_) | Incoming::Binary(_) | Incoming::Pong => {}
    }
    peer.take(incoming);
}
