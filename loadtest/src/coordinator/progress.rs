//! Where the run stands, on one line of a terminal and nowhere else.

use std::io::{self, IsTerminal as _, Write as _};

use crate::pipe::Progress;

pub(super) struct Display {
    connections: usize,
    is_terminal: bool,
}

impl Display {
    pub(super) fn new(connections: usize) -> Self {
        Self { connections, is_terminal: io::stderr().is_terminal() }
    }

    pub(super) fn show(&self, workers: &[Progress]) {
        if !self.is_terminal {
            return;
        }
        let sum = |figure: fn(&Progress) -> u64| workers.iter().map(figure).sum::<u64>();
        let connected = sum(|progress| progress.connected);
        let sent = sum(|progress| progress.sent);
        let delivered = sum(|progress| progress.delivered);
        let all = self.connections;
        // A terminal that is gone is no reason to stop.
        let _ = write!(
            io::stderr(),
            "\r\x1b[K{connected} of {all} connected, {sent} sent, {delivered} delivered"
        );
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
