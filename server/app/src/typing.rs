//! Showing that somebody writes; never stored, never awaited.

use std::sync::{Mutex, PoisonError};

use tidewire_presence::typing::Typing;
use tidewire_protocol::{
    event::{Event, Typing as Shown},
    id::ChannelId,
    limits::TYPING_EXPIRY_MS,
};

use crate::{
    Actor, App, Error, Result,
    fanout::{connection::Connection, mailbox::EphemeralKey},
    org_settings,
    permission::Permission,
};

/// Who was shown typing a moment ago.
#[derive(Default)]
pub struct Recent(Mutex<Typing>);

/// Shows the channel's other members that the actor is typing; more often than every three seconds it
/// does nothing.
pub async fn show(
    app: &App,
    actor: &Actor,
    connection: &Connection,
    channel: ChannelId,
) -> Result<()> {
    org_settings::require_chat(app, actor, Permission::ChatWrite).await?;
    if !connection.user().is_in(channel) {
        return Err(Error::not_found());
    }
    let user_id = actor.user_id();
    let now_ms = app.clock.now().ms();
    if !app.typing.0.lock().unwrap_or_else(PoisonError::into_inner).admit(user_id, channel, now_ms)
    {
        return Ok(());
    }
    let event =
        Event::Typing(Shown { channel_id: channel, user_id, expires_in_ms: TYPING_EXPIRY_MS });
    app.fanout.publish_ephemeral(channel, EphemeralKey::Typing(channel, user_id), &event, user_id);
    Ok(())
}
