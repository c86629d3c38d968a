//! One sender and many receivers in a channel, or in several channels side by side: what does one
//! delivery cost?

use clap::Args;
use serde::Serialize;

use super::Scenario;
use crate::{
    cli::Plan,
    clock,
    fleet::Fleet,
    schedule::Schedule,
    traffic::{Note, Traffic},
};

/// One message to many members, over and over
#[derive(Debug, Clone, Args, Serialize)]
pub(crate) struct FanOut {
    /// Channels side by side
    #[arg(long, default_value_t = 1)]
    pub(crate) channels: usize,
    /// Members of each channel
    #[arg(long)]
    pub(crate) members: usize,
    /// Bytes of each message's content
    #[arg(long, default_value_t = 128)]
    pub(crate) payload: usize,
    /// Messages that leave together; the next ones leave when every member has these
    #[arg(long, default_value_t = 1, conflicts_with = "rate")]
    pub(crate) window: u64,
    /// Windows of messages for each channel
    #[arg(long, default_value_t = 200, conflicts_with = "rate")]
    pub(crate) windows: u64,
    /// Messages a second over all channels, by the clock instead of in windows
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// Seconds that messages leave by the clock
    #[arg(long, default_value_t = 10.0)]
    pub(crate) duration: f64,
}

#[derive(Debug)]
pub(crate) struct Rounds {
    window: u64,
    /// How long a window may take before its channel is given up.
    patience_ns: u64,
    schedule: Option<Schedule>,
    /// By channel; of those whose first member is on this worker.
    channels: Vec<Option<Round>>,
    local: Vec<u32>,
}

/// Where a channel stands in its windows.
#[derive(Debug)]
struct Round {
    sender: u32,
    windows_left: u64,
    deliveries_missing: u64,
    started_ns: u64,
}

impl Rounds {
    pub(crate) fn new(fan_out: &FanOut, plan: &Plan, start_ns: u64, traffic: &Traffic<'_>) -> Self {
        let mut channels: Vec<_> = (0..plan.shape.channels).map(|_| None).collect();
        let mut local = Vec::new();
        for (channel, round) in channels.iter_mut().enumerate() {
            if let Some(sender) = traffic.local(plan.shape.first_member_of(channel)) {
                local.push(channel as u32);
                *round = Some(Round::new(sender, fan_out.windows, start_ns));
            }
        }
        let share = local.len() as f64 / plan.shape.channels as f64;
        let length_ns = clock::seconds(fan_out.duration);
        let schedule = fan_out
            .rate
            .filter(|_| !local.is_empty())
            .map(|rate| Schedule::new(rate * share, start_ns, length_ns, u64::from(local[0])));
        Self { window: fan_out.window, patience_ns: plan.patience_ns(), schedule, channels, local }
    }

    fn send_windows(&mut self, now_ns: u64, traffic: &mut Traffic<'_>, fleet: &mut Fleet) {
        for &channel in &self.local {
            let Some(round) = &mut self.channels[channel as usize] else {
                continue;
            };
            if round.deliveries_missing == 0 && round.windows_left > 0 {
                round.send(channel, self.window, now_ns, traffic, fleet);
            } else if now_ns > round.started_ns + self.patience_ns {
                round.windows_left = 0;
                round.deliveries_missing = 0;
            }
        }
    }
}

impl Round {
    const fn new(sender: u32, windows_left: u64, started_ns: u64) -> Self {
        Self { sender, windows_left, deliveries_missing: 0, started_ns }
    }

    fn send(
        &mut self,
        channel: u32,
        window: u64,
        now_ns: u64,
        traffic: &mut Traffic<'_>,
        fleet: &mut Fleet,
    ) {
        for _ in 0..window {
            traffic.send(fleet, self.sender, channel, now_ns);
        }
        self.windows_left -= 1;
        self.deliveries_missing = window * traffic.members_of(channel).len() as u64;
        self.started_ns = now_ns;
    }
}

impl Scenario for Rounds {
    fn send_due(&mut self, now_ns: u64, traffic: &mut Traffic<'_>, fleet: &mut Fleet) {
        let Some(schedule) = &mut self.schedule else {
            return self.send_windows(now_ns, traffic, fleet);
        };
        while let Some(intended_ns) = schedule.due(now_ns) {
            let channel = self.local[schedule.pick(self.local.len())];
            if let Some(round) = &self.channels[channel as usize] {
                traffic.send(fleet, round.sender, channel, intended_ns);
            }
        }
    }

    fn noted(&mut self, note: Note, _: u64, traffic: &mut Traffic<'_>, _: &mut Fleet) {
        let (channel, settled) = match note {
            Note::Delivered { channel } => (channel, 1),
            // What was refused reaches nobody.
            Note::Answered { channel, accepted: false, .. } => {
                (channel, traffic.members_of(channel).len() as u64)
            }
            Note::Answered { .. } | Note::Nothing => return,
        };
        if let Some(round) = &mut self.channels[channel as usize] {
            round.deliveries_missing = round.deliveries_missing.saturating_sub(settled);
        }
    }

    fn is_over(&self, _: u64) -> bool {
        match &self.schedule {
            Some(schedule) => schedule.is_over(),
            None => self
                .channels
                .iter()
                .flatten()
                .all(|round| round.windows_left == 0 && round.deliveries_missing == 0),
        }
    }

    fn is_paced(&self) -> bool {
        self.schedule.is_some()
    }
}
