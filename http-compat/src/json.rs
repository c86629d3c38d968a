//! Bodies as inputs.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use serde_json::{Map, Value};
use tidewire_protocol::{
    ErrorCode,
    codec::Codec,
    input::{self, Input},
};

use crate::problem::Problem;

/// A JSON object, read as `I`. An empty body is an object without fields, so that an endpoint whose
/// fields are all optional needs none. Every field that breaks a rule is named.
#[derive(Debug)]
pub(crate) struct Json<I>(pub(crate) I);

impl<I: Input, S: Send + Sync> FromRequest<S> for Json<I> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        // The body is in memory already: `body::read` put it there.
        let bytes = Bytes::from_request(request, state).await.map_err(|_| ErrorCode::BadRequest)?;
        Ok(Self(input::parse(&object(&bytes)?)?))
    }
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match Codec::Json.decode_value(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) | Err(_) => Err(ErrorCode::BadRequest.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_clean_object_is_read() {
        let deep = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        assert!(object(b"").is_ok());
        assert!(object(br#" {"a": {"a": 1}} "#).is_ok());
        assert!(object(deep(32).as_bytes()).is_ok());
        let deep = deep(33);
        let bad: [&[u8]; 12] = [
            b"[]",
            b"null",
            b"1",
            b"{",
            b"{} {}",
            b"{},",
            br#"{"a":1,"a":1}"#,
            br#"{"a":{"b":1,"b":1}}"#,
            b"{\"a\":\"\xff\"}",
            br#"{"a":"\ud800"}"#,
            b"\xef\xbb\xbf{}",
            deep.as_bytes(),
        ];
        for bytes in bad {
            let problem = object(bytes).unwrap_err();
            assert_eq!(problem.error().code(), ErrorCode::BadRequest, "{bytes:?}");
        }
    }
}
