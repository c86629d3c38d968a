//! What people write.

use axum::{Extension, extract::State};
use http::StatusCode;
use tidewire_app::{Actor, App, messages};
use tidewire_protocol::{
    id::{ChannelId, MessageId},
    model::messages::{EditMessage, History, HistoryQuery, MessageAnswer, SendMessage, Sent},
};

use crate::{answer::Answer, json::Json, path::PathIds, problem::Result, query::Query};

/// Messages of a channel: newest first by cursor, or ascending after a seq.
#[utoipa::path(get, path = "", params(("id" = ChannelId, Path), HistoryQuery), responses(
    (status = 200, body = Answer<History>),
    (status = 400, description = "INVALID_CURSOR"),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn history(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<ChannelId>,
    Query(query): Query<HistoryQuery>,
) -> Result<Answer<History>> {
    Ok(Answer::new(messages::history(&app, &actor, id, query).await?))
}

/// Sends a message.
#[utoipa::path(post, path = "", params(("id" = ChannelId, Path)), responses(
    (status = 201, body = Answer<Sent>),
    (status = 200, body = Answer<Sent>, description = "The message of a repeated clientMessageId"),
    (status = 402, description = "SUBSCRIPTION_INACTIVE"),
    (status = 403, description = "MODULE_DISABLED"),
    (status = 404, description = "NOT_FOUND"),
    (status = 409, description = "RECIPIENT_INACTIVE"),
))]
pub(crate) async fn send(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<ChannelId>,
    Json(message): Json<SendMessage>,
) -> Result<(StatusCode, Answer<Sent>)> {
    let sent = messages::send(&app, &actor, id, message).await?;
    let status = if sent.repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Answer::new(sent)))
}

/// Edits one's own message.
#[utoipa::path(patch, path = "", params(("id" = ChannelId, Path), ("messageId" = MessageId, Path)),
    responses(
        (status = 200, body = Answer<MessageAnswer>),
        (status = 402, description = "SUBSCRIPTION_INACTIVE"),
        (status = 403, description = "NOT_MESSAGE_AUTHOR, EDIT_WINDOW_CLOSED"),
        (status = 404, description = "NOT_FOUND"),
        (status = 409, description = "MESSAGE_DELETED"),
    )
)]
pub(crate) async fn edit(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds((id, message_id)): PathIds<(ChannelId, MessageId)>,
    Json(edit): Json<EditMessage>,
) -> Result<Answer<MessageAnswer>> {
    let message = messages::edit(&app, &actor, id, message_id, edit).await?;
    Ok(Answer::new(MessageAnswer { message }))
}

/// Deletes a message; its place in the channel stays.
#[utoipa::path(delete, path = "", params(("id" = ChannelId, Path), ("messageId" = MessageId, Path)),
    responses(
        (status = 200, body = Answer<MessageAnswer>),
        (status = 402, description = "SUBSCRIPTION_INACTIVE"),
        (status = 403, description = "NOT_MESSAGE_AUTHOR"),
        (status = 404, description = "NOT_FOUND"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds((id, message_id)): PathIds<(ChannelId, MessageId)>,
) -> Result<Answer<MessageAnswer>> {
    let message = messages::delete(&app, &actor, id, message_id).await?;
    Ok(Answer::new(MessageAnswer { message }))
}
