//! What a notification says.

use serde_json::{Map, Value};
use tidewire_protocol::notification_event::EventKey;

/// A title and a text.
pub(super) struct Words {
    pub title: String,
    pub body: String,
}

pub(super) fn of(event: EventKey, _data: &Map<String, Value>) -> Words {
    Words { title: event.title().to_owned(), body: event.description().to_owned() }
}
