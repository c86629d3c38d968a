//! Typed identifiers. Each is a UUID on the wire, always as its hyphenated text, in JSON and in
//! MessagePack alike.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// A text that is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidId;

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_hyphenated(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(IdVisitor).map(Self)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                uuid_schema()
            }
        }

        impl utoipa::ToSchema for $name {}
    )+};
}

typed_id! {
    /// A customer of the installation; the boundary that no request crosses.
    TenantId
    /// A person in one tenant.
    UserId
    /// A sign-in. A session outlives its connections.
    SessionId
    /// A live socket.
    ConnectionId
    /// A conversation with its own log.
    ChannelId
    /// A message, which is also the log entry that created it.
    MessageId
    /// Something that somebody was told of.
    NotificationId
    /// What was decided about one event, person and channel.
    DecisionId
    /// A device that somebody can be pushed to.
    DeviceId
    /// A push, or a mail about a notification.
    DeliveryId
    /// A token of a module.
    ServiceTokenId
    /// A line of the audit log.
    AuditEntryId
    /// One server process.
    NodeId
}

fn uuid_schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .build()
        .into()
}

/// Only the 36-character hyphenated form: one spelling per id.
fn parse_hyphenated(text: &str) -> Result<Uuid, InvalidId> {
    if text.len() != 36 {
        return Err(InvalidId);
    }
    Uuid::try_parse(text).map_err(|_| InvalidId)
}

struct IdVisitor;

impl de::Visitor<'_> for IdVisitor {
    type Value = Uuid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a UUID")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Uuid, E> {
        parse_hyphenated(text).map_err(E::custom)
    }
}

/// How a request names a user: by id or by the number that the tenant gave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserKey {
    Id(UserId),
    Number(i64),
}

impl utoipa::PartialSchema for UserKey {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
        let number = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(999_999_999_999_999_i64));
        let text =
            matching("^(?:[0-9]{1,15}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$");
        Schema::from(OneOfBuilder::new().item(text).item(number).build()).into()
    }
}

/// The description of a text that names something.
fn matching(pattern: &str) -> utoipa::openapi::schema::ObjectBuilder {
    utoipa::openapi::schema::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .pattern(Some(pattern))
        .examples([serde_json::json!("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")])
}

impl utoipa::ToSchema for UserKey {}

impl FromStr for UserKey {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit()) {
            return text.parse().map(Self::Number).map_err(|_| InvalidId);
        }
        text.parse().map(Self::Id)
    }
}

impl Serialize for UserKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => id.serialize(serializer),
            Self::Number(number) => number.serialize(serializer),
        }
    }
}

/// How a request names a member of a channel: as a user, or as the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemberKey {
    Me,
    User(UserKey),
}

impl utoipa::PartialSchema for MemberKey {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let text =
            matching("^(?:me|[0-9]{1,15}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$");
        text.build().into()
    }
}

impl utoipa::ToSchema for MemberKey {}

impl FromStr for MemberKey {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text == "me" { Ok(Self::Me) } else { text.parse().map(Self::User) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_exactly_one_spelling() {
        let text = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
        assert_eq!(text.parse::<UserId>().map(|id| id.to_string()), Ok(text.to_owned()));
        for other in
            ["0190a1b2c3d47e5f8a9b0c1d2e3f4a5b", "{0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b}", "", "5"]
        {
            assert_eq!(other.parse::<UserId>(), Err(InvalidId), "{other}");
        }
    }

    #[test]
    fn a_user_key_is_digits_or_an_id() {
        assert_eq!("5".parse(), Ok(UserKey::Number(5)));
        for bad in ["", "-5", "5x", "1234567890123456", "٥"] {
            assert!(bad.parse::<UserKey>().is_err(), "{bad}");
        }
    }
}
