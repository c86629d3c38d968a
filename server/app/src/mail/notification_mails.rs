//! Mails about notifications, put into words when they are sent.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tidewire_protocol::{
    id::{TenantId, UserId},
    model::{
        notification_preferences::Channel,
        users::{UserStatus, display_name},
    },
    notification_event::EventKey,
};
use tidewire_storage::recipients::{self, Recipient as Person};

use super::{AccountMail, Recipient, SendError, letter::Letter};
use crate::{
    App,
    email_address::EmailAddress,
    notify::words::{self, Words},
    templates::{self, Rendered, TemplateId},
    unsubscribe::{self, Subject},
};

/// A mail to one person about one notification, or about several.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotificationMail {
    pub user_id: UserId,
    pub items: Vec<Item>,
    /// What is not shown any more.
    pub more: u64,
}

/// What a mail is about.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    pub event: EventKey,
    #[serde(flatten)]
    pub content: Content,
}

/// What a mail about one notification says.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    /// A mail of its own.
    Own(AccountMail),
    /// What the event says.
    #[serde(rename_all = "camelCase")]
    Said { data: Map<String, Value>, action_url: Option<String> },
}

impl NotificationMail {
    /// Whom it goes to and what it says, as of now. Somebody who was shut out meanwhile gets nothing.
    pub(super) async fn write(
        &self,
        app: &App,
        tenant: TenantId,
    ) -> Result<(Recipient, Letter), SendError> {
        let mut conn = app.db.read().await?;
        let person = recipients::of(&mut conn, tenant, &[self.user_id]).await?.pop();
        drop(conn);
        let person = person.filter(|person| person.status == UserStatus::Active);
        let person = person.ok_or(SendError::NotNeeded("the recipient is not active"))?;
        let email = EmailAddress::parse(&person.email);
        let email = email.ok_or_else(|| SendError::Unsendable("no address".to_owned()))?;
        let to = Recipient::new(&email, &person.first_name, &person.last_name);
        let letter = match self.items.as_slice() {
            [item] => self.about_one(app, tenant, &person, item).await?,
            items => self.digest(app, tenant, &person, items).await?,
        };
        Ok((to, letter))
    }

    async fn about_one(
        &self,
        app: &App,
        tenant: TenantId,
        person: &Person,
        item: &Item,
    ) -> Result<Letter, SendError> {
        let letter = match &item.content {
            Content::Own(mail) => super::letter(app, tenant, mail).await?,
            Content::Said { .. } => item.render(app, tenant, person, Channel::Email).await?.into(),
        };
        let subject = Subject::Event(item.event);
        let unsubscribe = (!item.event.is_mandatory())
            .then(|| unsubscribe::address(app, tenant, person.id, subject));
        Ok(Letter { unsubscribe, ..letter })
    }

    async fn digest(
        &self,
        app: &App,
        tenant: TenantId,
        person: &Person,
        items: &[Item],
    ) -> Result<Letter, SendError> {
        let mut shown = Vec::with_capacity(items.len());
        for item in items {
            let rendered = item.render(app, tenant, person, Channel::InApp).await?;
            let url = item.action_url().map(|path| format!("{}{path}", app.mail.public_url));
            shown.push(json!({ "title": rendered.subject, "text": rendered.text, "url": url }));
        }
        let mut conn = app.db.read().await?;
        let own = templates::own(&mut conn, tenant, TemplateId::DIGEST).await?;
        let count = shown.len() as u64 + self.more;
        let name = display_name(&person.first_name, &person.last_name);
        let values = json!({
            "items": shown, "count": count, "more": self.more, "recipientName": name,
            "tenantName": words::tenant_name(&mut conn, tenant).await?,
            "actionUrl": format!("{}/notifications", app.mail.public_url),
        });
        let values = values.as_object().cloned().unwrap_or_default();
        let rendered = templates::render(own.as_ref(), TemplateId::DIGEST, &values);
        let unsubscribe = unsubscribe::address(app, tenant, person.id, Subject::Digest);
        Ok(Letter { unsubscribe: Some(unsubscribe), ..rendered.into() })
    }
}

impl Item {
    fn action_url(&self) -> Option<&str> {
        match &self.content {
            Content::Own(_) => None,
            Content::Said { action_url, .. } => action_url.as_deref(),
        }
    }

    async fn render(
        &self,
        app: &App,
        tenant: TenantId,
        person: &Person,
        channel: Channel,
    ) -> Result<Rendered, SendError> {
        let mut conn = app.db.read().await?;
        let words = Words::read(&mut conn, tenant, self.event, &app.mail.public_url).await?;
        let nothing = Map::new();
        let data = match &self.content {
            Content::Own(_) => &nothing,
            Content::Said { data, .. } => data,
        };
        Ok(words.render(channel, person, data, self.action_url()).unwrap_or_default())
    }
}
