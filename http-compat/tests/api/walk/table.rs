//! The table of endpoints, and how to ask each of them: with the example of its own description.

use std::fmt;

use serde_json::Value;

use crate::house::House;

/// Nobody's, of any kind.
pub(super) const UNKNOWN: &str = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

/// What stands in the places of paths and bodies that name something.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    pub(super) user: String,
    pub(super) profile: i64,
    pub(super) channel: String,
    pub(super) message: String,
    pub(super) session: String,
    pub(super) service_token: String,
}

impl Ids {
    pub(super) fn unknown() -> Self {
        let unknown = UNKNOWN.to_owned();
        Self {
            user: unknown.clone(),
            profile: 999,
            channel: unknown.clone(),
            message: unknown.clone(),
            session: unknown.clone(),
            service_token: unknown,
        }
    }
}

/// One row.
pub(super) struct Endpoint {
    pub(super) method: String,
    pub(super) path: String,
    /// `public`, `signed_in`, a permission, or `admin:` or `service:` and a permission.
    pub(super) access: String,
    /// What a service must hold to come as well.
    pub(super) services: Option<String>,
    queries: Vec<String>,
    example: Option<Value>,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// All rows, each with the body that the served description gives as an example.
pub(super) async fn endpoints(house: &House) -> Vec<Endpoint> {
    let document = house.anonymous().get("/openapi.json").await.body;
    let table = include_str!("../../../src/tests/endpoints.tsv").lines().skip(1);
    table.map(|line| read(line, &document)).collect()
}

fn read(line: &str, document: &Value) -> Endpoint {
    let mut cells = line.split('\t');
    let mut cell = || cells.next().unwrap();
    let (method, path, access, _, request) = (cell(), cell(), cell(), cell(), cell());
    let (people, services) = access.split_once(' ').unwrap_or((access, ""));
    let services = services.strip_prefix("service:").or(people.strip_prefix("service:"));
    let body = &document["paths"][path][method.to_lowercase()]["requestBody"];
    let queries = request.split(' ').filter_map(|field| field.strip_prefix("query."));
    Endpoint {
        method: method.to_owned(),
        path: path.to_owned(),
        access: people.to_owned(),
        services: services.map(str::to_owned),
        queries: queries.map(|name| name.trim_end_matches('?').to_owned()).collect(),
        example: body.pointer("/content/application~1json/example").cloned(),
    }
}

impl Endpoint {
    /// What people must hold, and who of those who do.
    pub(super) fn required(&self) -> Option<(&str, &str)> {
        match self.access.as_str() {
            "public" | "signed_in" => None,
            other => Some(other.split_once(':').unwrap_or(("", other))),
        }
    }

    /// The whole path, with a query where it names something.
    pub(super) fn at(&self, ids: &Ids) -> String {
        let parts = self.path.split('/').map(|part| match part {
            "{id}" if self.path.contains("/profiles/") => ids.profile.to_string(),
            "{id}" if self.path.contains("/channels/") => ids.channel.clone(),
            "{id}" if self.path.contains("/sessions/") => ids.session.clone(),
            "{id}" if self.path.contains("/service-tokens/") => ids.service_token.clone(),
            "{id}" | "{userId}" => ids.user.clone(),
            "{messageId}" => ids.message.clone(),
            "{token}" => "q2hQ0rJm0o0pJt3m0m5nqk3lq0wXb1cPp6yq7J0v9aE".to_owned(),
            "{slug}" => "nobody".to_owned(),
            "{key}" | "{category}" => "nothing".to_owned(),
            fixed => fixed.to_owned(),
        });
        let query = self.queries.iter().filter_map(|name| match name.as_str() {
            "actorId" | "userIds" => Some(format!("{name}={}", ids.user)),
            "profileId" => Some(format!("{name}={}", ids.profile)),
            _ => None,
        });
        let query: Vec<_> = query.collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{}", parts.collect::<Vec<_>>().join("/"), query.join("&"))
    }

    pub(super) fn body(&self, ids: &Ids) -> Option<Value> {
        let mut body = self.example.clone()?;
        put(&mut body, "", ids);
        Some(body)
    }

    /// Whether path, query or body name something that is somebody's.
    pub(super) fn names_something(&self) -> bool {
        let unknown = Ids::unknown();
        let other = Ids { user: "x".to_owned(), profile: 1, ..unknown.clone() };
        let other = Ids { channel: "x".to_owned(), session: "x".to_owned(), ..other };
        let other = Ids { service_token: "x".to_owned(), ..other };
        self.at(&unknown) != self.at(&other) || self.body(&unknown) != self.body(&other)
    }
}

/// Puts ids where the example has some.
fn put(value: &mut Value, name: &str, ids: &Ids) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                put(field, name, ids);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, name, ids)),
        Value::String(text) if text == UNKNOWN => text.clone_from(&ids.user),
        // A mail server that nobody may save.
        Value::String(text) if name == "host" => "localhost".clone_into(text),
        Value::Number(_) if name == "profileId" => *value = ids.profile.into(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
