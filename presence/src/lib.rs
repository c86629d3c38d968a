//! Ephemeral facts: who is here and who is typing. Pure state machines, to which time is an argument;
//! only the board, which several nodes share, is somewhere else.

pub mod board;
pub mod elsewhere;
pub mod roster;
pub mod typing;
