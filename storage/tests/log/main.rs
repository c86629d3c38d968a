//! The channel log on both engines: numbers, client ids, refusals, read markers and pages.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod client_ids;
mod markers;
mod numbers;
mod pages;
mod races;
mod recount;
mod refusals;
mod world;
