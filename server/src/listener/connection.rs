//! One connection: requests are read, answered by the router, and ended when their time is over.

use std::{
    convert::Infallible,
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes},
};
use http::{Request, Response};
use hyper::{
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tidewire_http_compat::PeerAddr;
use tidewire_protocol::limits::{HEADER_BYTES_MAX, URL_BYTES_MAX};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use super::{
    Timeouts,
    places::Place,
    pulse::{Busy, Pulse},
    stream::Watched,
};

/// The router answers a head up to twice the allowed size in its own words; beyond that hyper says
/// 431 and nothing more.
const HEAD_BYTES_MAX: usize = 2 * (HEADER_BYTES_MAX + URL_BYTES_MAX);
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// What all connections of a listener have in common.
pub(super) struct Connections {
    router: Router,
    http: http1::Builder,
    timeouts: Timeouts,
    stop: CancellationToken,
}

impl Connections {
    pub(super) fn new(router: Router, timeouts: Timeouts, stop: CancellationToken) -> Self {
        let mut http = http1::Builder::new();
        http.max_header_size(HEAD_BYTES_MAX).max_buf_size(BUFFER_BYTES_MAX);
        Self { router, http, timeouts, stop }
    }

    /// Serves one connection until its end.
    pub(super) async fn run<S>(self: Arc<Self>, stream: S, peer: SocketAddr, place: Place)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let pulse = Pulse::new(Instant::now());
        let requests = service_fn(|request| self.answer(request, peer, pulse.request()));
        let stream = TokioIo::new(Watched::new(stream, pulse.clone(), place));
        let mut connection = pin!(self.http.serve_connection(stream, requests).with_upgrades());
        let mut overdue = pin!(self.overdue(&pulse));
        tokio::select! {
            biased;
            // A failure is the peer's: it went away or sent what is not HTTP.
            _ = connection.as_mut() => return,
            () = overdue.as_mut() => return,
            () = self.stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ = timeout(self.timeouts.stop, async {
            tokio::select! {
                _ = connection => {}
                () = overdue => {}
            }
        })
        .await;
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        busy: Busy,
    ) -> Result<Response<Answer>, Infallible> {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(PeerAddr(peer));
        let response = self.router.clone().call(request).await?;
        Ok(response.map(|body| Answer { body, _busy: busy }))
    }

    /// Resolves when the connection has waited too long. Its task polls this after the connection
    /// itself, and so every change of the pulse is seen.
    async fn overdue(&self, pulse: &Pulse) {
        let mut alarm = pin!(sleep(self.timeouts.head));
        poll_fn(|cx| {
            let Some(deadline) = pulse.deadline(&self.timeouts) else { return Poll::Pending };
            if alarm.deadline() != deadline {
                alarm.as_mut().reset(deadline);
            }
            alarm.as_mut().poll(cx)
        })
        .await;
    }
}

/// The body of an answer; the connection is busy until it was sent or given up.
struct Answer {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;
