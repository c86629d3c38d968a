//! Counterparts for tests, on loopback: databases of both engines, Tidewire as a process of its own,
//! and peers of its socket. Each one is bounded by deadlines and gone when its test is, also when the
//! test was killed.

mod eventually;
mod python;
mod require;

pub mod database;
pub mod installation;
pub mod mail_server;
pub mod postgres;
pub mod proxy;
pub mod push_peer;
pub mod redis;
pub mod server;
pub mod socket;

pub use database::{TestDb, databases};
pub use eventually::{DEADLINE, eventually};
pub use installation::{Filling, Installation};
pub use mail_server::{MailBehaviour, MailServer, ReceivedMail};
pub use postgres::{Postgres, postgres};
pub use proxy::{Proxy, Weather};
pub use push_peer::{PushAnswer, PushKind, PushPeer, ReceivedPush, Subscription};
pub use redis::Redis;
pub use server::Server;
pub use socket::{Client, Pass, Replica, Socket};
