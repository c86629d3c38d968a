//! The body of a push to Apple's devices: what the system shows in `aps`, and beside it what the
//! program gets.

use serde_json::{Map, Value, json};

use super::super::message::{Kind, PushMessage};

const BYTES_MAX: usize = 4_096;

/// `background` is for programs alone and may show nothing, not even a figure.
pub(super) const fn push_type(message: &PushMessage) -> &'static str {
    if message.kind.is_shown() || message.badge.is_some() { "alert" } else { "background" }
}

/// `None` where it is longer than the service takes.
pub(super) fn encode(message: &PushMessage) -> Option<Vec<u8>> {
    let mut body = message.payload.clone();
    body.insert("kind".to_owned(), message.kind.word().into());
    body.insert("aps".to_owned(), aps(message).into());
    serde_json::to_vec(&body).ok().filter(|body| body.len() <= BYTES_MAX)
}

fn aps(message: &PushMessage) -> Map<String, Value> {
    let shown = message.kind.is_shown();
    let for_program = match message.kind {
        Kind::Clear => true,
        Kind::Alert | Kind::Summary | Kind::BadgeOnly => false,
    };
    let group = message.group.clone().map(Value::from);
    let members = [
        ("alert", shown.then(|| alert(message))),
        ("sound", shown.then(|| "default".into())),
        // Lets the program fetch what the push only names before anything is shown.
        ("mutable-content", shown.then(|| 1.into())),
        ("thread-id", group),
        ("badge", message.badge.map(Value::from)),
        (
            "content-available",
            (for_program || push_type(message) == "background").then(|| 1.into()),
        ),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Without texts, the program's own: nothing is shown without any.
fn alert(message: &PushMessage) -> Value {
    match (&message.title, &message.body) {
        (None, None) => json!({ "loc-key": format!("tidewire_{}", message.kind.word()) }),
        (title, None) => json!({ "title": title }),
        (None, body) => json!({ "body": body }),
        (title, body) => json!({ "title": title, "body": body }),
    }
}
