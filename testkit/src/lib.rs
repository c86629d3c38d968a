//! Counterparts for tests, on loopback: databases of both engines, and Tidewire as a process of its
//! own. Each one is bounded by deadlines and gone when its test is, also when the test was killed.

mod eventually;
mod require;

pub mod database;
pub mod postgres;
pub mod server;

pub use database::{TestDb, databases};
pub use eventually::{DEADLINE, eventually};
pub use postgres::{Postgres, postgres};
pub use server::Server;
