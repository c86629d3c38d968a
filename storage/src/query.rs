//! One statement for both engines: a text, its parameters, and rows read by column index.
//!
//! Parameters are `$1`, `$2`, … on both engines. Ids are `uuid`/`BLOB`, instants `bigint`
//! milliseconds, documents `jsonb`/`TEXT`.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{
    Decode, Postgres, Row as _, Sqlite, Type,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
    types::Json,
};
use tidewire_protocol::{Timestamp, id};
use uuid::Uuid;

use crate::{
    Error, Result,
    db::{Conn, Executor, watched},
    dialect::Sql,
};

/// A statement with its parameters.
pub struct Query {
    sql: Sql,
    params: Vec<Param>,
}

/// A parameter; `None` is SQL's null of that type.
pub enum Param {
    Int(Option<i64>),
    Bool(bool),
    Text(Option<String>),
    Uuid(Option<Uuid>),
    Bytes(Option<Vec<u8>>),
    Json(Option<serde_json::Value>),
    Uuids(Vec<Uuid>),
    Ints(Vec<i64>),
}

/// Starts a statement: a text that both engines read, or a pair from [`crate::dialect`].
pub fn query(sql: impl Into<Sql>) -> Query {
    Query { sql: sql.into(), params: Vec::new() }
}

impl Query {
    /// The next parameter.
    pub fn bind(mut self, param: impl Into<Param>) -> Self {
        self.params.push(param.into());
        self
    }

    /// The next parameter, as a JSON document.
    pub fn bind_json(self, document: &impl Serialize) -> Self {
        self.bind(Param::Json(serde_json::to_value(document).ok()))
    }

    /// Runs the statement; answers how many rows it changed.
    pub async fn execute(self, conn: &mut Conn) -> Result<u64> {
        Ok(match conn.executor() {
            Executor::Sqlite(conn) => self.sqlite().execute(conn).await?.rows_affected(),
            Executor::Postgres(conn, pulse) => {
                watched(pulse, self.postgres().execute(conn)).await?.rows_affected()
            }
        })
    }

    pub async fn fetch_optional(self, conn: &mut Conn) -> Result<Option<Row>> {
        Ok(match conn.executor() {
            Executor::Sqlite(conn) => self.sqlite().fetch_optional(conn).await?.map(Row::Sqlite),
            Executor::Postgres(conn, pulse) => {
                watched(pulse, self.postgres().fetch_optional(conn)).await?.map(Row::Postgres)
            }
        })
    }

    pub async fn fetch_one(self, conn: &mut Conn) -> Result<Row> {
        Ok(match conn.executor() {
            Executor::Sqlite(conn) => Row::Sqlite(self.sqlite().fetch_one(conn).await?),
            Executor::Postgres(conn, pulse) => {
                Row::Postgres(watched(pulse, self.postgres().fetch_one(conn)).await?)
            }
        })
    }

    pub async fn fetch_all(self, conn: &mut Conn) -> Result<Vec<Row>> {
        Ok(match conn.executor() {
            Executor::Sqlite(conn) => {
                self.sqlite().fetch_all(conn).await?.into_iter().map(Row::Sqlite).collect()
            }
            Executor::Postgres(conn, pulse) => {
                let rows = watched(pulse, self.postgres().fetch_all(conn)).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    fn sqlite(self) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
        self.params.into_iter().fold(sqlx::query(self.sql.sqlite), |query, param| match param {
            Param::Int(value) => query.bind(value),
            Param::Bool(value) => query.bind(value),
            Param::Text(value) => query.bind(value),
            Param::Uuid(value) => query.bind(value),
            Param::Bytes(value) => query.bind(value),
            Param::Json(value) => query.bind(value.map(Json)),
            Param::Uuids(values) => query.bind(hex_array(&values)),
            Param::Ints(values) => query.bind(Json(values)),
        })
    }

    fn postgres(self) -> sqlx::query::Query<'static, Postgres, PgArguments> {
        self.params.into_iter().fold(sqlx::query(self.sql.postgres), |query, param| match param {
            Param::Int(value) => query.bind(value),
            Param::Bool(value) => query.bind(value),
            Param::Text(value) => query.bind(value),
            Param::Uuid(value) => query.bind(value),
            Param::Bytes(value) => query.bind(value),
            Param::Json(value) => query.bind(value.map(Json)),
            Param::Uuids(values) => query.bind(values),
            Param::Ints(values) => query.bind(values),
        })
    }
}

/// A JSON array of the ids as hexadecimal text, for SQLite's `json_each` and `unhex`.
fn hex_array(ids: &[Uuid]) -> String {
    let mut text = String::with_capacity(2 + ids.len() * 35);
    text.push('[');
    for (i, id) in ids.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        text.push('"');
        text.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
        text.push('"');
    }
    text.push(']');
    text
}

/// A row of either engine.
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What a column can hold on both engines.
pub trait Cell:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl<T> Cell for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl Row {
    /// The value in column `index`, from 0.
    pub fn get<T: Cell>(&self, index: usize) -> Result<T> {
        match self {
            Self::Sqlite(row) => row.try_get(index),
            Self::Postgres(row) => row.try_get(index),
        }
        .map_err(|_| Error::Corrupt { column: index })
    }

    pub fn int(&self, index: usize) -> Result<i64> {
        self.get(index)
    }

    pub fn text(&self, index: usize) -> Result<String> {
        self.get(index)
    }

    pub fn timestamp(&self, index: usize) -> Result<Timestamp> {
        self.get(index).map(Timestamp::from_ms)
    }

    pub fn optional_timestamp(&self, index: usize) -> Result<Option<Timestamp>> {
        Ok(self.get::<Option<i64>>(index)?.map(Timestamp::from_ms))
    }

    /// A typed id.
    pub fn id<T: From<Uuid>>(&self, index: usize) -> Result<T> {
        self.get(index).map(Uuid::into)
    }

    pub fn optional_id<T: From<Uuid>>(&self, index: usize) -> Result<Option<T>> {
        Ok(self.get::<Option<Uuid>>(index)?.map(Uuid::into))
    }

    /// A document.
    pub fn json<T: DeserializeOwned>(&self, index: usize) -> Result<T> {
        let value = match self {
            Self::Sqlite(row) => row.try_get::<Json<T>, _>(index),
            Self::Postgres(row) => row.try_get::<Json<T>, _>(index),
        };
        value.map(|Json(value)| value).map_err(|_| Error::Corrupt { column: index })
    }

    /// A document, or SQL's null.
    pub fn optional_json<T: DeserializeOwned>(&self, index: usize) -> Result<Option<T>> {
        let value = match self {
            Self::Sqlite(row) => row.try_get::<Option<Json<T>>, _>(index),
            Self::Postgres(row) => row.try_get::<Option<Json<T>>, _>(index),
        };
        value
            .map(|value| value.map(|Json(value)| value))
            .map_err(|_| Error::Corrupt { column: index })
    }

    /// A word of a closed set; `parse` is the set's `from_word`.
    pub fn word<T>(&self, index: usize, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        parse(&self.text(index)?).ok_or(Error::Corrupt { column: index })
    }
}

macro_rules! params {
    ($($type:ty => |$value:ident| $param:expr;)+) => {$(
        impl From<$type> for Param {
            fn from($value: $type) -> Self {
                $param
            }
        }
    )+};
}

params! {
    i64 => |value| Self::Int(Some(value));
    Option<i64> => |value| Self::Int(value);
    u64 => |value| Self::Int(Some(value as i64));
    bool => |value| Self::Bool(value);
    String => |value| Self::Text(Some(value));
    &str => |value| Self::Text(Some(value.to_owned()));
    Option<String> => |value| Self::Text(value);
    Option<&str> => |value| Self::Text(value.map(str::to_owned));
    Uuid => |value| Self::Uuid(Some(value));
    Option<Uuid> => |value| Self::Uuid(value);
    Vec<u8> => |value| Self::Bytes(Some(value));
    &[u8] => |value| Self::Bytes(Some(value.to_vec()));
    Option<Vec<u8>> => |value| Self::Bytes(value);
    Vec<Uuid> => |value| Self::Uuids(value);
    Vec<i64> => |value| Self::Ints(value);
    Option<serde_json::Value> => |value| Self::Json(value);
    Timestamp => |value| Self::Int(Some(value.ms()));
    Option<Timestamp> => |value| Self::Int(value.map(Timestamp::ms));
}

macro_rules! id_params {
    ($($id:ty)+) => {$(
        impl From<$id> for Param {
            fn from(id: $id) -> Self {
                Self::Uuid(Some(id.uuid()))
            }
        }

        impl From<Option<$id>> for Param {
            fn from(id: Option<$id>) -> Self {
                Self::Uuid(id.map(<$id>::uuid))
            }
        }

        impl From<&[$id]> for Param {
            fn from(ids: &[$id]) -> Self {
                Self::Uuids(ids.iter().map(|id| id.uuid()).collect())
            }
        }
    )+};
}

id_params! { id::AuditEntryId id::NotificationId id::DecisionId id::DeviceId id::DeliveryId id::ServiceTokenId id::TenantId id::UserId id::SessionId id::ChannelId id::MessageId id::NodeId }
