//! Idle connections: what does one cost in memory, to set up, and for every second that it lives?

use clap::Args;
use serde::Serialize;

use super::Scenario;
use crate::{
    clock,
    fleet::Fleet,
    traffic::{Note, Traffic},
};

/// Many signed-in connections that say nothing
#[derive(Debug, Clone, Args, Serialize)]
pub(crate) struct Connect {
    /// How many connections [default: one for each user of the seed file]
    #[arg(long)]
    pub(crate) connections: Option<usize>,
    /// Seconds of silence
    #[arg(long, default_value_t = 60.0)]
    pub(crate) hold: f64,
}

/// Waits.
#[derive(Debug)]
pub(crate) struct Hold {
    end_ns: u64,
}

impl Hold {
    pub(crate) const fn new(connect: &Connect, start_ns: u64) -> Self {
        Self { end_ns: start_ns + clock::seconds(connect.hold) }
    }
}

impl Scenario for Hold {
    fn send_due(&mut self, _: u64, _: &mut Traffic<'_>, _: &mut Fleet) {}

    fn noted(&mut self, _: Note, _: u64, _: &mut Traffic<'_>, _: &mut Fleet) {}

    fn is_over(&self, now_ns: u64) -> bool {
        now_ns >= self.end_ns
    }

    fn is_paced(&self) -> bool {
        false
    }
}
