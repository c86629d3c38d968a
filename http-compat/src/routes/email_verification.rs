//! Proving that an address is one's own.

use std::sync::Arc;

use axum::{Extension, extract::State};
use tidewire_app::{Actor, App, actor::Request, email_verification};
use tidewire_protocol::model::email_verification::{EmailVerified, VerificationResent};

use crate::{answer::Answer, path::PathIds, problem::Result};

/// Confirms an address with the token from the mail. Opening the link again says the same.
#[utoipa::path(get, path = "", params(("token" = String, Path)), responses(
    (status = 200, body = Answer<EmailVerified>),
    (status = 400, description = "ONE_TIME_TOKEN_INVALID, ONE_TIME_TOKEN_EXPIRED"),
))]
pub(crate) async fn verify(
    State(app): State<App>,
    Extension(request): Extension<Arc<Request>>,
    PathIds(token): PathIds<String>,
) -> Result<Answer<EmailVerified>> {
    Ok(Answer::new(email_verification::verify(&app, &request, &token).await?))
}

/// Sends the mail with the link again.
#[utoipa::path(post, path = "", responses((status = 200, body = Answer<VerificationResent>)))]
pub(crate) async fn resend(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<VerificationResent>> {
    Ok(Answer::new(email_verification::resend(&app, &actor).await?))
}
