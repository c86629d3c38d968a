//! Reading a request's body: how big, of which kind, how fast.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use http::{
    HeaderMap, HeaderName,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tidewire_protocol::ErrorCode;

use crate::problem::{Problem, Result};

const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// What a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Json,
    /// JSON, or a form that nobody reads.
    JsonOrForm,
}

/// The whole body. Refused are compressed bodies (nothing here inflates), anything but JSON in UTF-8
/// and what else `kind` allows, more than `bytes_max`, and what takes longer than 30 seconds to arrive.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    (kind, bytes_max): (Kind, usize),
) -> Result<Bytes> {
    if headers.get_all(CONTENT_ENCODING).iter().any(|coding| !is_identity(coding.as_bytes())) {
        return Err(ErrorCode::UnsupportedMediaType.into());
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(ErrorCode::PayloadTooLarge.into());
    }
    let is_form = kind == Kind::JsonOrForm && is_form(headers);
    if !is_form && !is_json(headers) {
        return Err(ErrorCode::UnsupportedMediaType.into());
    }
    match tokio::time::timeout(READ_TIMEOUT, Limited::new(body, bytes_max).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ErrorCode::PayloadTooLarge.into()),
        Ok(Err(_)) => Err(ErrorCode::BadRequest.into()),
        Err(_) => Err(ErrorCode::RequestTimeout.into()),
    }
}

fn is_identity(coding: &[u8]) -> bool {
    coding.trim_ascii().eq_ignore_ascii_case(b"identity")
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = single(headers, &CONTENT_TYPE).ok().flatten().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    ["application/x-www-form-urlencoded", "multipart/form-data"]
        .iter()
        .any(|form| essence.eq_ignore_ascii_case(form))
}

fn is_json(headers: &HeaderMap) -> bool {
    let Ok(kind) = single(headers, &CONTENT_TYPE) else { return false };
    let mut parts = kind.unwrap_or_default().split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json")
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            Some(_) | None => true,
        })
}

/// The value of a header that may stand at most once.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::invalid(name.as_str(), "repeated", "must be sent once"));
    }
    match value.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(Problem::invalid(name.as_str(), "characters", "must be visible ASCII")),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    fn json() -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, "application/json".parse().unwrap())])
    }

    fn chunks(chunks: usize, bytes: usize) -> Body {
        let chunk = Bytes::from(vec![b'x'; bytes]);
        Body::from_stream(stream::iter(vec![Ok::<_, Infallible>(chunk); chunks]))
    }

    async fn code(headers: &HeaderMap, body: Body) -> Option<ErrorCode> {
        read(headers, body, (Kind::Json, 100)).await.err().map(|problem| problem.error().code())
    }

    #[tokio::test]
    async fn size_is_limited_whether_announced_or_not() {
        assert_eq!(code(&json(), Body::from("x".repeat(100))).await, None);
        assert_eq!(
            code(&json(), Body::from("x".repeat(101))).await,
            Some(ErrorCode::PayloadTooLarge)
        );
        assert_eq!(code(&json(), chunks(10, 10)).await, None);
        assert_eq!(code(&json(), chunks(11, 10)).await, Some(ErrorCode::PayloadTooLarge));
    }

    #[tokio::test]
    async fn only_plain_json_in_utf8_is_read() {
        let good = [
            "application/json",
            "Application/JSON;charset=UTF-8",
            "application/json ; charset=\"utf-8\"",
        ];
        for kind in good {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
            assert_eq!(code(&headers, Body::from("{}")).await, None, "{kind}");
        }
        let bad = [
            "text/plain",
            "application/json; charset=latin1",
            "application/jsonx",
            "",
            "application/x-www-form-urlencoded",
        ];
        for kind in bad {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
            let code = code(&headers, Body::from("{}")).await;
            assert_eq!(code, Some(ErrorCode::UnsupportedMediaType), "{kind}");
        }
        assert_eq!(
            code(&HeaderMap::new(), Body::from("{}")).await,
            Some(ErrorCode::UnsupportedMediaType)
        );
        assert_eq!(code(&HeaderMap::new(), Body::empty()).await, None);
    }

    #[tokio::test]
    async fn compressed_bodies_are_refused_even_when_empty() {
        for (coding, refused) in [("gzip", true), ("identity", false), ("gzip, identity", true)] {
            let mut headers = json();
            headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
            assert_eq!(code(&headers, Body::empty()).await.is_some(), refused, "{coding}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_is_given_up() {
        let body = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(code(&json(), body).await, Some(ErrorCode::RequestTimeout));
    }
}
