//! How the tenant's mail is sent.

use axum::{Extension, extract::State, response::Response};
use tidewire_app::{
    Actor, App,
    email_settings::{self, Versioned},
};
use tidewire_protocol::model::email_settings::{
    ChangeCompliance, ChangeDeliverability, ChangeFooter, ChangeSender, ChangeTracking, Compliance,
    ComplianceData, DeliverabilityData, EmailStatus, Footer, FooterData, SaveSmtp, Sender,
    SenderData, SmtpData, SmtpTested, Tracking, TrackingData,
};

use crate::{
    answer::Answer,
    json::Json,
    preconditions::{Preconditions, tagged},
    problem::Result,
};

/// The tenant's mail server, without its password.
#[utoipa::path(get, path = "", responses(
    (status = 200, body = Answer<SmtpData>),
    (status = 304, description = "The version in If-None-Match is the current one"),
))]
pub(crate) async fn smtp(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
) -> Result<Response> {
    let Versioned { value, version } = email_settings::smtp(&app, &actor).await?;
    preconditions.answer(version, Answer::new(SmtpData { smtp: value }))
}

/// Saves the tenant's mail server. Its password must be sent again when anything changes that says
/// where it goes.
#[utoipa::path(put, path = "", responses(
    (status = 200, body = Answer<SmtpData>),
    (status = 400, description = "SMTP_PASSWORD_REQUIRED, SMTP_HOST_BLOCKED"),
    (status = 412, description = "PRECONDITION_FAILED"),
    (status = 503, description = "ENCRYPTION_NOT_CONFIGURED"),
))]
pub(crate) async fn save_smtp(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
    Json(smtp): Json<SaveSmtp>,
) -> Result<Response> {
    let expected = preconditions.expected();
    let saved = email_settings::save_smtp(&app, &actor, smtp, &expected).await?;
    Ok(tagged(saved.version, Answer::new(SmtpData { smtp: saved.value })))
}

/// Tries the saved mail server by a mail to the caller.
#[utoipa::path(post, path = "", responses(
    (status = 200, body = Answer<SmtpTested>),
    (status = 409, description = "SMTP_NOT_CONFIGURED"),
))]
pub(crate) async fn test_smtp(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<SmtpTested>> {
    Ok(Answer::new(email_settings::test_smtp(&app, &actor).await?))
}

/// Sender defaults.
#[utoipa::path(get, path = "", responses(
    (status = 200, body = Answer<SenderData>),
    (status = 304, description = "The version in If-None-Match is the current one"),
))]
pub(crate) async fn sender(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
) -> Result<Response> {
    let found = email_settings::get::<Sender>(&app, &actor).await?;
    preconditions.answer(found.version, Answer::new(SenderData { sender: found.value }))
}

/// Changes the sender defaults.
#[utoipa::path(put, path = "", responses(
    (status = 200, body = Answer<SenderData>),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn change_sender(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
    Json(change): Json<ChangeSender>,
) -> Result<Response> {
    let expected = preconditions.expected();
    let saved = email_settings::change::<Sender>(&app, &actor, change, &expected).await?;
    Ok(tagged(saved.version, Answer::new(SenderData { sender: saved.value })))
}

/// The switches for tracking what is opened and followed.
#[utoipa::path(get, path = "", responses(
    (status = 200, body = Answer<TrackingData>),
    (status = 304, description = "The version in If-None-Match is the current one"),
))]
pub(crate) async fn tracking(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
) -> Result<Response> {
    let found = email_settings::get::<Tracking>(&app, &actor).await?;
    preconditions.answer(found.version, Answer::new(TrackingData { tracking: found.value }))
}

/// Changes the tracking switches.
#[utoipa::path(put, path = "", responses(
    (status = 200, body = Answer<TrackingData>),
    (status = 409, description = "CONSENT_REQUIRED"),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn change_tracking(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
    Json(change): Json<ChangeTracking>,
) -> Result<Response> {
    let expected = preconditions.expected();
    let saved = email_settings::change::<Tracking>(&app, &actor, change, &expected).await?;
    Ok(tagged(saved.version, Answer::new(TrackingData { tracking: saved.value })))
}

/// CAN-SPAM and GDPR settings.
#[utoipa::path(get, path = "", responses(
    (status = 200, body = Answer<ComplianceData>),
    (status = 304, description = "The version in If-None-Match is the current one"),
))]
pub(crate) async fn compliance(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
) -> Result<Response> {
    let found = email_settings::get::<Compliance>(&app, &actor).await?;
    preconditions.answer(found.version, Answer::new(ComplianceData { compliance: found.value }))
}

/// Changes the compliance settings.
#[utoipa::path(put, path = "", responses(
    (status = 200, body = Answer<ComplianceData>),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn change_compliance(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
    Json(change): Json<ChangeCompliance>,
) -> Result<Response> {
    let expected = preconditions.expected();
    let saved = email_settings::change::<Compliance>(&app, &actor, change, &expected).await?;
    Ok(tagged(saved.version, Answer::new(ComplianceData { compliance: saved.value })))
}

/// The footer of outgoing mail.
#[utoipa::path(get, path = "", responses(
    (status = 200, body = Answer<FooterData>),
    (status = 304, description = "The version in If-None-Match is the current one"),
))]
pub(crate) async fn footer(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
) -> Result<Response> {
    let found = email_settings::get::<Footer>(&app, &actor).await?;
    preconditions.answer(found.version, Answer::new(FooterData { footer: found.value }))
}

/// Changes the footer; the answer shows the HTML as it was cleaned.
#[utoipa::path(put, path = "", responses(
    (status = 200, body = Answer<FooterData>),
    (status = 409, description = "UNSUBSCRIBE_REQUIRED"),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn change_footer(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
    Json(change): Json<ChangeFooter>,
) -> Result<Response> {
    let expected = preconditions.expected();
    let saved = email_settings::change::<Footer>(&app, &actor, change, &expected).await?;
    Ok(tagged(saved.version, Answer::new(FooterData { footer: saved.value })))
}

/// SPF, DKIM and DMARC: what should be in DNS, and what was found there.
#[utoipa::path(get, path = "", responses(
    (status = 200, body = Answer<DeliverabilityData>),
    (status = 304, description = "The version in If-None-Match is the current one"),
))]
pub(crate) async fn deliverability(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
) -> Result<Response> {
    let Versioned { value, version } = email_settings::deliverability(&app, &actor).await?;
    preconditions.answer(version, Answer::new(DeliverabilityData { deliverability: value }))
}

/// Changes the sending domain and what is expected of it, and has DNS asked.
#[utoipa::path(put, path = "", responses(
    (status = 200, body = Answer<DeliverabilityData>),
    (status = 412, description = "PRECONDITION_FAILED"),
))]
pub(crate) async fn change_deliverability(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
    Json(change): Json<ChangeDeliverability>,
) -> Result<Response> {
    let expected = preconditions.expected();
    let saved = email_settings::change_deliverability(&app, &actor, change, &expected).await?;
    let data = DeliverabilityData { deliverability: saved.value };
    Ok(tagged(saved.version, Answer::new(data)))
}

/// Whether mail is ready to be sent, and what is missing.
#[utoipa::path(get, path = "", responses((status = 200, body = Answer<EmailStatus>)))]
pub(crate) async fn status(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<EmailStatus>> {
    Ok(Answer::new(email_settings::status(&app, &actor).await?))
}
