//! Choosing a new password.

use std::sync::Arc;

use axum::{Extension, extract::State};
use tidewire_app::{Actor, App, actor::Request, passwords};
use tidewire_protocol::model::passwords::{
    ChangePassword, ForgotPassword, ForgotPasswordAnswer, PasswordChanged, PasswordReset,
    ResetPassword,
};

use crate::{answer::Answer, json::Json, problem::Result};

/// Asks for a mail with a link to reset the password. The answer is the same for every address.
#[utoipa::path(post, path = "", responses((status = 200, body = Answer<ForgotPasswordAnswer>)))]
pub(crate) async fn forgot(
    State(app): State<App>,
    Extension(request): Extension<Arc<Request>>,
    Json(forgot): Json<ForgotPassword>,
) -> Result<Answer<ForgotPasswordAnswer>> {
    Ok(Answer::new(passwords::forgot(&app, &request, forgot).await?))
}

/// Sets a new password with the token from the mail. All sessions end, and nobody is signed in.
#[utoipa::path(post, path = "", responses(
    (status = 200, body = Answer<PasswordReset>),
    (status = 400, description = "ONE_TIME_TOKEN_INVALID, ONE_TIME_TOKEN_EXPIRED, PASSWORD_POLICY"),
))]
pub(crate) async fn reset(
    State(app): State<App>,
    Extension(request): Extension<Arc<Request>>,
    Json(reset): Json<ResetPassword>,
) -> Result<Answer<PasswordReset>> {
    Ok(Answer::new(passwords::reset(&app, &request, reset).await?))
}

/// Replaces one's own password. All other sessions end.
#[utoipa::path(post, path = "", responses(
    (status = 200, body = Answer<PasswordChanged>),
    (status = 400, description = "CURRENT_PASSWORD_WRONG, PASSWORD_POLICY"),
    (status = 429, description = "TOO_MANY_ATTEMPTS"),
))]
pub(crate) async fn change(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(change): Json<ChangePassword>,
) -> Result<Answer<PasswordChanged>> {
    Ok(Answer::new(passwords::change(&app, &actor, change).await?))
}
