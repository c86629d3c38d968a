//! Whole runs of the load generator: against the floor, against a faithful server, and against
//! servers that each break one promise, which must fail the run.

mod against_floor;
mod against_server;
mod generator;
mod server;
mod shapes;
