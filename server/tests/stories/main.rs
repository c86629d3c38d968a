//! One story for each feature, over real sockets to the real binary.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod calls;
mod endings;
mod groups;
mod slow;
mod talk;
mod unread;
mod world;
