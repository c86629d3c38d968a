//! The order of one channel's entries, as a pure state: what to deliver, what to wait for, what to read.

use std::{collections::BTreeMap, sync::Arc};

use tidewire_protocol::limits::CATCH_UP_ENTRIES_MAX;

use super::super::entry::LogEntry;

/// Entries that wait while nobody has said where the log stands; more than these begin it.
const UNSTARTED_MAX: usize = 256;
/// Entries that leave in one write.
const RUN_MAX: usize = 128;

/// What a topic knows of its channel's log.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The last entry that was delivered; `None` until somebody has read the head from storage.
    delivered: Option<u64>,
    /// Offered, not yet delivered.
    pending: BTreeMap<u64, Arc<LogEntry>>,
    /// What storage is known to have.
    known_head: u64,
    /// A runner is at work.
    running: bool,
    /// The grace for the present gap is over.
    waited: bool,
}

/// What the runner does next.
#[derive(Debug)]
pub(super) enum Next {
    Deliver(Vec<Arc<LogEntry>>),
    /// Entries are missing; they are probably on their way.
    WaitForGap,
    /// Entries are missing and must be read.
    Fetch {
        after: u64,
        up_to: u64,
    },
    Idle,
}

impl Stream {
    /// Begins at `seq` unless begun; answers whether a runner must be started.
    pub(super) fn start_at(&mut self, seq: u64) -> bool {
        if self.delivered.is_none() {
            self.begin(seq);
        }
        self.wake()
    }

    fn begin(&mut self, seq: u64) {
        self.delivered = Some(seq);
        self.pending = self.pending.split_off(&(seq + 1));
    }

    /// Takes an entry; answers whether a runner must be started.
    pub(super) fn offer(&mut self, entry: Arc<LogEntry>) -> bool {
        let seq = entry.position.seq;
        if self.delivered.is_some_and(|delivered| seq <= delivered) {
            return false;
        }
        self.pending.insert(seq, entry);
        if self.delivered.is_none() && self.pending.len() > UNSTARTED_MAX {
            let first = self.pending.keys().next().copied().unwrap_or(1);
            self.begin(first - 1);
        }
        self.wake()
    }

    /// Storage has entries up to `seq`; answers whether a runner must be started.
    pub(super) fn learn_head(&mut self, seq: u64) -> bool {
        self.known_head = self.known_head.max(seq);
        self.wake()
    }

    fn wake(&mut self) -> bool {
        let Some(delivered) = self.delivered else { return false };
        if self.running || (self.pending.is_empty() && self.known_head <= delivered) {
            return false;
        }
        self.running = true;
        true
    }

    /// Takes what was read from storage for the gap after `after`. Reading nothing means that the log
    /// ends there: what seemed missing does not exist.
    pub(super) fn fill(&mut self, after: u64, entries: Vec<LogEntry>) {
        self.waited = false;
        if entries.is_empty() {
            self.known_head = after;
            if let Some(first) = self.pending.keys().next().copied() {
                self.delivered = Some(first - 1);
            }
        }
        for entry in entries {
            self.pending.insert(entry.position.seq, Arc::new(entry));
        }
    }

    pub(super) fn next(&mut self) -> Next {
        let Some(delivered) = self.delivered else { return self.rest() };
        self.pending = self.pending.split_off(&(delivered + 1));
        if self.pending.contains_key(&(delivered + 1)) {
            return self.take_run(delivered);
        }
        let up_to = match self.pending.keys().next() {
            Some(first) => first - 1,
            None if self.known_head > delivered => self.known_head,
            None => return self.rest(),
        };
        if !self.pending.is_empty() && !self.waited {
            self.waited = true;
            return Next::WaitForGap;
        }
        let up_to = up_to.min(delivered + CATCH_UP_ENTRIES_MAX as u64);
        Next::Fetch { after: delivered, up_to }
    }

    fn take_run(&mut self, delivered: u64) -> Next {
        self.waited = false;
        let mut run = Vec::new();
        let mut seq = delivered + 1;
        while run.len() < RUN_MAX {
            let Some(entry) = self.pending.remove(&seq) else { break };
            run.push(entry);
            seq += 1;
        }
        self.delivered = Some(seq - 1);
        Next::Deliver(run)
    }

    fn rest(&mut self) -> Next {
        self.running = false;
        self.waited = false;
        Next::Idle
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidewire_protocol::{
        Mark, Position,
        event::{Empty, Event},
        id::ChannelId,
    };
    use uuid::Uuid;

    use super::*;
    use crate::fanout::{entry::Effect, outgoing::Outgoing};

    fn entry(seq: u64) -> LogEntry {
        LogEntry {
            channel: ChannelId::new(Uuid::nil()),
            position: Position { seq, mark: Mark::START },
            ord: seq,
            effect: Effect::Nothing,
            outgoing: Outgoing::plain(&Event::Behind(Empty {})),
        }
    }

    fn run_to_rest(stream: &mut Stream, stored: u64, delivered: &mut Vec<u64>) {
        loop {
            match stream.next() {
                Next::Deliver(run) => delivered.extend(run.iter().map(|entry| entry.position.seq)),
                Next::WaitForGap => {}
                Next::Fetch { after, up_to } => {
                    stream.fill(after, (after + 1..=up_to.min(stored)).map(entry).collect());
                }
                Next::Idle => return,
            }
        }
    }

    proptest! {
        #[test]
        fn any_order_of_offers_leaves_in_order_without_gaps(
            start in 0..20_u64,
            offers in prop::collection::vec(1..60_u64, 0..120),
            heads in prop::collection::vec(0..60_u64, 0..4),
        ) {
            let mut stream = Stream::default();
            let mut delivered = Vec::new();
            stream.start_at(start);
            for seq in &offers {
                if stream.offer(Arc::new(entry(*seq))) {
                    run_to_rest(&mut stream, 60, &mut delivered);
                }
            }
            for head in &heads {
                if stream.learn_head(*head) {
                    run_to_rest(&mut stream, 60, &mut delivered);
                }
            }
            let reach = offers.iter().chain(&heads).copied().max().unwrap_or(0).max(start);
            prop_assert_eq!(delivered, (start + 1..=reach).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_comes_before_the_head_is_known_waits_for_it() {
        let mut stream = Stream::default();
        let mut delivered = Vec::new();
        assert!(!stream.offer(Arc::new(entry(7))));
        assert!(stream.start_at(5));
        run_to_rest(&mut stream, 7, &mut delivered);
        assert_eq!(delivered, [6, 7]);
    }

    /// Whoever is about to start may have read storage before the head that is learnt here.
    #[test]
    fn a_head_alone_begins_nothing() {
        let mut stream = Stream::default();
        let mut delivered = Vec::new();
        assert!(!stream.learn_head(7));
        assert!(stream.start_at(5));
        run_to_rest(&mut stream, 7, &mut delivered);
        assert_eq!(delivered, [6, 7]);
    }
}
