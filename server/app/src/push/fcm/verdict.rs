//! What the answers of Firebase Cloud Messaging mean.

use reqwest::StatusCode;
use serde::Deserialize;

use super::super::answer::{Answer, Outcome, Reason};

/// What became of one attempt.
pub(super) enum Verdict {
    Final(Outcome),
    /// As [`Verdict::Final`], unless another token changes it.
    OldToken(Outcome),
}

impl Verdict {
    pub(super) fn into_outcome(self) -> Outcome {
        match self {
            Self::Final(outcome) | Self::OldToken(outcome) => outcome,
        }
    }
}

#[derive(Deserialize)]
struct Sent {
    name: String,
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Fault,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault {
    status: String,
    details: Vec<Detail>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    error_code: String,
    field_violations: Vec<Violation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    field: String,
}

impl Fault {
    /// The service's own code, or else the general one.
    fn word(&self) -> &str {
        let codes = self.details.iter().map(|detail| detail.error_code.as_str());
        codes.into_iter().find(|code| !code.is_empty()).unwrap_or(&self.status)
    }

    fn names_the_token(&self) -> bool {
        let mut violations = self.details.iter().flat_map(|detail| &detail.field_violations);
        violations.any(|violation| violation.field == "message.token")
    }
}

pub(super) fn of(answer: &Answer) -> Verdict {
    if answer.status.is_success() {
        let sent = serde_json::from_slice::<Sent>(&answer.body).ok();
        return Verdict::Final(Outcome::Accepted { id: sent.map(|sent| sent.name) });
    }
    let fault = serde_json::from_slice::<Body>(&answer.body).unwrap_or_default().error;
    let reason = match fault.word() {
        "" => Reason::from(answer.status),
        word => Reason::from_service(word),
    };
    let outcome = match fault.word() {
        "UNREGISTERED" | "SENDER_ID_MISMATCH" => Outcome::gone(reason),
        "INVALID_ARGUMENT" if fault.names_the_token() => Outcome::gone(reason),
        "INVALID_ARGUMENT" => Outcome::Refused(reason),
        "QUOTA_EXCEEDED" | "UNAVAILABLE" | "INTERNAL" => answer.try_again(reason),
        _ => match answer.status {
            StatusCode::UNAUTHORIZED => return Verdict::OldToken(Outcome::Misconfigured(reason)),
            // A device that is gone is named so; without that, it is the project that is not there.
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Outcome::Misconfigured(reason),
            _ if answer.is_of_the_moment() => answer.try_again(reason),
            _ => Outcome::Refused(reason),
        },
    };
    Verdict::Final(outcome)
}
