//! One fixed value of everything that travels.

mod commands;
mod events;
mod welcome;

pub(crate) use commands::commands;
pub(crate) use events::events;
pub(crate) use welcome::welcome;

use tidewire_protocol::{
    Mark, Position, Timestamp,
    id::{ChannelId, MessageId, NotificationId, UserId},
};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_ms(1_738_311_330_123);

pub(crate) const fn channel_id() -> ChannelId {
    ChannelId::new(Uuid::from_u128(0x0190_a1b2_c3d4_7e5f_8a9b_0000_0000_00c1))
}

const fn message_id() -> MessageId {
    MessageId::new(Uuid::from_u128(0x0190_a1b2_c3d4_7e5f_8a9b_0c1d_2e3f_4a5b))
}

const fn notification_id() -> NotificationId {
    NotificationId::new(Uuid::from_u128(0x0190_a1b2_c3d4_7e5f_8a9b_0000_0000_9001))
}

const fn user_id() -> UserId {
    UserId::new(Uuid::from_u128(0x0190_a1b2_c3d4_7e5f_8a9b_0000_0000_00a1))
}

/// The position of the sample message.
pub(crate) fn position() -> Position {
    Position { seq: 42, mark: Mark::of_entry(message_id().uuid()) }
}
