//! Tickets that open one socket each.

use axum::{Extension, extract::State};
use http::StatusCode;
use tidewire_app::{Actor, App, tickets};
use tidewire_protocol::model::tickets::RealtimeTicket;

use crate::answer::Answer;

/// A ticket for opening one socket as the caller.
#[utoipa::path(post, path = "", responses((status = 201, body = Answer<RealtimeTicket>)))]
pub(crate) async fn issue(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> (StatusCode, Answer<RealtimeTicket>) {
    Answer::created(tickets::issue(&app, &actor))
}
