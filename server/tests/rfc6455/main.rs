//! RFC 6455 as far as it concerns a server, rule by rule, against the echo example: the socket layer
//! of the product with nothing above it. Each test names the section it is about.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod closing;
mod framing;
mod handshake;
mod messages;

#[path = "../../examples/echo/server.rs"]
mod echo;

use std::net::SocketAddr;

use echo::Echo;
use tidewire_app::tasks::Tasks;
use tidewire_protocol::limits::FRAME_BYTES_MAX;
use tidewire_testkit::socket::{Frame, Socket, opcode};

/// Starts an echo server that ends with the test.
fn serve() -> SocketAddr {
    let echo = Echo::start(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = echo.address();
    Tasks::default().spawn(echo.run());
    address
}

async fn open() -> Socket {
    Socket::open(serve(), "/", &[]).await.unwrap()
}

/// What comes back, frame by frame, is exactly this.
async fn expect(socket: &mut Socket, frames: &[Frame]) {
    for frame in frames {
        assert_eq!(socket.frame().await.as_ref(), Some(frame));
    }
}

/// A message comes back as it was sent.
async fn echoes(socket: &mut Socket, kind: u8, payload: &[u8]) {
    socket.message(kind, payload).await;
    expect(socket, &[Frame::new(kind, payload)]).await;
}

/// Bytes that end the connection with this code and nothing else.
async fn fails(bytes: &[u8], code: u16) {
    let mut socket = open().await;
    socket.send(bytes).await;
    let frame = socket.frame().await.unwrap();
    assert_eq!((frame.opcode, frame.close_code()), (opcode::CLOSE, Some(code)), "{bytes:02x?}");
    assert!(socket.ended().await, "{bytes:02x?}");
}
