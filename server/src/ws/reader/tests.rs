use std::io::{self, Read, Write};
use tidewire_protocol::limits::FRAME_BYTES_MAX;

use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::{
    Message as Sent, Role, WebSocketContext,
    frame::{
        Frame as SentFrame,
        coding::{Data, OpCode},
    },
};

use super::*;

/// Everything that comes out of `bytes`, given in pieces that end at `cuts`.
fn read(bytes: &[u8], cuts: &[usize]) -> Result<Vec<Incoming>, CloseCode> {
    let (mut reader, mut out, mut from) = (Reader::new(FRAME_BYTES_MAX), Vec::new(), 0);
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    for end in ends {
        let mut piece = &bytes[from..end];
        while let Some(incoming) = reader.next(&mut piece)? {
            out.push(incoming);
        }
        assert!(piece.is_empty());
        from = end;
    }
    Ok(out)
}

/// What another implementation's client writes.
fn written(messages: &[(bool, Vec<String>)]) -> Vec<u8> {
    struct Sink(Vec<u8>);
    impl Read for Sink {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (mut client, mut sink) = (WebSocketContext::new(Role::Client, None), Sink(Vec::new()));
    for (is_text, fragments) in messages {
        for (n, fragment) in fragments.iter().enumerate() {
            let opcode = match (n, is_text) {
                (0, true) => Data::Text,
                (0, false) => Data::Binary,
                _ => Data::Continue,
            };
            let is_final = n + 1 == fragments.len();
            let frame = SentFrame::message(fragment.clone(), OpCode::Data(opcode), is_final);
            client.write(&mut sink, Sent::Frame(frame)).unwrap();
            client
                .write(&mut sink, Sent::Ping(fragment.len().to_be_bytes().to_vec().into()))
                .unwrap();
        }
    }
    client.flush(&mut sink).unwrap();
    sink.0
}

fn expected(messages: &[(bool, Vec<String>)]) -> Vec<Incoming> {
    let mut out = Vec::new();
    for (is_text, fragments) in messages {
        let bytes = fragments.concat().into_bytes();
        let message = if *is_text { Incoming::Text(bytes) } else { Incoming::Binary(bytes) };
        let pings = fragments.iter().map(|one| Incoming::Ping(one.len().to_be_bytes().to_vec()));
        out.extend(pings);
        out.insert(out.len() - 1, message);
    }
    out
}

fn messages() -> impl Strategy<Value = Vec<(bool, Vec<String>)>> {
    let fragments = prop::collection::vec("\\PC{0,200}", 1..5);
    prop::collection::vec((any::<bool>(), fragments), 0..6)
}

proptest! {
    #[test]
    fn what_another_client_writes_is_read_wherever_it_is_cut(
        messages in messages(),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        prop_assert_eq!(read(&written(&messages), &cuts), Ok(expected(&messages)));
    }

    #[test]
    fn any_bytes_come_to_the_same_end_wherever_they_are_cut(
        heads in prop::collection::vec(any::<u8>(), 0..64),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        prop_assert_eq!(read(&heads, &cuts), read(&heads, &[]));
    }

    #[test]
    fn a_text_is_taken_exactly_when_it_is_utf8(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0xF0), Just(0x9F), 0x80..0xC0_u8], 0..12),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
    ) {
        let mut frame = vec![0x81, 0x80 | bytes.len() as u8, 0, 0, 0, 0];
        frame.extend_from_slice(&bytes);
        prop_assert_eq!(read(&frame, &cuts).is_ok(), str::from_utf8(&bytes).is_ok());
    }
}

#[test]
fn an_idle_reader_holds_no_memory() {
    let mut reader = Reader::new(FRAME_BYTES_MAX);
    let mut input = [0x81, 0x81, 0, 0, 0, 0, b'a', 0x89, 0x81, 0, 0, 0, 0, b'b'].as_slice();
    assert_eq!(reader.next(&mut input), Ok(Some(Incoming::Text(b"a".to_vec()))));
    assert_eq!(reader.next(&mut input), Ok(Some(Incoming::Ping(b"b".to_vec()))));
    assert_eq!(reader.next(&mut input), Ok(None));
    assert!(reader.message.is_none() && reader.frame.is_none());
    assert_eq!(reader.control.capacity(), 0);
}

#[test]
fn the_first_message_alone_may_be_larger() {
    let large = (true, vec!["x".repeat(FRAME_BYTES_MAX / 2 + 1); 2]);
    let bytes = written(&[large.clone(), large]);
    let mut reader = Reader::new(FRAME_BYTES_MAX);
    reader.allow_first(2 * FRAME_BYTES_MAX);
    let (mut input, mut whole) = (&*bytes, 0);
    let end = loop {
        match reader.next(&mut input) {
            Ok(Some(Incoming::Text(_))) => whole += 1,
            Ok(Some(_)) => {}
            end => break end,
        }
    };
    assert_eq!(whole, 1);
    assert!(matches!(end, Err(CloseCode::TooBig)), "{end:?}");
}
