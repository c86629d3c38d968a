//! Sections 5.4 to 5.6 and 8: fragments, what comes between them, and text.

use tidewire_testkit::socket::{
    Frame,
    opcode::{BINARY, CONTINUATION, PING, PONG, TEXT},
};

use super::{FRAME_BYTES_MAX, echoes, expect, fails, open};

/// One message in fragments, as it goes over the wire.
fn fragments<P: AsRef<[u8]>>(kind: u8, parts: &[P]) -> Vec<u8> {
    let frames = parts.iter().enumerate().map(|(n, part)| Frame {
        is_final: n + 1 == parts.len(),
        opcode: if n == 0 { kind } else { CONTINUATION },
        payload: part.as_ref().to_vec(),
    });
    frames.flat_map(|frame| frame.masked()).collect()
}

fn all(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(Frame::masked).collect()
}

/// Section 5.4.
#[tokio::test]
async fn fragments_become_one_message() {
    let mut socket = open().await;
    socket.send(&fragments(TEXT, &["He", "", "llo, ", "wörld"])).await;
    socket.send(&fragments(BINARY, &[[0, 1], [0xFF, 0xFE]])).await;
    let expected = [Frame::new(TEXT, "Hello, wörld"), Frame::new(BINARY, [0, 1, 0xFF, 0xFE])];
    expect(&mut socket, &expected).await;
}

/// Section 5.4.
#[tokio::test]
async fn a_message_may_have_nothing_but_empty_fragments() {
    let mut socket = open().await;
    socket.send(&fragments(TEXT, &["", "", ""])).await;
    expect(&mut socket, &[Frame::new(TEXT, "")]).await;
    echoes(&mut socket, BINARY, b"").await;
}

/// Section 5.4.
#[tokio::test]
async fn a_message_may_have_very_many_fragments() {
    let mut socket = open().await;
    socket.send(&fragments(TEXT, &vec!["x"; 20_000])).await;
    expect(&mut socket, &[Frame::new(TEXT, vec![b'x'; 20_000])]).await;
}

/// Sections 5.4 and 5.5.2: control frames may stand between fragments, and are answered there.
#[tokio::test]
async fn a_ping_inside_a_message_is_answered_before_it() {
    let mut socket = open().await;
    let first = [Frame::fragment(TEXT, "one "), Frame::new(PING, "a"), Frame::new(PONG, "b")];
    socket.send(&all(&first)).await;
    expect(&mut socket, &[Frame::new(PONG, "a")]).await;
    let rest = [
        Frame::fragment(CONTINUATION, "two "),
        Frame::new(PING, ""),
        Frame::new(CONTINUATION, "three"),
    ];
    socket.send(&all(&rest)).await;
    expect(&mut socket, &[Frame::new(PONG, ""), Frame::new(TEXT, "one two three")]).await;
}

/// Section 5.5.3: the answer carries the same payload.
#[tokio::test]
async fn every_ping_is_answered_in_order_with_its_payload() {
    let mut socket = open().await;
    let with_all_lengths =
        |opcode| (0..=125_u8).map(move |length| Frame::new(opcode, vec![length; length.into()]));
    socket.send(&with_all_lengths(PING).flat_map(|ping| ping.masked()).collect::<Vec<_>>()).await;
    expect(&mut socket, &with_all_lengths(PONG).collect::<Vec<_>>()).await;
}

/// Sections 5.5.2 and 5.5.3.
#[tokio::test]
async fn answers_keep_their_place_among_messages() {
    let mut socket = open().await;
    let sent = [Frame::new(PING, "1"), Frame::new(TEXT, "2"), Frame::new(PING, "3")];
    socket.send(&all(&sent)).await;
    let expected = [Frame::new(PONG, "1"), Frame::new(TEXT, "2"), Frame::new(PONG, "3")];
    expect(&mut socket, &expected).await;
}

/// Section 5.5.3.
#[tokio::test]
async fn a_pong_that_nobody_asked_for_is_let_pass() {
    let mut socket = open().await;
    socket.message(PONG, b"unasked").await;
    echoes(&mut socket, TEXT, b"still here").await;
}

/// Section 5.4.
#[tokio::test]
async fn a_continuation_of_nothing_ends_the_connection() {
    fails(&Frame::new(CONTINUATION, "x").masked(), 1002).await;
    fails(&Frame::fragment(CONTINUATION, "").masked(), 1002).await;
    let mut socket = open().await;
    socket.send(&fragments(TEXT, &["a", "b"])).await;
    socket.message(CONTINUATION, b"c").await;
    expect(&mut socket, &[Frame::new(TEXT, "ab")]).await;
    assert_eq!(socket.closed().await, Some(1002));
}

/// Section 5.4.
#[tokio::test]
async fn a_message_inside_another_ends_the_connection() {
    for kind in [TEXT, BINARY] {
        let frames = [Frame::fragment(TEXT, "unfinished"), Frame::new(kind, "x")];
        fails(&all(&frames), 1002).await;
        let frames = [Frame::fragment(TEXT, ""), Frame::fragment(kind, "")];
        fails(&all(&frames), 1002).await;
    }
}

/// Section 10.4: the limit is on messages, over all of their fragments.
#[tokio::test]
async fn a_message_may_be_as_long_as_the_limit_and_no_longer() {
    let exact = vec![b'x'; FRAME_BYTES_MAX];
    let mut socket = open().await;
    echoes(&mut socket, TEXT, &exact).await;
    let (half, other) = exact.split_at(FRAME_BYTES_MAX / 2);
    socket.send(&fragments(BINARY, &[half, other, &[]])).await;
    expect(&mut socket, &[Frame::new(BINARY, &exact[..])]).await;

    fails(&Frame::new(TEXT, [&exact[..], b"x"].concat()).masked(), 1009).await;
    fails(&fragments(TEXT, &[half, other, b"x"]), 1009).await;
    fails(&all(&[Frame::fragment(BINARY, &exact[..]), Frame::new(CONTINUATION, "x")]), 1009).await;
}

/// Section 8.1, across fragments as section 5.6 allows.
#[tokio::test]
async fn a_character_may_be_cut_at_every_byte() {
    let text = "κόσμε \u{7F}\u{80}\u{7FF}\u{800}\u{FFFD}\u{FFFF}\u{10000}\u{10FFFF}\u{0}";
    let bytes: Vec<[u8; 1]> = text.bytes().map(|byte| [byte]).collect();
    let mut socket = open().await;
    socket.send(&fragments(TEXT, &bytes)).await;
    expect(&mut socket, &[Frame::new(TEXT, text)]).await;
}

/// Section 8.1.
#[tokio::test]
async fn text_that_is_not_utf8_ends_the_connection() {
    let wrong: [&[u8]; 12] = [
        b"\x80",
        b"\xBF",
        b"\xC0\xAF",
        b"\xC1\x81",
        b"\xE0\x80\xAF",
        b"\xED\xA0\x80",
        b"\xED\xBF\xBF",
        b"\xF0\x80\x80\xAF",
        b"\xF4\x90\x80\x80",
        b"\xF8\x88\x80\x80\x80",
        b"\xFE",
        b"caf\xE9",
    ];
    for bytes in wrong {
        fails(&Frame::new(TEXT, bytes).masked(), 1007).await;
        let parts: Vec<[u8; 1]> = bytes.iter().map(|byte| [*byte]).collect();
        fails(&fragments(TEXT, &parts), 1007).await;
    }
}

/// Section 8.1: a message ends with a whole character.
#[tokio::test]
async fn text_that_ends_inside_a_character_ends_the_connection() {
    for bytes in [b"\xC3".as_slice(), b"x\xE2\x82", b"\xF0\x9F\x98"] {
        fails(&Frame::new(TEXT, bytes).masked(), 1007).await;
        fails(&fragments(TEXT, &[bytes, b""]), 1007).await;
    }
}

/// Section 8.1: the first wrong byte is enough, in the middle of a message and of a frame.
#[tokio::test]
async fn wrong_text_is_not_waited_for() {
    fails(&Frame::fragment(TEXT, b"\xF4\x90").masked(), 1007).await;
    let frame = Frame::new(TEXT, [b"\xED\xA0".as_slice(), &[b'x'; 1_000]].concat()).masked();
    fails(&frame[..frame.len() - 900], 1007).await;
}

/// Section 5.6.
#[tokio::test]
async fn binary_may_be_anything() {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    echoes(&mut open().await, BINARY, &every_byte).await;
}

/// Section 5.2: frames are found in the stream, however TCP cuts it.
#[tokio::test]
async fn messages_do_not_depend_on_segments() {
    let messages: Vec<Frame> = (0..500).map(|n| Frame::new(TEXT, format!("message {n}"))).collect();
    let mut socket = open().await;
    socket.send(&all(&messages)).await;
    expect(&mut socket, &messages).await;

    for byte in fragments(TEXT, &["byte ", "by ", "bÿte"]) {
        socket.send(&[byte]).await;
        tokio::task::yield_now().await;
    }
    expect(&mut socket, &[Frame::new(TEXT, "byte by bÿte")]).await;
}
