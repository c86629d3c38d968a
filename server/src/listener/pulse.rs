//! What a connection is waiting for and since when, and so how long it may go on. Its stream, its
//! requests and its answers report here; all of them run on the connection's own task.
//!
//! hyper has a timeout for a request's head, but starts it as soon as the last answer is out, so that
//! it would also end idle connections. Hence this one, which starts with the head's first byte.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::Timeouts;

/// A connection's pulse; cheap to clone.
#[derive(Clone)]
pub(super) struct Pulse(Arc<Mutex<State>>);

struct State {
    phase: Phase,
    /// Since when the peer takes nothing of what is written.
    stalled: Option<Instant>,
}

enum Phase {
    /// For the first byte of another request.
    Idle { since: Instant },
    /// For the rest of a request's head.
    Head { since: Instant },
    /// For nothing: a request is being answered.
    Busy,
}

/// A request that is being answered; the connection is idle again when this is dropped.
pub(super) struct Busy(Pulse);

impl Pulse {
    /// A new connection, from which a request is due at once.
    pub(super) fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(State { phase: Phase::Head { since: now }, stalled: None })))
    }

    /// Bytes came in.
    pub(super) fn read(&self, now: Instant) {
        let mut state = self.state();
        if let Phase::Idle { .. } = state.phase {
            state.phase = Phase::Head { since: now };
        }
    }

    /// Bytes went out, or were accepted by nobody.
    pub(super) fn written(&self, accepted: bool, now: Instant) {
        let mut state = self.state();
        state.stalled = if accepted { None } else { state.stalled.or(Some(now)) };
        // The last of an answer may be on its way for long after its body was handed over.
        if accepted && let Phase::Idle { since } = &mut state.phase {
            *since = now;
        }
    }

    /// A whole head was read.
    pub(super) fn request(&self) -> Busy {
        self.state().phase = Phase::Busy;
        Busy(self.clone())
    }

    /// When the connection has to end, if nothing happens.
    pub(super) fn deadline(&self, timeouts: &Timeouts) -> Option<Instant> {
        let state = self.state();
        let phase = match state.phase {
            Phase::Idle { since } => Some(since + timeouts.idle),
            Phase::Head { since } => Some(since + timeouts.head),
            Phase::Busy => None,
        };
        let stall = state.stalled.map(|since| since + timeouts.write_stall);
        phase.into_iter().chain(stall).min()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.state().phase = Phase::Idle { since: Instant::now() };
    }
}
