//! The accept loop, and with it everything that must hold before a request is read: a limited number
//! of connections in total and from one address, and no connection that is waited for without end.

mod connection;
mod places;
mod pulse;
mod refusal;
mod stream;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tidewire_app::tasks::Tasks;
use tidewire_http_compat::address::Network;
use tidewire_protocol::limits::WRITE_STALL_TIMEOUT_MS;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;

pub use places::Place;
pub use stream::{Reclaimed, reclaim};

use connection::Connections;
use places::Places;
use refusal::Refusals;

/// Connections that the kernel holds ready; a node's clients come back all at once.
const BACKLOG: u32 = 4_096;
/// How long to wait when no descriptor is free for another connection.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// What a listener allows.
#[derive(Debug, Clone)]
pub struct Limits {
    pub connections_max: usize,
    pub connections_per_address_max: usize,
    /// Peers that many people share and that no limit for an address applies to.
    pub trusted_proxies: Vec<Network>,
    pub timeouts: Timeouts,
}

/// Bytes that the kernel may hold for a peer beyond what is on the way to it.
#[cfg(target_os = "linux")]
const UNSENT_BYTES_MAX: u32 = 128 * 1024;

/// How long a peer is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For all of a request's head; on a new connection, from its first moment.
    pub head: Duration,
    /// For the next request.
    pub idle: Duration,
    /// For a peer that reads nothing of what is written to it.
    pub write_stall: Duration,
    /// For requests that are running when the listener stops.
    pub stop: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            write_stall: Duration::from_millis(WRITE_STALL_TIMEOUT_MS),
            stop: Duration::from_secs(10),
        }
    }
}

/// Opens a listening socket.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    limit_unsent(&socket)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What a slow peer does not take waits in its mailbox, where it is bounded, and not in the kernel,
/// whose buffers would grow to megabytes for each. Accepted sockets inherit the option.
#[cfg(target_os = "linux")]
fn limit_unsent(socket: &TcpSocket) -> io::Result<()> {
    socket2::SockRef::from(socket).set_tcp_notsent_lowat(UNSENT_BYTES_MAX)
}

#[cfg(not(target_os = "linux"))]
fn limit_unsent(_: &TcpSocket) -> io::Result<()> {
    Ok(())
}

/// Serves `router` to who connects until `stop`. Every request carries the peer's address
/// ([`tidewire_http_compat::PeerAddr`]). Connections are tasks of their own; after `stop` they finish
/// what they do and end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    tasks: Tasks,
    stop: CancellationToken,
) {
    let places = Places::new(&limits);
    let refusals = Refusals::new(tasks.clone());
    let connections = Arc::new(Connections::new(router, limits.timeouts, stop.clone()));
    while let Some((stream, peer)) = stop.run_until_cancelled(accept(&listener)).await {
        // Answers are small and written whole; waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        match places.take(peer.ip()) {
            Some(place) => tasks.spawn(Arc::clone(&connections).run(stream, peer, place)),
            None => refusals.refuse(stream),
        }
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

/// Whether the connection was gone before it was accepted.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}
