//! What an event says, in the company's words or the built-in ones.

use std::collections::HashMap;

use serde_json::{Map, Value};
use tidewire_protocol::{
    id::TenantId,
    model::{notification_preferences::Channel, users::display_name},
    notification_event::EventKey,
};
use tidewire_storage::{Conn, recipients::Recipient, tenants};

use crate::templates::{self, Own, Rendered, TemplateId};

/// The texts of one event.
pub(crate) struct Words {
    event: EventKey,
    tenant_name: String,
    public_url: String,
    own: HashMap<Channel, Own>,
}

/// What a company is called.
pub(crate) async fn tenant_name(
    conn: &mut Conn,
    tenant: TenantId,
) -> tidewire_storage::Result<String> {
    let found = tenants::by_id(conn, tenant).await?;
    Ok(found.map(|tenant| tenant.name).unwrap_or_default())
}

impl Words {
    pub(crate) async fn read(
        conn: &mut Conn,
        tenant: TenantId,
        event: EventKey,
        public_url: &str,
    ) -> tidewire_storage::Result<Self> {
        let mut own = HashMap::new();
        for channel in Channel::ALL {
            let Some(id) = TemplateId::of(event, *channel) else { continue };
            own.extend(templates::own(conn, tenant, id).await?.map(|words| (*channel, words)));
        }
        let tenant_name = tenant_name(conn, tenant).await?;
        Ok(Self { event, tenant_name, public_url: public_url.to_owned(), own })
    }

    pub(crate) const fn event(&self) -> EventKey {
        self.event
    }

    /// What is said to somebody by one way; `None` where the event never takes it.
    pub(crate) fn render(
        &self,
        channel: Channel,
        person: &Recipient,
        data: &Map<String, Value>,
        action_url: Option<&str>,
    ) -> Option<Rendered> {
        let id = TemplateId::of(self.event, channel)?;
        let mut values = data.clone();
        let name = display_name(&person.first_name, &person.last_name);
        values.insert("recipientName".to_owned(), name.into());
        values.insert("tenantName".to_owned(), self.tenant_name.as_str().into());
        if let Some(path) = action_url {
            values.insert("actionUrl".to_owned(), format!("{}{path}", self.public_url).into());
        }
        Some(templates::render(self.own.get(&channel), id, &values))
    }
}
