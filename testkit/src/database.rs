//! A database for one test, of either engine.

use std::{
    net::SocketAddr,
    process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::{Postgres, postgres, postgres::USER};

/// An empty database that is removed when it is dropped.
pub struct TestDb {
    url: String,
    place: Place,
}

enum Place {
    /// Held for its drop, which removes the file.
    Sqlite(#[expect(dead_code, reason = "held for its drop")] TempDir),
    Postgres {
        server: String,
        name: String,
    },
}

/// One database of each engine that this machine has.
pub fn databases() -> Vec<TestDb> {
    [Some(TestDb::sqlite()), TestDb::postgres()].into_iter().flatten().collect()
}

impl TestDb {
    /// A file in a directory of its own.
    ///
    /// # Panics
    ///
    /// If there is no room for temporary files.
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("there is room for temporary files");
        let url = format!("sqlite://{}", directory.path().join("tidewire.db").display());
        Self { url, place: Place::Sqlite(directory) }
    }

    /// A new database on the server that tests share; `None` where PostgreSQL is not installed.
    pub fn postgres() -> Option<Self> {
        postgres().map(Self::on_server)
    }

    /// A new database on a server of the test's own.
    pub fn on(server: &Postgres) -> Self {
        Self::on_server(server.url())
    }

    fn on_server(server: &str) -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tidewire_test_{}_{number}", process::id());
        // Left behind by a killed test whose process had the same number.
        execute(server, &format!("drop database if exists {name} with (force)"))
            .and_then(|()| execute(server, &format!("create database {name}")))
            .unwrap_or_else(|error| panic!("cannot create a database: {error}"));
        let url = address_of(server, &name);
        Self { url, place: Place::Postgres { server: server.to_owned(), name } }
    }

    /// Its address, as `DATABASE_URL` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its address for those who come through `gateway` to the server; a file has no server.
    pub fn url_by(&self, gateway: SocketAddr) -> String {
        match &self.place {
            Place::Sqlite(_) => self.url.clone(),
            Place::Postgres { name, .. } => format!("postgres://{USER}@{gateway}/{name}"),
        }
    }

    /// The engine: `sqlite` or `postgres`.
    pub const fn name(&self) -> &'static str {
        match self.place {
            Place::Sqlite(_) => "sqlite",
            Place::Postgres { .. } => "postgres",
        }
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        if let Place::Postgres { server, name } = &self.place {
            // The server may be one that the test has killed; then the database goes with it.
            let _ = execute(server, &format!("drop database if exists {name} with (force)"));
        }
    }
}

/// Runs one statement on a runtime of its own, so that it also works where a test's is ending.
fn execute(server: &str, statement: &str) -> Result<(), sqlx::Error> {
    let work = || {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let mut connection = PgConnection::connect(server).await?;
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
            connection.close().await
        })
    };
    thread::scope(|scope| scope.spawn(work).join()).unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// The address of database `name` on the server whose address leads to another one.
fn address_of(server: &str, name: &str) -> String {
    let (address, parameters) =
        server.split_once('?').map_or((server, None), |(address, rest)| (address, Some(rest)));
    let host_starts = address.find("://").map_or(0, |scheme| scheme + 3);
    let host_ends =
        address[host_starts..].find('/').map_or(address.len(), |slash| host_starts + slash);
    let mut url = format!("{}/{name}", &address[..host_ends]);
    if let Some(parameters) = parameters {
        url = format!("{url}?{parameters}");
    }
    url
}

/// Writes each test twice, as `name::sqlite` and `name::postgres`, on a database of its own.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$attribute:meta])* async fn $name:ident($db:ident: TestDb) $body:block)+) => {$(
        #[cfg(test)]
        $(#[$attribute])*
        async fn $name($db: $crate::TestDb) $body

        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name($crate::TestDb::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(db) = $crate::TestDb::postgres() {
                    super::$name(db).await;
                }
            }
        }
    )+};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_replaces_the_database_and_nothing_else() {
        for (server, expected) in [
            ("postgres://u@127.0.0.1:5432/postgres", "postgres://u@127.0.0.1:5432/t"),
            ("postgres://u:p@host", "postgres://u:p@host/t"),
            ("postgres://u@host/x?host=%2Ftmp", "postgres://u@host/t?host=%2Ftmp"),
            ("postgres://u@host?a=/b", "postgres://u@host/t?a=/b"),
        ] {
            assert_eq!(address_of(server, "t"), expected);
        }
    }
}
