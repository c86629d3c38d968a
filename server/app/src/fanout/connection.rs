//! A live socket, as the hub knows it.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use tidewire_protocol::{
    close_code::CloseCode,
    codec::Codec,
    event::{Event, SessionRevoked},
    frame::EventFrame,
    id::{ChannelId, ConnectionId, SessionId, UserId},
    limits::UNREAD_COALESCE_MS,
};

use super::{
    Fanout, live_user::LiveUser, mailbox::Mailbox, outgoing, topic::Run, unread_flush::Owing,
};
use crate::actor::Identity;

/// One connection: whose it is, and its way out.
pub struct Connection {
    id: ConnectionId,
    user: Arc<LiveUser>,
    identity: RwLock<Arc<Identity>>,
    mailbox: Arc<Mailbox>,
    heard_ms: AtomicI64,
    /// The wire has been full since; 0 when it is not.
    blocked_since_ms: AtomicI64,
    owing: AtomicBool,
}

impl Connection {
    pub fn new(
        id: ConnectionId,
        user: Arc<LiveUser>,
        identity: Arc<Identity>,
        mailbox: Arc<Mailbox>,
        now_ms: i64,
    ) -> Self {
        Self {
            id,
            user,
            identity: RwLock::new(identity),
            mailbox,
            heard_ms: AtomicI64::new(now_ms),
            blocked_since_ms: AtomicI64::new(0),
            owing: AtomicBool::new(false),
        }
    }

    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    pub fn user_id(&self) -> UserId {
        self.user.user_id()
    }

    pub const fn user(&self) -> &Arc<LiveUser> {
        &self.user
    }

    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    pub fn codec(&self) -> Codec {
        self.mailbox.codec()
    }

    /// Who this connection is, as of the last change.
    pub fn identity(&self) -> Arc<Identity> {
        Arc::clone(&self.identity.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set_identity(&self, identity: Arc<Identity>) {
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = identity;
    }

    pub fn session_id(&self) -> SessionId {
        self.identity().session_id
    }

    /// Notes that the peer said something.
    pub fn heard(&self, now_ms: i64) {
        self.heard_ms.store(now_ms, Ordering::Relaxed);
    }

    pub fn heard_ms(&self) -> i64 {
        self.heard_ms.load(Ordering::Relaxed)
    }

    /// Notes whether the wire is full.
    pub fn blocked(&self, since_ms: Option<i64>) {
        self.blocked_since_ms.store(since_ms.unwrap_or(0), Ordering::Relaxed);
    }

    pub fn blocked_since_ms(&self) -> Option<i64> {
        Some(self.blocked_since_ms.load(Ordering::Relaxed)).filter(|since| *since != 0)
    }

    /// Takes entries of a channel, with the person's new figures in the same write when they are due.
    pub(super) fn deliver(self: &Arc<Self>, fanout: &Fanout, run: &Run, now_ms: i64) {
        let unread = if self.user.apply(run, fanout.owing()) {
            self.due_unread(fanout, run.channel(), now_ms)
        } else {
            None
        };
        self.mailbox.deliver(run, unread.as_ref());
    }

    fn due_unread(
        self: &Arc<Self>,
        fanout: &Fanout,
        channel: ChannelId,
        now_ms: i64,
    ) -> Option<bytes::Bytes> {
        let due = self.mailbox.note_unread(Some(channel), now_ms, UNREAD_COALESCE_MS as i64);
        if due.is_none() {
            self.wait_for_flush(fanout.owing());
        }
        due.map(|channels| self.unread_frame(&channels))
    }

    /// Notes that a channel's figures moved; they are told soon.
    pub(super) fn owe_unread(self: &Arc<Self>, owing: &Owing, channel: ChannelId) {
        // An interval without end: only note, never tell now.
        let _ = self.mailbox.note_unread(Some(channel), 0, i64::MAX);
        self.wait_for_flush(owing);
    }

    /// Notes that the totals moved; they are told soon.
    pub(super) fn owe_totals(self: &Arc<Self>, owing: &Owing) {
        self.mailbox.note_totals();
        self.wait_for_flush(owing);
    }

    fn wait_for_flush(self: &Arc<Self>, owing: &Owing) {
        if !self.owing.swap(true, Ordering::AcqRel) {
            owing.add(self);
        }
    }

    /// Tells the figures that are owed, if the wire is free; answers whether something is still owed.
    pub(super) fn flush_unread(&self, now_ms: i64) -> bool {
        self.owing.store(false, Ordering::Release);
        if let Some(channels) = self.mailbox.note_unread(None, now_ms, UNREAD_COALESCE_MS as i64) {
            self.mailbox.control(self.unread_frame(&channels));
        }
        self.mailbox.owes_unread() && !self.owing.swap(true, Ordering::AcqRel)
    }

    fn unread_frame(&self, channels: &[ChannelId]) -> bytes::Bytes {
        let event = Event::UnreadChanged(self.user.figures(channels));
        outgoing::data(self.codec(), &EventFrame::plain(&event))
    }

    /// Lets go of what was held since the connection began, after `frames` and from `positions` on.
    pub(crate) fn release(
        self: &Arc<Self>,
        fanout: &Fanout,
        frames: impl IntoIterator<Item = bytes::Bytes>,
        positions: impl IntoIterator<Item = (ChannelId, u64)>,
        inbox: u64,
    ) {
        for entry in self.mailbox.release(frames, positions, inbox) {
            let run = Run::single(entry);
            if self.user.apply(&run, fanout.owing()) {
                self.owe_unread(fanout.owing(), run.channel());
            }
        }
    }

    /// Shows an event on this connection alone.
    pub fn show(&self, event: &Event) {
        self.mailbox.control(outgoing::data(self.codec(), &EventFrame::plain(event)));
    }

    /// Says why the session ended and closes.
    pub fn revoke(&self, reason: &str, code: CloseCode) {
        self.show(&Event::SessionRevoked(SessionRevoked { reason: reason.to_owned() }));
        self.mailbox.finish(outgoing::close(code));
    }

    /// Closes without a word but the code.
    pub fn close(&self, code: CloseCode) {
        self.mailbox.finish(outgoing::close(code));
    }
}
