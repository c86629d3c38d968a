//! Schema changes: the same numbers and names for both engines, applied in order at the start.

use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

use crate::{Error, Result, db::Engine};

macro_rules! migrations {
    ($($version:literal $name:literal,)+) => {
        const SQLITE: &[(i64, &str, &str)] =
            &[$(($version, $name, include_str!(concat!("../migrations/sqlite/", $name, ".sql"))),)+];
        const POSTGRES: &[(i64, &str, &str)] =
            &[$(($version, $name, include_str!(concat!("../migrations/postgres/", $name, ".sql"))),)+];
    };
}

migrations! {
    1 "0001_tenants",
    2 "0002_users",
    3 "0003_sessions",
    4 "0004_channels",
    5 "0005_feed",
    6 "0006_outbox",
    7 "0007_idempotency",
    8 "0008_audit",
    9 "0009_org_settings",
    10 "0010_email_settings",
    11 "0011_service_tokens",
    12 "0012_preferences",
    13 "0013_signing_keys",
    14 "0014_retention",
    15 "0015_notification_preferences",
    16 "0016_notifications",
    17 "0017_deliveries",
    18 "0018_notification_templates",
}

/// Applies what is missing. Nodes that start together wait for one another.
pub(crate) async fn run(engine: &Engine) -> Result<()> {
    match engine {
        Engine::Sqlite { write, .. } => migrator(SQLITE).run(write).await,
        Engine::Postgres { pool, .. } => migrator(POSTGRES).run(pool).await,
    }
    .map_err(|error| Error::Setup(format!("migration failed: {error}")))
}

fn migrator(texts: &[(i64, &'static str, &'static str)]) -> Migrator {
    Migrator::with_migrations(
        texts
            .iter()
            .map(|(version, name, sql)| {
                Migration::new(
                    *version,
                    (*name).into(),
                    MigrationType::Simple,
                    sql.into_sql_str(),
                    false,
                )
            })
            .collect(),
    )
}
