//! The rules of Tidewire. An operation is a free function that takes the [`App`] and the [`Actor`]
//! who wants it; both mouths, REST and the socket, translate into these and know no rule themselves.

pub mod actor;
pub mod clock;
pub mod config;
pub mod error;
pub mod permission;
pub mod tasks;

pub mod auth;
pub mod email_address;
pub mod idempotency;
pub mod mail;
pub mod news;

pub mod accounts;
pub mod permissions;
pub mod seed;
pub mod sessions;
pub mod tenants;
pub mod tickets;
pub mod users;

mod audit;
mod jobs;
mod profiles;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidewire_storage::Db;
use tokio::sync::mpsc;

pub use actor::Actor;
pub use error::{Error, Result};

use auth::{key::MacKey, password, session::Identities, throttle::Throttle, token::TokenKey};
use clock::Clock;
use config::Config;
use mail::Mail;
use news::News;
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
    /// What the fan-out takes and carries to connections and other nodes.
    pub news: mpsc::Sender<News>,
    pub token_key: TokenKey,
    pub(crate) refresh_key: MacKey,
    pub(crate) ticket_key: MacKey,
    pub(crate) audit_key: MacKey,
    pub(crate) identities: Identities,
    pub(crate) hashing: password::Room,
    pub(crate) mail: Mail,
    throttle: Mutex<Throttle>,
}

impl App {
    /// A node's operations, and the news that its fan-out takes.
    pub fn new(db: Db, clock: Clock, config: Config, tasks: Tasks) -> (Self, mpsc::Receiver<News>) {
        let (news, receiver) = mpsc::channel(news::QUEUE_MAX);
        let parts = Parts {
            news,
            token_key: TokenKey::derive(&config),
            refresh_key: MacKey::derive(&config.secret, "refresh-token"),
            ticket_key: MacKey::derive(&config.secret, "ticket"),
            audit_key: MacKey::derive(&config.secret, "audit"),
            identities: Identities::default(),
            hashing: password::Room::for_this_machine(),
            mail: Mail::new(&config),
            throttle: Mutex::default(),
            db,
            clock,
            config,
            tasks,
        };
        (Self(Arc::new(parts)), receiver)
    }

    /// Starts what a node does without being asked.
    pub fn start_jobs(&self) {
        self.tasks.spawn(jobs::send_mail::run(self.clone()));
        self.tasks.spawn(jobs::purge_expired::run(self.clone()));
    }

    /// Counts of failures are right after every step, so a panic in between has spoilt nothing.
    pub(crate) fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
