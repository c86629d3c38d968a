//! The description of the API against the routes.

use std::collections::BTreeSet;

use http::{Method, Request};
use serde_json::{Value, json};

use super::harness::{CHANNEL, Surface, empty, get, send};
use crate::{Options, router};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

pub(super) struct Described {
    router: axum::Router,
    pub(super) document: Value,
}

impl Described {
    pub(super) async fn new() -> (Self, Surface) {
        let surface = Surface::new().await;
        let router = router(surface.app.clone(), &Options::default());
        let document = send(&router, empty(get("/api/v1/openapi.json"))).await.json();
        (Self { router, document }, surface)
    }

    /// Path, method and the operation itself.
    pub(super) fn operations(&self) -> Vec<(&str, &str, &Value)> {
        let paths = self.document["paths"].as_object().unwrap();
        let items = paths.iter().map(|(path, item)| (path, item.as_object().unwrap()));
        items
            .flat_map(|(path, item)| item.iter().map(|(method, of)| (&**path, &**method, of)))
            .collect()
    }

    async fn code(&self, method: &str, path: &str) -> (u16, String) {
        let method: Method = method.to_uppercase().parse().unwrap();
        let request = Request::builder().method(method).uri(path);
        let answer = send(&self.router, empty(request)).await;
        (answer.status, answer.code())
    }
}

/// A path that fits the pattern.
fn filled(pattern: &str) -> String {
    let parts = pattern.split('/').map(|part| if part.starts_with('{') { CHANNEL } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_route_is_described_and_every_description_has_a_route() {
    let (described, _surface) = Described::new().await;
    let operations: BTreeSet<_> =
        described.operations().into_iter().map(|(path, method, _)| (path, method)).collect();
    let paths: BTreeSet<_> = operations.iter().map(|(path, _)| *path).collect();
    for path in paths {
        for method in METHODS {
            let (status, code) = described.code(method, &filled(path)).await;
            let known = operations.contains(&(path, method));
            // A fixed path may stand where a parameter would: then the other route answers.
            let shadowed = path == "/api/v1/users/me"
                || path == "/api/v1/users/profiles"
                || path == "/api/v1/profiles/permissions"
                || path == "/api/v1/chat/channels/direct"
                || path == "/api/v1/chat/channels/group";
            assert_ne!(code, "ROUTE_NOT_FOUND", "{method} {path}");
            assert!(known != (status == 405) || shadowed, "{method} {path}: {status} {code}");
        }
    }
}

#[tokio::test]
async fn the_page_that_shows_it_asks_nobody_else() {
    let (described, surface) = Described::new().await;
    let page = send(&described.router, empty(get("/docs"))).await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let text = String::from_utf8(page.bytes.clone()).unwrap();
    let mut assets = vec![text.clone()];
    for part in text.split(['"', '\'']).filter(|part| part.starts_with('/')) {
        let asset = send(&described.router, empty(get(part))).await;
        assert_eq!(asset.status, 200, "{part}");
        let policy = asset.header("content-security-policy").unwrap().to_owned();
        if part.starts_with("/docs") {
            assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
            assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
            assets.push(String::from_utf8(asset.bytes).unwrap());
        }
    }
    assert_eq!(assets.len(), 3, "the page, its style and its script");
    for asset in assets {
        assert!(!asset.contains("://"), "another host");
        assert!(!asset.contains("innerHTML") && !asset.contains(" style="));
    }
    let hidden =
        router(surface.app.clone(), &Options { description_hidden: true, ..Options::default() });
    assert_eq!(send(&hidden, empty(get("/docs"))).await.status, 404);
}

#[tokio::test]
async fn it_is_a_whole_openapi_document() {
    let (described, _surface) = Described::new().await;
    let text = described.document.to_string();
    serde_json::from_str::<utoipa::openapi::OpenApi>(&text).unwrap();
    assert!(described.document["openapi"].as_str().unwrap().starts_with("3.1."));
    let mut names = BTreeSet::new();
    for (path, method, operation) in described.operations() {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{name} stands twice");
        assert!(operation["summary"].is_string(), "{method} {path}");
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let in_path = parameters.filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap());
        let pattern = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(in_path.collect::<Vec<_>>(), pattern.collect::<Vec<_>>(), "{method} {path}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert_ne!(response["description"].as_str().unwrap_or(""), "", "{path} {status}");
        }
    }
}

#[tokio::test]
async fn words_are_those_on_the_wire_and_answers_leave_nothing_out() {
    let (described, _surface) = Described::new().await;
    let schemas = &described.document["components"]["schemas"];
    assert_eq!(schemas["ChannelType"]["enum"], json!(["direct", "group"]));
    // Two types have the name in the code.
    assert_eq!(schemas["Channel"]["type"], "object");
    assert_eq!(schemas["NotificationChannel"]["enum"], json!(["in_app", "push", "email"]));
    let required = |name: &str| schemas[name]["required"].as_array().unwrap().len();
    assert_eq!(required("CursorPagination"), 3);
    assert_eq!(required("Login"), 3);
    let people = &schemas["Answer_Items_ChatPerson"];
    let person = people.pointer("/properties/data/properties/items/items/allOf/1").unwrap();
    assert_eq!(person["required"], json!(["directChannelId", "presence"]));
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let (described, _surface) = Described::new().await;
    let mut waiting = vec![&described.document];
    let mut references = BTreeSet::new();
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(object) => {
                references.extend(object.get("$ref").and_then(Value::as_str));
                waiting.extend(object.values());
            }
            Value::Array(items) => waiting.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(described.document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn closed_routes_ask_for_a_token_and_open_ones_do_not() {
    let (described, _surface) = Described::new().await;
    for (path, method, operation) in described.operations() {
        let closed = operation["security"].is_array();
        let (_, code) = described.code(method, &filled(path)).await;
        assert_eq!(code == "TOKEN_MISSING", closed, "{method} {path}: {code}");
    }
}
