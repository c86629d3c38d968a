//! The loads. A scenario decides who sends when; everything else is [`Traffic`]'s.

pub(crate) mod chat;
pub(crate) mod connect;
pub(crate) mod fan_out;

use crate::{
    cli::{Load, Plan},
    fleet::Fleet,
    traffic::{Note, Traffic},
};

pub(crate) trait Scenario {
    /// Queues what is due.
    fn send_due(&mut self, now_ns: u64, traffic: &mut Traffic<'_>, fleet: &mut Fleet);

    /// Reacts to something that arrived.
    fn noted(&mut self, note: Note, now_ns: u64, traffic: &mut Traffic<'_>, fleet: &mut Fleet);

    /// Whether there is nothing more to send.
    fn is_over(&self, now_ns: u64) -> bool;

    /// Whether messages leave by the clock, so that somebody has to wake the poll in time.
    fn is_paced(&self) -> bool;
}

/// The scenario of one worker, beginning at `start_ns`.
pub(crate) fn begin(
    plan: &Plan,
    share: crate::setup::Share,
    start_ns: u64,
    traffic: &Traffic<'_>,
) -> Box<dyn Scenario> {
    match &plan.load {
        Load::Connect(connect) => Box::new(connect::Hold::new(connect, start_ns)),
        Load::FanOut(fan_out) => Box::new(fan_out::Rounds::new(fan_out, plan, start_ns, traffic)),
        Load::Chat(chat) => Box::new(chat::Talk::new(chat, plan, share, start_ns)),
    }
}
