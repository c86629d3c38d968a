//! What is pushed, before it is put into the words of a platform.

use std::{borrow::Cow, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::auth::key::sha256;

/// What a push is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Says that something has happened.
    Alert,
    /// Says in one what has happened meanwhile.
    Summary,
    /// Changes the figure on the program's icon and nothing else.
    BadgeOnly,
    /// Takes back what was shown before.
    Clear,
}

impl Kind {
    /// As programs read it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Summary => "summary",
            Self::BadgeOnly => "badge",
            Self::Clear => "clear",
        }
    }

    /// Whether people are to notice.
    pub const fn is_shown(self) -> bool {
        match self {
            Self::Alert | Self::Summary => true,
            Self::BadgeOnly | Self::Clear => false,
        }
    }
}

/// Whether a sleeping device is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    High,
    Normal,
}

/// A push to one device.
#[derive(Clone)]
pub struct PushMessage {
    pub kind: Kind,
    /// What the program gets: ids by which it asks for the rest.
    pub payload: Map<String, Value>,
    /// Texts for people, where the company wants push services to have them.
    pub title: Option<String>,
    pub body: Option<String>,
    pub badge: Option<u32>,
    /// A push replaces one of the same key that has not been delivered yet.
    pub collapse_key: Option<String>,
    /// What is shown together.
    pub group: Option<String>,
    pub priority: Priority,
    /// How long the push service keeps it for a device that it cannot reach.
    pub ttl: Duration,
}

impl PushMessage {
    /// Seconds that the service keeps it; none keeps anything longer than four weeks.
    pub(super) fn ttl_seconds(&self) -> u64 {
        const SECONDS_MAX: u64 = 28 * 24 * 3_600;
        self.ttl.as_secs().min(SECONDS_MAX)
    }

    /// The whole as one object, for programs of ours on platforms that prescribe none.
    pub(super) fn to_object(&self) -> Map<String, Value> {
        let texts = [("title", &self.title), ("body", &self.body), ("group", &self.group)];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text.clone()?.into())));
        let badge = self.badge.map(|badge| ("badge", badge.into()));
        let always = [("kind", self.kind.word().into()), ("data", self.payload.clone().into())];
        let members = always.into_iter().chain(texts).chain(badge);
        members.map(|(name, value): (_, Value)| (name.to_owned(), value)).collect()
    }
}

/// A key as a platform takes it: as it is, or else by its hash.
pub(super) fn collapse_id(key: &str, bytes_max: usize, allowed: fn(u8) -> bool) -> Cow<'_, str> {
    if (1..=bytes_max).contains(&key.len()) && key.bytes().all(allowed) {
        return Cow::Borrowed(key);
    }
    // 32 characters, which is what the strictest platform takes.
    Cow::Owned(URL_SAFE_NO_PAD.encode(&sha256(key.as_bytes())[..24]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_a_platform_does_not_take_is_hashed() {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric();
        assert_eq!(collapse_id("badge", 32, allowed), "badge");
        let (long, odd) = ("a".repeat(33), "a b");
        for key in [long.as_str(), odd, "", "ä"] {
            let id = collapse_id(key, 32, allowed);
            assert_eq!(id.len(), 32, "{key}");
            assert_eq!(collapse_id(key, 32, allowed), id);
            assert_ne!(collapse_id(&format!("{key}-"), 32, allowed), id);
        }
    }
}
