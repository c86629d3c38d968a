//! Outgoing mail: a row of the outbox in the transaction of its cause, rendered and handed over by a
//! job of the node. It leaves by the tenant's own mail server, or else by the operator's, or else
//! into a folder.

mod account_mails;
mod dev_mailbox;
mod letter;
mod notification_mails;
mod render;
mod transport;

pub(crate) mod html;
pub mod smtp;

use std::{path::PathBuf, str::FromStr};

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};
use tidewire_protocol::id::TenantId;
use tidewire_storage::{
    Conn,
    outbox::{self, Claimed},
};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{App, Result, auth::seal::Unopenable, config::Config, notify::words, templates};

use letter::Letter;

pub use account_mails::{AccountMail, Recipient};
pub(crate) use letter::{INVITATION_PATH, PASSWORD_RESET_PATH};
pub(crate) use notification_mails::{Content, Item, NotificationMail};
pub(crate) use transport::{send_test, smtp_server};

/// The kind of outbox rows that are mails.
pub(crate) const OUTBOX_KIND: &str = "mail";

/// The way out for mails.
pub struct Mail {
    /// One file a mail, where there is no mail server.
    dev_mailbox: PathBuf,
    public_url: String,
    from: Mailbox,
    /// Rings when a mail was queued.
    pub(crate) queued: Notify,
}

/// Whom mails come from: an address, perhaps with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromAddress(Mailbox);

/// A text that is no address to send from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an address")]
pub struct InvalidFromAddress;

impl FromStr for FromAddress {
    type Err = InvalidFromAddress;

    fn from_str(text: &str) -> Result<Self, InvalidFromAddress> {
        if text.chars().any(char::is_control) {
            return Err(InvalidFromAddress);
        }
        text.parse().map(Self).map_err(|_| InvalidFromAddress)
    }
}

/// Why a mail did not leave. The text goes to the outbox row and names no person.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// Trying again would not help.
    #[error("not a mail that can be sent: {0}")]
    Unsendable(String),
    #[error("cannot write to the mailbox: {0}")]
    Mailbox(#[from] std::io::Error),
    #[error("{0}")]
    Smtp(#[from] smtp::Failure),
    /// Nobody needs it any more.
    #[error("{0}")]
    NotNeeded(&'static str),
    #[error("the tenant's settings cannot be read")]
    Settings(#[from] tidewire_storage::Error),
    #[error("the password of the tenant's mail server does not open")]
    Password(#[from] Unopenable),
}

impl SendError {
    /// Whether the same mail will fail again.
    pub(crate) const fn is_permanent(&self) -> bool {
        match self {
            Self::Unsendable(_) | Self::NotNeeded(_) => true,
            Self::Smtp(failure) => failure.is_permanent(),
            Self::Mailbox(_) | Self::Settings(_) | Self::Password(_) => false,
        }
    }
}

impl Mail {
    pub fn new(config: &Config) -> Self {
        let from = config.mail.from.clone().map(|FromAddress(from)| from);
        Self {
            dev_mailbox: config.data_dir.join("mail"),
            from: from.unwrap_or_else(|| render::no_reply(&config.public_url)),
            public_url: config.public_url.clone(),
            queued: Notify::new(),
        }
    }
}

/// Queues a mail in the transaction of its cause; [`wake`] after the commit.
pub(crate) async fn queue(
    app: &App,
    conn: &mut Conn,
    tenant_id: TenantId,
    mail: &AccountMail,
) -> Result<()> {
    let id: Uuid = app.clock.id();
    Ok(outbox::put(conn, (id, tenant_id), OUTBOX_KIND, mail, app.clock.now()).await?)
}

/// As [`queue`], about notifications, under an id by which the mail is known.
pub(crate) async fn queue_notification(
    app: &App,
    conn: &mut Conn,
    (id, tenant_id): (Uuid, TenantId),
    mail: &NotificationMail,
) -> Result<()> {
    Ok(outbox::put(conn, (id, tenant_id), OUTBOX_KIND, mail, app.clock.now()).await?)
}

/// Lets the worker know that something was queued.
pub(crate) fn wake(app: &App) {
    app.mail.queued.notify_one();
}

/// A mail as it waits in the outbox.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Queued {
    Account(AccountMail),
    Notification(NotificationMail),
}

/// Renders a queued mail and hands it over. The row's id names the mail: sent twice, it is the same.
pub(crate) async fn send(app: &App, queued: &Claimed) -> Result<(), SendError> {
    // The reader's own words may quote the payload, which holds a token.
    let mail: Queued = serde_json::from_value(queued.payload.clone())
        .map_err(|_| SendError::Unsendable("unknown payload".to_owned()))?;
    let route = transport::route(app, queued.tenant_id).await?;
    let (to, letter) = match mail {
        Queued::Account(mail) => (mail.to().clone(), letter(app, queued.tenant_id, &mail).await?),
        Queued::Notification(mail) => mail.write(app, queued.tenant_id).await?,
    };
    let message = transport::write(app, &route, &to, &letter, queued.id)?;
    transport::hand_over(app, &route, queued.id, &message).await
}

/// In the company's own words, if it has some now.
async fn letter(app: &App, tenant_id: TenantId, mail: &AccountMail) -> Result<Letter, SendError> {
    let id = mail.template();
    let mut values = mail.values(&app.mail.public_url);
    let mut conn = app.db.read().await?;
    let name = words::tenant_name(&mut conn, tenant_id).await?;
    values.entry("tenantName").or_insert(name.into());
    let own = templates::own(&mut conn, tenant_id, id).await?;
    Ok(templates::render(own.as_ref(), id, &values).into())
}
