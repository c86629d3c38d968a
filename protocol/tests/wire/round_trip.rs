//! What is encoded is what is read back, in both codecs.

use proptest::prelude::*;
use serde::Deserialize as _;
use serde_json::{Map, Value};
use tidewire_protocol::{
    codec::Codec,
    command::{Command, CommandError},
    event::Event,
    frame::{ClientFrame, ErrorBody, EventFrame, Reply, ServerFrame, Welcome},
    limits::INTEGER_MAX,
};

use crate::{
    arbitrary::{self, command::command, event::event, welcome::welcome},
    samples,
};

fn through_the_wire(codec: Codec, id: Option<u64>, command: &Command) -> ClientFrame {
    let frame = ClientFrame { id, op: command.op().to_owned(), data: command.data() };
    codec.decode_command(&codec.encode(&frame)).expect("a frame that was just encoded")
}

fn reply(codec: Codec, bytes: &[u8]) -> Reply<Value> {
    match codec.decode_server(bytes) {
        Ok(ServerFrame::Reply(reply)) => reply,
        other => panic!("not a reply: {other:?}"),
    }
}

proptest! {
    #[test]
    fn a_command_survives(
        codec in arbitrary::codec(),
        id in arbitrary::maybe(1..=INTEGER_MAX as u64),
        command in command(),
    ) {
        let frame = through_the_wire(codec, id, &command);
        prop_assert_eq!(frame.id, id);
        prop_assert_eq!(Command::parse(&frame.op, &frame.data), Ok(command));
    }

    #[test]
    fn any_object_survives_as_the_data_of_a_command(
        codec in arbitrary::codec(),
        data in arbitrary::object(arbitrary::json()),
    ) {
        let frame = ClientFrame { id: Some(1), op: "x".to_owned(), data };
        prop_assert_eq!(codec.decode_command(&codec.encode(&frame)), Ok(frame));
    }

    #[test]
    fn a_reply_survives(
        codec in arbitrary::codec(),
        id: u64,
        data in arbitrary::json(),
    ) {
        let read = reply(codec, &codec.encode(&Reply::ok(id, &data)));
        prop_assert_eq!(read, Reply { id, ok: true, data: Some(data).filter(|data| !data.is_null()), error: None });
    }

    #[test]
    fn a_refusal_survives(
        codec in arbitrary::codec(),
        id: u64,
        code in arbitrary::one_of(tidewire_protocol::ErrorCode::ALL),
        details in arbitrary::maybe(arbitrary::object(arbitrary::scalar())),
    ) {
        let sent = Reply::<Value>::error(id, ErrorBody::new(code, details.map(Value::Object)));
        prop_assert_eq!(reply(codec, &codec.encode(&sent)), sent);
    }

    #[test]
    fn a_welcome_survives(codec in arbitrary::codec(), welcome in welcome()) {
        let read = reply(codec, &codec.encode(&Reply::ok(1, &welcome)));
        prop_assert_eq!(Welcome::deserialize(read.data.unwrap_or_default()).ok(), Some(welcome));
    }

    #[test]
    fn an_event_survives_with_its_position(
        codec in arbitrary::codec(),
        channel in arbitrary::id(),
        position in arbitrary::position(),
        event in event(),
    ) {
        let bytes = codec.encode(&EventFrame::entry(channel, position, &event));
        let Ok(ServerFrame::Event(read)) = codec.decode_server(&bytes) else {
            return Err(TestCaseError::fail("not an event"));
        };
        prop_assert_eq!((read.channel, read.seq, read.mark), (Some(channel), Some(position.seq), Some(position.mark)));
        prop_assert_eq!(read.inbox, None);
        prop_assert_eq!(read.event.as_str(), event.name());
        let again = Event::from_parts(&read.event, read.data).and_then(Result::ok);
        prop_assert_eq!(again, Some(event));
    }

    #[test]
    fn an_event_of_the_user_survives(
        codec in arbitrary::codec(),
        inbox in arbitrary::maybe(arbitrary::seq()),
        event in event(),
    ) {
        let bytes = codec.encode(&EventFrame { inbox, ..EventFrame::plain(&event) });
        let Ok(ServerFrame::Event(read)) = codec.decode_server(&bytes) else {
            return Err(TestCaseError::fail("not an event"));
        };
        prop_assert_eq!((read.channel, read.seq, read.mark, read.inbox), (None, None, None, inbox));
        let again = Event::from_parts(&read.event, read.data).and_then(Result::ok);
        prop_assert_eq!(again, Some(event));
    }
}

#[test]
fn both_codecs_carry_each_sample() {
    for codec in Codec::ALL {
        for command in samples::commands() {
            let frame = through_the_wire(codec, Some(1), &command);
            assert_eq!(Command::parse(&frame.op, &frame.data), Ok(command));
        }
    }
}

#[test]
fn absent_and_null_data_mean_no_fields() {
    for frame in [r#"{"id":1,"op":"ping"}"#, r#"{"id":1,"op":"ping","data":null,"extra":[1]}"#] {
        let read = Codec::Json.decode_command(frame.as_bytes());
        let ping = ClientFrame { id: Some(1), op: "ping".to_owned(), data: Map::new() };
        assert_eq!(read, Ok(ping), "{frame}");
    }
}

#[test]
fn an_unknown_operation_is_told_apart_from_unreadable_data() {
    assert_eq!(Command::parse("chat.sing", &Map::new()), Err(CommandError::UnknownOp));
    assert!(matches!(Command::parse("chat.send", &Map::new()), Err(CommandError::Invalid(_))));
    assert!(Event::from_parts("chat.sung", Value::Null).is_none());
}
