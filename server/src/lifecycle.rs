//! What a process asks of its system: to hold as many connections as it may, and to hear when it has
//! to stop.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Allows this process as many open descriptors as the system permits; every connection takes one.
/// Answers how many those are, `None` for any number.
pub fn raise_descriptor_limit() -> Option<u64> {
    let permitted = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit { current: permitted, maximum: permitted };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => permitted,
        Err(_) => getrlimit(Resource::Nofile).current,
    }
}

/// The signals that end a process politely, heard from the moment this is made.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Cancels `stop` at the first signal and resolves at the second.
    pub async fn stop_then_hurry(&mut self, stop: &CancellationToken) {
        self.next().await;
        stop.cancel();
        self.next().await;
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_to_what_is_permitted() {
        let raised = raise_descriptor_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!((raised, limit.current), (limit.maximum, limit.maximum));
    }
}
