//! Ephemeral facts: who is here and who is typing. Pure state machines: time is an argument, nothing
//! is awaited, nothing is stored.

pub mod roster;
pub mod typing;
