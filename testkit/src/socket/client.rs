//! A client of the protocol, in either encoding.

use std::{collections::VecDeque, net::SocketAddr};

use serde_json::{Map, Value, json};
use tidewire_protocol::{
    codec::Codec,
    frame::{ClientFrame, ErrorBody, EventRead, Reply, ServerFrame},
    id::ChannelId,
};

use super::{Answer, Frame, Socket, opcode, within};

const PATH: &str = "/api/v1/ws";

/// What a client shows when it opens its socket.
#[derive(Debug, Clone, Copy)]
pub enum Pass<'p> {
    Token(&'p str),
    /// Good for one socket.
    Ticket(&'p str),
}

/// A connection that speaks the protocol. What arrives while something else is waited for is kept.
pub struct Client {
    /// For frames that no well-behaved client sends.
    pub socket: Socket,
    codec: Codec,
    last_id: u64,
    replies: VecDeque<Reply<Value>>,
    events: VecDeque<EventRead>,
    close_code: Option<u16>,
}

impl Client {
    /// Opens a socket; signed in by `token` unless `hello` shall do that.
    ///
    /// # Errors
    ///
    /// The server's refusal.
    pub async fn open(
        address: SocketAddr,
        codec: Codec,
        token: Option<&str>,
    ) -> Result<Self, Answer> {
        Self::over(Socket::connect(address).await, codec, token).await
    }

    /// Opens a socket that takes little which is not read.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub async fn narrow(address: SocketAddr, codec: Codec, token: &str) -> Self {
        let opened = Self::over(Socket::connect_narrow(address).await, codec, Some(token)).await;
        opened.unwrap_or_else(|refusal| panic!("refused: {refusal:?}"))
    }

    async fn over(socket: Socket, codec: Codec, token: Option<&str>) -> Result<Self, Answer> {
        let bearer = format!("Bearer {}", token.unwrap_or_default());
        let protocol = [("Sec-WebSocket-Protocol", codec.subprotocol())];
        let headers = [protocol[0], ("Authorization", bearer.as_str())];
        let headers = if token.is_some() { headers.as_slice() } else { protocol.as_slice() };
        Ok(Self::new(socket.upgraded(PATH, headers).await?, codec))
    }

    const fn new(socket: Socket, codec: Codec) -> Self {
        Self {
            socket,
            codec,
            last_id: 0,
            replies: VecDeque::new(),
            events: VecDeque::new(),
            close_code: None,
        }
    }

    /// As [`Client::resume`], on a server that may be away, stopping or busy: `None` then.
    ///
    /// # Panics
    ///
    /// If the server refuses for good.
    pub async fn attempt(
        codec: Codec,
        address: SocketAddr,
        pass: Pass<'_>,
        known: Value,
    ) -> Option<(Self, Value)> {
        let socket = Socket::try_connect(address).await?;
        let protocol = codec.subprotocol();
        let header = match pass {
            Pass::Token(token) => ("Authorization", format!("Bearer {token}")),
            Pass::Ticket(ticket) => ("Sec-WebSocket-Protocol", format!("ticket.{ticket}")),
        };
        let headers = [("Sec-WebSocket-Protocol", protocol), (header.0, header.1.as_str())];
        let mut client = Self::new(socket.try_upgraded(PATH, &headers).await?, codec);
        let id = client.send("hello", greeting(known)).await;
        let reply = client.reply(id).await?;
        match reply.error {
            None => Some((client, reply.data.unwrap_or_default())),
            Some(error) => {
                assert!(error.retryable, "refused: {error:?}");
                None
            }
        }
    }

    /// A client that has said `hello`, and the answer to it.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub async fn hello(address: SocketAddr, token: &str) -> (Self, Value) {
        Self::resume(address, token, Value::Null).await
    }

    /// As [`Client::hello`], with what the client knows already.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub async fn resume(address: SocketAddr, token: &str, known: Value) -> (Self, Value) {
        Self::resume_in(Codec::Json, address, token, known).await
    }

    /// As [`Client::resume`], in either encoding.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub async fn resume_in(
        codec: Codec,
        address: SocketAddr,
        token: &str,
        known: Value,
    ) -> (Self, Value) {
        let mut client = Self::open(address, codec, Some(token))
            .await
            .unwrap_or_else(|refusal| panic!("refused: {refusal:?}"));
        let welcome = client.call("hello", greeting(known)).await.expect("hello is answered");
        (client, welcome)
    }

    /// Sends a command and answers its id.
    pub async fn send(&mut self, op: &str, data: Value) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.command(Some(id), op, data).await;
        id
    }

    /// Sends a command that wants no answer.
    pub async fn tell(&mut self, op: &str, data: Value) {
        self.command(None, op, data).await;
    }

    async fn command(&mut self, id: Option<u64>, op: &str, data: Value) {
        let data = match data {
            Value::Object(data) => data,
            _ => Map::new(),
        };
        let frame = ClientFrame { id, op: op.to_owned(), data };
        self.bytes(&self.codec.encode(&frame)).await;
    }

    /// Sends a message of the encoding's kind.
    pub async fn bytes(&mut self, payload: &[u8]) {
        let kind = match self.codec {
            Codec::Json => opcode::TEXT,
            Codec::MessagePack => opcode::BINARY,
        };
        self.socket.message(kind, payload).await;
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    ///
    /// The server's error.
    ///
    /// # Panics
    ///
    /// If the connection ends instead.
    pub async fn call(&mut self, op: &str, data: Value) -> Result<Value, ErrorBody> {
        let id = self.send(op, data).await;
        let Some(reply) = self.reply(id).await else {
            panic!("closed ({:?}) instead of an answer to {op}", self.close_code)
        };
        reply.error.map_or_else(|| Ok(reply.data.unwrap_or_default()), Err)
    }

    /// All messages of a channel as the server has them, page by page, and the seq of its last entry.
    ///
    /// # Panics
    ///
    /// If the server refuses, or answers something else.
    pub async fn messages(&mut self, channel: ChannelId) -> (Vec<Value>, u64) {
        let mut messages: Vec<Value> = Vec::new();
        loop {
            let after = messages.last().map_or(0, |last| last["seq"].as_u64().expect("a seq"));
            let query = json!({ "channelId": channel, "afterSeq": after, "limit": 200 });
            let page = self.call("chat.history", query).await.expect("a page of the history");
            messages.extend(page["items"].as_array().expect("messages").iter().cloned());
            if page["pagination"]["hasMore"] == json!(false) {
                return (messages, page["lastSeq"].as_u64().expect("the last seq"));
            }
        }
    }

    /// The code of the error that a command meets.
    ///
    /// # Panics
    ///
    /// If it meets none.
    pub async fn refused(&mut self, op: &str, data: Value) -> String {
        match self.call(op, data).await {
            Err(error) => error.code,
            Ok(answer) => panic!("{op} was not refused: {answer}"),
        }
    }

    /// The answer to a command that was sent; `None` when the connection ended before.
    pub async fn reply(&mut self, id: u64) -> Option<Reply<Value>> {
        loop {
            if let Some(place) = self.replies.iter().position(|reply| reply.id == id) {
                return self.replies.remove(place);
            }
            self.take().await?;
        }
    }

    /// The next event, in the order of the wire; `None` when the connection has ended.
    ///
    /// # Panics
    ///
    /// If none comes.
    pub async fn event(&mut self) -> Option<EventRead> {
        // Pings come for ever: that frames come does not say that an event will.
        within("for an event", async {
            while self.events.is_empty() {
                self.take().await?;
            }
            self.events.pop_front()
        })
        .await
    }

    /// The events that were read while something else was waited for.
    pub fn arrived(&mut self) -> impl Iterator<Item = EventRead> {
        self.events.drain(..)
    }

    /// The next event of that name; those before it are let go.
    ///
    /// # Panics
    ///
    /// If the connection ends before.
    pub async fn event_of(&mut self, name: &str) -> EventRead {
        loop {
            match self.event().await {
                Some(event) if event.event == name => return event,
                Some(_) => {}
                None => panic!("closed ({:?}) instead of {name}", self.close_code),
            }
        }
    }

    /// Reads on to the end of the connection and answers the close code, if there was one. Answers
    /// and events that came before can still be asked for.
    pub async fn closed(&mut self) -> Option<u16> {
        while self.take().await.is_some() {}
        self.close_code
    }

    /// Reads one frame into where it belongs; `None` at the end.
    async fn take(&mut self) -> Option<()> {
        let frame = self.socket.frame().await?;
        match frame.opcode {
            opcode::TEXT | opcode::BINARY => self.sort(&frame),
            opcode::PING => self.socket.message(opcode::PONG, &frame.payload).await,
            opcode::CLOSE => self.close_code = frame.close_code(),
            _ => {}
        }
        Some(())
    }

    fn sort(&mut self, frame: &Frame) {
        match self.codec.decode_server(&frame.payload) {
            Ok(ServerFrame::Reply(reply)) => self.replies.push_back(reply),
            Ok(ServerFrame::Event(event)) => self.events.push_back(event),
            Err(error) => panic!("{error}: {:?}", String::from_utf8_lossy(&frame.payload)),
        }
    }
}

fn greeting(known: Value) -> Value {
    let mut hello = json!({
        "client": { "name": "testkit", "version": "1", "platform": "test" },
    });
    if !known.is_null() {
        hello["resume"] = known;
    }
    hello
}
