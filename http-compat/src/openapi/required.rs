//! What must be there. Answers leave nothing out: what is not known is `null`. The types cannot say
//! so, since the same `Option` means "may be left out" in a request; the description can. And a body
//! that needs none of its fields may be missing altogether.

use std::collections::BTreeSet;

use serde_json::Value;

use super::operations_mut;

const SCHEMAS: &str = "/components/schemas/";

/// Makes every property of every schema that an answer leads to a required one.
pub(super) fn mark_answers(document: &mut Value) {
    let mut waiting = Vec::new();
    let paths = document["paths"].as_object().into_iter().flat_map(|paths| paths.values());
    for operation in paths.filter_map(Value::as_object).flat_map(|item| item.values()) {
        references(&operation["responses"], &mut waiting);
    }
    let mut answers = BTreeSet::new();
    while let Some(pointer) = waiting.pop() {
        if !answers.contains(&pointer)
            && let Some(schema) = document.pointer_mut(&pointer)
        {
            require_properties(schema);
            references(schema, &mut waiting);
            answers.insert(pointer);
        }
    }
}

/// Marks the bodies that may be left out.
pub(super) fn mark_bodies(document: &mut Value) {
    let schemas = document["components"]["schemas"].take();
    for operation in operations_mut(document) {
        let Some(body) = operation.get_mut("requestBody") else { continue };
        let schema = &body["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next());
        let schema = name.map_or(schema, |name| &schemas[name]);
        body["required"] = schema.get("required").is_some().into();
    }
    document["components"]["schemas"] = schemas;
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str);
            found.extend(
                reference
                    .and_then(|r| r.strip_prefix('#'))
                    .filter(|r| r.starts_with(SCHEMAS))
                    .map(str::to_owned),
            );
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Also in the schemas inside this one.
fn require_properties(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                let names = properties.keys().map(String::as_str).collect();
                object.insert("required".to_owned(), names);
            }
            object.values_mut().for_each(require_properties);
        }
        Value::Array(items) => items.iter_mut().for_each(require_properties),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
