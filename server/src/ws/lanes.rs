//! Which commands run now and which wait: commands on one channel are applied in the order sent,
//! others side by side, and `hello` before everything.

use std::collections::VecDeque;

use tidewire_protocol::{command::Command, id::ChannelId, limits::COMMANDS_IN_FLIGHT_MAX};

/// A command that was understood, with the id its reply carries.
#[derive(Debug)]
pub struct Job {
    pub id: Option<u64>,
    pub command: Command,
}

/// What a running command keeps others from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Everything that comes after.
    All,
    Channel(ChannelId),
    None,
}

impl Job {
    pub fn lane(&self) -> Lane {
        match &self.command {
            Command::Hello(_) => Lane::All,
            command => command.channel().map_or(Lane::None, Lane::Channel),
        }
    }
}

#[derive(Debug, Default)]
pub struct Lanes {
    running: Vec<Lane>,
    waiting: VecDeque<Job>,
}

impl Lanes {
    /// Takes a command; gives it back if it may run now.
    pub fn admit(&mut self, job: Job) -> Option<Job> {
        if self.blocks(self.waiting.len(), job.lane()) {
            self.waiting.push_back(job);
            return None;
        }
        self.running.push(job.lane());
        Some(job)
    }

    /// A command of this lane has ended; answers those that may run now.
    pub fn done(&mut self, lane: Lane) -> Vec<Job> {
        if let Some(place) = self.running.iter().position(|running| *running == lane) {
            self.running.swap_remove(place);
        }
        let mut free = Vec::new();
        let mut place = 0;
        while place < self.waiting.len() {
            let lane = self.waiting[place].lane();
            if self.blocks(place, lane) {
                place += 1;
            } else if let Some(job) = self.waiting.remove(place) {
                self.running.push(lane);
                free.push(job);
            }
        }
        free
    }

    /// Whether a command of `lane` must wait for what runs or for the first `ahead` that wait.
    fn blocks(&self, ahead: usize, lane: Lane) -> bool {
        let conflicts = |other: Lane| {
            other == Lane::All || lane == Lane::All || (lane != Lane::None && other == lane)
        };
        self.running.len() >= COMMANDS_IN_FLIGHT_MAX
            || self.running.iter().any(|running| conflicts(*running))
            || self.waiting.iter().take(ahead).any(|job| conflicts(job.lane()))
    }

    /// Whether the peer should not send more for now.
    pub fn is_full(&self) -> bool {
        self.running.len() + self.waiting.len() >= COMMANDS_IN_FLIGHT_MAX
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidewire_protocol::{command::Hello, model::unread::MarkRead};
    use uuid::Uuid;

    use super::*;

    fn job(id: u64, channel: u8) -> Job {
        let command = match channel {
            0 => Command::Hello(Box::<Hello>::default()),
            1 => Command::Ping,
            channel => Command::ChatRead {
                channel_id: ChannelId::new(Uuid::from_u128(channel.into())),
                read: MarkRead::default(),
            },
        };
        Job { id: Some(id), command }
    }

    proptest! {
        #[test]
        fn every_command_runs_once_and_those_of_a_channel_in_order(
            channels in prop::collection::vec(0..6_u8, 1..100),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
        ) {
            let mut lanes = Lanes::default();
            let mut running: Vec<(u64, Lane)> = Vec::new();
            let mut started: Vec<(u64, Lane)> = Vec::new();
            let mut picks = picks.into_iter();
            let start = |job: Job, running: &mut Vec<(u64, Lane)>, started: &mut Vec<(u64, Lane)>| {
                let lane = job.lane();
                assert!(running.iter().all(|(_, other)| *other != Lane::All && (lane == Lane::None || *other != lane)));
                assert!(lane != Lane::All || running.is_empty());
                running.push((job.id.unwrap(), lane));
                started.push((job.id.unwrap(), lane));
            };
            for (n, channel) in channels.iter().enumerate() {
                if let Some(job) = lanes.admit(job(n as u64, *channel)) {
                    start(job, &mut running, &mut started);
                }
            }
            while !running.is_empty() {
                let place = picks.next().map_or(0, |pick| pick.index(running.len()));
                let (_, lane) = running.swap_remove(place);
                for job in lanes.done(lane) {
                    start(job, &mut running, &mut started);
                }
            }
            prop_assert_eq!(started.len(), channels.len());
            for lane in started.iter().map(|(_, lane)| *lane).filter(|lane| *lane != Lane::None) {
                let ids: Vec<_> = started.iter().filter(|(_, other)| *other == lane).map(|(id, _)| *id).collect();
                prop_assert!(ids.is_sorted());
            }
        }
    }
}
