//! How operations fail, so that programs can read it: of each status the codes that may come with it,
//! and what such an answer looks like.

use serde_json::{Value, json};
use tidewire_protocol::{ErrorCode, frame::ErrorBody};

use super::operations_mut;

/// Names the codes of every failure that its description lists.
pub(super) fn name_codes(document: &mut Value) {
    for operation in operations_mut(document) {
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (_, response) in
            responses.into_iter().flatten().filter(|(status, _)| status.as_str() >= "4")
        {
            let codes = codes(response["description"].as_str().unwrap_or_default());
            let Some(first) = codes.first() else { continue };
            let words: Vec<_> = codes.iter().map(|code| code.code()).collect();
            let Some(content) = response.pointer_mut("/content/application~1json") else {
                continue;
            };
            let code = json!({ "type": "object", "properties": { "code": {
                "type": "string", "enum": words,
            } } });
            let named = json!({ "type": "object", "properties": { "error": code } });
            *content = json!({
                "schema": { "allOf": [content["schema"], named] },
                "example": example(*first),
            });
        }
    }
}

fn codes(description: &str) -> Vec<ErrorCode> {
    description.split(", ").filter_map(ErrorCode::from_code).collect()
}

fn example(code: ErrorCode) -> Value {
    let details = match code {
        ErrorCode::ValidationFailed => Some(json!({
            "fields": [{ "field": "name", "rule": "required", "message": "is required" }],
        })),
        ErrorCode::TemplateInvalid => Some(json!({
            "field": "body", "line": 1, "column": 4, "reason": "unknown_variable",
            "message": "There is no such variable here.",
        })),
        ErrorCode::Forbidden => Some(json!({ "required": "users.read" })),
        _ => None,
    };
    let mut error = json!(ErrorBody::new(code, details));
    error["requestId"] = json!("sH93froojlzB9RkU");
    json!({ "success": false, "error": error })
}
