//! What the answers of Apple's service mean.

use reqwest::StatusCode;
use serde::Deserialize;
use tidewire_protocol::Timestamp;

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

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    reason: String,
    /// Since when the service knows that there is no such device, in milliseconds.
    timestamp: Option<i64>,
}

pub(super) fn of(answer: &Answer) -> Verdict {
    if answer.status.is_success() {
        let id = answer.headers.get("apns-id").and_then(|id| id.to_str().ok());
        return Verdict::Final(Outcome::Accepted { id: id.map(str::to_owned) });
    }
    let body: Body = serde_json::from_slice(&answer.body).unwrap_or_default();
    let reason = || match body.reason.as_str() {
        "" => Reason::from(answer.status),
        word => Reason::from_service(word),
    };
    let outcome = match body.reason.as_str() {
        "ExpiredProviderToken" => return Verdict::OldToken(Outcome::Misconfigured(reason())),
        "BadDeviceToken" | "DeviceTokenNotForTopic" | "ExpiredToken" | "Unregistered" => {
            Outcome::Gone { reason: reason(), since: body.timestamp.map(Timestamp::from_ms) }
        }
        "BadCertificate"
        | "BadCertificateEnvironment"
        | "BadEnvironmentKeyIdInToken"
        | "Forbidden"
        | "InvalidProviderToken"
        | "MissingProviderToken"
        | "UnrelatedKeyIdInToken" => Outcome::Misconfigured(reason()),
        "IdleTimeout"
        | "InternalServerError"
        | "ServiceUnavailable"
        | "Shutdown"
        | "TooManyProviderTokenUpdates"
        | "TooManyRequests" => answer.try_again(reason()),
        // The topic among them is what a program has said of itself, and not ours.
        "BadCollapseId" | "BadExpirationDate" | "BadMessageId" | "BadPath" | "BadPriority"
        | "BadTopic" | "DuplicateHeaders" | "InvalidPushType" | "MethodNotAllowed"
        | "MissingDeviceToken" | "MissingTopic" | "PayloadEmpty" | "PayloadTooLarge"
        | "TopicDisallowed" => Outcome::Refused(reason()),
        _ => by_status(answer, reason(), body.timestamp),
    };
    Verdict::Final(outcome)
}

/// For reasons that were not known when this was written.
fn by_status(answer: &Answer, reason: Reason, since: Option<i64>) -> Outcome {
    match answer.status {
        StatusCode::GONE => Outcome::Gone { reason, since: since.map(Timestamp::from_ms) },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Outcome::Misconfigured(reason),
        _ if answer.is_of_the_moment() => answer.try_again(reason),
        _ => Outcome::Refused(reason),
    }
}
