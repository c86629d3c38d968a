//! Who is here.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::words;
use crate::{
    Timestamp,
    id::{UserId, UserKey},
    input::{Fields, Input},
    limits::PRESENCE_QUERY_MAX,
};

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

/// `GET /presence`: ids separated by commas.
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct PresenceQuery {
    /// User ids or numbers, 1 to 200.
    #[param(
        value_type = String, example = "2,5",
        pattern = "^(?:[0-9]{1,15}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?:,(?:[0-9]{1,15}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})){0,199}$",
    )]
    pub user_ids: Vec<UserKey>,
}

impl Input for PresenceQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let text = fields.printable("userIds", 1, PRESENCE_QUERY_CHARS_MAX)?;
        let keys: Vec<_> = text.split(',').map(str::parse).collect();
        if keys.len() > PRESENCE_QUERY_MAX {
            let message = format!("must have at most {PRESENCE_QUERY_MAX} entries");
            return fields.fail("userIds", "count", message);
        }
        for (i, _) in keys.iter().enumerate().filter(|(_, key)| key.is_err()) {
            let field = format!("userIds[{i}]");
            fields.fail::<()>(&field, "id", "must be a user id or a user number");
        }
        Some(Self { user_ids: keys.into_iter().filter_map(Result::ok).collect() })
    }
}

/// Room for the most ids and the commas between them.
const PRESENCE_QUERY_CHARS_MAX: usize = PRESENCE_QUERY_MAX * 37;
