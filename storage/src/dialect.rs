//! The few texts that differ between the engines, as fragments for `concat!`.

/// One statement, spelled for each engine.
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// A statement with a list of ids in it: `by_ids!("… where id ", "$2", " and …")` reads as
/// `id in (the ids of parameter 2)`.
macro_rules! by_ids {
    ($before:literal, $param:literal, $after:literal) => {
        $crate::dialect::Sql {
            sqlite: concat!(
                $before,
                "in (select unhex(value) from json_each(",
                $param,
                "))",
                $after
            ),
            postgres: concat!($before, "= any(", $param, ")", $after),
        }
    };
}
pub(crate) use by_ids;

/// As `by_ids!`, for a list of integers.
macro_rules! by_numbers {
    ($before:literal, $param:literal, $after:literal) => {
        $crate::dialect::Sql {
            sqlite: concat!($before, "in (select value from json_each(", $param, "))", $after),
            postgres: concat!($before, "= any(", $param, ")", $after),
        }
    };
}
pub(crate) use by_numbers;

/// A text with one part that only Postgres needs: SQLite has a single writer, so there is nobody
/// whose rows it could lock or skip.
macro_rules! locking {
    ($before:expr, $lock:literal, $after:literal) => {
        $crate::dialect::Sql {
            sqlite: concat!($before, $after),
            postgres: concat!($before, $lock, $after),
        }
    };
}
pub(crate) use locking;

/// A statement that reads a list of ids as a table: `numbered_ids!("… from ", "$4", " as l …")`, with
/// columns `id` and `n`, counted from 0.
macro_rules! numbered_ids {
    ($before:literal, $param:literal, $after:literal) => {
        $crate::dialect::Sql {
            sqlite: concat!(
                $before,
                "(select unhex(value) as id, key as n from json_each(",
                $param,
                "))",
                $after
            ),
            postgres: concat!(
                $before,
                "(select id, place - 1 as n from unnest(",
                $param,
                ") with ordinality as list (id, place))",
                $after
            ),
        }
    };
}
pub(crate) use numbered_ids;
