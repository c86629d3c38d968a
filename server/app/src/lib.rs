//! The rules of Tidewire. An operation is a free function that takes the [`App`] and the [`Actor`]
//! who wants it; both mouths, REST and the socket, translate into these and know no rule themselves.

pub mod actor;
pub mod clock;
pub mod config;
pub mod cursor;
pub mod error;
pub mod network;
pub mod permission;
pub mod rate_limit;
pub mod tasks;
pub mod versions;

pub mod auth;
pub mod email_address;
pub mod idempotency;
pub mod mail;
pub mod outgoing;
pub mod push;
pub mod templates;

pub mod accounts;
pub mod activity;
pub mod audit;
pub mod channel_members;
pub mod channels;
pub mod devices;
pub mod digests;
pub mod email_settings;
pub mod email_verification;
pub mod health;
pub mod messages;
pub mod notification_preferences;
pub mod notification_templates;
pub mod notifications;
pub mod notify;
pub mod operator;
pub mod org_settings;
pub mod own_profile;
pub mod passwords;
pub mod people;
pub mod permissions;
pub mod preferences;
pub mod presence;
pub mod profiles;
pub mod quiet_hours;
pub mod seed;
pub mod service_tokens;
pub mod sessions;
pub mod tenants;
pub mod tickets;
pub mod typing;
pub mod unread;
pub mod unsubscribe;
pub mod users;

pub mod catch_up;
pub mod fanout;
pub mod resume;

mod changes;
mod http_client;
mod jobs;
mod log_view;
mod news;
mod seats;
#[cfg(test)]
mod testing;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidewire_storage::{Db, append::Log};
use tokio::sync::Notify;

pub use actor::Actor;
pub use error::{Error, Result};

use auth::{
    key::MacKey, password, seal::Seal, session::Identities, throttle::Throttle, token::TokenKeys,
};
use clock::Clock;
use config::Config;
use fanout::{
    Fanout,
    bus::{Bus, Transport},
};
use mail::Mail;
use people::Directory;
use presence::Presence;
use push::PushServices;
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
    pub fanout: Fanout,
    pub token_keys: TokenKeys,
    pub(crate) log: Log,
    /// The log's writers; they stop last.
    pub(crate) log_tasks: Tasks,
    pub(crate) directory: Directory,
    pub(crate) presence: Presence,
    pub(crate) typing: typing::Recent,
    pub(crate) looked: activity::Noted,
    pub(crate) seen: changes::Seen,
    pub(crate) settings: org_settings::Known,
    pub(crate) shown: news::Shown,
    pub(crate) health: health::Health,
    pub(crate) http: reqwest::Client,
    pub(crate) refresh_key: MacKey,
    pub(crate) ticket_key: MacKey,
    pub(crate) audit_key: MacKey,
    pub(crate) unsubscribe_key: MacKey,
    pub(crate) identities: Identities,
    pub(crate) hashing: password::Room,
    pub(crate) mail: Mail,
    pub push: PushServices,
    /// Rings when something was raised that people are to be told of.
    pub(crate) raised: Notify,
    /// Channels whose people are to be told of messages.
    pub(crate) unnoticed: notify::chat::Waiting,
    /// What people have read, for the devices that show it still.
    pub(crate) read_elsewhere: notify::clear::Read,
    /// How devices fare with each push network.
    pub(crate) push_watch: notify::pushes::Watch,
    /// Rings when a push or a mail about something is due.
    pub(crate) deliveries: Notify,
    /// Rings when somebody has forgotten a password.
    pub(crate) forgotten: Notify,
    pub(crate) seal: Seal,
    /// Rings when a question to DNS was queued.
    pub(crate) dns_queued: Notify,
    throttle: Mutex<Throttle>,
}

impl App {
    /// A node on a bus, at work: its log, its hub and its jobs run until [`Tasks::stop`].
    pub fn start(
        db: Db,
        clock: Clock,
        config: Config,
        tasks: Tasks,
        transport: impl Into<Transport>,
    ) -> Self {
        let app = Self::open(db, clock, config, tasks, transport);
        app.start_loops();
        app
    }

    /// As [`App::start`], but without any work of its own, for what an operator does beside the nodes.
    pub fn open(
        db: Db,
        clock: Clock,
        config: Config,
        tasks: Tasks,
        transport: impl Into<Transport>,
    ) -> Self {
        let (log, lanes) = Log::new(&db);
        let (bus, inboxes) = Bus::join(&transport.into(), clock.id(), &tasks);
        let parts = Parts {
            fanout: Fanout::new(bus),
            log,
            log_tasks: Tasks::default(),
            directory: Directory::default(),
            presence: Presence::default(),
            typing: typing::Recent::default(),
            looked: activity::Noted::default(),
            seen: changes::Seen::default(),
            settings: org_settings::Known::default(),
            shown: news::Shown::default(),
            health: health::Health::default(),
            http: http_client::new(),
            rate_limits: RateLimits::new(&config, &clock),
            token_keys: TokenKeys::new(config.secret.clone(), config.public_url.clone()),
            refresh_key: MacKey::derive(&config.secret, "refresh-token"),
            ticket_key: MacKey::derive(&config.secret, "ticket"),
            audit_key: MacKey::derive(&config.secret, "audit"),
            unsubscribe_key: MacKey::derive(&config.secret, "unsubscribe"),
            identities: Identities::default(),
            hashing: password::Room::for_this_machine(),
            mail: Mail::new(&config),
            push: PushServices::new(&config, &clock),
            raised: Notify::new(),
            unnoticed: notify::chat::Waiting::default(),
            read_elsewhere: notify::clear::Read::default(),
            push_watch: notify::pushes::Watch::default(),
            deliveries: Notify::new(),
            forgotten: Notify::new(),
            dns_queued: Notify::new(),
            seal: Seal::new(&config.sealing_keys, &config.secret),
            throttle: Mutex::default(),
            db,
            clock,
            config,
            tasks,
        };
        let app = Self(Arc::new(parts));
        for lane in lanes {
            app.log_tasks.spawn(fanout::run_log::run(app.clone(), lane));
        }
        for mut inbox in inboxes {
            let hub = app.clone();
            app.tasks.spawn_until_stop(async move {
                while let Some(news) = inbox.recv().await {
                    hub.fanout.receive_all(&hub, news);
                }
            });
        }
        app
    }

    /// Begins what a node does unasked.
    pub fn start_loops(&self) {
        self.tasks.spawn_until_stop(health::run(self.clone()));
        self.tasks.spawn_until_stop(health::watch(self.clone()));
        self.tasks.spawn_until_stop(fanout::sweep::run(self.clone()));
        self.tasks.spawn_until_stop(fanout::unread_flush::run(self.clone()));
        self.tasks.spawn_until_stop(fanout::heartbeat::run(self.clone()));
        self.tasks.spawn_until_stop(presence::run(self.clone()));
        self.tasks.spawn_until_stop(rate_limit::tidy(self.clone()));
        jobs::start_workers(self);
        self.tasks.spawn(jobs::expire::run(self.clone()));
        self.tasks.spawn(jobs::purge_expired::run(self.clone()));
    }

    /// Ends all tasks, the log's writers last; answers whether all ended within `grace`.
    pub async fn stop(&self, grace: std::time::Duration) -> bool {
        let ended = self.tasks.stop(grace).await;
        self.log_tasks.stop(grace).await && ended
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
