//! Who is here.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;
use crate::{Timestamp, id::UserId};

words! {
    /// A person's presence over all their devices.
    PresenceStatus { Offline = "offline", Away = "away", Online = "online", }
}

/// The presence of one person. `lastSeenAt` is `null` while online, and when not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresenceItem {
    pub user_id: UserId,
    pub user_number: i64,
    pub status: PresenceStatus,
    pub last_seen_at: Option<Timestamp>,
}
