//! What people are to be told of, as it waits in the outbox.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tidewire_protocol::{
    id::{ChannelId, TenantId, UserId},
    notification_event::{EventKey, Module},
};
use tidewire_storage::{Conn, outbox};
use uuid::Uuid;

use crate::{
    App, Result,
    mail::{self, AccountMail},
};

/// The kind of outbox rows that are events to tell people of.
pub(crate) const OUTBOX_KIND: &str = "notify";

/// More people are told in several pieces, so that none holds a database for long.
const PEOPLE_MAX: usize = 50;

/// An event with the people that it is for.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Raised {
    pub event: EventKey,
    pub to: Vec<UserId>,
    /// Whose act it was.
    pub actor_id: Option<UserId>,
    /// Repeats about the same thing are put together.
    pub topic: Option<String>,
    pub data: Map<String, Value>,
    pub action_url: Option<String>,
    /// The message that it is about.
    pub message: Option<(ChannelId, u64)>,
    pub mail: Mailing,
}

/// What goes by mail where that is decided.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mailing {
    /// What the event says.
    Event,
    /// A mail of its own.
    Own(AccountMail),
    /// Nothing more: it was queued with its cause, because nobody can decide against it.
    Queued,
}

impl Raised {
    pub(crate) fn new(event: EventKey, to: impl IntoIterator<Item = UserId>) -> Self {
        Self {
            event,
            to: to.into_iter().collect(),
            actor_id: None,
            topic: None,
            data: Map::new(),
            action_url: None,
            message: None,
            mail: Mailing::Event,
        }
    }

    /// Nobody is told of their own act, unless it concerns their account.
    pub(crate) fn by(mut self, actor: UserId) -> Self {
        self.actor_id = Some(actor);
        if self.event.module() != Module::Auth {
            self.to.retain(|user| *user != actor);
        }
        self
    }

    /// Repeats about the same topic are put together.
    pub(crate) fn about(self, topic: impl Into<String>) -> Self {
        Self { topic: Some(topic.into()), ..self }
    }

    pub(crate) fn with(mut self, variable: &str, value: impl Into<Value>) -> Self {
        self.data.insert(variable.to_owned(), value.into());
        self
    }

    pub(crate) fn leading_to(self, action_url: impl Into<String>) -> Self {
        Self { action_url: Some(action_url.into()), ..self }
    }
}

/// Raises an event in the transaction of its cause; [`wake`] after the commit.
pub(crate) async fn raise(
    app: &App,
    conn: &mut Conn,
    tenant: TenantId,
    raised: &Raised,
) -> Result<()> {
    for people in raised.to.chunks(PEOPLE_MAX) {
        let piece = Raised { to: people.to_vec(), ..raised.clone() };
        let id: Uuid = app.clock.id();
        outbox::put(conn, (id, tenant), OUTBOX_KIND, &piece, app.clock.now()).await?;
    }
    Ok(())
}

/// Lets the workers know that something was raised, and perhaps a mail queued with it.
pub(crate) fn wake(app: &App) {
    app.raised.notify_one();
    mail::wake(app);
}
