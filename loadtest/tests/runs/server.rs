//! A small server that speaks the protocol and breaks one promise, if it is told to.

use std::{
    collections::HashMap,
    io::Write as _,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tidewire_protocol::{
    ErrorCode, Mark, Position,
    codec::Codec,
    command::Command,
    event::{Empty, Event, MessageData},
    frame::{ErrorBody, EventFrame, Reply},
    id::ChannelId,
    model::messages::{Message, SendMessage},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        self,
        handshake::server::{Request, Response},
    },
};
use uuid::Uuid;

use crate::shapes;

/// How the server treats the message numbered [`ODD_ONE`], or the member [`VICTIM`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Faithful,
    /// The victim does not get it.
    Loses,
    /// The victim gets it twice.
    Doubles,
    /// The victim gets it after the next one.
    Reorders,
    /// The victim gets the previous message's content under its number.
    Substitutes,
    /// Its sender gets an error.
    Refuses,
    /// Its sender gets an error, and everybody the message.
    RefusesAndDelivers,
    /// Its sender gets no answer.
    SwallowsTheAnswer,
    /// The victim is told that it is behind, in its place.
    Collapses,
    /// The victim is cut off.
    HangsUp,
    /// Nobody gets in.
    RefusesHello,
}

/// The message that goes wrong.
pub(crate) const ODD_ONE: u64 = 7;
/// The member to whom it goes wrong.
const VICTIM: usize = 2;
const MAILBOX_MAX: usize = 10_000;

/// One tenant with disjoint channels: user `u` is in channel `u / members`.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seed: NamedTempFile,
    _runtime: tokio::runtime::Runtime,
}

struct State {
    behaviour: Behaviour,
    members: usize,
    channels: Vec<Channel>,
    /// By user.
    mailboxes: HashMap<usize, (Codec, Sender<tungstenite::Message>)>,
}

struct Channel {
    id: ChannelId,
    head: u64,
    previous: Option<Message>,
    /// What the victim gets after the next entry.
    held: Option<Event>,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "the runtime ends with the server")]
    pub(crate) fn start(channels: usize, members: usize, behaviour: Behaviour) -> Self {
        let ids: Vec<_> =
            (0..channels).map(|c| ChannelId::new(Uuid::from_u128(c as u128 + 77))).collect();
        let seed = write_seed(&ids, channels * members);
        let channel = |id| Channel { id, head: 40, previous: None, held: None };
        let state = Arc::new(Mutex::new(State {
            behaviour,
            members,
            channels: ids.into_iter().map(channel).collect(),
            mailboxes: HashMap::new(),
        }));
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&state)));
            }
        });
        Self { address, seed, _runtime: runtime }
    }
}

fn write_seed(channels: &[ChannelId], users: usize) -> NamedTempFile {
    let mut seed = NamedTempFile::new().expect("a file for the seed");
    writeln!(seed, "{}", json!({"tenant": "load", "channels": channels})).expect("a line");
    for user in 0..users {
        let line = json!({"user": Uuid::from_u128(user as u128), "token": format!("user-{user}")});
        writeln!(seed, "{line}").expect("a line");
    }
    seed
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut asked = None;
    #[expect(clippy::result_large_err, reason = "tungstenite chose the callback's type")]
    let read_headers = |request: &Request, response: Response| {
        asked = Some(who_asks(request));
        Ok(response)
    };
    let Ok(socket) = accept_hdr_async(stream, read_headers).await else { return };
    let (user, codec) = asked.expect("the handshake has passed");
    let (mailbox, letters) = channel(MAILBOX_MAX);
    state.lock().expect("no test panics here").mailboxes.insert(user, (codec, mailbox));
    talk(socket, letters, user, &state).await;
}

fn who_asks(request: &Request) -> (usize, Codec) {
    let header = |name: &str| {
        let value = request.headers().get(name).expect("the generator sends it");
        value.to_str().expect("it is ASCII")
    };
    let user = header("authorization").strip_prefix("Bearer user-").expect("a token of the seed");
    let codec = Codec::from_subprotocol(header("sec-websocket-protocol"));
    (user.parse().expect("a number"), codec.expect("a subprotocol of the protocol"))
}

/// Takes commands and letters in turn until the mailbox is closed or the client is gone.
async fn talk(
    mut socket: WebSocketStream<TcpStream>,
    mut letters: Receiver<tungstenite::Message>,
    user: usize,
    state: &Mutex<State>,
) {
    loop {
        tokio::select! {
            letter = letters.recv() => match letter {
                Some(letter) => if socket.send(letter).await.is_err() { return },
                None => return,
            },
            frame = socket.next() => match frame {
                Some(Ok(frame)) if frame.is_text() || frame.is_binary() => {
                    state.lock().expect("no test panics here").obey(user, &frame.into_data());
                }
                Some(Ok(_)) => {}
                _ => return,
            },
        }
    }
}

impl State {
    fn obey(&mut self, user: usize, frame: &[u8]) {
        let codec = self.mailboxes[&user].0;
        let frame = codec.decode_command(frame).expect("the generator sends valid frames");
        let id = frame.id.expect("the generator wants answers");
        match Command::parse(&frame.op, &frame.data).expect("the generator keeps the rules") {
            Command::Hello(_) if self.behaviour == Behaviour::RefusesHello => {
                self.refuse(user, id, ErrorCode::TokenInvalid);
            }
            Command::Hello(_) => {
                let channel = &self.channels[user / self.members];
                self.post(user, &Reply::ok(id, shapes::welcome(channel.id, channel.head)));
            }
            Command::ChatSend { channel_id, message } => {
                assert_eq!(self.channels[user / self.members].id, channel_id, "not a member");
                self.send(user, id, message);
            }
            other => panic!("unexpected {other:?}"),
        }
    }

    fn send(&mut self, user: usize, id: u64, draft: SendMessage) {
        let number = user / self.members;
        let channel = &mut self.channels[number];
        let is_odd = channel.head + 1 == 40 + ODD_ONE;
        if is_odd && self.behaviour == Behaviour::Refuses {
            // The next one is not odd, although it gets this one's number.
            self.behaviour = Behaviour::Faithful;
            return self.refuse(user, id, ErrorCode::Unavailable);
        }
        channel.head += 1;
        let message = shapes::message(channel.id, channel.head, user, draft);
        let previous = channel.previous.replace(message.clone());
        match self.behaviour {
            Behaviour::SwallowsTheAnswer if is_odd => {}
            Behaviour::RefusesAndDelivers if is_odd => {
                self.refuse(user, id, ErrorCode::Unavailable);
            }
            _ => self.post(user, &Reply::ok(id, json!({"message": message}))),
        }
        let event = Event::MessageCreated(MessageData { message });
        for member in number * self.members..(number + 1) * self.members {
            if member == VICTIM {
                self.deliver_to_victim(is_odd, &event, previous.as_ref());
            } else {
                self.deliver(member, &event);
            }
        }
    }

    fn deliver_to_victim(&mut self, is_odd: bool, event: &Event, previous: Option<&Message>) {
        match self.behaviour {
            Behaviour::Loses if is_odd => {}
            Behaviour::Doubles if is_odd => {
                self.deliver(VICTIM, event);
                self.deliver(VICTIM, event);
            }
            Behaviour::Reorders if is_odd => {
                self.channels[VICTIM / self.members].held = Some(event.clone());
            }
            Behaviour::Substitutes if is_odd => {
                let (Event::MessageCreated(data), Some(previous)) = (event, previous) else {
                    panic!("the first message is not the odd one");
                };
                let content = previous.content.clone();
                let message = Message { content, ..data.message.clone() };
                self.deliver(VICTIM, &Event::MessageCreated(MessageData { message }));
            }
            Behaviour::Collapses if is_odd => self.deliver(VICTIM, &Event::Behind(Empty {})),
            Behaviour::HangsUp if is_odd => drop(self.mailboxes.remove(&VICTIM)),
            _ => {
                self.deliver(VICTIM, event);
                if let Some(held) = self.channels[VICTIM / self.members].held.take() {
                    self.deliver(VICTIM, &held);
                }
            }
        }
    }

    fn deliver(&self, member: usize, event: &Event) {
        let channel = &self.channels[member / self.members];
        let seq = match event {
            Event::MessageCreated(data) => data.message.seq,
            _ => channel.head,
        };
        let position = Position { seq, mark: Mark::START };
        self.post(member, &EventFrame::entry(channel.id, position, event));
    }

    fn refuse(&self, user: usize, id: u64, code: ErrorCode) {
        self.post(user, &Reply::<Value>::error(id, ErrorBody::new(code, None)));
    }

    fn post(&self, user: usize, frame: &impl serde::Serialize) {
        let Some((codec, mailbox)) = self.mailboxes.get(&user) else { return };
        let bytes = codec.encode(frame);
        let letter = match codec {
            Codec::Json => {
                tungstenite::Message::text(String::from_utf8(bytes).expect("JSON is UTF-8"))
            }
            Codec::MessagePack => tungstenite::Message::binary(bytes),
        };
        mailbox.try_send(letter).expect("the mailbox holds a whole test");
    }
}
