//! Conversations: durable messages in many channels, by the clock or as fast as answers come.

use clap::Args;
use serde::Serialize;

use super::Scenario;
use crate::{
    cli::Plan,
    clock,
    fleet::Fleet,
    schedule::Schedule,
    setup::Share,
    traffic::{Note, Traffic},
};

/// Durable messages in many channels
#[derive(Debug, Clone, Args, Serialize)]
pub(crate) struct Chat {
    /// Channels
    #[arg(long)]
    pub(crate) channels: usize,
    /// Members of each channel
    #[arg(long)]
    pub(crate) members: usize,
    /// Bytes of each message's content
    #[arg(long, default_value_t = 128)]
    pub(crate) payload: usize,
    /// Messages a second over all channels, by a schedule fixed in advance
    #[arg(long, required_unless_present = "closed")]
    pub(crate) rate: Option<f64>,
    /// Measure capacity: every sender has one message in flight, always
    #[arg(long, conflicts_with = "rate")]
    pub(crate) closed: bool,
    /// Senders of the closed mode, spread over all connections
    #[arg(long, default_value_t = 512)]
    pub(crate) senders: usize,
    /// Seconds of sending
    #[arg(long, default_value_t = 20.0)]
    pub(crate) duration: f64,
    /// Seconds at the start that do not count for latencies
    #[arg(long, default_value_t = 2.0)]
    pub(crate) warmup: f64,
}

#[derive(Debug)]
pub(crate) struct Talk {
    schedule: Option<Schedule>,
    senders: Vec<Sender>,
    /// By connection: which of the senders it is.
    sender_of: Vec<Option<usize>>,
    started: bool,
    end_ns: u64,
}

#[derive(Debug)]
struct Sender {
    client: u32,
    channels: Vec<u32>,
    next: usize,
}

impl Sender {
    /// Its channels take turns.
    fn next_channel(&mut self) -> u32 {
        self.next = (self.next + 1) % self.channels.len();
        self.channels[self.next]
    }
}

impl Talk {
    pub(crate) fn new(chat: &Chat, plan: &Plan, share: Share, start_ns: u64) -> Self {
        let mine = share.of(plan.connections);
        let all = if chat.closed { chat.senders.min(plan.connections) } else { plan.connections };
        let chosen = (0..all).map(|i| i * plan.connections / all);
        let senders: Vec<_> = chosen
            .filter(|user| mine.contains(user))
            .map(|user| Sender {
                client: (user - mine.start) as u32,
                channels: plan.shape.channels_of(user).map(|channel| channel as u32).collect(),
                next: 0,
            })
            .filter(|sender| !sender.channels.is_empty())
            .collect();
        let mut sender_of = vec![None; mine.len()];
        for (number, sender) in senders.iter().enumerate() {
            sender_of[sender.client as usize] = Some(number);
        }
        let length_ns = clock::seconds(chat.duration);
        let rate = chat.rate.filter(|_| !senders.is_empty());
        let schedule = rate.map(|rate| {
            let per_second = rate * mine.len() as f64 / plan.connections as f64;
            Schedule::new(per_second, start_ns, length_ns, share.index as u64)
        });
        Self { schedule, senders, sender_of, started: false, end_ns: start_ns + length_ns }
    }

    fn say(&mut self, sender: usize, at_ns: u64, traffic: &mut Traffic<'_>, fleet: &mut Fleet) {
        let sender = &mut self.senders[sender];
        let channel = sender.next_channel();
        traffic.send(fleet, sender.client, channel, at_ns);
    }
}

impl Scenario for Talk {
    fn send_due(&mut self, now_ns: u64, traffic: &mut Traffic<'_>, fleet: &mut Fleet) {
        while let Some(schedule) = &mut self.schedule
            && let Some(intended_ns) = schedule.due(now_ns)
        {
            let sender = schedule.pick(self.senders.len());
            self.say(sender, intended_ns, traffic, fleet);
        }
        if self.schedule.is_none() && !self.started {
            for sender in 0..self.senders.len() {
                self.say(sender, now_ns, traffic, fleet);
            }
        }
        self.started = true;
    }

    fn noted(&mut self, note: Note, now_ns: u64, traffic: &mut Traffic<'_>, fleet: &mut Fleet) {
        if let Note::Answered { client, .. } = note
            && self.schedule.is_none()
            && now_ns < self.end_ns
            && let Some(sender) = self.sender_of[client as usize]
        {
            self.say(sender, now_ns, traffic, fleet);
        }
    }

    fn is_over(&self, now_ns: u64) -> bool {
        match &self.schedule {
            Some(schedule) => schedule.is_over(),
            None => now_ns >= self.end_ns,
        }
    }

    fn is_paced(&self) -> bool {
        self.schedule.is_some()
    }
}
