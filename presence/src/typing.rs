//! Who may say "is typing" now: at most once per person and channel in three seconds.

use std::collections::HashMap;

use tidewire_protocol::{
    id::{ChannelId, UserId},
    limits::TYPING_INTERVAL_MS,
};

/// Entries that are looked through for old ones when this many have come together.
const TIDY_AT: usize = 4_096;

#[derive(Debug, Default)]
pub struct Typing(HashMap<(UserId, ChannelId), i64>);

impl Typing {
    /// Answers whether the person's typing is to be shown, and notes it if so.
    pub fn admit(&mut self, user: UserId, channel: ChannelId, now_ms: i64) -> bool {
        let recent = |shown_ms: i64| now_ms - shown_ms < TYPING_INTERVAL_MS as i64;
        if self.0.get(&(user, channel)).copied().is_some_and(recent) {
            return false;
        }
        if self.0.len() >= TIDY_AT {
            self.0.retain(|_, shown_ms| recent(*shown_ms));
        }
        self.0.insert((user, channel), now_ms);
        true
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn typing_is_shown_every_three_seconds_per_channel() {
        let user = UserId::new(Uuid::from_u128(1));
        let (here, there) =
            (ChannelId::new(Uuid::from_u128(2)), ChannelId::new(Uuid::from_u128(3)));
        let mut typing = Typing::default();
        assert!(typing.admit(user, here, 0));
        assert!(!typing.admit(user, here, 2_999));
        assert!(typing.admit(user, there, 2_999));
        assert!(typing.admit(user, here, 3_000));
    }
}
