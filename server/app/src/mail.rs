//! Outgoing mail: a row of the outbox in the transaction of its cause, rendered and handed over by a
//! job of the node.

mod account_mails;
mod dev_mailbox;
mod letter;
mod render;

use std::path::PathBuf;

use serde_json::Value;
use tidewire_protocol::id::TenantId;
use tidewire_storage::{Conn, outbox};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{App, Result, config::Config};

pub use account_mails::{AccountMail, Recipient};

/// The kind of outbox rows that are mails.
pub(crate) const OUTBOX_KIND: &str = "mail";

/// How mails leave this server.
enum Transport {
    /// One file a mail, in this directory.
    DevMailbox(PathBuf),
}

/// The way out for mails.
pub struct Mail {
    transport: Transport,
    public_url: String,
    /// Rings when a mail was queued.
    pub(crate) queued: Notify,
}

/// Why a mail did not leave. The text goes to the outbox row and names no person.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// Trying again would not help.
    #[error("not a mail that can be sent: {0}")]
    Unsendable(String),
    #[error("cannot write to the mailbox: {0}")]
    Mailbox(#[from] std::io::Error),
}

impl Mail {
    pub fn new(config: &Config) -> Self {
        Self {
            transport: Transport::DevMailbox(config.data_dir.join("mail")),
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

/// Lets the worker know that something was queued.
pub(crate) fn wake(app: &App) {
    app.mail.queued.notify_one();
}

/// Renders a queued mail and hands it over. `id` names the mail: sent twice, it replaces itself.
pub(crate) async fn send(app: &App, id: Uuid, payload: Value) -> Result<(), SendError> {
    // The reader's own words may quote the payload, which holds a token.
    let mail: AccountMail = serde_json::from_value(payload)
        .map_err(|_| SendError::Unsendable("unknown payload".to_owned()))?;
    let message = render::message(&mail, id, &app.mail.public_url, app.clock.now())
        .map_err(|error| SendError::Unsendable(error.to_string()))?;
    match &app.mail.transport {
        Transport::DevMailbox(directory) => {
            let (directory, text) = (directory.clone(), message.formatted());
            let written = app
                .tasks
                .blocking(move || dev_mailbox::deliver(&directory, id, &text))
                .await
                .unwrap_or_else(|| Err(std::io::Error::other("interrupted")));
            Ok(written?)
        }
    }
}
