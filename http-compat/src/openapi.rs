//! The description of the API, made from the routing page: what a handler says about itself, and
//! what its policy adds.

mod examples;
mod failures;
mod required;
mod texts;

use axum::{Extension, response::Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use serde_json::{Map, Value, json};
use tidewire_protocol::ErrorCode;
use utoipa::{
    OpenApi,
    openapi::{
        Components, ContentBuilder, Info, License, OpenApi as Document, PathItem, Ref, RefOr,
        Required, ResponseBuilder, SecurityRequirement,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::{
    admission::{Access, Policy},
    answer,
    problem::Failure,
};

const BEARER: &str = "bearer";
/// Who may: `public`, `signed_in`, a permission, `admin:` or `service:` and a permission.
const ACCESS: &str = "x-access";
const JSON: &str = "application/json";

/// The finished document, as the route answers it.
#[derive(Debug, Clone)]
pub(crate) struct Published(Bytes);

impl Published {
    pub(crate) fn new(document: &Document) -> Self {
        let mut document = serde_json::to_value(document).expect("the description is plain data");
        // Before the answers: a few schemas are both, and their fields are required in answers only.
        required::mark_bodies(&mut document);
        required::mark_answers(&mut document);
        texts::make_precise(&mut document);
        failures::name_codes(&mut document);
        examples::add(&mut document);
        Self(document.to_string().into())
    }
}

/// All operations of a document.
fn operations_mut(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flat_map(Map::values_mut);
    items.filter_map(Value::as_object_mut).flat_map(Map::values_mut)
}

/// This description.
#[utoipa::path(get, path = "", responses((status = 200, description = "An OpenAPI 3.1 document, bare")))]
pub(crate) async fn document(Extension(Published(text)): Extension<Published>) -> Response {
    let mut response = answer::json(text);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

#[derive(OpenApi)]
#[openapi(components(schemas(Failure)))]
struct Base;

/// The document before any route.
pub(crate) fn base() -> Document {
    let mut info = Info::new("Tidewire", env!("CARGO_PKG_VERSION"));
    info.license = Some(License::new("MIT OR Apache-2.0"));
    let mut document = Base::openapi();
    document.info = info;
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document
        .components
        .get_or_insert_with(Components::new)
        .security_schemes
        .insert(BEARER.to_owned(), token.into());
    document
}

/// Completes a path item with what the routing page knows: its area, who may, how it fails.
pub(crate) fn complete(path: &str, item: &mut PathItem, policy: &Policy) {
    let is_for_people = !matches!(policy.access, Access::Public | Access::Serving(_));
    let repeatable = item.post.is_some() && is_for_people && policy.kept;
    let operations =
        [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
    for operation in operations.into_iter().flatten() {
        let (area, name) = (area(path), operation.operation_id.take().unwrap_or_default());
        operation.tags = Some(vec![area.to_owned()]);
        operation.operation_id = Some(format!("{area}.{name}"));
        operation
            .extensions
            .get_or_insert_default()
            .insert(ACCESS.to_owned(), json!(policy.describe()));
        if policy.access != Access::Public {
            operation.security = Some(vec![SecurityRequirement::new(BEARER, Vec::<&str>::new())]);
        }
        if repeatable {
            operation.parameters.get_or_insert_default().push(idempotency_key().into());
        }
        add_failures(operation, policy, repeatable);
    }
}

/// The part of the path that names what the route is about.
fn area(path: &str) -> &str {
    let rest = path.strip_prefix("/api/v1/").unwrap_or("meta");
    rest.split(['/', '.']).next().unwrap_or(rest)
}

fn idempotency_key() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("A repeat with the same key gets the first answer"))
        .schema(Some(schema.max_length(Some(255)).build()))
        .build()
}

/// Statuses that follow from the policy, beside those that the handler has named. All failures have
/// the one shape.
fn add_failures(operation: &mut Operation, policy: &Policy, repeatable: bool) {
    use ErrorCode as Code;
    let reads_input = operation.request_body.is_some() || operation.parameters.is_some();
    let mut codes = Vec::new();
    if policy.class.is_some() {
        codes.extend([Code::RateLimited, Code::Internal, Code::Timeout]);
    }
    codes.push(Code::Unavailable);
    if reads_input {
        codes.extend([Code::BadRequest, Code::ValidationFailed]);
    }
    if operation.request_body.is_some() {
        codes.extend([Code::RequestTimeout, Code::PayloadTooLarge, Code::UnsupportedMediaType]);
    }
    match policy.access {
        Access::Public => {}
        Access::SignedIn => codes.extend(SIGN_IN),
        Access::Holding(_) | Access::Administering(_) | Access::Serving(_) => {
            codes.extend(SIGN_IN.into_iter().chain([Code::Forbidden]));
        }
    }
    if repeatable {
        codes.extend([Code::IdempotencyInProgress, Code::IdempotencyKeyReused]);
    }
    for code in codes {
        add_failure(operation, code);
    }
    fill_in(operation);
}

const SIGN_IN: [ErrorCode; 6] = [
    ErrorCode::TokenMissing,
    ErrorCode::TokenInvalid,
    ErrorCode::TokenExpired,
    ErrorCode::SessionRevoked,
    ErrorCode::TenantSuspended,
    ErrorCode::AccountDeactivated,
];

fn add_failure(operation: &mut Operation, code: ErrorCode) {
    let status = code.http_status().to_string();
    let known = operation
        .responses
        .responses
        .entry(status)
        .or_insert_with(|| ResponseBuilder::new().build().into());
    if let RefOr::T(response) = known {
        let separator = if response.description.is_empty() { "" } else { ", " };
        response.description = format!("{}{separator}{}", response.description, code.code());
    }
}

/// Every answer has a description, and every failure has the shape of failures.
fn fill_in(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            let reason =
                status.parse().ok().and_then(|status: StatusCode| status.canonical_reason());
            reason.unwrap_or_default().clone_into(&mut response.description);
        }
        if status.starts_with(['4', '5']) && response.content.is_empty() {
            let failure = RefOr::Ref(Ref::from_schema_name("Failure"));
            let content = ContentBuilder::new().schema(Some(failure)).build();
            response.content.insert(JSON.to_owned(), content.into());
        }
    }
}
