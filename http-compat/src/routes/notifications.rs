//! What people were told of, and what modules raise for them.

use std::sync::Arc;

use axum::{Extension, extract::State};
use http::StatusCode;
use tidewire_app::{Actor, App, actor::Service, digests, notifications};
use tidewire_protocol::{
    id::NotificationId,
    model::{
        digests::{ChangeDigest, DigestSettingsData},
        notifications::{
            AllMarkedRead, DecisionListed, DecisionsQuery, EmitNotification, Emitted, MarkAllRead,
            NotificationDismissed, NotificationRead, NotificationTrace, NotificationsPage,
            NotificationsQuery, UnreadNotifications,
        },
        pages::{Page, PageQuery},
    },
};

use crate::{answer::Answer, json::Json, path::PathIds, problem::Result, query::Query};

/// A page of the caller's notifications, newest first.
#[utoipa::path(get, path = "", params(PageQuery, NotificationsQuery), responses(
    (status = 200, body = Answer<NotificationsPage>),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Query(wanted): Query<NotificationsQuery>,
) -> Result<Answer<NotificationsPage>> {
    Ok(Answer::new(notifications::list(&app, &actor, wanted).await?))
}

/// How many notifications are unread.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<UnreadNotifications>)))]
pub(crate) async fn unread_count(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<UnreadNotifications>> {
    Ok(Answer::new(notifications::unread_count(&app, &actor).await?))
}

/// Marks one read. When it was read first stays.
#[utoipa::path(patch, path = "", params(("id" = NotificationId, Path)), responses(
    (status = 200, body = Answer<NotificationRead>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn mark_read(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<NotificationId>,
) -> Result<Answer<NotificationRead>> {
    Ok(Answer::new(notifications::mark_read(&app, &actor, id).await?))
}

/// Marks read whatever is there now; what arrives meanwhile stays unread.
#[utoipa::path(post, path = "", responses((status = 200, body = Answer<AllMarkedRead>)))]
pub(crate) async fn mark_all_read(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(wanted): Json<MarkAllRead>,
) -> Result<Answer<AllMarkedRead>> {
    Ok(Answer::new(notifications::mark_all_read(&app, &actor, wanted).await?))
}

/// Takes a notification out of the inbox for good.
#[utoipa::path(delete, path = "", params(("id" = NotificationId, Path)), responses(
    (status = 200, body = Answer<NotificationDismissed>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn dismiss(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<NotificationId>,
) -> Result<Answer<NotificationDismissed>> {
    Ok(Answer::new(notifications::dismiss(&app, &actor, id).await?))
}

/// Why a notification was delivered, held or left out on each channel.
#[utoipa::path(get, path = "", params(("id" = NotificationId, Path)), responses(
    (status = 200, body = Answer<NotificationTrace>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn trace(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<NotificationId>,
) -> Result<Answer<NotificationTrace>> {
    Ok(Answer::new(notifications::trace(&app, &actor, id).await?))
}

/// The caller's decisions of the last 30 days, also those that produced nothing.
#[utoipa::path(get, path = "", params(PageQuery, DecisionsQuery), responses(
    (status = 200, body = Answer<Page<DecisionListed>>),
))]
pub(crate) async fn decisions(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Query(wanted): Query<DecisionsQuery>,
) -> Result<Answer<Page<DecisionListed>>> {
    Ok(Answer::new(notifications::decisions(&app, &actor, wanted).await?))
}

/// Raises an event for people. What is decided for each comes after the answer.
#[utoipa::path(post, path = "", responses(
    (status = 202, body = Answer<Emitted>),
    (status = 404, description = "EVENT_UNKNOWN"),
))]
pub(crate) async fn emit(
    State(app): State<App>,
    Extension(service): Extension<Arc<Service>>,
    Json(wanted): Json<EmitNotification>,
) -> Result<(StatusCode, Answer<Emitted>)> {
    let emitted = notifications::emit(&app, &service, wanted).await?;
    Ok((StatusCode::ACCEPTED, Answer::new(emitted)))
}

/// When the caller gets the mails that may wait.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<DigestSettingsData>)))]
pub(crate) async fn digest(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<DigestSettingsData>> {
    Ok(Answer::new(digests::mine(&app, &actor).await?))
}

/// Changes that. What has been collected goes with the next run, or at once where there is none.
#[utoipa::path(put, path = "", responses((status = 200, body = Answer<DigestSettingsData>)))]
pub(crate) async fn change_digest(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(change): Json<ChangeDigest>,
) -> Result<Answer<DigestSettingsData>> {
    Ok(Answer::new(digests::change(&app, &actor, change).await?))
}
