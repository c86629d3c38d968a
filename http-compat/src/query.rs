//! Query strings as inputs.

use axum::extract::FromRequestParts;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use tidewire_protocol::{
    ErrorCode,
    input::{self, Input},
};

use crate::problem::Problem;

/// The parameters of the query string, read as `I`. Unknown ones are passed over.
#[derive(Debug)]
pub(crate) struct Query<I>(pub(crate) I);

impl<I: Input, S: Send + Sync> FromRequestParts<S> for Query<I> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let parameters = parameters(parts.uri.query().unwrap_or_default())?;
        Ok(Self(input::parse_query(&parameters)?))
    }
}

/// A parameter that stands twice becomes an array, which no reader of a single value accepts.
fn parameters(query: &str) -> Result<Map<String, Value>, Problem> {
    let mut parameters = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, Value::String(decode(value)?));
        let value = match parameters.remove(&name) {
            None => value,
            Some(Value::Array(mut values)) => {
                values.push(value);
                Value::Array(values)
            }
            Some(first) => Value::Array(vec![first, value]),
        };
        parameters.insert(name, value);
    }
    Ok(parameters)
}

fn decode(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| ErrorCode::BadRequest)?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tidewire_protocol::model::users::UsersQuery;

    use super::*;

    fn read(query: &str) -> Result<UsersQuery, Problem> {
        Ok(input::parse_query(&parameters(query)?)?)
    }

    #[test]
    fn parameters_are_decoded() {
        let decoded = parameters("a=1&b=x%20y+z&&c&d=%E2%82%AC%zz=").unwrap();
        assert_eq!(Value::Object(decoded), json!({"a": "1", "b": "x y z", "c": "", "d": "€%zz="}));
        assert!(parameters("a=%ff").is_err());
    }

    #[test]
    fn a_parameter_twice_is_refused_and_an_unknown_one_is_not() {
        assert!(read("search=a&unknown=1&unknown=2").is_ok());
        let problem = read("search=a&search=b&page=1&page=2").unwrap_err();
        assert_eq!(problem.error().code(), ErrorCode::ValidationFailed);
        let details = problem.error().body().details.unwrap();
        assert_eq!(details["fields"][0]["field"], "page");
        assert_eq!(details["fields"][1]["field"], "search");
    }
}
