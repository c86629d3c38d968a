//! Whether the database answers. Work that is under way when it falls silent fails at once, instead of
//! waiting for as long as the network takes to notice.

use std::{pin::Pin, sync::Arc, time::Duration};

use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::sync::{Mutex, watch};

use crate::{Error, Result};

const TIMEOUT: Duration = Duration::from_secs(1);

/// What the last look said. A connection of its own asks, since those of the pool may all be at work.
#[derive(Debug, Clone)]
pub(crate) struct Pulse(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    answers: watch::Sender<bool>,
    asking: Mutex<Option<PgConnection>>,
    options: PgConnectOptions,
}

impl Pulse {
    pub(crate) fn new(options: PgConnectOptions) -> Self {
        let answers = watch::Sender::new(true);
        Self(Arc::new(Shared { answers, asking: Mutex::default(), options }))
    }

    /// Looks now; answers whether the database did.
    pub(crate) async fn beat(&self) -> bool {
        let mut asking = self.0.asking.lock().await;
        let connection = asking.take();
        let asked = tokio::time::timeout(TIMEOUT, self.ask(connection)).await;
        *asking = asked.ok().and_then(Result::ok);
        let answers = asking.is_some();
        self.0.answers.send_replace(answers);
        answers
    }

    /// Over a new connection if the old one is of no use any more.
    async fn ask(&self, old: Option<PgConnection>) -> Result<PgConnection> {
        if let Some(mut connection) = old
            && connection.ping().await.is_ok()
        {
            return Ok(connection);
        }
        let mut connection = self.0.options.connect().await?;
        connection.ping().await?;
        Ok(connection)
    }

    /// The outcome of `work`, or that the database has fallen silent meanwhile. Boxed, since a
    /// statement's future is large and would be part of everything that waits for it.
    pub(crate) async fn watch<T, E: Into<Error>>(
        &self,
        work: Pin<Box<impl Future<Output = Result<T, E>>>>,
    ) -> Result<T> {
        let mut answers = self.0.answers.subscribe();
        tokio::select! {
            biased;
            done = work => done.map_err(Into::into),
            // The sender is ours, so it is never gone.
            _ = answers.wait_for(|answers| !answers) => Err(Error::Silent),
        }
    }
}
