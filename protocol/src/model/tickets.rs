//! Tickets that open one socket each.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /realtime/ticket`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    pub ticket: String,
    /// Seconds.
    pub expires_in: i64,
    /// Where to open the socket, without the ticket.
    pub url: String,
}
