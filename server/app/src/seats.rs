//! Room for people in a company's plan.

use serde_json::json;
use tidewire_protocol::{ErrorCode, id::TenantId};
use tidewire_storage::{
    Conn,
    seats::{self, Seats},
};

use crate::{Error, Result};

/// Takes a seat for one more person, in the transaction that adds them. Refuses with 402
/// `SEAT_LIMIT_REACHED`; where the plan has no limit there always is one.
pub(crate) async fn take(conn: &mut Conn, tenant_id: TenantId) -> Result<()> {
    match seats::count(conn, tenant_id).await? {
        Seats { used, limit: Some(limit) } if used >= limit => {
            let details = json!({ "used": used, "limit": limit });
            Err(Error::new(ErrorCode::SeatLimitReached).with_details(details))
        }
        Seats { .. } => Ok(()),
    }
}
