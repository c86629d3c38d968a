//! The words of a company's own, where there are some.

use tidewire_protocol::{id::TenantId, model::notification_templates::Wording};
use tidewire_storage::{Conn, Result, notification_templates};

use super::TemplateId;

/// A company's own words for one template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    pub tenant_id: TenantId,
    pub wording: Wording,
}

/// What a company has made of a template, if anything.
pub async fn own(conn: &mut Conn, tenant_id: TenantId, id: TemplateId) -> Result<Option<Own>> {
    let stored = notification_templates::get(conn, tenant_id, &id.to_string()).await?;
    let wording = stored.and_then(|stored| stored.wording);
    Ok(wording.map(|wording| Own { tenant_id, wording }))
}
