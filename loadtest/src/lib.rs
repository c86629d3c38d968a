//! A hostile client: it loads a server with many connections and keeps exact books of what every
//! one of them must receive, so that a fast run that lost a message is a failed run.
//!
//! One process coordinates and measures the server; its workers, the same program started again,
//! hold the connections, each worker all of its own on one poll.

pub mod cli;
pub mod floor;

mod clock;
mod framing;
mod upgrade;

mod client;
mod fleet;
mod incoming;
mod outgoing;

mod payload;
mod setup;

mod accounting;
mod latency;
mod schedule;
mod tally;
mod traffic;

mod scenario;

mod pipe;
mod worker;

mod coordinator;
mod machine;
mod proc;

mod compare;
mod report;
