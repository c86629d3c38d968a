//! The echo server: our listener, our handshake, our socket, and a peer that sends back what it gets.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{Router, extract::Request, middleware::map_response, response::Response, routing::get};
use http::StatusCode;
use tidewire_app::{
    fanout::{mailbox::Mailbox, outgoing},
    tasks::Tasks,
};
use tidewire_server::{
    listener::{self, Limits, Timeouts},
    ws::{
        handshake::{Accepted, Handshake, name_version},
        reader::Incoming,
        socket::{End, Peer},
    },
};
use tokio::net::TcpListener;

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
/// Echoes that may wait before nothing more is read.
const WAITING_BYTES_MAX: usize = 1024 * 1024;
const CONNECTIONS_MAX: usize = 1_024;

/// A server that is bound to its address.
pub(crate) struct Echo {
    listener: TcpListener,
    address: SocketAddr,
}

impl Echo {
    pub(crate) fn start(address: SocketAddr) -> io::Result<Self> {
        let listener = listener::bind(address)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves for ever.
    pub(crate) async fn run(self) {
        let tasks = Tasks::default();
        let limits = Limits {
            connections_max: CONNECTIONS_MAX,
            connections_per_address_max: CONNECTIONS_MAX,
            trusted_proxies: Vec::new(),
            timeouts: Timeouts::default(),
        };
        let stop = tasks.stop_token().clone();
        listener::serve(self.listener, router(&tasks), limits, tasks, stop).await;
    }
}

/// Every path is the socket: suites ask for `/`, and some for paths that name their cases.
fn router(tasks: &Tasks) -> Router {
    let tasks = tasks.clone();
    let open = async move |request: Request| open(&tasks, request);
    Router::new()
        .route("/", get(open.clone()))
        .route("/{*path}", get(open))
        .layer(map_response(name_version))
}

fn open(tasks: &Tasks, mut request: Request) -> Result<Response, StatusCode> {
    let handshake = Handshake::read(&mut request).map_err(|code| {
        StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    })?;
    let (response, accepted) = handshake.accept();
    tasks.spawn(async move {
        if let Some(accepted) = accepted.await {
            converse(accepted).await;
        }
    });
    Ok(response)
}

async fn converse(accepted: Accepted) {
    let Accepted { mut socket, mailbox, early, place } = accepted;
    let mut mirror = Mirror { mailbox };
    socket.feed(&early, &mut mirror);
    if socket.run(&mut mirror, |_| false).await == End::Closed {
        socket.finish().await;
    }
    drop(place);
}

struct Mirror {
    mailbox: Arc<Mailbox>,
}

impl Peer for Mirror {
    fn take(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Text(text) => self.mailbox.control(outgoing::frame(TEXT, &text)),
            Incoming::Binary(bytes) => self.mailbox.control(outgoing::frame(BINARY, &bytes)),
            Incoming::Ping(_) | Incoming::Pong | Incoming::Close(_) => {}
        }
    }

    fn may_read(&self) -> bool {
        self.mailbox.control_bytes() < WAITING_BYTES_MAX
    }

    fn blocked(&self, _: bool) {}
}
