//! Instants: milliseconds since the Unix epoch inside, RFC 3339 in UTC with milliseconds outside.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant with millisecond precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is not an RFC 3339 instant between 1970 and 2200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time between 1970 and 2200")]
pub struct InvalidTime;

const YEAR_2201_MS: i64 = 7_289_654_400_000;

impl Timestamp {
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    pub const fn ms(self) -> i64 {
        self.0
    }

    /// This instant moved by `ms`, later when positive.
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{instant:.3}")
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let ms = text.parse::<jiff::Timestamp>().map_err(|_| InvalidTime)?.as_millisecond();
        if (0..YEAR_2201_MS).contains(&ms) { Ok(Self(ms)) } else { Err(InvalidTime) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .build()
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_show_utc_with_milliseconds() {
        assert_eq!(Timestamp::from_ms(1_738_311_330_123).to_string(), "2025-01-31T08:15:30.123Z");
        assert_eq!(Timestamp::from_ms(0).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn any_offset_is_read_and_far_years_are_not() {
        assert_eq!(
            "2025-01-31T09:15:30.123+01:00".parse(),
            Ok(Timestamp::from_ms(1_738_311_330_123))
        );
        assert_eq!("2200-12-31T23:59:59Z".parse(), Ok(Timestamp::from_ms(YEAR_2201_MS - 1_000)));
        for bad in ["1969-12-31T23:59:59Z", "2201-01-01T00:00:00Z", "2025-01-31", "yesterday", ""] {
            assert_eq!(bad.parse::<Timestamp>(), Err(InvalidTime), "{bad}");
        }
    }
}
