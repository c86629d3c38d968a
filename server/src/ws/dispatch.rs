//! From a command to its operation: one match.

use std::sync::Arc;

use serde_json::json;
use tidewire_app::{
    Actor, Error, Result, activity,
    actor::Identity,
    auth::session,
    channels,
    fanout::{connection::Connection, room},
    messages, notifications, presence,
    rate_limit::Class,
    resume, typing, unread,
};
use tidewire_protocol::{
    ErrorCode,
    close_code::CloseCode,
    command::{Command, Hello},
};

use super::{call, conversation::Conversation, lanes::Job};

/// Runs one command and answers it.
pub async fn run(conversation: &Arc<Conversation>, job: Job) {
    let Job { id, command } = job;
    if let Command::Hello(hello) = command {
        return hello_(conversation, id, &hello).await;
    }
    let connection = match conversation.connection() {
        Ok(connection) => connection,
        Err(error) => return conversation.reply::<()>(id, Err(error)),
    };
    let actor = conversation.actor(connection.identity());
    if let Err(error) = check_rate(conversation, &actor, &command) {
        return conversation.reply::<()>(id, Err(error));
    }
    operate(conversation, &connection, &actor, id, command).await;
}

fn check_rate(conversation: &Conversation, actor: &Actor, command: &Command) -> Result<()> {
    let limits = &conversation.app.rate_limits;
    let checked = match command {
        Command::ChatSend { channel_id, .. } => {
            limits.check_chat_send(&actor.identity, *channel_id)
        }
        Command::ChatEdit { .. }
        | Command::ChatDelete { .. }
        | Command::ChatDirect(_)
        | Command::ChatGroup(_)
        | Command::NotificationsRead { .. }
        | Command::NotificationsReadAll(_)
        | Command::NotificationsDismiss { .. } => limits.check_user(Class::Write, &actor.identity),
        Command::ChatRead { .. } | Command::ChatHistory { .. } => {
            limits.check_user(Class::Read, &actor.identity)
        }
        Command::Hello(_)
        | Command::Ping
        | Command::AuthRefresh { .. }
        | Command::Activity { .. }
        | Command::ChatTyping { .. }
        | Command::PresenceSet { .. }
        | Command::PresenceWatch { .. }
        | Command::PresenceUnwatch { .. }
        | Command::EntityWatch { .. }
        | Command::EntityUnwatch { .. }
        | Command::Call(_) => return Ok(()),
    };
    checked.map(drop).map_err(Error::from)
}

async fn operate(
    conversation: &Conversation,
    connection: &Arc<Connection>,
    actor: &Actor,
    id: Option<u64>,
    command: Command,
) {
    let app = &conversation.app;
    metrics::counter!("tidewire_commands_total", "op" => command.op()).increment(1);
    match command {
        Command::Hello(_) => conversation.reply::<()>(id, Err(ErrorCode::AlreadySignedIn.into())),
        Command::Ping => conversation.reply(id, Ok(json!({ "serverTime": app.clock.now() }))),
        Command::AuthRefresh { token } => {
            conversation.reply(id, prove(conversation, connection, &token).await);
        }
        Command::Activity { channel_id } => {
            let noted = activity::note(app, actor, connection, channel_id).await;
            conversation.reply(id, noted.map(|()| json!({})));
        }
        Command::ChatSend { channel_id, message } => {
            conversation.reply(id, messages::send(app, actor, channel_id, message).await);
        }
        Command::ChatEdit { channel_id, message_id, edit } => {
            let edited = messages::edit(app, actor, channel_id, message_id, edit).await;
            conversation.reply(id, edited.map(|message| json!({ "message": message })));
        }
        Command::ChatDelete { channel_id, message_id } => {
            let deleted = messages::delete(app, actor, channel_id, message_id).await;
            conversation.reply(id, deleted.map(|message| json!({ "message": message })));
        }
        Command::ChatRead { channel_id, read } => {
            conversation.reply(id, unread::mark_read(app, actor, channel_id, read).await);
        }
        Command::ChatHistory { channel_id, query } => {
            conversation.reply(id, messages::history(app, actor, channel_id, query).await);
        }
        Command::ChatTyping { channel_id } => {
            let shown = typing::show(app, actor, connection, channel_id).await;
            conversation.reply(id, shown.map(|()| json!({})));
        }
        Command::ChatDirect(direct) => {
            conversation.reply(id, channels::open_direct(app, actor, direct).await);
        }
        Command::ChatGroup(group) => {
            let created = channels::create_group(app, actor, group).await;
            conversation.reply(id, created.map(|channel| json!({ "channel": channel })));
        }
        Command::PresenceSet { status } => {
            presence::set(app, connection, status);
            conversation.reply(id, Ok(json!({})));
        }
        Command::PresenceWatch { user_ids } => {
            let watched = presence::watch(app, actor, connection, &user_ids).await;
            conversation.reply(id, watched.map(|items| json!({ "items": items })));
        }
        Command::PresenceUnwatch { user_ids } => {
            let unwatched = presence::unwatch(app, actor, connection, &user_ids).await;
            conversation.reply(id, unwatched.map(|()| json!({})));
        }
        Command::NotificationsRead { id: about } => {
            conversation.reply(id, notifications::mark_read(app, actor, about).await);
        }
        Command::NotificationsReadAll(wanted) => {
            conversation.reply(id, notifications::mark_all_read(app, actor, wanted).await);
        }
        Command::NotificationsDismiss { id: about } => {
            conversation.reply(id, notifications::dismiss(app, actor, about).await);
        }
        Command::EntityWatch { .. } | Command::EntityUnwatch { .. } => {
            conversation.reply::<()>(id, Err(ErrorCode::ModuleDisabled.into()));
        }
        Command::Call(call) => conversation.reply(id, call::run(conversation, actor, *call).await),
    }
}

/// Signs in, attaches the connection, and answers with where everything stands.
async fn hello_(conversation: &Arc<Conversation>, id: Option<u64>, hello: &Hello) {
    if conversation.is_live() {
        return conversation.reply::<()>(id, Err(ErrorCode::AlreadySignedIn.into()));
    }
    match greet(conversation, id.unwrap_or_default(), hello).await {
        Ok(()) => {}
        Err(error) if error.code().http_status() == 401 || error.code().http_status() == 403 => {
            conversation.reply::<()>(id, Err(error));
            conversation.close(CloseCode::Unauthenticated);
        }
        Err(error) => conversation.reply::<()>(id, Err(error)),
    }
}

async fn greet(conversation: &Arc<Conversation>, id: u64, hello: &Hello) -> Result<()> {
    let app = &conversation.app;
    let identity = sign_in(conversation, hello.token.as_deref()).await?;
    let actor = conversation.actor(Arc::clone(&identity));
    let connection = app.fanout.register(identity.user_id, |user| {
        let mailbox = Arc::clone(&conversation.mailbox);
        Arc::new(Connection::new(app.clock.id(), user, identity, mailbox, app.clock.now().ms()))
    });
    room::came(app, actor.user_id());
    let started = resume::start(app, &actor, &connection, id, hello).await;
    if started.is_err() || !conversation.go_live(&connection) {
        app.fanout.unregister(&connection);
        presence::leave(app, &connection);
    }
    started
}

async fn sign_in(conversation: &Conversation, token: Option<&str>) -> Result<Arc<Identity>> {
    match (conversation.greeted(), token) {
        // The upgrade's identity may be ten seconds old: its session is looked at again.
        (Some(identity), None) => session::of_session(&conversation.app, identity.session_id).await,
        (_, Some(token)) => session::authenticate(&conversation.app, token).await,
        (None, None) => Err(ErrorCode::TokenMissing.into()),
    }
}

/// Takes a newer token of the same person.
async fn prove(
    conversation: &Conversation,
    connection: &Connection,
    token: &str,
) -> Result<serde_json::Value> {
    let identity = session::authenticate(&conversation.app, token).await?;
    if identity.user_id != connection.user_id() {
        return Err(ErrorCode::TokenInvalid.into());
    }
    let answer =
        json!({ "sessionId": identity.session_id, "expiresAt": identity.session_expires_at });
    connection.set_identity(identity);
    Ok(answer)
}
