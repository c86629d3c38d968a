//! The socket: from an upgrade request to a conversation.
//!
//! [`socket`] moves bytes and decides nothing; [`reader`], [`window`], [`lanes`] and [`admission`]
//! are pure;
//! [`conversation`] holds what one connection is; [`dispatch`] is one match from command to operation.

pub mod admission;
pub mod call;
pub mod conversation;
pub mod dispatch;
pub mod handshake;
pub mod lanes;
pub mod reader;
pub mod socket;
pub mod upgrade;
pub mod window;

mod frame;
