//! Telling people of what concerns them: whether, when, and by which way.

pub mod decide;
pub mod dnd;
