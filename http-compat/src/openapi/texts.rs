//! What may stand in the texts and numbers of requests, beyond what their types can say. A text that
//! says nothing of its own is one line; the others are known by their names, which mean one thing in
//! all of the API.

use serde_json::{Value, json};
use tidewire_protocol::limits::INTEGER_MAX;

use super::operations_mut;

/// One line without control characters. Spaces around it are taken away, so they count for nothing.
const LINE: &str = r"^(?:[^\s\u0000-\u001F\u007F-\u009F](?:[^\u0000-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F])?)?$";
/// As [`LINE`], with something in it.
const FILLED_LINE: &str = r"^[^\s\u0000-\u001F\u007F-\u009F](?:[^\u0000-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F])?$";
/// Several lines.
const TEXT: &str =
    r"^(?:[^\s\u0000-\u001F](?:[^\u0000-\u0008\u000B\u000C\u000E-\u001F]*[^\s\u0000-\u001F])?)?$";
/// As [`TEXT`], with something in it.
const FILLED_TEXT: &str =
    r"^[^\s\u0000-\u001F](?:[^\u0000-\u0008\u000B\u000C\u000E-\u001F]*[^\s\u0000-\u001F])?$";
/// Visible ASCII without spaces.
const VISIBLE: &str = r"^[\u0021-\u007E]+$";
const HTTPS_URL: &str = r"^https://(?:[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?(?:/[\u0021-\u007E]*)?$";
const HOST: &str = r"^(?:[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$";
/// As [`HOST`], with a dot in it.
const DOMAIN: &str = r"^(?:[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$";
/// As [`HOST`], also below labels that begin with an underscore.
const RECORD: &str =
    r"^(?:_?[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*_?[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$";

/// What a pattern means, for people.
const IN_WORDS: &str = "x-text";

/// Says of every parameter and body what its texts and numbers may be.
pub(super) fn make_precise(document: &mut Value) {
    let mut schemas = document["components"]["schemas"].take();
    let mut bodies = Vec::new();
    for operation in operations_mut(document) {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            let schema = &mut parameter["schema"];
            unite(schema);
            describe(schema, &name);
        }
        let body = operation.pointer("/requestBody/content/application~1json/schema/$ref");
        bodies.extend(body.and_then(Value::as_str).map(str::to_owned));
    }
    while let Some(reference) = bodies.pop() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        if let Some(schema) = schemas.get_mut(name) {
            describe_fields(schema, &mut bodies);
        }
    }
    document["components"]["schemas"] = schemas;
}

/// A word with a default is described in two parts, the second of which is not about words.
fn unite(schema: &mut Value) {
    if let Some([word, rest]) = schema["allOf"].as_array().map(Vec::as_slice) {
        let mut united = word.clone();
        united["default"] = rest["default"].clone();
        *schema = united;
    }
}

/// Also of the objects inside, which it adds to `others`.
fn describe_fields(schema: &mut Value, others: &mut Vec<String>) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in properties.into_iter().flatten() {
        let choices = field["oneOf"].as_array().into_iter().flatten();
        let inner = choices.chain([&field["items"], &*field]);
        others.extend(inner.filter_map(|part| part["$ref"].as_str()).map(str::to_owned));
        describe(field, name);
        if let Some(items) = field.get_mut("items") {
            describe(items, name);
        }
    }
}

fn describe(schema: &mut Value, name: &str) {
    let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    if types.iter().any(|kind| kind == "integer") {
        let least = schema["minimum"].as_i64().unwrap_or(-INTEGER_MAX);
        let most = schema["maximum"].as_i64().unwrap_or(INTEGER_MAX);
        schema["minimum"] = json!(least);
        schema["maximum"] = json!(most);
    }
    let says_something = ["enum", "format", "pattern"].iter().any(|key| schema.get(key).is_some());
    if types.iter().any(|kind| kind == "string") && !says_something {
        let filled = schema["minLength"].as_u64().is_some_and(|least| least > 0);
        if let Some((words, pattern)) = rule(name, filled) {
            schema["pattern"] = json!(pattern);
            schema[IN_WORDS] = json!(words);
        }
    }
}

/// What a text may be, in words and as a pattern.
fn rule(name: &str, filled: bool) -> Option<(&'static str, &'static str)> {
    Some(match name {
        // Any characters, exactly as typed; and values whose setting says what they may be.
        "password" | "adminPassword" | "currentPassword" | "newPassword" | "value" => return None,
        "content" | "body" | "bodyText" => ("several lines", FILLED_TEXT),
        "description" | "physicalAddress" | "html" | "text" => ("several lines", TEXT),
        "action" | "actionUrl" | "auth" | "cursor" | "dedupeKey" | "endpoint" | "eventKey"
        | "p256dh" | "permissions" | "refreshToken" | "targetId" | "token" | "topic"
        | "Idempotency-Key" => ("visible ASCII", VISIBLE),
        "avatar" | "privacyPolicyUrl" | "unsubscribeUrl" => ("an https:// address", HTTPS_URL),
        "host" => ("a host name", HOST),
        "domain" | "trackingDomain" => ("a domain", DOMAIN),
        "spfInclude" => ("a domain, also below an underscore", RECORD),
        _ if filled => ("one line", FILLED_LINE),
        _ => ("one line", LINE),
    })
}
