//! The rules of Tidewire. An operation is a free function that takes the [`App`] and the [`Actor`]
//! who wants it; both mouths, REST and the socket, translate into these and know no rule themselves.

pub mod actor;
pub mod clock;
pub mod config;
pub mod cursor;
pub mod error;
pub mod permission;
pub mod rate_limit;
pub mod tasks;

use std::sync::Arc;

use tidewire_storage::Db;

pub use actor::Actor;
pub use error::{Error, Result};

use clock::Clock;
use config::Config;
use rate_limit::RateLimits;
use tasks::Tasks;

/// Everything an operation may need; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts behind an [`App`].
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub config: Config,
    pub tasks: Tasks,
    pub rate_limits: RateLimits,
}

impl App {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
