//! Writing, changing and reading messages.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use tidewire_protocol::{
    ErrorCode,
    id::{ChannelId, MessageId, TenantId, UserId, UserKey},
    input::FieldError,
    model::{
        channels::ChannelRole,
        messages::{EditMessage, History, HistoryQuery, Message, MessageType, SendMessage, Sent},
        pages::CursorPagination,
    },
};
use tidewire_storage::{
    Conn,
    append::{Appended, Draft, Refusal, SendOutcome},
    channel_members,
    channels::{self as stored_channels, MemberChannel},
    entries::{self, EntryKind, NewEntry},
    messages::{self as stored, StoredMessage},
};

use crate::{
    Actor, App, Error, Result,
    audit::{self, Note},
    catch_up, channels,
    cursor::{self, Collection},
    log_view, org_settings, people,
    permission::Permission,
};

/// Marks client ids that stand for an `Idempotency-Key`; no client can choose one with a colon.
const IDEMPOTENCY_PREFIX: &str = "idempotency:";

/// Appends a message. Answered after it is durable; a repeated client id answers the first message.
pub async fn send(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    message: SendMessage,
) -> Result<Sent> {
    org_settings::require_chat(app, actor, Permission::ChatWrite).await?;
    let mentions = mentioned(app, actor, channel, &message.mentions).await?;
    let draft = Draft {
        tenant_id: actor.tenant_id(),
        channel_id: channel,
        actor_id: actor.user_id(),
        id: app.clock.id(),
        at: app.clock.now(),
        content: message.content,
        client_id: client_id(actor, message.client_message_id),
        mentions,
    };
    match app.log.send(draft).await? {
        SendOutcome::Appended(appended) => {
            if appended.position.seq == 1 {
                channels::introduce(app, actor, channel).await?;
            }
            Ok(Sent { message: of_appended(app, &appended).await?, repeated: false })
        }
        SendOutcome::Repeated { seq } => {
            Ok(Sent { message: at(app, actor, channel, seq).await?, repeated: true })
        }
        SendOutcome::Refused(Refusal::NotMember) => Err(Error::not_found()),
        SendOutcome::Refused(Refusal::RecipientInactive) => {
            Err(ErrorCode::RecipientInactive.into())
        }
    }
}

/// A request's own key makes sending idempotent in the log itself, unless the client gave an id.
fn client_id(actor: &Actor, given: Option<String>) -> Option<String> {
    given.or_else(|| {
        let key = actor.request.idempotency.as_ref()?;
        Some(format!("{IDEMPOTENCY_PREFIX}{}", URL_SAFE_NO_PAD.encode(key.key_hash)))
    })
}

/// The client id that others may see.
pub fn public_client_id(stored: Option<&str>) -> Option<String> {
    stored.filter(|id| !id.starts_with(IDEMPOTENCY_PREFIX)).map(str::to_owned)
}

async fn of_appended(app: &App, appended: &Appended) -> Result<Message> {
    let draft = &appended.draft;
    let people = draft.mentions.iter().copied().chain([draft.actor_id]);
    Ok(log_view::appended(appended, &people::names(app, draft.tenant_id, people).await?))
}

async fn at(app: &App, actor: &Actor, channel: ChannelId, seq: u64) -> Result<Message> {
    let mut conn = app.db.read().await?;
    let message = stored::at(&mut conn, actor.tenant_id(), channel, seq).await?;
    show(app, &mut conn, actor.tenant_id(), &message.ok_or_else(Error::not_found)?).await
}

async fn show(
    app: &App,
    conn: &mut Conn,
    tenant: TenantId,
    message: &StoredMessage,
) -> Result<Message> {
    let people = message.mentions.iter().copied().chain(message.sender_id);
    Ok(log_view::message(message, &people::names_on(app, conn, tenant, people).await?))
}

/// The mentioned, each once; everybody must be in the channel.
async fn mentioned(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    keys: &[UserKey],
) -> Result<Vec<UserId>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let users = people::resolve(app, actor.tenant_id(), keys).await?;
    let ids: Vec<UserId> = users.iter().flatten().map(|user| user.id).collect();
    let mut conn = app.db.read().await?;
    if stored_channels::of_member(&mut conn, actor.tenant_id(), actor.user_id(), channel)
        .await?
        .is_none()
    {
        return Err(Error::not_found());
    }
    let members = channel_members::among(&mut conn, actor.tenant_id(), channel, &ids).await?;
    let mut mentioned = Vec::new();
    let mut errors = Vec::new();
    for (index, user) in users.iter().enumerate() {
        match user.as_ref().filter(|user| members.iter().any(|member| member.user_id == user.id)) {
            Some(user) if mentioned.contains(&user.id) => {}
            Some(user) => mentioned.push(user.id),
            None => errors.push(FieldError::new(
                format!("mentions[{index}]"),
                "not_a_member",
                "must be a member of the channel",
            )),
        }
    }
    if errors.is_empty() { Ok(mentioned) } else { Err(errors.into()) }
}

/// Replaces the text of one's own message, within the edit window.
pub async fn edit(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    message: MessageId,
    edit: EditMessage,
) -> Result<Message> {
    org_settings::require_chat(app, actor, Permission::ChatWrite).await?;
    let window_ms = org_settings::of(app, actor.tenant_id()).await?.edit_window_ms();
    let mut conn = app.db.write().await?;
    let (_, mut found) = find(&mut conn, actor, channel, message).await?;
    let now = app.clock.now();
    check_edit(actor, &found, now.ms(), window_ms)?;
    stored::edit(&mut conn, channel, found.seq, &edit.content, now).await?;
    let placed = entries::append(&mut conn, &about(app, actor, &found, EntryKind::Edit)).await?;
    found.content = Some(edit.content);
    found.edited_at = Some(now);
    let answer = show(app, &mut conn, actor.tenant_id(), &found).await?;
    conn.commit().await?;
    catch_up::publish(app, actor.tenant_id(), channel, &[placed]).await;
    Ok(answer)
}

fn check_edit(actor: &Actor, message: &StoredMessage, now_ms: i64, window_ms: i64) -> Result<()> {
    if message.sender_id != Some(actor.user_id()) {
        return Err(ErrorCode::NotMessageAuthor.into());
    }
    if message.deleted_at.is_some() {
        return Err(ErrorCode::MessageDeleted.into());
    }
    if now_ms - message.created_at.ms() >= window_ms {
        return Err(ErrorCode::EditWindowClosed.into());
    }
    Ok(())
}

/// Erases the text of a message: one's own, or anybody's for a channel's owner and admins. Its place
/// in the log stays. Deleting twice changes nothing.
pub async fn delete(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    message: MessageId,
) -> Result<Message> {
    org_settings::require_chat(app, actor, Permission::ChatWrite).await?;
    let mut conn = app.db.write().await?;
    let (place, mut found) = find(&mut conn, actor, channel, message).await?;
    let own = found.sender_id == Some(actor.user_id());
    if found.kind == MessageType::System || !(own || place.role >= ChannelRole::Admin) {
        return Err(ErrorCode::NotMessageAuthor.into());
    }
    let now = app.clock.now();
    let mut placed = Vec::new();
    if stored::erase(&mut conn, &found, now).await? {
        placed
            .push(entries::append(&mut conn, &about(app, actor, &found, EntryKind::Delete)).await?);
        if !own {
            note_deletion(app, &mut conn, actor, found.id).await?;
        }
        found.content = None;
        found.mentions.clear();
        found.deleted_at = Some(now);
    }
    let answer = show(app, &mut conn, actor.tenant_id(), &found).await?;
    conn.commit().await?;
    catch_up::publish(app, actor.tenant_id(), channel, &placed).await;
    Ok(answer)
}

async fn note_deletion(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    message: MessageId,
) -> Result<()> {
    let note = Note {
        tenant_id: actor.tenant_id(),
        action: "chat.message_deleted",
        actor_id: Some(actor.user_id()),
        target: Some(("message", message.to_string())),
        detail: Value::Null,
    };
    audit::note(app, conn, &actor.request, note).await
}

/// The channel's lock, the actor's place in it, and the message.
async fn find(
    conn: &mut Conn,
    actor: &Actor,
    channel: ChannelId,
    message: MessageId,
) -> Result<(MemberChannel, StoredMessage)> {
    stored_channels::lock(conn, actor.tenant_id(), channel).await?;
    let place =
        stored_channels::of_member(conn, actor.tenant_id(), actor.user_id(), channel).await?;
    let found = stored::by_id(conn, actor.tenant_id(), channel, message).await?;
    place.zip(found).ok_or_else(Error::not_found)
}

fn about(app: &App, actor: &Actor, message: &StoredMessage, kind: EntryKind) -> NewEntry {
    NewEntry {
        tenant_id: actor.tenant_id(),
        channel_id: message.channel_id,
        id: app.clock.id(),
        kind,
        actor_id: Some(actor.user_id()),
        at: app.clock.now(),
        content: None,
        target_seq: Some(message.seq),
        detail: None,
    }
}

/// A page of a channel's messages: back from the newest or a cursor, or ascending after a seq.
pub async fn history(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    wanted: HistoryQuery,
) -> Result<History> {
    org_settings::require_chat(app, actor, Permission::ChatRead).await?;
    let tenant = actor.tenant_id();
    let mut conn = app.db.read().await?;
    let place = stored_channels::of_member(&mut conn, tenant, actor.user_id(), channel).await?;
    let place = place.ok_or_else(Error::not_found)?;
    let collection = Collection { name: "messages", tenant_id: tenant, filters: channel };
    let more = wanted.limit + 1;
    let mut found = if let Some(after) = wanted.after_seq {
        stored::after(&mut conn, tenant, channel, after, more).await?
    } else {
        let cursor = wanted.cursor.as_deref();
        let before =
            cursor.map(|text| cursor::decode(&app.config.secret, &collection, text)).transpose()?;
        stored::before(&mut conn, tenant, channel, before.unwrap_or(u64::MAX), more).await?
    };
    drop(conn);
    let has_more = found.len() > wanted.limit as usize;
    found.truncate(wanted.limit as usize);
    let next_cursor = (has_more && wanted.after_seq.is_none())
        .then(|| {
            found.last().map(|last| cursor::encode(&app.config.secret, &collection, &last.seq))
        })
        .flatten();
    let people =
        found.iter().flat_map(|message| message.mentions.iter().copied().chain(message.sender_id));
    let names = people::names(app, tenant, people).await?;
    Ok(History {
        items: found.iter().map(|message| log_view::message(message, &names)).collect(),
        pagination: CursorPagination { limit: wanted.limit, next_cursor, has_more },
        last_seq: place.standing.head.seq,
    })
}
