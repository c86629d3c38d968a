//! What surrounds the routes, tested with routes that do nothing else than what a test needs.

mod harness;

mod admission;
mod description;
mod log;
mod origins;
mod outside;
mod repeats;
mod table;
