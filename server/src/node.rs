//! One node of Tidewire, from its settings to its stop.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::Context as _;
use axum::Router;
use tidewire_app::{App, auth::token, clock::Clock, email_settings, fanout::drain, tasks::Tasks};
use tidewire_storage::Db;
use tokio::net::TcpListener;

use crate::{
    config::Settings,
    listener::{self, Limits, Timeouts},
};

/// What running tasks get beyond the time that the listener gives its requests.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// How often the file is read that says what time it is.
const CLOCK_POLL: Duration = Duration::from_millis(20);

/// A node whose sockets are open and whose database answers.
pub struct Node {
    app: App,
    listener: TcpListener,
    metrics_listener: Option<TcpListener>,
    limits: Limits,
    drain: Duration,
}

impl Node {
    /// Opens the database and the sockets, and joins the bus.
    pub async fn start(settings: &Settings) -> anyhow::Result<Self> {
        let listener = bind(settings.listen)?;
        let metrics_listener = settings.metrics_listen.map(bind).transpose()?;
        let app = open(settings).await?;
        email_settings::require_keys(&app).await?.context("TIDEWIRE_SEALING_KEYS")?;
        if let Some(file) = settings.test_clock_file.clone() {
            tracing::warn!("the clock is a file's: nothing here is to be relied on");
            app.tasks.spawn_until_stop(follow(app.clone(), file));
        }
        app.start_loops();
        Ok(Self {
            app,
            listener,
            metrics_listener,
            limits: limits(settings),
            drain: settings.drain,
        })
    }

    pub const fn app(&self) -> &App {
        &self.app
    }

    /// Where the node listens.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("a bound socket has an address")
    }

    /// Serves `router`, and `metrics` apart from it, until `stop` resolves; then sends connections
    /// elsewhere and finishes what runs.
    pub async fn run(self, router: Router, metrics: Router, stop: impl Future<Output = ()>) {
        let tasks = &self.app.tasks;
        if let Some(listener) = self.metrics_listener {
            tasks.spawn(serve(listener, metrics, self.limits.clone(), tasks.clone()));
        }
        let grace = self.limits.timeouts.stop + STOP_GRACE;
        tasks.spawn(serve(self.listener, router, self.limits, tasks.clone()));
        stop.await;
        tracing::info!("stopping");
        drain::run(&self.app, self.drain).await;
        if !self.app.stop(grace).await {
            tracing::warn!("some tasks did not end in time");
        }
        self.app.db.close().await;
    }
}

/// The application without sockets, for what an operator does beside a node that serves.
pub async fn open(settings: &Settings) -> anyhow::Result<App> {
    let clock = Clock::system();
    settings.make_data_dir()?;
    let config = settings.app(&clock)?;
    let db = Db::open_with(&settings.database_url, settings.database_connections).await?;
    let app = App::open(db, clock, config, Tasks::default(), settings.transport());
    token::refresh(&app).await?;
    Ok(app)
}

/// Keeps the clock as far ahead as a file says.
async fn follow(app: App, file: PathBuf) {
    loop {
        let text = tokio::fs::read_to_string(&file).await.unwrap_or_default();
        if let Ok(ahead_ms) = text.trim().parse() {
            app.clock.run_ahead(ahead_ms);
        }
        tokio::time::sleep(CLOCK_POLL).await;
    }
}

fn limits(settings: &Settings) -> Limits {
    Limits {
        connections_max: settings.connections_max,
        connections_per_address_max: settings.connections_per_address_max,
        trusted_proxies: settings.trusted_proxies.clone(),
        timeouts: Timeouts::default(),
    }
}

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    listener::bind(address).with_context(|| format!("cannot listen on {address}"))
}

async fn serve(listener: TcpListener, router: Router, limits: Limits, tasks: Tasks) {
    let stop = tasks.stop_token().clone();
    listener::serve(listener, router, limits, tasks, stop).await;
}
