//! Bytes to messages, by the state machine of `tungstenite` (RFC 6455, sections 5 to 8).
//!
//! The machine is fed from a buffer that all connections of a thread share, and keeps only what is
//! incomplete. What it wants to say itself, pongs and answers to close frames, is collected and leaves
//! through the mailbox like everything else.

use std::io::{self, Read, Write};

use tidewire_protocol::close_code::CloseCode;
use tokio_tungstenite::tungstenite::{
    Error, Message,
    error::CapacityError,
    protocol::{Role, WebSocketConfig, WebSocketContext},
};

/// The machine's own buffer, allocated for each connection; it grows for larger frames only.
const MACHINE_BUFFER_BYTES: usize = 128;

/// The reading side of one connection.
pub struct Reader(WebSocketContext);

/// What came out of some bytes.
#[derive(Debug)]
pub enum Incoming {
    Text(String),
    Binary(Vec<u8>),
    /// A control frame: the peer is alive.
    Control,
    /// The peer closes; the answer is in what the machine says.
    Close,
}

impl Reader {
    /// A reader of messages up to so many bytes.
    pub fn new(message_bytes_max: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(MACHINE_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(64 * 1024)
            .max_message_size(Some(message_bytes_max))
            .max_frame_size(Some(message_bytes_max));
        Self(WebSocketContext::new(Role::Server, Some(config)))
    }

    /// Takes messages up to so many bytes from now on.
    pub fn limit(&mut self, message_bytes_max: usize) {
        self.0.set_config(|config| {
            config.max_message_size = Some(message_bytes_max);
            config.max_frame_size = Some(message_bytes_max);
        });
    }

    /// Takes bytes; `take` gets each whole message, `say` what the machine answers by itself.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(Incoming),
        mut say: impl FnMut(Vec<u8>),
    ) -> Result<(), CloseCode> {
        let mut wire = Fed { input: bytes, output: Vec::new() };
        loop {
            let read = self.0.read(&mut wire);
            if !wire.output.is_empty() {
                say(std::mem::take(&mut wire.output));
            }
            match read {
                Ok(Message::Text(text)) => take(Incoming::Text(text.as_str().to_owned())),
                Ok(Message::Binary(bytes)) => take(Incoming::Binary(bytes.into())),
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {
                    take(Incoming::Control);
                }
                Ok(Message::Close(_)) => take(Incoming::Close),
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return Ok(()),
                Err(error) => return Err(code_for(&error)),
            }
        }
    }
}

/// The close code of RFC 6455, section 7.4.1, for what a peer did wrong.
const fn code_for(error: &Error) -> CloseCode {
    match error {
        Error::Utf8(_) => CloseCode::InvalidUtf8,
        Error::Capacity(CapacityError::MessageTooLong { .. }) => CloseCode::TooBig,
        _ => CloseCode::Framing,
    }
}

/// Some bytes as a stream that blocks at their end, and a place for answers.
struct Fed<'b> {
    input: &'b [u8],
    output: Vec<u8>,
}

impl Read for Fed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.input.read(buffer)
    }
}

impl Write for Fed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
