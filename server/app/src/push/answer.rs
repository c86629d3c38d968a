//! What became of a push, and how the answer of a push service is read. Neither holds what was sent,
//! nor where to: tokens and endpoints are secrets.

use std::{
    borrow::Cow,
    error::Error as _,
    fmt,
    time::{Duration, UNIX_EPOCH},
};

use reqwest::{
    RequestBuilder, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use tidewire_protocol::Timestamp;

use crate::outgoing;

/// The most that is waited for because a service asks for it.
const AFTER_MAX: Duration = Duration::from_hours(24);
const ANSWER_BYTES_MAX: usize = 16 * 1_024;
const REASON_BYTES_MAX: usize = 64;

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Accepted {
        /// By which the service knows it.
        id: Option<String>,
    },
    /// The device must be removed, unless it was registered after `since`.
    Gone { reason: Reason, since: Option<Timestamp> },
    /// The same may be taken later.
    TryAgain { after: Option<Duration>, reason: Reason },
    /// This push will never be taken; the device stays.
    Refused(Reason),
    /// Something is wrong with us, and the operator must know; the device stays.
    Misconfigured(Reason),
}

impl Outcome {
    /// For figures and logs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Gone { .. } => "gone",
            Self::TryAgain { .. } => "try_again",
            Self::Refused(_) => "refused",
            Self::Misconfigured(_) => "misconfigured",
        }
    }

    pub(super) fn gone(reason: impl Into<Reason>) -> Self {
        Self::Gone { reason: reason.into(), since: None }
    }

    pub(super) fn try_again(reason: impl Into<Reason>) -> Self {
        Self::TryAgain { after: None, reason: reason.into() }
    }
}

/// One word that says why; safe to log and to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(Cow<'static, str>);

impl Reason {
    /// The word of a service, unless it is more than a word: then it might repeat what it was sent.
    pub(super) fn from_service(word: &str) -> Self {
        let allowed = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        if (1..=REASON_BYTES_MAX).contains(&word.len()) && word.bytes().all(allowed) {
            return Self(Cow::Owned(word.to_owned()));
        }
        Self::from("unknown")
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for Reason {
    fn from(word: &'static str) -> Self {
        Self(Cow::Borrowed(word))
    }
}

impl From<StatusCode> for Reason {
    fn from(status: StatusCode) -> Self {
        Self(Cow::Owned(format!("HTTP {}", status.as_u16())))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a service has answered.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Its beginning; nothing of interest is ever longer.
    pub body: Vec<u8>,
    /// When to come back, if it says so.
    pub after: Option<Duration>,
}

impl Answer {
    /// Whether the service is well but has no time, or is not well.
    pub(super) fn is_of_the_moment(&self) -> bool {
        self.status == StatusCode::TOO_MANY_REQUESTS
            || self.status == StatusCode::REQUEST_TIMEOUT
            || self.status.is_server_error()
    }

    pub(super) fn try_again(&self, reason: impl Into<Reason>) -> Outcome {
        Outcome::TryAgain { after: self.after, reason: reason.into() }
    }
}

/// Sends a request and reads its answer, within `timeout`.
pub(super) async fn ask(
    request: RequestBuilder,
    timeout: Duration,
    now: Timestamp,
) -> Result<Answer, Outcome> {
    let asked = request.timeout(timeout).send().await;
    let mut response = asked.map_err(|error| of_the_network(&error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|text| retry_after(text, now));
    let mut body = Vec::new();
    while body.len() < ANSWER_BYTES_MAX {
        // The status is known; a body that breaks off takes nothing from it.
        let Ok(Some(chunk)) = response.chunk().await else { break };
        body.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES_MAX - body.len())]);
    }
    Ok(Answer { status, headers, body, after })
}

/// What prevented an answer. The error itself names the address and is dropped.
fn of_the_network(error: &reqwest::Error) -> Outcome {
    let mut cause = error.source();
    while let Some(inner) = cause {
        match inner.downcast_ref() {
            Some(outgoing::Refused::Address | outgoing::Refused::Port) => {
                return Outcome::Refused("address not allowed".into());
            }
            Some(outgoing::Refused::Unknown) => return Outcome::try_again("no address"),
            None => cause = inner.source(),
        }
    }
    if error.is_builder() {
        return Outcome::Refused("no valid request".into());
    }
    let reason = match (error.is_timeout(), error.is_connect()) {
        (true, _) => "timed out",
        (false, true) => "no connection",
        (false, false) => "connection lost",
    };
    Outcome::try_again(reason)
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds or a date in any of its three forms.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(AFTER_MAX));
    }
    let date = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(now.ms().max(0) as u64);
    Some(date.saturating_sub(now).min(AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_come_back_is_read_in_all_its_forms() {
        let now = Timestamp::from_ms(784_111_777_000);
        let minute = Some(Duration::from_mins(1));
        for text in [
            "60",
            " 60 ",
            "Sun, 06 Nov 1994 08:50:37 GMT",
            "Sunday, 06-Nov-94 08:50:37 GMT",
            "Sun Nov  6 08:50:37 1994",
        ] {
            assert_eq!(retry_after(text, now), minute, "{text}");
        }
        assert_eq!(retry_after("0", now), Some(Duration::ZERO));
        let past = "Sun, 06 Nov 1994 08:49:00 GMT";
        assert_eq!(retry_after(past, now), Some(Duration::ZERO));
        for far in ["99999999999999999999999", "86401", "Sat, 06 Nov 2094 08:49:37 GMT"] {
            assert_eq!(retry_after(far, now), Some(AFTER_MAX), "{far}");
        }
        for nothing in ["", "-1", "1.5", "soon", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(retry_after(nothing, now), None, "{nothing}");
        }
    }

    #[test]
    fn a_reason_is_a_word_and_repeats_nothing() {
        assert_eq!(Reason::from_service("BadDeviceToken").as_str(), "BadDeviceToken");
        let long = "a".repeat(REASON_BYTES_MAX + 1);
        for more in ["", "token 0a1b2c", "0a1b2c3d", "https://push.example/x", &long] {
            assert_eq!(Reason::from_service(more).as_str(), "unknown", "{more}");
        }
    }
}
