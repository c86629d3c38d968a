//! Opening a database and borrowing connections from it.
//!
//! SQLite has one writing connection, so that writers queue in the process instead of failing as
//! busy, and a pool of readers beside it. Postgres has one pool for both.

mod pulse;

use std::{path::Path, str::FromStr, time::Duration};

use sqlx::{
    PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{
        SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions,
        SqliteSynchronous,
    },
};

use crate::{Error, Result, migrate};
use pulse::Pulse;

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
const SQLITE_READERS: u32 = 4;

/// Connections to Postgres, unless the operator says otherwise.
pub const POSTGRES_CONNECTIONS: u32 = 16;

/// A database of either engine; cheap to clone.
#[derive(Debug, Clone)]
pub struct Db(Engine);

#[derive(Debug, Clone)]
pub(crate) enum Engine {
    Sqlite { write: SqlitePool, read: SqlitePool },
    Postgres { pool: PgPool, pulse: Pulse },
}

impl Db {
    /// Opens the database at `url` (`sqlite://path` or `postgres://…`) and brings its schema up to
    /// date. The text of a failure names no password.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_with(url, POSTGRES_CONNECTIONS).await
    }

    /// As [`Db::open`], with so many connections to Postgres at the most.
    pub async fn open_with(url: &str, connections: u32) -> Result<Self> {
        let db = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self(open_postgres(url, connections).await?)
        } else if let Some(path) = url.strip_prefix("sqlite://") {
            open_sqlite(Path::new(path)).await?
        } else {
            return Err(Error::Setup("expected sqlite://<path> or postgres://…".to_owned()));
        };
        migrate::run(&db.0).await?;
        Ok(db)
    }

    /// A connection for reading, in no transaction.
    pub async fn read(&self) -> Result<Conn> {
        Ok(match &self.0 {
            Engine::Sqlite { read, .. } => {
                Conn { held: Held::Sqlite(Box::new(read.acquire().await?)), pulse: None }
            }
            Engine::Postgres { pool, pulse } => {
                let held = Held::Postgres(Box::new(pulse.watch(Box::pin(pool.acquire())).await?));
                Conn { held, pulse: Some(pulse.clone()) }
            }
        })
    }

    /// A transaction. Dropping it without [`Conn::commit`] undoes everything.
    pub async fn write(&self) -> Result<Conn> {
        Ok(match &self.0 {
            Engine::Sqlite { write, .. } => {
                let held = Held::SqliteTx(Box::new(write.begin_with("begin immediate").await?));
                Conn { held, pulse: None }
            }
            Engine::Postgres { pool, pulse } => {
                let held = Held::PostgresTx(Box::new(pulse.watch(Box::pin(pool.begin())).await?));
                Conn { held, pulse: Some(pulse.clone()) }
            }
        })
    }

    /// Looks whether the database answers, within a second. To be called regularly: between two calls
    /// nobody waits for a database that has fallen silent.
    pub async fn beat(&self) -> bool {
        match &self.0 {
            // One that is only busy has not fallen silent.
            Engine::Sqlite { .. } => matches!(
                self.ping().await,
                Ok(()) | Err(Error::Unavailable(sqlx::Error::PoolTimedOut))
            ),
            Engine::Postgres { pool, pulse } => !pool.is_closed() && pulse.beat().await,
        }
    }

    async fn ping(&self) -> Result<()> {
        crate::query::query("select 1").execute(&mut self.read().await?).await.map(drop)
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        match &self.0 {
            Engine::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Engine::Postgres { pool, .. } => pool.close().await,
        }
    }

    pub(crate) const fn engine(&self) -> &Engine {
        &self.0
    }

    /// How many parallel writers the engine gains from.
    pub fn log_lanes(&self) -> usize {
        match &self.0 {
            Engine::Sqlite { .. } => 1,
            Engine::Postgres { .. } => 4,
        }
    }
}

/// A borrowed connection, inside a transaction when it came from [`Db::write`].
pub struct Conn {
    held: Held,
    pulse: Option<Pulse>,
}

// Boxed: a connection handle is large, and futures hold it across awaits.
enum Held {
    Sqlite(Box<PoolConnection<Sqlite>>),
    SqliteTx(Box<Transaction<'static, Sqlite>>),
    Postgres(Box<PoolConnection<Postgres>>),
    PostgresTx(Box<Transaction<'static, Postgres>>),
}

pub(crate) enum Executor<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection, Option<&'c Pulse>),
}

impl Conn {
    pub(crate) fn executor(&mut self) -> Executor<'_> {
        match &mut self.held {
            Held::Sqlite(conn) => Executor::Sqlite(conn),
            Held::SqliteTx(tx) => Executor::Sqlite(tx),
            Held::Postgres(conn) => Executor::Postgres(conn, self.pulse.as_ref()),
            Held::PostgresTx(tx) => Executor::Postgres(tx, self.pulse.as_ref()),
        }
    }

    /// Makes everything done on this connection durable. Without effect outside a transaction.
    pub async fn commit(self) -> Result<()> {
        let commit = async {
            match self.held {
                Held::SqliteTx(tx) => tx.commit().await,
                Held::PostgresTx(tx) => tx.commit().await,
                Held::Sqlite(_) | Held::Postgres(_) => Ok(()),
            }
        };
        watched(self.pulse.as_ref(), commit).await
    }
}

/// The outcome of `work`, or that the database has fallen silent meanwhile.
pub(crate) async fn watched<T>(
    pulse: Option<&Pulse>,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T> {
    let work = Box::pin(work);
    match pulse {
        Some(pulse) => pulse.watch(work).await,
        None => Ok(work.await?),
    }
}

async fn open_sqlite(path: &Path) -> Result<Db> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("cache_size", "-65536")
        // Pages that many messages touch are copied into the database once in 32 MiB of log, not in 4.
        .pragma("wal_autocheckpoint", "8000")
        .pragma("temp_store", "memory")
        .statement_cache_capacity(512);
    // These two are kept in the file and change it, so a reader may not even repeat them.
    let writer = options
        .clone()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .auto_vacuum(SqliteAutoVacuum::Incremental);
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(writer)
        .await
        .map_err(|error| Error::Setup(format!("cannot open {}: {error}", path.display())))?;
    let read = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options.read_only(true));
    Ok(Db(Engine::Sqlite { write, read }))
}

async fn open_postgres(url: &str, connections: u32) -> Result<Engine> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| Error::Setup("not a postgres:// address".to_owned()))?
        .application_name("tidewire")
        .options([("statement_timeout", "10s"), ("idle_in_transaction_session_timeout", "30s")])
        .statement_cache_capacity(512);
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await
        .map_err(|error| Error::Setup(format!("cannot reach postgres: {error}")))?;
    Ok(Engine::Postgres { pool, pulse: Pulse::new(options) })
}
