//! What a worker's connections send and receive: numbering, books, latencies.

use std::{collections::HashMap, ops::Range};

use anyhow::ensure;
use tidewire_protocol::{Timestamp, id::ChannelId, model::messages::SendMessage};

use crate::{
    accounting::{Acknowledged, Ledger},
    cli::{Plan, Target},
    fleet::{Arrival, Fleet},
    incoming::{Entry, HELLO_ID, Incoming},
    latency::Latencies,
    outgoing,
    payload::Stamp,
    tally::{Counts, Tally},
};

/// What an arrival means to a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    /// One of `client`'s messages was answered, well or not.
    Answered {
        client: u32,
        channel: u32,
        accepted: bool,
    },
    Delivered {
        channel: u32,
    },
    Nothing,
}

#[derive(Debug)]
struct Pending {
    channel: u32,
    intended_ns: u64,
}

#[derive(Debug)]
pub(crate) struct Traffic<'a> {
    plan: &'a Plan,
    /// The number of this worker's first connection among those of all workers.
    first: usize,
    connections: usize,
    run: u32,
    measured_from_ns: u64,
    numbers: HashMap<ChannelId, u32>,
    ledger: Ledger,
    last_number: HashMap<(u32, u32), u64>,
    last_id: u64,
    pending: HashMap<u64, Pending>,
    heads: HashMap<u32, u64>,
    acknowledged: HashMap<(u32, u32), u64>,
    counts: Counts,
    answered: Latencies,
    delivered: Latencies,
    late: Latencies,
    last_ns: u64,
}

impl<'a> Traffic<'a> {
    pub(crate) fn new(plan: &'a Plan, mine: &Range<usize>) -> Self {
        Self {
            plan,
            first: mine.start,
            connections: mine.len(),
            run: 0,
            measured_from_ns: 0,
            numbers: plan.channels.iter().copied().zip(0..).collect(),
            ledger: Ledger::default(),
            last_number: HashMap::new(),
            last_id: HELLO_ID,
            pending: HashMap::new(),
            heads: HashMap::new(),
            acknowledged: HashMap::new(),
            counts: Counts::default(),
            answered: Latencies::new(),
            delivered: Latencies::new(),
            late: Latencies::new(),
            last_ns: 0,
        }
    }

    /// From here on messages are of `run`, and those meant for later than the time given are measured.
    pub(crate) const fn start(&mut self, run: u32, measured_from_ns: u64) {
        self.run = run;
        self.measured_from_ns = measured_from_ns;
        self.last_ns = measured_from_ns;
    }

    /// Opens the books of a connection that has been told its channels and where they stand.
    pub(crate) fn join(&mut self, client: u32, heads: &[(ChannelId, u64)]) -> anyhow::Result<()> {
        for channel in self.plan.shape.channels_of(self.first + client as usize) {
            let id = self.plan.channels[channel];
            let head = heads.iter().find(|(known, _)| *known == id);
            ensure!(
                head.is_some(),
                "connection {client} is not in channel {channel}: other --members?"
            );
            self.ledger.open(client, channel as u32, head.map_or(0, |(_, seq)| *seq));
        }
        Ok(())
    }

    /// A user's connection, if it is one of this worker's.
    pub(crate) fn local(&self, user: usize) -> Option<u32> {
        let connection = user.checked_sub(self.first)?;
        (connection < self.connections).then_some(connection as u32)
    }

    /// The connections of this worker that are in `channel`.
    pub(crate) fn members_of(&self, channel: u32) -> &[u32] {
        self.ledger.members_of(channel)
    }

    pub(crate) const fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(crate) fn has_unanswered(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Queues a message of `client` that was meant to leave at `intended_ns`.
    pub(crate) fn send(&mut self, fleet: &mut Fleet, client: u32, channel: u32, intended_ns: u64) {
        let number = self.last_number.entry((client, channel)).or_default();
        *number += 1;
        let sender = (self.first as u32) + client;
        let stamp = Stamp { run: self.run, sender, number: *number, intended_ns };
        let message = SendMessage {
            content: stamp.content(self.plan.load.payload_bytes()),
            client_message_id: Some(stamp.client_message_id(channel)),
            mentions: Vec::new(),
        };
        self.counts.sent += 1;
        let now_ns = fleet.clock.now_ns();
        if intended_ns >= self.measured_from_ns {
            self.late.record_ns(now_ns.saturating_sub(intended_ns));
        }
        let payload = match self.plan.common.target {
            Target::Server => self.command(channel, intended_ns, message),
            Target::Floor => self.event(channel, sender, message, now_ns),
        };
        fleet.queue(client as usize, &payload);
    }

    fn command(&mut self, channel: u32, intended_ns: u64, message: SendMessage) -> Vec<u8> {
        self.last_id += 1;
        self.pending.insert(self.last_id, Pending { channel, intended_ns });
        let channel_id = self.plan.channels[channel as usize];
        outgoing::send(self.plan.codec(), self.last_id, channel_id, message)
    }

    /// The floor answers nothing and numbers nothing: both are done here.
    fn event(&mut self, channel: u32, sender: u32, message: SendMessage, now_ns: u64) -> Vec<u8> {
        let seq = self.heads.get(&channel).map_or(1, |head| head + 1);
        self.acknowledge(channel, sender, seq);
        let channel_id = self.plan.channels[channel as usize];
        let now = Timestamp::from_ms((now_ns / 1_000_000) as i64);
        outgoing::made_up_event(self.plan.codec(), channel_id, seq, message, now)
    }

    fn acknowledge(&mut self, channel: u32, sender: u32, seq: u64) {
        self.counts.acknowledged += 1;
        *self.acknowledged.entry((channel, sender)).or_default() += 1;
        let head = self.heads.entry(channel).or_default();
        *head = seq.max(*head);
    }

    pub(crate) fn note(&mut self, arrival: &Arrival) -> Note {
        let client = arrival.client as u32;
        match &arrival.incoming {
            Incoming::Reply { id, outcome } => {
                return self.note_reply(client, *id, outcome, arrival.at_ns);
            }
            Incoming::Entry(entry) => return self.note_entry(client, entry, arrival.at_ns),
            Incoming::Behind => self.counts.behind += 1,
            Incoming::Ended(reason) => {
                *self.counts.ended.entry(reason.clone()).or_default() += 1;
            }
            Incoming::Other => self.counts.other_events += 1,
            Incoming::Opened | Incoming::Welcome(_) => {}
        }
        Note::Nothing
    }

    fn note_reply(
        &mut self,
        client: u32,
        id: u64,
        outcome: &Result<u64, String>,
        at_ns: u64,
    ) -> Note {
        let Some(Pending { channel, intended_ns }) = self.pending.remove(&id) else {
            *self.counts.refused.entry("ANSWERED_TWICE".to_owned()).or_default() += 1;
            return Note::Nothing;
        };
        self.last_ns = at_ns;
        match outcome {
            Ok(seq) => {
                self.acknowledge(channel, self.first as u32 + client, *seq);
                if intended_ns >= self.measured_from_ns {
                    self.answered.record_ns(at_ns.saturating_sub(intended_ns));
                }
            }
            Err(code) => *self.counts.refused.entry(code.clone()).or_default() += 1,
        }
        Note::Answered { client, channel, accepted: outcome.is_ok() }
    }

    fn note_entry(&mut self, client: u32, entry: &Entry, at_ns: u64) -> Note {
        let Some(&channel) = self.numbers.get(&entry.channel) else {
            self.counts.other_events += 1;
            return Note::Nothing;
        };
        self.ledger.saw_entry(client, channel, entry.seq);
        let Some(stamp) = entry.stamp.filter(|stamp| stamp.run == self.run) else {
            self.counts.other_events += 1;
            return Note::Nothing;
        };
        if !self.ledger.saw_message(client, channel, &stamp) {
            return Note::Nothing;
        }
        self.last_ns = at_ns;
        self.counts.delivered += 1;
        self.counts.delivered_bytes += entry.bytes as u64;
        if stamp.intended_ns >= self.measured_from_ns {
            self.delivered.record_ns(at_ns.saturating_sub(stamp.intended_ns));
        }
        Note::Delivered { channel }
    }

    /// What this worker knows to have been sent.
    pub(crate) fn acknowledged(&self) -> Acknowledged {
        let sent = self.acknowledged.iter();
        Acknowledged {
            heads: self.heads.iter().map(|(&channel, &seq)| (channel, seq)).collect(),
            sent: sent.map(|(&(channel, sender), &count)| (channel, sender, count)).collect(),
        }
    }

    pub(crate) fn is_complete(&self, expected: &Acknowledged) -> bool {
        self.ledger.is_complete(expected)
    }

    pub(crate) fn close(mut self, expected: &Acknowledged) -> Tally {
        self.counts.unacknowledged = self.ledger.close(expected);
        self.counts.unanswered = self.pending.len() as u64;
        Tally {
            counts: self.counts,
            by_seq: self.ledger.seq_faults,
            by_stamp: self.ledger.stamp_faults,
            answered: self.answered.buckets(),
            delivered: self.delivered.buckets(),
            late: self.late.buckets(),
            last_ns: self.last_ns,
        }
    }
}
