//! Golden frames: a change here is a change that every client sees.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value, json};
use tidewire_protocol::{
    ErrorCode,
    codec::Codec,
    event::Event,
    frame::{ClientFrame, ErrorBody, EventFrame, Reply},
};

use crate::samples;

/// The frame as JSON, and as `MessagePack` in hexadecimal digits.
fn shown(frame: &impl Serialize) -> String {
    let text = String::from_utf8(Codec::Json.encode(frame)).expect("JSON is UTF-8");
    let packed = Codec::MessagePack.encode(frame);
    assert_eq!(
        Codec::Json.decode_value(text.as_bytes()),
        Codec::MessagePack.decode_value(&packed),
        "both codecs carry the same keys and values"
    );
    let mut lines = text + "\n";
    for byte in packed {
        write!(lines, "{byte:02x}").expect("a String takes everything");
    }
    lines
}

fn event_frame(event: &Event) -> EventFrame<'_> {
    let of_a_channel = event.name().starts_with("channel.")
        || event.name().starts_with("chat.m")
        || event.name() == "chat.channel.updated";
    if of_a_channel {
        EventFrame::entry(samples::channel_id(), samples::position(), event)
    } else if event.name().starts_with("notification") || event.name() == "inbox.behind" {
        EventFrame::inbox(7, event)
    } else {
        EventFrame::plain(event)
    }
}

fn snapshot(name: &str, shown: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, shown);
    });
}

#[test]
fn every_command_has_its_golden_frame() {
    for (id, command) in (1..).zip(samples::commands()) {
        let op = command.op().to_owned();
        let frame = ClientFrame { id: Some(id), op: op.clone(), data: command.data() };
        snapshot(&format!("command-{op}"), &shown(&frame));
    }
}

#[test]
fn a_command_without_an_id_leaves_it_out() {
    let frame = ClientFrame { id: None, op: "activity".to_owned(), data: Map::new() };
    snapshot("command-without-id", &shown(&frame));
}

#[test]
fn every_event_has_its_golden_frame() {
    let names: Vec<_> = samples::events().iter().map(Event::name).collect();
    assert_eq!(names, Event::NAMES);
    for event in samples::events() {
        snapshot(&format!("event-{}", event.name()), &shown(&event_frame(&event)));
    }
}

#[test]
fn replies_have_their_golden_frames() {
    snapshot("reply-hello", &shown(&Reply::ok(1, samples::welcome())));
    snapshot("reply-without-data", &shown(&Reply::ok(2, Value::Null)));
    let plain = ErrorBody::new(ErrorCode::OpUnknown, None);
    snapshot("reply-error", &shown(&Reply::<Value>::error(3, plain)));
    let details = json!({"fields": [{"field": "content", "rule": "required", "message": "…"}]});
    let detailed = ErrorBody::new(ErrorCode::ValidationFailed, Some(details));
    snapshot("reply-error-with-details", &shown(&Reply::<Value>::error(4, detailed)));
}
