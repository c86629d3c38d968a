//! Notes for the audit log, written in the transaction of the act.

use serde_json::Value;
use tidewire_protocol::id::{TenantId, UserId};
use tidewire_storage::{Conn, audit};

use crate::{App, Result, actor::Request};

/// What happened.
pub(crate) struct Note {
    pub tenant_id: TenantId,
    pub action: &'static str,
    pub actor_id: Option<UserId>,
    /// The kind of thing acted on, and its id.
    pub target: Option<(&'static str, String)>,
    pub detail: Value,
}

pub(crate) async fn note(app: &App, conn: &mut Conn, request: &Request, note: Note) -> Result<()> {
    let (target_type, target_id) = note.target.unzip();
    let entry = audit::Entry {
        id: app.clock.id(),
        tenant_id: note.tenant_id,
        at: app.clock.now(),
        action: note.action,
        actor_id: note.actor_id,
        target_type,
        target_id,
        address: request.address.map(|address| address.to_string()),
        request_id: &request.id,
        detail: note.detail,
    };
    Ok(audit::append(conn, entry).await?)
}
