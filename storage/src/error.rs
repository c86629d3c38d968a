//! What can go wrong between an operation and its database.

/// A storage failure. Its text is for logs; clients are told a code.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not answer: down, restarting, or out of connections.
    #[error("database unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// The database has stopped answering; what it was doing may be done or not.
    #[error("database silent")]
    Silent,
    /// A unique key exists already.
    #[error("unique key exists")]
    Conflict(#[source] sqlx::Error),
    /// Two transactions met; the same one may be tried again.
    #[error("transaction must be retried")]
    Retry(#[source] sqlx::Error),
    /// A stored value is not what its column promises.
    #[error("unexpected value in column {column}")]
    Corrupt { column: usize },
    /// The queue in front of the log is full.
    #[error("log queue full")]
    Full,
    /// The commit that carried this job failed.
    #[error("batch failed")]
    Batch(#[source] std::sync::Arc<Self>),
    /// The log's writer has stopped.
    #[error("log stopped")]
    Stopped,
    /// A wrong database address or a failed migration; only at the start.
    #[error("database setup: {0}")]
    Setup(String),
    /// Any other answer of the database; a defect.
    #[error("database refused a statement")]
    Sql(#[source] sqlx::Error),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) if database.is_unique_violation() => {
                Self::Conflict(error)
            }
            sqlx::Error::Database(database) => match database.code().as_deref() {
                // Postgres: serialization_failure, deadlock_detected. SQLite: BUSY and its kinds.
                Some("40001" | "40P01" | "5" | "261" | "517") => Self::Retry(error),
                // Postgres: shutting down, starting up, too many connections.
                Some("57P01" | "57P02" | "57P03" | "53300") => Self::Unavailable(error),
                _ => Self::Sql(error),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Sql(error),
        }
    }
}

impl Error {
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}
