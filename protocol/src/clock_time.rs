//! A time of day as a clock on the wall shows it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Minutes since midnight, from 0 to 1439; `HH:MM` on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime(u16);

/// A text that is no time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time from 00:00 to 23:59")]
pub struct InvalidClockTime;

const MINUTES_PER_DAY: u16 = 24 * 60;

impl ClockTime {
    /// `None` for what is not within a day.
    pub const fn from_minutes(minutes: u16) -> Option<Self> {
        if minutes < MINUTES_PER_DAY { Some(Self(minutes)) } else { None }
    }

    pub const fn hour(self) -> u16 {
        self.0 / 60
    }

    pub const fn minute(self) -> u16 {
        self.0 % 60
    }

    /// Since midnight.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour(), self.minute())
    }
}

impl FromStr for ClockTime {
    type Err = InvalidClockTime;

    fn from_str(text: &str) -> Result<Self, InvalidClockTime> {
        let number = |part: &str, most: u16| {
            let is_written_so = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u16>().ok().filter(|number| is_written_so && *number <= most)
        };
        let (hour, minute) = text.split_once(':').ok_or(InvalidClockTime)?;
        let (hour, minute) = number(hour, 23).zip(number(minute, 59)).ok_or(InvalidClockTime)?;
        Ok(Self(hour * 60 + minute))
    }
}

impl Serialize for ClockTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClockTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl utoipa::PartialSchema for ClockTime {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^(?:[01][0-9]|2[0-3]):[0-5][0-9]$"))
            .build()
            .into()
    }
}

impl utoipa::ToSchema for ClockTime {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_spelling() {
        for good in ["00:00", "08:05", "23:59"] {
            assert_eq!(good.parse::<ClockTime>().unwrap().to_string(), good);
        }
        for bad in ["24:00", "8:00", "08:60", "0800", "08:00:00", "+8:00", "", "٠٨:٠٠"] {
            assert_eq!(bad.parse::<ClockTime>(), Err(InvalidClockTime), "{bad}");
        }
    }
}
