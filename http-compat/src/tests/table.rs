//! The description of the API against the table of endpoints, which was written by hand: paths, methods,
//! who may, statuses, fields of requests and answers, and codes of failures.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tidewire_protocol::ErrorCode;

use super::description::Described;

/// Codes that follow from what an endpoint is; the table names the others.
const COMMON: &[ErrorCode] = &[
    ErrorCode::BadRequest,
    ErrorCode::ValidationFailed,
    ErrorCode::TokenMissing,
    ErrorCode::TokenInvalid,
    ErrorCode::TokenExpired,
    ErrorCode::SessionRevoked,
    ErrorCode::Forbidden,
    ErrorCode::TenantSuspended,
    ErrorCode::AccountDeactivated,
    ErrorCode::SubscriptionInactive,
    ErrorCode::RequestTimeout,
    ErrorCode::PayloadTooLarge,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::IdempotencyInProgress,
    ErrorCode::IdempotencyKeyReused,
    ErrorCode::RateLimited,
    ErrorCode::Internal,
    ErrorCode::Unavailable,
    ErrorCode::Timeout,
];

#[tokio::test]
async fn the_description_says_what_the_table_of_endpoints_says() {
    let (described, _surface) = Described::new().await;
    let mut table = include_str!("endpoints.tsv").lines();
    assert_eq!(table.next(), Some("method\tpath\taccess\tsuccess\trequest\tresponse\tcodes"));
    let expected: BTreeSet<String> = table.map(str::to_owned).collect();
    let found: BTreeSet<String> = described
        .operations()
        .into_iter()
        .map(|(path, method, operation)| line(&described.document, path, method, operation))
        .collect();
    let surprising: Vec<_> = found.difference(&expected).collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    assert!(
        surprising.is_empty() && missing.is_empty(),
        "{surprising:#?}\ninstead of\n{missing:#?}"
    );
}

/// An operation as the table has it.
fn line(document: &Value, path: &str, method: &str, operation: &Value) -> String {
    let responses = operation["responses"].as_object().unwrap();
    let is_good = |status: &str| status.starts_with('2');
    let good: Vec<_> = responses.keys().map(String::as_str).filter(|s| is_good(s)).collect();
    let access = operation["x-access"].as_str().unwrap();
    [
        &method.to_uppercase(),
        path,
        access,
        &good.join(" "),
        &listed(request_fields(document, operation)),
        &listed(good.iter().flat_map(|status| answer_fields(document, &responses[*status]))),
        &listed(responses.values().flat_map(codes)),
    ]
    .join("\t")
}

fn listed(words: impl IntoIterator<Item = String>) -> String {
    let words: BTreeSet<_> = words.into_iter().collect();
    if words.is_empty() { "-".to_owned() } else { Vec::from_iter(words).join(" ") }
}

/// Where each field stands, with a question mark when it may be left out.
fn request_fields(document: &Value, operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let queries = parameters.filter(|parameter| parameter["in"] == "query").map(|parameter| {
        let mark = if parameter["required"] == true { "" } else { "?" };
        format!("query.{}{mark}", parameter["name"].as_str().unwrap())
    });
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let fields = properties(document, body);
    let body = fields
        .iter()
        .map(|(name, (_, required))| format!("body.{name}{}", if *required { "" } else { "?" }));
    queries.chain(body).collect()
}

fn answer_fields(document: &Value, response: &Value) -> Vec<String> {
    let whole = properties(document, &response["content"]["application/json"]["schema"]);
    let data = whole.get("data").map(|(data, _)| properties(document, data));
    data.unwrap_or(whole).into_keys().collect()
}

/// The properties of an object, also of one that is put together, and whether each is required.
fn properties(document: &Value, schema: &Value) -> BTreeMap<String, (Value, bool)> {
    if let Some(reference) = schema["$ref"].as_str() {
        return properties(document, document.pointer(&reference[1..]).unwrap());
    }
    let is_required = |name: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|known| known == name))
    };
    let own = schema["properties"].as_object().into_iter().flatten();
    let mut found: BTreeMap<_, _> =
        own.map(|(name, field)| (name.clone(), (field.clone(), is_required(name)))).collect();
    for parts in ["allOf", "oneOf"] {
        for part in schema[parts].as_array().into_iter().flatten() {
            found.extend(properties(document, part));
        }
    }
    found
}

fn codes(response: &Value) -> Vec<String> {
    let schema = &response["content"]["application/json"]["schema"];
    let codes = schema.pointer("/allOf/1/properties/error/properties/code/enum");
    let codes = codes.and_then(Value::as_array).into_iter().flatten();
    let codes = codes.map(|code| ErrorCode::from_code(code.as_str().unwrap()).unwrap());
    codes.filter(|code| !COMMON.contains(code)).map(|code| code.code().to_owned()).collect()
}

#[tokio::test]
async fn every_failure_names_codes_of_its_status() {
    let (described, _surface) = Described::new().await;
    for (path, method, operation) in described.operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let failed = status.starts_with(['4', '5']);
            let schema = &response["content"]["application/json"]["schema"];
            let codes = schema.pointer("/allOf/1/properties/error/properties/code/enum");
            let codes = codes.and_then(Value::as_array).cloned().unwrap_or_default();
            assert_eq!(failed, !codes.is_empty(), "{method} {path} {status}");
            for code in codes {
                let known = ErrorCode::from_code(code.as_str().unwrap()).unwrap();
                assert_eq!(known.http_status().to_string(), *status, "{method} {path} {code}");
            }
            let listed = response["description"].as_str().unwrap().split(", ");
            assert!(!failed || listed.into_iter().all(|word| ErrorCode::from_code(word).is_some()));
        }
    }
}

#[tokio::test]
async fn everything_that_goes_in_or_comes_out_has_an_example() {
    let (described, _surface) = Described::new().await;
    for (path, method, operation) in described.operations() {
        let answers = operation["responses"].as_object().unwrap().values();
        for holder in answers.chain(operation.get("requestBody")) {
            let Some(content) = holder.pointer("/content/application~1json") else { continue };
            let fields = properties(&described.document, &content["schema"]);
            let example = content["example"].as_object().unwrap();
            for (name, (_, required)) in fields {
                let given = example.contains_key(&name);
                assert!(given || !required, "{method} {path}: no example of {name}");
            }
        }
    }
}
