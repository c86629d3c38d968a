//! What no client should send, against the server as it is run: each gets its stated error or close
//! code, and nobody else notices.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod bad_input;
mod house;
mod limits;
mod memory;
mod opening;
mod states;
mod unreadable;
