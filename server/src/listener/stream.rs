//! A connection's socket, whose reads and writes are felt in its pulse.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};

use super::{places::Place, pulse::Pulse};

/// What is left of a connection when HTTP is done with it.
pub struct Reclaimed {
    pub stream: TcpStream,
    /// What the peer sent after its request.
    pub read: Bytes,
    /// To be kept for as long as the connection is.
    pub place: Place,
}

/// Takes the socket of a connection of this listener out of an upgrade. `None` for one that came
/// from elsewhere.
pub fn reclaim(upgraded: Upgraded) -> Option<Reclaimed> {
    let parts = upgraded.downcast::<TokioIo<Watched<TcpStream>>>().ok()?;
    let Watched { stream, place, .. } = parts.io.into_inner();
    Some(Reclaimed { stream, read: parts.read_buf, place })
}

pub(super) struct Watched<S> {
    stream: S,
    pulse: Pulse,
    place: Place,
}

impl<S> Watched<S> {
    pub(super) const fn new(stream: S, pulse: Pulse, place: Place) -> Self {
        Self { stream, pulse, place }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.pulse.read(Instant::now());
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.pulse.written(written.is_ready(), Instant::now());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.pulse.written(written.is_ready(), Instant::now());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
