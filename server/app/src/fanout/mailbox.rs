//! A connection's way out: one queue with three classes in front of a socket that may be slow.
//!
//! When nothing waits, bytes go straight to the wire on the publishing task. When the wire is full
//! they queue, and the connection's actor drains the queue with merged writes. *Ephemeral* frames
//! are replaced by newer ones and shed first; *entries* past a limit collapse to one
//! `channel.behind` for each channel; *control* frames are never shed.
//!
//! The mailbox also knows, for each channel, the next entry this connection expects: so every entry
//! is delivered once and in order, whatever the hub offers.

mod positions;
mod queue;

use std::{
    io::{self, IoSlice},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use serde::{Deserialize, Serialize};
use tidewire_protocol::{
    Position,
    codec::Codec,
    event::{Empty, Event},
    frame::EventFrame,
    id::{ChannelId, UserId},
};

use super::{
    entry::LogEntry,
    outgoing::{self, Outgoing},
    topic::Run,
};
use positions::{Positions, Verdict};
use queue::Queue;

/// Where bytes leave: a socket in production.
pub trait Wire: Send + Sync {
    /// Writes what it takes at once; `WouldBlock` when it takes nothing.
    fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize>;
}

/// What a newer ephemeral frame replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EphemeralKey {
    Typing(ChannelId, UserId),
    Read(ChannelId, UserId),
    Presence(UserId),
}

/// A log that a connection follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Channel(ChannelId),
    /// The person's own.
    Inbox,
}

/// What is left to do after draining.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Nothing waits any more.
    Empty,
    /// The wire is full; try again when it is writable.
    Blocked,
    /// Everything was written and the connection is to be closed now.
    Finished,
    /// The wire is broken.
    Broken,
}

/// The outgoing side of one connection.
pub struct Mailbox {
    codec: Codec,
    wire: Arc<dyn Wire>,
    state: Mutex<State>,
    actor: AtomicWaker,
}

struct State {
    phase: Phase,
    positions: Positions,
    /// Absent while nothing waits: an idle connection holds no buffer.
    queue: Option<Box<Queue>>,
    unread: Unread,
    inbox: Inbox,
}

/// Where this connection stands in the person's inbox.
#[derive(Default)]
struct Inbox {
    have: u64,
    /// Kept back with the entries of channels.
    held: Vec<(u64, Arc<Outgoing>)>,
}

enum Phase {
    /// Entries are kept back until the snapshot has gone out.
    Holding(Vec<Arc<LogEntry>>),
    Live,
    /// The close frame is queued; nothing may follow it.
    Closing,
    Broken,
}

/// Channels whose figures this connection has not been told yet.
#[derive(Default)]
struct Unread {
    channels: Vec<ChannelId>,
    /// The totals have moved, wherever that was.
    totals: bool,
    told_at_ms: i64,
}

impl Mailbox {
    /// A mailbox that keeps entries back until [`Mailbox::release`].
    pub fn new(codec: Codec, wire: Arc<dyn Wire>) -> Self {
        Self {
            codec,
            wire,
            state: Mutex::new(State {
                phase: Phase::Holding(Vec::new()),
                positions: Positions::default(),
                queue: None,
                unread: Unread::default(),
                inbox: Inbox::default(),
            }),
            actor: AtomicWaker::new(),
        }
    }

    pub const fn codec(&self) -> Codec {
        self.codec
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while holding this lock leaves a queue that is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers entries of one channel, in order; whatever this connection has already is left out.
    /// `unread` goes out in the same write.
    pub fn deliver(&self, run: &Run, unread: Option<&Bytes>) {
        let mut state = self.lock();
        if let Phase::Holding(held) = &mut state.phase {
            held.extend(run.entries().iter().cloned());
            return;
        }
        let verdict = state.positions.offer(run.channel(), run.first(), run.last());
        match verdict {
            Verdict::Deliver { from } => {
                let bytes = run.bytes(self.codec, from);
                let stream = Stream::Channel(run.channel());
                self.send(&mut state, stream, run.head(), &bytes, unread);
            }
            Verdict::Behind => {
                self.say_behind(&mut state, run.channel(), run.head());
                self.also(&mut state, unread);
            }
            Verdict::Known => self.also(&mut state, unread),
        }
    }

    fn also(&self, state: &mut State, frame: Option<&Bytes>) {
        if let Some(frame) = frame
            && state.is_open()
        {
            self.push_control(state, frame.clone());
        }
    }

    fn send(
        &self,
        state: &mut State,
        stream: Stream,
        head: Position,
        bytes: &Bytes,
        unread: Option<&Bytes>,
    ) {
        if !state.is_open() {
            return;
        }
        if let Some(queue) = &mut state.queue {
            queue.push_entries(stream, head, bytes.clone(), self.codec);
            return self.also(state, unread);
        }
        let mut parts = [IoSlice::new(bytes), IoSlice::new(unread.map_or(&[], |frame| frame))];
        let written = self.write(state, &mut parts[..=usize::from(unread.is_some())]);
        let Some(written) = written else { return };
        if written < bytes.len() {
            let queue = state.queue.get_or_insert_default();
            queue.push_entries_from(stream, head, bytes, written);
            self.actor.wake();
        } else if let Some(unread) = unread
            && written - bytes.len() < unread.len()
        {
            let queue = state.queue.get_or_insert_default();
            queue.push_control(unread.slice(written - bytes.len()..), written > bytes.len());
            self.actor.wake();
        }
    }

    /// Offers an entry of the person's inbox; one that this connection has already is left out.
    pub fn deliver_inbox(&self, seq: u64, entry: &Arc<Outgoing>) {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Holding(_)) {
            state.inbox.held.push((seq, Arc::clone(entry)));
        } else {
            self.offer_inbox(&mut state, seq, entry);
        }
    }

    fn offer_inbox(&self, state: &mut State, seq: u64, entry: &Outgoing) {
        if seq > state.inbox.have {
            state.inbox.have = seq;
            let head = Position { seq, ..Position::START };
            self.send(state, Stream::Inbox, head, entry.bytes(self.codec), None);
        }
    }

    /// Writes at once; `None` when the wire is broken.
    fn write(&self, state: &mut State, parts: &mut [IoSlice<'_>]) -> Option<usize> {
        match self.wire.try_write(parts) {
            Ok(written) => Some(written),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Some(0),
            Err(_) => {
                self.break_down(state);
                None
            }
        }
    }

    fn break_down(&self, state: &mut State) {
        state.phase = Phase::Broken;
        state.queue = None;
        self.actor.wake();
    }

    /// Sends a frame that is never shed: a reply, a revocation, a pong.
    pub fn control(&self, frame: Bytes) {
        let mut state = self.lock();
        if state.is_open() {
            self.push_control(&mut state, frame);
        }
    }

    fn push_control(&self, state: &mut State, frame: Bytes) {
        if let Some(queue) = &mut state.queue {
            queue.push_control(frame, false);
            return;
        }
        let Some(written) = self.write(state, &mut [IoSlice::new(&frame)]) else { return };
        if written < frame.len() {
            state.queue.get_or_insert_default().push_control(frame.slice(written..), written > 0);
            self.actor.wake();
        }
    }

    /// Sends a frame that a newer one of the same key replaces, and that is shed first.
    pub fn ephemeral(&self, key: EphemeralKey, frame: &Bytes) {
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Live) {
            return;
        }
        if let Some(queue) = &mut state.queue {
            queue.push_ephemeral(key, frame.clone());
            return;
        }
        let Some(written) = self.write(&mut state, &mut [IoSlice::new(frame)]) else { return };
        if written < frame.len() {
            let queue = state.queue.get_or_insert_default();
            if written == 0 {
                queue.push_ephemeral(key, frame.clone());
            } else {
                queue.push_control(frame.slice(written..), true);
            }
            self.actor.wake();
        }
    }

    /// Lets go of what was held: first `frames` (the answer to `hello` and the missed entries), then
    /// whatever came in meanwhile and is not covered by `positions` and `inbox`.
    /// Answers the entries that went out of what was held.
    pub fn release(
        &self,
        frames: impl IntoIterator<Item = Bytes>,
        positions: impl IntoIterator<Item = (ChannelId, u64)>,
        inbox: u64,
    ) -> Vec<Arc<LogEntry>> {
        let mut state = self.lock();
        // Closed or broken meanwhile, it stays so.
        let Phase::Holding(held) = &mut state.phase else { return Vec::new() };
        let held = std::mem::take(held);
        state.phase = Phase::Live;
        for frame in frames {
            self.push_control(&mut state, frame);
        }
        for (channel, have) in positions {
            state.positions.stand_at(channel, have);
        }
        state.inbox.have = inbox;
        for (seq, entry) in std::mem::take(&mut state.inbox.held) {
            self.offer_inbox(&mut state, seq, &entry);
        }
        let mut passed = Vec::new();
        for entry in held {
            let run = Run::single(Arc::clone(&entry));
            match state.positions.offer(run.channel(), run.first(), run.last()) {
                Verdict::Deliver { from } => {
                    let bytes = run.bytes(self.codec, from);
                    let stream = Stream::Channel(run.channel());
                    self.send(&mut state, stream, run.head(), &bytes, None);
                    passed.push(entry);
                }
                Verdict::Behind => self.say_behind(&mut state, run.channel(), run.head()),
                Verdict::Known => {}
            }
        }
        passed
    }

    fn say_behind(&self, state: &mut State, channel: ChannelId, head: Position) {
        if state.is_open() {
            metrics::counter!("tidewire_behind_total").increment(1);
            let frame = behind(self.codec, Stream::Channel(channel), head);
            self.push_control(state, frame);
        }
    }

    /// This connection follows a channel from the entry after `have`, unless it does already.
    pub fn follow(&self, channel: ChannelId, have: u64) {
        self.lock().positions.begin_at(channel, have);
    }

    /// This connection no longer follows a channel. Entries that still wait are dropped with it.
    pub fn unfollow(&self, channel: ChannelId) {
        let mut state = self.lock();
        state.positions.forget(channel);
        if let Some(queue) = &mut state.queue {
            queue.drop_channel(channel);
        }
        if let Phase::Holding(held) = &mut state.phase {
            held.retain(|entry| entry.channel != channel);
        }
    }

    /// The channels this connection follows.
    pub fn channels(&self) -> Vec<ChannelId> {
        self.lock().positions.channels()
    }

    /// Notes that a channel's figures moved. Answers the channels to tell about now; `None` when the
    /// last telling is too recent or the wire is busy, and the note stays for later.
    pub fn note_unread(
        &self,
        channel: Option<ChannelId>,
        now_ms: i64,
        interval_ms: i64,
    ) -> Option<Vec<ChannelId>> {
        let mut state = self.lock();
        if let Some(channel) = channel
            && !state.unread.channels.contains(&channel)
        {
            state.unread.channels.push(channel);
        }
        let due = now_ms - state.unread.told_at_ms >= interval_ms;
        if !due
            || !state.unread.is_owed()
            || state.queue.is_some()
            || !matches!(state.phase, Phase::Live)
        {
            return None;
        }
        state.unread.told_at_ms = now_ms;
        state.unread.totals = false;
        Some(std::mem::take(&mut state.unread.channels))
    }

    /// Notes that the totals moved and are to be told with or without a channel's figures.
    pub fn note_totals(&self) {
        self.lock().unread.totals = true;
    }

    /// Whether a telling of figures is owed.
    pub fn owes_unread(&self) -> bool {
        let state = self.lock();
        state.unread.is_owed() && matches!(state.phase, Phase::Live)
    }

    /// Queues the last frame. The actor closes the socket once it is out.
    pub fn finish(&self, frame: Bytes) {
        let mut state = self.lock();
        if !state.is_open() {
            return;
        }
        state.queue.get_or_insert_default().push_control(frame, false);
        state.phase = Phase::Closing;
        self.actor.wake();
    }

    /// Gives up on a peer that takes nothing: what waits is dropped, and the actor closes the socket.
    pub fn cut(&self) {
        self.break_down(&mut self.lock());
    }

    /// Bytes of control frames that wait; the reader stops taking commands while this is high.
    pub fn control_bytes(&self) -> usize {
        self.lock().queue.as_ref().map_or(0, |queue| queue.control_bytes())
    }

    /// Wakes the actor: something that it looks at has changed.
    pub fn wake(&self) {
        self.actor.wake();
    }

    /// Whether anything can still be sent: no close frame is queued and the wire is not broken.
    pub fn is_open(&self) -> bool {
        self.lock().is_open()
    }

    /// Whether the wire is known to be broken.
    pub fn is_broken(&self) -> bool {
        matches!(self.lock().phase, Phase::Broken)
    }

    /// Whether anything waits for the wire.
    pub fn is_waiting(&self) -> bool {
        let state = self.lock();
        state.queue.is_some() || matches!(state.phase, Phase::Broken | Phase::Closing)
    }

    /// The actor to wake when something waits.
    pub fn register(&self, waker: &Waker) {
        self.actor.register(waker);
    }

    /// Writes what waits, many frames to a write.
    pub fn drain(&self) -> Drained {
        let mut state = self.lock();
        loop {
            if matches!(state.phase, Phase::Broken) {
                return Drained::Broken;
            }
            let Some(queue) = &mut state.queue else {
                return if matches!(state.phase, Phase::Closing) {
                    Drained::Finished
                } else {
                    Drained::Empty
                };
            };
            if queue.is_empty() {
                state.queue = None;
                continue;
            }
            match self.wire.try_write(&queue.slices()) {
                Ok(0) => self.break_down(&mut state),
                Ok(written) => queue.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Drained::Blocked,
                Err(_) => self.break_down(&mut state),
            }
        }
    }
}

impl Unread {
    const fn is_owed(&self) -> bool {
        self.totals || !self.channels.is_empty()
    }
}

impl State {
    const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Live | Phase::Holding(_))
    }
}

/// `channel.behind` or `inbox.behind` with the position to read up to.
pub(super) fn behind(codec: Codec, stream: Stream, head: Position) -> Bytes {
    match stream {
        Stream::Channel(channel) => {
            outgoing::data(codec, &EventFrame::entry(channel, head, &Event::Behind(Empty {})))
        }
        Stream::Inbox => {
            outgoing::data(codec, &EventFrame::inbox(head.seq, &Event::InboxBehind(Empty {})))
        }
    }
}

#[cfg(test)]
mod tests;
