//! Messages that cannot be read: closed with the code that says why.

use proptest::{
    strategy::{Strategy, ValueTree as _},
    test_runner::TestRunner,
};
use tidewire_protocol::{codec::Codec, limits::FRAME_BYTES_MAX};
use tidewire_testkit::socket::{
    Frame,
    opcode::{BINARY, CONTINUATION, TEXT},
};

use crate::house::{House, is_served};

/// Something to send, and how the connection ends.
pub(crate) struct Wrong {
    pub(crate) codec: Codec,
    pub(crate) bytes: Vec<u8>,
    pub(crate) code: u16,
}

fn json(text: impl AsRef<[u8]>) -> Wrong {
    let bytes = Frame::new(TEXT, text.as_ref()).masked();
    Wrong { codec: Codec::Json, bytes, code: 4400 }
}

fn packed(bytes: impl AsRef<[u8]>) -> Wrong {
    let bytes = Frame::new(BINARY, bytes.as_ref()).masked();
    Wrong { codec: Codec::MessagePack, bytes, code: 4400 }
}

/// JSON that is no command.
fn wrong_json() -> Vec<Wrong> {
    let mut wrong = vec![
        json(""),
        json("ping"),
        json(r#"{"id":1,"op":"ping""#),
        json(r#"[{"id":1,"op":"ping"}]"#),
        json("7"),
        json("null"),
        json(r#"{"id":1}"#),
        json(r#"{"id":1,"op":7}"#),
        json(r#"{"id":1,"op":"ping","data":[]}"#),
        json(r#"{"id":1,"op":"ping","op":"ping"}"#),
        json(r#"{"id":1,"op":"ping","data":{"a":1,"a":2}}"#),
        json(r#"{"id":1,"op":"ping"} {}"#),
        json(r#"{"id":1,"op":"ping"}x"#),
        json(r#"{"id":1,"op":"ping","data":{"text":"\ud800"}}"#),
        json(r#"{"id":1,"op":"ping","data":{"number":1e999}}"#),
        json("{\"id\":1,\"op\":\"pi\nng\"}"),
        json(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))),
        json(format!(r#"{{"id":1,"op":"ping","data":{}"#, r#"{"a":"#.repeat(10_000))),
    ];
    for id in ["0", "-1", "1.5", "1e3", "9007199254740992", "\"1\"", "null", "true", "[1]"] {
        wrong.push(json(format!(r#"{{"id":{id},"op":"ping"}}"#)));
    }
    wrong
}

/// `MessagePack` that is no command.
fn wrong_message_pack() -> Vec<Wrong> {
    let deep = [vec![0x91; 10_000], vec![0xC0]].concat();
    vec![
        packed([]),
        packed([0xC1]),
        packed([0x93, 1, 2, 3]),
        packed(b"\x82\xA2id\x01\xA2op\xA4pin"),
        packed(b"\x82\xA2id\x00\xA2op\xA4ping"),
        packed(b"\x82\xA2id\x01\xA2op\xA4ping\xC0"),
        packed(b"\x83\xA2id\x01\xA2id\x02\xA2op\xA4ping"),
        packed(b"\x82\xC4\x02id\x01\xA2op\xA4ping"),
        packed(b"\x82\xA2id\x01\xA2op\xA4pi\xFF\xFE"),
        packed(b"\xDF\xFF\xFF\xFF\xFF"),
        packed(b"\xDD\xFF\xFF\xFF\xFF\x01"),
        packed(b"\xC6\xFF\xFF\xFF\xFF\x01"),
        packed(b"\xC9\xFF\xFF\xFF\xFF\x01"),
        packed(deep),
    ]
}

/// Messages that end before anybody asks what they mean.
fn wrong_messages() -> Vec<Wrong> {
    let too_big = vec![b' '; FRAME_BYTES_MAX + 1];
    let mut without_end = Frame::fragment(TEXT, &too_big[..1_000]).masked();
    let more = Frame::fragment(CONTINUATION, &too_big[..1_000]).masked();
    without_end.extend(more.repeat(FRAME_BYTES_MAX / 1_000));
    let wrong = |codec, bytes, code| Wrong { codec, bytes, code };
    vec![
        wrong(Codec::Json, Frame::new(BINARY, r#"{"id":1,"op":"ping"}"#).masked(), 1003),
        wrong(Codec::MessagePack, Frame::new(TEXT, r#"{"id":1,"op":"ping"}"#).masked(), 1003),
        wrong(Codec::Json, Frame::new(TEXT, b"{\"op\":\"\xFF\"}").masked(), 1007),
        wrong(Codec::Json, Frame::new(TEXT, &too_big[..]).masked(), 1009),
        wrong(Codec::MessagePack, Frame::new(BINARY, &too_big[..]).masked(), 1009),
        wrong(Codec::Json, without_end, 1009),
        wrong(Codec::Json, vec![0x81, 0x05, b'p', b'l', b'a', b'i', b'n'], 1002),
        wrong(Codec::Json, vec![0xC1, 0x80, 0, 0, 0, 0], 1002),
        wrong(Codec::Json, vec![0x83, 0x80, 0, 0, 0, 0], 1002),
    ]
}

/// All of the above.
pub(crate) fn all() -> Vec<Wrong> {
    [wrong_json(), wrong_message_pack(), wrong_messages()].into_iter().flatten().collect()
}

async fn each_ends_as_stated(wrongs: Vec<Wrong>) {
    let house = House::patient().await;
    let mut witness = house.client(1).await;
    for Wrong { codec, bytes, code } in wrongs {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
        for mut client in [house.stranger(codec).await, house.speaker(codec).await] {
            client.socket.send(&bytes).await;
            assert_eq!(client.closed().await, Some(code), "{shown:?}");
        }
        is_served(&mut witness).await;
    }
}

#[tokio::test]
async fn json_that_is_no_command_is_a_protocol_error() {
    each_ends_as_stated(wrong_json()).await;
}

#[tokio::test]
async fn message_pack_that_is_no_command_is_a_protocol_error() {
    each_ends_as_stated(wrong_message_pack()).await;
}

#[tokio::test]
async fn messages_that_are_none_end_with_the_code_of_their_fault() {
    each_ends_as_stated(wrong_messages()).await;
}

/// Whatever stands in a message: an answer or a close frame, never a connection cut off.
#[tokio::test]
async fn any_bytes_get_an_answer_or_a_close_code() {
    let house = House::patient().await;
    let mut witness = house.client(1).await;
    let bytes = proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..200);
    let mut runner = TestRunner::deterministic();
    for _ in 0..300 {
        let payload = bytes.new_tree(&mut runner).unwrap().current();
        let mut client = house.stranger(Codec::MessagePack).await;
        client.bytes(&payload).await;
        client.socket.send(&Frame::close(1000, b"").masked()).await;
        let code = client.closed().await;
        assert!(matches!(code, Some(1000 | 4400)), "{code:?}: {payload:02x?}");
    }
    is_served(&mut witness).await;
}
