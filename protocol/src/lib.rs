//! The words that every part of Tidewire shares: ids, positions, frames, errors, limits.
//!
//! Nothing here waits, reads a clock or touches the network, so that a client, the load generator
//! and the server can all depend on it.

pub mod id;
pub mod locale;
pub mod time;

pub mod position;

pub mod limits;

pub mod close_code;
pub mod error_code;

pub mod clock_time;
pub mod model;
pub mod notification_event;

pub mod input;

pub mod command;
pub mod event;
pub mod frame;

pub mod codec;

pub use error_code::ErrorCode;
pub use position::{Mark, Position};
pub use time::Timestamp;
