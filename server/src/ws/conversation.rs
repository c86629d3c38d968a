//! What one connection is, between its socket and the operations.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use axum::Router;
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use tidewire_app::{
    Actor, App, Error, Result,
    actor::{Identity, Request},
    fanout::{connection::Connection, mailbox::Mailbox, outgoing},
    presence,
};
use tidewire_http_compat::PeerAddr;
use tidewire_protocol::{
    ErrorCode,
    close_code::CloseCode,
    codec::Codec,
    command::{Command, CommandError},
    frame::Reply,
};

use super::{
    dispatch,
    lanes::{Job, Lanes},
    reader::Incoming,
    socket::Peer,
    window::{Verdict, Window},
};

/// Replies that may wait for a slow peer before no more of its commands are read.
const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// What the commands of one connection share.
pub struct Conversation {
    pub app: App,
    /// The REST mouth, for `call`.
    pub router: Router,
    pub mailbox: Arc<Mailbox>,
    pub peer: PeerAddr,
    request: Arc<Request>,
    state: Mutex<State>,
    lanes: Mutex<Lanes>,
    live: AtomicBool,
}

enum State {
    /// Before `hello`; signed in already when the upgrade carried a token or a ticket.
    Greeting(Option<Arc<Identity>>),
    Live(Arc<Connection>),
    Over,
}

impl Conversation {
    pub fn new(
        app: App,
        router: Router,
        mailbox: Arc<Mailbox>,
        peer: PeerAddr,
        identity: Option<Arc<Identity>>,
    ) -> Self {
        let request = Request { address: Some(peer.0.ip()), ..Request::default() };
        Self {
            app,
            router,
            mailbox,
            peer,
            request: Arc::new(request),
            state: Mutex::new(State::Greeting(identity)),
            lanes: Mutex::default(),
            live: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn codec(&self) -> Codec {
        self.mailbox.codec()
    }

    /// Whom the upgrade signed in; `None` when `hello` has to, or was said already.
    pub fn greeted(&self) -> Option<Arc<Identity>> {
        match &*self.state() {
            State::Greeting(identity) => identity.clone(),
            State::Live(_) | State::Over => None,
        }
    }

    /// The connection, once `hello` was answered.
    pub fn connection(&self) -> Result<Arc<Connection>> {
        match &*self.state() {
            State::Live(connection) => Ok(Arc::clone(connection)),
            State::Greeting(_) | State::Over => Err(ErrorCode::HelloRequired.into()),
        }
    }

    /// Who acts over this connection now.
    pub fn actor(&self, identity: Arc<Identity>) -> Actor {
        Actor { identity, request: Arc::clone(&self.request) }
    }

    /// `hello` was answered; `false` if the socket has ended meanwhile.
    pub fn go_live(&self, connection: &Arc<Connection>) -> bool {
        let mut state = self.state();
        if matches!(*state, State::Over) {
            return false;
        }
        *state = State::Live(Arc::clone(connection));
        self.live.store(true, Ordering::Release);
        self.mailbox.wake();
        true
    }

    pub fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }

    /// The socket has ended.
    pub fn end(&self) {
        let state = std::mem::replace(&mut *self.state(), State::Over);
        if let State::Live(connection) = state {
            self.app.fanout.unregister(&connection);
            presence::leave(&self.app, &connection);
        }
    }

    /// Answers a command.
    pub fn reply<T: Serialize>(&self, id: Option<u64>, result: Result<T>) {
        if let Err(error) = &result {
            error.log("socket");
        }
        let Some(id) = id else { return };
        self.mailbox.control(self.encode(id, result));
    }

    fn encode<T: Serialize>(&self, id: u64, result: Result<T>) -> Bytes {
        let reply = match result {
            Ok(data) => Reply::ok(id, data),
            Err(error) => Reply::error(id, error.body()),
        };
        outgoing::data(self.codec(), &reply)
    }

    pub fn close(&self, code: CloseCode) {
        self.mailbox.finish(outgoing::close(code));
    }
}

/// The socket's side of a conversation.
pub struct Listener {
    conversation: Arc<Conversation>,
    window: Window,
}

impl Listener {
    pub fn new(conversation: Arc<Conversation>) -> Self {
        Self { conversation, window: Window::default() }
    }

    pub fn is_live(&self) -> bool {
        self.conversation.is_live()
    }

    fn message(&mut self, bytes: &[u8]) {
        let conversation = &self.conversation;
        let Ok(frame) = conversation.codec().decode_command(bytes) else {
            return conversation.close(CloseCode::Protocol);
        };
        if conversation.app.config.rate_limits {
            match self.window.judge(conversation.app.clock.now().ms()) {
                Verdict::Allow => {}
                Verdict::Refuse { retry_after_seconds } => {
                    let refused = Error::new(ErrorCode::RateLimited)
                        .with_details(json!({ "retryAfterSeconds": retry_after_seconds }));
                    return conversation.reply::<()>(frame.id, Err(refused));
                }
                Verdict::Close => return conversation.close(CloseCode::TooManyCommands),
            }
        }
        match Command::parse(&frame.op, &frame.data) {
            Ok(command) if frame.id.is_none() && !command.may_be_silent() => {
                conversation.close(CloseCode::Protocol);
            }
            Ok(command) => self.admit(Job { id: frame.id, command }),
            Err(CommandError::UnknownOp) => {
                conversation.reply::<()>(frame.id, Err(ErrorCode::OpUnknown.into()));
            }
            // Without an id, this is the only way to say that nothing was done.
            Err(CommandError::Invalid(_)) if frame.id.is_none() => {
                conversation.close(CloseCode::Protocol);
            }
            Err(CommandError::Invalid(fields)) => {
                conversation.reply::<()>(frame.id, Err(fields.into()));
            }
        }
    }

    fn admit(&self, job: Job) {
        let admitted = self.conversation.lanes().admit(job);
        if let Some(job) = admitted {
            start(&self.conversation, job);
        }
    }
}

/// Runs a command beside the socket, then whatever waited for it.
fn start(conversation: &Arc<Conversation>, job: Job) {
    let conversation = Arc::clone(conversation);
    let tasks = conversation.app.tasks.clone();
    tasks.spawn(async move {
        let lane = job.lane();
        dispatch::run(&conversation, job).await;
        let (was_full, free) = {
            let mut lanes = conversation.lanes();
            (lanes.is_full(), lanes.done(lane))
        };
        for job in free {
            start(&conversation, job);
        }
        if was_full {
            conversation.mailbox.wake();
        }
    });
}

impl Peer for Listener {
    fn take(&mut self, incoming: Incoming) {
        let conversation = &self.conversation;
        if let Ok(connection) = conversation.connection() {
            connection.heard(conversation.app.clock.now().ms());
        }
        match (incoming, conversation.codec()) {
            (Incoming::Text(bytes), Codec::Json)
            | (Incoming::Binary(bytes), Codec::MessagePack) => self.message(&bytes),
            (Incoming::Text(_) | Incoming::Binary(_), _) => {
                conversation.close(CloseCode::WrongFrameKind);
            }
            (Incoming::Ping(_) | Incoming::Pong | Incoming::Close(_), _) => {}
        }
    }

    fn may_read(&self) -> bool {
        let conversation = &self.conversation;
        !conversation.lanes().is_full() && conversation.mailbox.control_bytes() < REPLY_BYTES_MAX
    }

    fn blocked(&self, blocked: bool) {
        if let Ok(connection) = self.conversation.connection() {
            connection.blocked(blocked.then(|| self.conversation.app.clock.now().ms()));
        }
    }
}
