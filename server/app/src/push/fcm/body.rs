//! A message in the words of Firebase Cloud Messaging.

use serde_json::{Map, Value, json};

use super::super::message::{Priority, PushMessage};

/// What the service counts: data and notification, without who it is for and how.
const BYTES_MAX: usize = 4_096;

/// `None` where it is longer than the service takes.
pub(super) fn encode(token: &str, message: &PushMessage) -> Option<Vec<u8>> {
    let (data, notification) = (data(message), notification(message));
    let bytes = |value: &Value| value.to_string().len();
    if bytes(&data) + notification.as_ref().map_or(0, bytes) > BYTES_MAX {
        return None;
    }
    let mut members = Map::new();
    members.insert("token".to_owned(), token.into());
    members.insert("data".to_owned(), data);
    members.extend(notification.map(|texts| ("notification".to_owned(), texts)));
    members.insert("android".to_owned(), android(message));
    serde_json::to_vec(&json!({ "message": members })).ok()
}

/// Texts only, and some names are the service's own: so what the program gets is one text.
fn data(message: &PushMessage) -> Value {
    let mut data = Map::new();
    data.insert("kind".to_owned(), message.kind.word().into());
    data.insert("payload".to_owned(), Value::Object(message.payload.clone()).to_string().into());
    data.extend(message.badge.map(|badge| ("badge".to_owned(), badge.to_string().into())));
    data.extend(message.group.clone().map(|group| ("group".to_owned(), group.into())));
    data.into()
}

/// What the system shows by itself; without texts that is left to the program.
fn notification(message: &PushMessage) -> Option<Value> {
    if !message.kind.is_shown() || (message.title.is_none() && message.body.is_none()) {
        return None;
    }
    let texts = [("title", &message.title), ("body", &message.body)];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
    Some(texts.map(|(name, text)| (name.to_owned(), Value::from(text.as_str()))).collect())
}

fn android(message: &PushMessage) -> Value {
    let mut android = Map::new();
    let priority = match message.priority {
        Priority::High => "HIGH",
        Priority::Normal => "NORMAL",
    };
    android.insert("priority".to_owned(), priority.into());
    android.insert("ttl".to_owned(), format!("{}s", message.ttl_seconds()).into());
    let key = message.collapse_key.clone();
    android.extend(key.map(|key| ("collapse_key".to_owned(), key.into())));
    let badge = message.badge.filter(|_| notification(message).is_some());
    let badge = badge.map(|badge| json!({ "notification_count": badge }));
    android.extend(badge.map(|badge| ("notification".to_owned(), badge)));
    android.into()
}
