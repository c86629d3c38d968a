//! The REST view of the operations.

pub mod address;

pub use address::PeerAddr;
