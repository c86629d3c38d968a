//! What the caller has not read yet.

use axum::{Extension, extract::State};
use tidewire_app::{Actor, App, unread};
use tidewire_protocol::{
    id::ChannelId,
    model::unread::{MarkRead, MarkUnread, ReadMarker, UnreadCount, UnreadMarker},
};

use crate::{answer::Answer, json::Json, path::PathIds, problem::Result};

/// Moves the read marker forward.
#[utoipa::path(post, path = "", params(("id" = ChannelId, Path)), responses(
    (status = 200, body = Answer<ReadMarker>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn mark_read(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<ChannelId>,
    Json(read): Json<MarkRead>,
) -> Result<Answer<ReadMarker>> {
    Ok(Answer::new(unread::mark_read(&app, &actor, id, read).await?))
}

/// Marks a channel unread from a message on.
#[utoipa::path(post, path = "", params(("id" = ChannelId, Path)), responses(
    (status = 200, body = Answer<UnreadMarker>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn mark_unread(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<ChannelId>,
    Json(unread): Json<MarkUnread>,
) -> Result<Answer<UnreadMarker>> {
    Ok(Answer::new(unread::mark_unread(&app, &actor, id, unread).await?))
}

/// Unread messages over all channels.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<UnreadCount>)))]
pub(crate) async fn count(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<UnreadCount>> {
    Ok(Answer::new(unread::count(&app, &actor).await?))
}
