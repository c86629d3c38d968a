//! A WebSocket peer that does exactly what a test says, wrong things included: bytes and frames
//! ([`Socket`]), or commands of the protocol ([`Client`]).

mod client;
mod frame;
mod http;
mod replica;

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::DEADLINE;

pub use client::{Client, Pass};
pub use frame::{Frame, Head, opcode};
pub use http::{Answer, UPGRADE};
pub use replica::Replica;

/// Longer than any answer's head or frame of this server.
const READ_BYTES_MAX: usize = 32 * 1024 * 1024;
/// As little as systems give.
const NARROW_BYTES: u32 = 4 * 1024;

/// One TCP connection, and what was read from it but not asked for yet.
pub struct Socket {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Socket {
    /// Connects, and says nothing yet.
    ///
    /// # Panics
    ///
    /// If nobody listens there.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = within("to connect", TcpStream::connect(address)).await;
        Self::over(stream.expect("somebody listens"))
    }

    /// Connects to somebody who may not be there.
    pub async fn try_connect(address: SocketAddr) -> Option<Self> {
        TcpStream::connect(address).await.ok().map(Self::over)
    }

    /// As [`Socket::connect`], with room for little more than nothing that was not read yet.
    ///
    /// # Panics
    ///
    /// As [`Socket::connect`].
    pub async fn connect_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket can be had");
        socket.set_recv_buffer_size(NARROW_BYTES).expect("a new socket takes options");
        let stream = within("to connect", socket.connect(address)).await;
        Self::over(stream.expect("somebody listens"))
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a connected socket takes options");
        Self { stream, read: Vec::new() }
    }

    /// Asks for an upgrade at `target` with `headers` beside the usual ones.
    ///
    /// # Errors
    ///
    /// The server's refusal.
    pub async fn open(
        address: SocketAddr,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Answer> {
        Self::connect(address).await.upgraded(target, headers).await
    }

    /// Asks for an upgrade on a connection that was made before.
    ///
    /// # Errors
    ///
    /// The server's refusal.
    pub async fn upgraded(
        mut self,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Answer> {
        let answer = self.request("GET", target, &[UPGRADE, headers].concat()).await;
        if answer.status == 101 { Ok(self) } else { Err(answer) }
    }

    /// As [`Socket::upgraded`], by a server that may end at any moment.
    async fn try_upgraded(mut self, target: &str, headers: &[(&str, &str)]) -> Option<Self> {
        self.send(&http::request("GET", target, &[UPGRADE, headers].concat())).await;
        self.try_answer().await.filter(|answer| answer.status == 101).map(|_| self)
    }

    /// Sends a request without a body and reads the answer.
    pub async fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.send(&http::request(method, target, headers)).await;
        self.answer().await
    }

    /// Sends bytes. A peer that hung up is no failure here: what it said before is what matters.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = within("to send", self.stream.write_all(bytes)).await;
    }

    /// Sends bytes again and again, reading nothing, until the server hangs up.
    pub async fn flood(&mut self, bytes: &[u8]) {
        within("to be hung up on", async { while self.stream.write_all(bytes).await.is_ok() {} })
            .await;
    }

    /// Sends one whole message.
    pub async fn message(&mut self, opcode: u8, payload: &[u8]) {
        self.send(&Frame::new(opcode, payload).masked()).await;
    }

    /// Reads an answer's head, and its body when it has a length.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn answer(&mut self) -> Answer {
        self.try_answer().await.expect("hung up without an answer")
    }

    async fn try_answer(&mut self) -> Option<Answer> {
        loop {
            if let Some((answer, length)) = Answer::parse(&self.read) {
                self.read.drain(..length);
                return Some(answer);
            }
            if !self.read_more().await {
                return None;
            }
        }
    }

    /// The next frame; `None` when the server hung up.
    ///
    /// # Panics
    ///
    /// If nothing comes, or a frame that is masked.
    pub async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, length)) = Frame::parse(&self.read) {
                self.read.drain(..length);
                return Some(frame);
            }
            if !self.read_more().await {
                return None;
            }
        }
    }

    /// Reads on to the close frame and to the end of the connection, whatever comes before; answers
    /// the code, or `None` when there was no close frame or one without a code.
    ///
    /// # Panics
    ///
    /// If anything follows the close frame.
    pub async fn closed(&mut self) -> Option<u16> {
        let mut code = None;
        while let Some(frame) = self.frame().await {
            assert!(code.is_none(), "a frame after the close frame: {frame:?}");
            if frame.opcode == opcode::CLOSE {
                code = Some(frame.close_code());
            }
        }
        code.flatten()
    }

    /// Whether the server hung up without another frame.
    pub async fn ended(&mut self) -> bool {
        self.frame().await.is_none()
    }

    /// Says that nothing more will be sent.
    pub async fn shut(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Reads what there is; `false` at the end.
    async fn read_more(&mut self) -> bool {
        assert!(self.read.len() < READ_BYTES_MAX, "more than any answer");
        let read = within("for the server", self.stream.read_buf(&mut self.read)).await;
        read.is_ok_and(|count| count > 0)
    }
}

async fn within<T>(what: &str, waited_for: impl Future<Output = T>) -> T {
    timeout(DEADLINE, waited_for)
        .await
        .unwrap_or_else(|_| panic!("waited {DEADLINE:?} in vain {what}"))
}
