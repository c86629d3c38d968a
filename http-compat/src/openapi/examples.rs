//! Examples of what goes in and what comes out. Each is built from its schema, so it always fits, with
//! values that a field of its name would have.

use serde_json::{Map, Value, json};

use super::operations_mut;

/// Schemas lead to schemas, and one may lead to itself.
const DEPTH_MAX: usize = 12;

/// Gives every body, and every answer of success, an example.
pub(super) fn add(document: &mut Value) {
    let schemas = document["components"]["schemas"].take();
    for operation in operations_mut(document) {
        if let Some(body) = operation.get_mut("requestBody") {
            fill(body, &schemas);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        responses.into_iter().flatten().for_each(|(_, response)| fill(response, &schemas));
    }
    document["components"]["schemas"] = schemas;
}

fn fill(holder: &mut Value, schemas: &Value) {
    let Some(content) = holder.pointer_mut("/content/application~1json") else { return };
    if content.get("example").is_none() {
        content["example"] = example(schemas, &content["schema"], "", DEPTH_MAX);
    }
}

/// What has not happened to most things.
const SELDOM: [&str; 4] = ["deactivatedAt", "deletedAt", "editedAt", "invitationExpiresAt"];

fn may_be_null(schema: &Value) -> bool {
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    let kinds = schema["type"].as_array().into_iter().flatten();
    kinds.chain(choices.map(|choice| &choice["type"])).any(|kind| kind == "null")
}

/// A value that fits `schema`, as a field called `name` may have.
fn example(schemas: &Value, schema: &Value, name: &str, depth: usize) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = reference.rsplit('/').next().unwrap_or_default();
        let depth = depth.saturating_sub(1);
        return if depth == 0 {
            Value::Null
        } else {
            example(schemas, &schemas[target], name, depth)
        };
    }
    if let Some(given) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return given.clone();
    }
    if SELDOM.contains(&name) && may_be_null(schema) {
        return Value::Null;
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return merged(parts.iter().map(|part| example(schemas, part, name, depth)));
    }
    let one_of = schema.get("oneOf").or_else(|| schema.get("anyOf"));
    if let Some(choices) = one_of.and_then(Value::as_array) {
        let choice = choices.iter().find(|choice| choice["type"] != "null");
        return choice.map_or(Value::Null, |choice| example(schemas, choice, name, depth));
    }
    if let Some(word) = schema.get("const").or_else(|| usual_word(schema)) {
        return word.clone();
    }
    match kind(schema) {
        "object" => object(schemas, schema, depth),
        "array" => {
            let items = schema.get("items");
            items.map_or_else(
                || json!([]),
                |item| json!([example(schemas, item, singular(name), depth)]),
            )
        }
        "string" => json!(text(schema, name)),
        "integer" | "number" => number(schema, name),
        "boolean" => schema.get("default").cloned().unwrap_or(json!(true)),
        _ => schema.get("default").cloned().unwrap_or(Value::Null),
    }
}

/// Most are active, whatever the others are.
fn usual_word(schema: &Value) -> Option<&Value> {
    let words = schema["enum"].as_array()?;
    words.iter().find(|word| *word == "active").or(words.first())
}

/// The first type that is not `null`.
fn kind(schema: &Value) -> &str {
    let kinds = &schema["type"];
    let first = kinds.as_array().into_iter().flatten().find(|kind| *kind != "null");
    let untyped = if schema["properties"].is_object() { "object" } else { "" };
    first.unwrap_or(kinds).as_str().unwrap_or(untyped)
}

fn object(schemas: &Value, schema: &Value, depth: usize) -> Value {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let fields = properties
        .map(|(name, field)| (name.clone(), example(schemas, field, name, depth)))
        .collect::<Map<_, _>>();
    Value::Object(fields)
}

/// Parts of one object.
fn merged(parts: impl Iterator<Item = Value>) -> Value {
    let mut parts = parts.filter(|part| !part.is_null());
    let mut whole = parts.next().unwrap_or(Value::Null);
    for part in parts {
        if let (Value::Object(whole), Value::Object(part)) = (&mut whole, part) {
            whole.extend(part);
        }
    }
    whole
}

fn singular(name: &str) -> &str {
    name.strip_suffix('s').unwrap_or(name)
}

fn number(schema: &Value, name: &str) -> Value {
    if let Some(default) = schema.get("default").filter(|default| default.is_number()) {
        return default.clone();
    }
    let usual = match name {
        "port" => 587,
        "exp" => 1_769_847_330,
        "expiresIn" => 900,
        "limit" => 50,
        "seq" | "lastSeq" | "lastReadSeq" => 42,
        "total" | "totalUnread" | "unreadCount" => 3,
        _ => 1,
    };
    json!(usual.max(schema["minimum"].as_i64().unwrap_or(usual)))
}

fn text(schema: &Value, name: &str) -> String {
    if let Some(default) = schema["default"].as_str() {
        return default.to_owned();
    }
    let by_format = match schema["format"].as_str().unwrap_or_default() {
        "uuid" => "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "date-time" => "2026-01-31T08:15:30.123Z",
        "date" => "2026-01-31",
        "uri" => "https://acme.example/",
        "email" => "ada@acme.example",
        _ => by_name(name),
    };
    let mut chars: Vec<char> = by_format.chars().collect();
    if let Some(most) = schema["maxLength"].as_u64() {
        chars.truncate(most as usize);
    }
    let least = schema["minLength"].as_u64().unwrap_or_default() as usize;
    chars.resize(chars.len().max(least), 'a');
    chars.into_iter().collect()
}

fn by_name(name: &str) -> &'static str {
    match name {
        "email" | "adminEmail" | "fromEmail" | "replyTo" | "username" => "ada@acme.example",
        "firstName" | "adminFirstName" => "Ada",
        "lastName" | "adminLastName" => "Lovelace",
        "displayName" => "Ada Lovelace",
        "password" | "adminPassword" | "currentPassword" => "a tide that turns",
        "newPassword" => "a tide that turned",
        "companyName" | "fromName" => "Acme",
        "slug" | "tenantSlug" => "acme",
        "accessToken" => "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl",
        "refreshToken" | "token" | "ticket" => "q2hQ0rJm0o0pJt3m0m5nqk3lq0wXb1cPp6yq7J0v9aE",
        "tokenType" => "Bearer",
        "content" => "High tide at noon.",
        "timezone" => "Europe/Berlin",
        "locale" | "language" => "en-GB",
        "startTime" => "22:00",
        "endTime" | "time" => "08:00",
        "phone" => "+442079460958",
        "avatar" | "logoUrl" => "https://acme.example/ada.png",
        "url" => "wss://chat.acme.example/api/v1/ws",
        "website" | "privacyPolicyUrl" | "unsubscribeUrl" => "https://acme.example/",
        "primaryColor" => "#2563EB",
        "ipAddress" => "192.0.2.7",
        "userAgent" => "Mozilla/5.0",
        "deviceName" => "Ada's laptop",
        "clientMessageId" => "3f1c9d0a",
        "host" => "mail.acme.example",
        "domain" | "trackingDomain" => "acme.example",
        "dkimSelector" => "s1",
        "spfInclude" => "_spf.mail.example",
        "expected" | "found" => "v=spf1 include:_spf.mail.example ~all",
        "physicalAddress" => "1 Harbour Road, Dover",
        "subject" => "New: {{leadName}}",
        "bodyText" => "{{leadName}} is yours.",
        "sample" => "Harbour Masters Ltd",
        "usedVariable" | "missingVariable" => "leadName",
        "html" => "<p>Acme, 1 Harbour Road</p>",
        "text" => "Acme, 1 Harbour Road",
        "action" => "users.created",
        "actionUrl" => "/tasks/5",
        "platform" => "pager",
        "dedupeKey" => "task-5-due",
        "module" => "users",
        "permission" | "permissionKey" | "key" => "users.read",
        "requestId" => "sH93froojlzB9RkU",
        "nextCursor" => "AVl3b2xsaWRhdGU",
        "id" | "sub" | "tid" | "sid" | "userId" | "memberId" | "targetId" => {
            "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
        }
        _ => "Tides",
    }
}
