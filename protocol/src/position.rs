//! Where a reader stands in a channel's log: the pair of a sequence number and a mark.
//!
//! A `seq` alone would lie after the database was restored to an older state and written on: the
//! same number then names another entry. The mark, random per entry, tells the two apart.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// The random part of an entry's id: its last eight bytes, base64url on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark([u8; 8]);

/// A text that is not eight bytes in base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a mark")]
pub struct InvalidMark;

impl Mark {
    /// The mark before the first entry of a log.
    pub const START: Self = Self([0; 8]);

    pub fn of_entry(id: Uuid) -> Self {
        let mut tail = [0; 8];
        tail.copy_from_slice(&id.as_bytes()[8..]);
        Self(tail)
    }

    /// As a column holds it.
    pub const fn to_i64(self) -> i64 {
        i64::from_be_bytes(self.0)
    }

    pub const fn from_i64(column: i64) -> Self {
        Self(column.to_be_bytes())
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 11];
        let length = URL_SAFE_NO_PAD.encode_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&text[..length]).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mark({self})")
    }
}

impl FromStr for Mark {
    type Err = InvalidMark;

    fn from_str(text: &str) -> Result<Self, InvalidMark> {
        if text.len() != 11 {
            return Err(InvalidMark);
        }
        let mut bytes = [0; 8];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(8) => Ok(Self(bytes)),
            _ => Err(InvalidMark),
        }
    }
}

impl Serialize for Mark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl utoipa::PartialSchema for Mark {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(11))
            .max_length(Some(11))
            .build()
            .into()
    }
}

impl utoipa::ToSchema for Mark {}

/// The last entry of a log that somebody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub seq: u64,
    pub mark: Mark,
}

impl Position {
    /// Before the first entry.
    pub const START: Self = Self { seq: 0, mark: Mark::START };
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.seq, self.mark).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (seq, mark) = Deserialize::deserialize(deserializer)?;
        Ok(Self { seq, mark })
    }
}

/// What the next entry means to a reader who stands at `have`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Already applied.
    Known,
    /// The very next one.
    Next,
    /// Entries from `missing_from` up to, but without, this one have not been seen.
    Gap { missing_from: u64 },
}

/// Classifies an entry for a reader that has everything up to `have`.
pub const fn step(have: u64, seq: u64) -> Step {
    if seq <= have {
        Step::Known
    } else if seq == have + 1 {
        Step::Next
    } else {
        Step::Gap { missing_from: have + 1 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_mark_survives_text_and_column(column: i64) {
            let mark = Mark::from_i64(column);
            prop_assert_eq!(mark.to_string().parse(), Ok(mark));
            prop_assert_eq!(mark.to_i64(), column);
        }

        #[test]
        fn applying_steps_in_order_leaves_no_gap(have in 0..1_000_u64, seq in 1..1_000_u64) {
            match step(have, seq) {
                Step::Known => prop_assert!(seq <= have),
                Step::Next => prop_assert_eq!(seq, have + 1),
                Step::Gap { missing_from } => prop_assert!(missing_from == have + 1 && missing_from < seq),
            }
        }
    }

    #[test]
    fn a_mark_is_the_tail_of_its_entry() {
        let id = Uuid::from_u128(0x0190_a1b2_c3d4_7e5f_8a9b_0c1d_2e3f_4a5b);
        assert_eq!(Mark::of_entry(id).to_string(), "ipsMHS4_Sls");
        assert_eq!("ipsMHS4_Sl".parse::<Mark>(), Err(InvalidMark));
        assert_eq!("ipsMHS4+Sls".parse::<Mark>(), Err(InvalidMark));
    }
}
