//! Versions as entity tags (RFC 9110, sections 8.8.3 and 13.1).

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{ETAG, IF_MATCH, IF_NONE_MATCH},
    request::Parts,
};
use tidewire_app::versions::Expected;

use crate::problem::Problem;

/// What a request says about the version that it has.
#[derive(Debug)]
pub(crate) struct Preconditions {
    if_match: Option<Vec<String>>,
    if_none_match: Option<Vec<String>>,
}

impl<S: Send + Sync> FromRequestParts<S> for Preconditions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self {
            if_match: tags(&parts.headers, &IF_MATCH),
            if_none_match: tags(&parts.headers, &IF_NONE_MATCH),
        })
    }
}

impl Preconditions {
    /// The versions that the sender of a change has seen.
    pub(crate) fn expected(&self) -> Expected {
        match &self.if_match {
            Some(tags) if !tags.iter().any(|tag| tag == "*") => {
                Expected::OneOf(tags.iter().filter_map(|tag| version(tag)).collect())
            }
            Some(_) | None => Expected::Any,
        }
    }

    /// Refuses with 412 when `If-Match` was sent and names another version than the current one.
    pub(crate) fn require(&self, version: i64) -> Result<(), Problem> {
        Ok(self.expected().require(version)?)
    }

    /// The answer to reading something of this version: 304 when the reader has it.
    pub(crate) fn answer(
        &self,
        version: i64,
        answer: impl IntoResponse,
    ) -> Result<Response, Problem> {
        self.require(version)?;
        let current = etag(version);
        let known = self
            .if_none_match
            .iter()
            .flatten()
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == current);
        let response =
            if known { StatusCode::NOT_MODIFIED.into_response() } else { answer.into_response() };
        Ok(tagged(version, response))
    }
}

/// An answer with the version of what is in it.
pub(crate) fn tagged(version: i64, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Ok(tag) = HeaderValue::from_maybe_shared(etag(version)) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// The version that one of our own tags stands for.
fn version(tag: &str) -> Option<i64> {
    let version = tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
    (tag == etag(version)).then_some(version)
}

fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// Our tags hold digits only, so a comma always separates.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<String>> {
    headers.contains_key(name).then(|| {
        let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).map(|tag| tag.trim().to_owned()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(headers: &[(HeaderName, &str)]) -> u16 {
        let map = headers.iter().map(|(n, v)| (n.clone(), HeaderValue::from_str(v).unwrap()));
        let map: HeaderMap = map.collect();
        let preconditions = Preconditions {
            if_match: tags(&map, &IF_MATCH),
            if_none_match: tags(&map, &IF_NONE_MATCH),
        };
        let answer = preconditions.answer(7, StatusCode::OK);
        answer.map_or_else(|p| p.error().code().http_status(), |r| r.status().as_u16())
    }

    #[test]
    fn versions_are_compared_as_the_rfc_says() {
        assert_eq!(status(&[]), 200);
        assert_eq!(status(&[(IF_NONE_MATCH, "\"7\"")]), 304);
        assert_eq!(status(&[(IF_NONE_MATCH, "\"1\", W/\"7\"")]), 304);
        assert_eq!(status(&[(IF_NONE_MATCH, "*")]), 304);
        assert_eq!(status(&[(IF_NONE_MATCH, "\"8\"")]), 200);
        assert_eq!(status(&[(IF_MATCH, "\"7\"")]), 200);
        assert_eq!(status(&[(IF_MATCH, "*")]), 200);
        assert_eq!(status(&[(IF_MATCH, "W/\"7\"")]), 412);
        assert_eq!(status(&[(IF_MATCH, "\"6\""), (IF_NONE_MATCH, "\"7\"")]), 412);
    }
}
