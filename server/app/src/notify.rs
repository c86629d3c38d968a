//! Telling people of what has happened. An event is raised in the transaction of its cause, and waits in
//! the outbox until a node decides for each person and each way to them, once, and keeps the decision
//! with its reasons.

pub mod decide;
pub mod dnd;

pub(crate) mod digest;
pub(crate) mod raise;
pub(crate) mod tell;

mod account;
mod recheck;
mod situation;

pub(crate) mod chat;
pub(crate) mod clear;
pub(crate) mod mails;
pub(crate) mod pushes;

pub(crate) mod words;

pub(crate) use account::tell_account;
pub(crate) use raise::{Raised, raise, wake};
