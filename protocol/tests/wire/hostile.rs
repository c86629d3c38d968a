//! Bytes that no well-behaved client sends: an error, never a panic.

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Map, Value, json};
use tidewire_protocol::{
    codec::Codec,
    command::Command,
    event::Event,
    frame::{ClientFrame, EventFrame},
    limits::NESTING_MAX,
};

use crate::{
    arbitrary::{self, command::command, event::event},
    samples,
};

/// Reads the bytes in every way there is. Not to panic is all that is asked.
fn read_all(codec: Codec, bytes: &[u8]) {
    let _ = codec.decode_value(bytes);
    if let Ok(frame) = codec.decode_command(bytes) {
        let _ = Command::parse(&frame.op, &frame.data);
    }
    let _ = codec.decode_server(bytes);
}

/// One change to a valid frame.
#[derive(Debug, Clone)]
enum Mutation {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Truncate(Index),
    Repeat(Index, Index),
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        match self {
            Self::Set(at, byte) => bytes[at.index(length)] = *byte,
            Self::Insert(at, byte) => bytes.insert(at.index(length), *byte),
            Self::Remove(at) => drop(bytes.remove(at.index(length))),
            Self::Truncate(at) => bytes.truncate(at.index(length)),
            Self::Repeat(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                bytes.extend_from_within(from.min(to)..from.max(to));
            }
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        at().prop_map(Mutation::Remove),
        at().prop_map(Mutation::Truncate),
        (at(), at()).prop_map(|(from, to)| Mutation::Repeat(from, to)),
    ]
}

/// Data whose field names are right and whose values are anything.
fn plausible_data() -> impl Strategy<Value = Map<String, Value>> {
    let names: Vec<String> = samples::commands()
        .iter()
        .flat_map(|command| command.data().into_iter())
        .map(|f| f.0)
        .collect();
    vec((prop::sample::select(names), arbitrary::json()), 0..6).prop_map(Map::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn arbitrary_bytes_never_panic(codec in arbitrary::codec(), bytes in vec(any::<u8>(), 0..300)) {
        read_all(codec, &bytes);
    }

    #[test]
    fn mutated_commands_never_panic(
        codec in arbitrary::codec(),
        command in command(),
        mutations in vec(mutation(), 1..5),
    ) {
        let frame = ClientFrame { id: Some(1), op: command.op().to_owned(), data: command.data() };
        let mut bytes = codec.encode(&frame);
        for mutation in &mutations {
            mutation.apply(&mut bytes);
        }
        read_all(codec, &bytes);
    }

    #[test]
    fn mutated_events_never_panic(
        codec in arbitrary::codec(),
        event in event(),
        mutations in vec(mutation(), 1..5),
    ) {
        let mut bytes = codec.encode(&EventFrame::plain(&event));
        for mutation in &mutations {
            mutation.apply(&mut bytes);
        }
        read_all(codec, &bytes);
    }

    #[test]
    fn plausible_data_never_panics(sample in any::<Index>(), data in plausible_data()) {
        let commands = samples::commands();
        let _ = Command::parse(sample.get(&commands).op(), &data);
        let events = samples::events();
        let _ = Event::from_parts(sample.get(&events).name(), Value::Object(data));
    }
}

/// A `ping` whose data holds arrays, `levels` open in all.
fn nested(codec: Codec, levels: usize) -> Vec<u8> {
    let arrays = levels - 2;
    match codec {
        Codec::Json => {
            let (open, close) = ("[".repeat(arrays), "]".repeat(arrays));
            format!(r#"{{"op":"ping","data":{{"a":{open}{close}}}}}"#).into_bytes()
        }
        Codec::MessagePack => {
            let mut bytes = b"\x82\xa2op\xa4ping\xa4data\x81\xa1a".to_vec();
            bytes.resize(bytes.len() + arrays - 1, 0x91);
            bytes.push(0x90);
            bytes
        }
    }
}

/// A `ping` whose data holds objects, `levels` open in all.
fn nested_objects(codec: Codec, levels: usize) -> Vec<u8> {
    let objects = levels - 1;
    match codec {
        Codec::Json => {
            let (open, close) = (r#"{"a":"#.repeat(objects), "}".repeat(objects));
            format!(r#"{{"op":"ping","data":{open}1{close}}}"#).into_bytes()
        }
        Codec::MessagePack => {
            let mut bytes = b"\x82\xa2op\xa4ping\xa4data".to_vec();
            (0..objects).for_each(|_| bytes.extend(b"\x81\xa1a"));
            bytes.push(1);
            bytes
        }
    }
}

#[test]
fn nesting_is_read_up_to_its_limit_and_not_beyond() {
    for codec in Codec::ALL {
        for frame in [nested, nested_objects] {
            assert!(codec.decode_command(&frame(codec, NESTING_MAX)).is_ok(), "{codec:?}");
            for levels in [NESTING_MAX + 1, 100, 10_000, 1_000_000] {
                assert!(codec.decode_command(&frame(codec, levels)).is_err(), "{codec:?} {levels}");
            }
        }
    }
}

#[test]
fn a_length_that_promises_gigabytes_is_an_error_and_no_allocation() {
    for head in [0xc6_u8, 0xc9, 0xdb, 0xdd, 0xdf] {
        for length in [[0xff; 4], [0x7f, 0xff, 0xff, 0xff]] {
            let bytes = [&[head][..], &length, b"abc"].concat();
            assert!(Codec::MessagePack.decode_value(&bytes).is_err(), "{head:02x}");
        }
    }
}

fn refused(codec: Codec, frames: &[&[u8]]) {
    for frame in frames {
        assert!(codec.decode_command(frame).is_err(), "{:?}", frame.escape_ascii().to_string());
    }
}

#[test]
fn malformed_json_frames_are_refused() {
    refused(
        Codec::Json,
        &[
            b"",
            b" ",
            b"null",
            b"[]",
            b"\"ping\"",
            b"{}",
            br#"{"op":"ping"} {}"#,
            br#"{"op":"ping"}x"#,
            br#"{"op":"ping","op":"ping"}"#,
            br#"{"op":"ping","data":{"a":1,"a":1}}"#,
            br#"{"op":"ping","data":{"a":[{"b":1,"\u0062":2}]}}"#,
            br#"{"op":5}"#,
            br#"{"op":"ping","data":[]}"#,
            br#"{"op":"ping","data":"x"}"#,
            br#"{"op":"ping","data":{"a":NaN}}"#,
            br#"{"op":"ping","data":{"a":Infinity}}"#,
            br#"{"op":"ping","data":{"a":1e999}}"#,
            br#"{"op":"\ud800"}"#,
            br#"{"op":"ping","data":{"a":"\ude00\ud83d"}}"#,
            br#"{"op":"ping","data":{"\ud800":1}}"#,
            b"{\"op\":\"\xff\"}",
            b"{\"op\":\"ping\",\"data\":{\"a\":\"\xed\xa0\x80\"}}",
            b"{\"op\":\"ping\",\"data\":{\"\xc0\xaf\":1}}",
            b"\xef\xbb\xbf{\"op\":\"ping\"}",
            b"{'op':'ping'}",
            br#"{"op":"ping",}"#,
        ],
    );
}

#[test]
fn malformed_message_pack_frames_are_refused() {
    refused(
        Codec::MessagePack,
        &[
            b"",
            b"\xc0",
            b"\x90",
            b"\xa4ping",
            b"\x80",
            b"\xc1",
            b"\x81\xa2op\xa4ping\xc0",
            b"\x81\xa2op\xa4pin",
            b"\x82\xa2op\xa4ping\xa2op\xa4ping",
            b"\x82\xa2op\xa4ping\xa4data\x82\xa1a\x01\xa1a\x01",
            b"\x81\xa2op\x05",
            b"\x82\xa2op\xa4ping\xa4data\x90",
            // not a number, infinite: as f32 and as f64
            b"\x82\xa2op\xa4ping\xa4data\x81\xa1a\xca\x7f\xc0\x00\x00",
            b"\x82\xa2op\xa4ping\xa4data\x81\xa1a\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",
            b"\x82\xa2op\xa4ping\xa4data\x81\xa1a\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00",
            // text that is not UTF-8, as value and as key
            b"\x81\xa2op\xa1\xff",
            b"\x82\xa2op\xa4ping\xa4data\x81\xa1a\xa3\xed\xa0\x80",
            b"\x82\xa2op\xa4ping\xa4data\x81\xa1\xff\x01",
            // binary, as operation, value and key; an extension
            b"\x81\xa2op\xc4\x04ping",
            b"\x82\xa2op\xa4ping\xa4data\x81\xa1a\xc4\x01x",
            b"\x81\xc4\x02op\xa4ping",
            b"\x82\xa2op\xa4ping\xa4data\x81\xc4\x01a\x01",
            b"\x82\xa2op\xa4ping\xa4data\x81\xa1a\xd4\x01x",
            // a key that is no text
            b"\x82\xa2op\xa4ping\x01\x01",
        ],
    );
}

#[test]
fn an_id_is_a_positive_integer_that_every_json_reader_holds() {
    let largest = (1_u64 << 53) - 1;
    for codec in Codec::ALL {
        let with_id = |id: &Value| codec.encode(&json!({"id": id, "op": "ping"}));
        for good in [1, largest] {
            let frame = codec.decode_command(&with_id(&json!(good)));
            assert_eq!(frame.map(|frame| frame.id), Ok(Some(good)), "{codec:?}");
        }
        for bad in [
            json!(0),
            json!(-1),
            json!(1.5),
            json!(1.0),
            json!(largest + 1),
            json!(u64::MAX),
            json!("1"),
            json!(null),
            json!(true),
            json!([1]),
        ] {
            assert!(codec.decode_command(&with_id(&bad)).is_err(), "{codec:?} {bad}");
        }
    }
}

#[test]
fn a_position_beyond_every_log_is_a_field_error() {
    for (seq, inbox) in [(1_u64 << 53, 0), (0, 1_u64 << 53), (u64::MAX, 0)] {
        let channels = json!({samples::channel_id().to_string(): [seq, "AAAAAAAAAAA"]});
        let hello = json!({"resume": {"channels": channels, "inbox": inbox}});
        let data = hello.as_object().expect("an object");
        assert!(Command::parse("hello", data).is_err(), "{seq} {inbox}");
    }
}
