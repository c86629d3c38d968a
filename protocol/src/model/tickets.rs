//! Opening a socket without showing an access token in its address.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /realtime/ticket`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RealtimeTicket {
    pub ticket: String,
    /// Seconds until the ticket ends.
    pub expires_in: i64,
    /// Where to open the socket.
    pub url: String,
}
