//! Sections 5.5.1 and 7: the closing handshake.

use tidewire_testkit::socket::{
    Frame, Socket,
    opcode::{CLOSE, TEXT},
};

use super::{echoes, expect, fails, open, serve};

/// Section 5.5.1: the answer to a close frame is one with the same code; then the server hangs up
/// first (section 7.1.1).
#[tokio::test]
async fn a_close_frame_is_answered_with_its_code() {
    let codes = (1000..=1003).chain(1007..=1014).chain([3000, 3999, 4000, 4999]);
    for code in codes {
        for reason in ["", "good bye", &"ä".repeat(61)] {
            let mut socket = open().await;
            socket.send(&Frame::close(code, reason.as_bytes()).masked()).await;
            assert_eq!(socket.frame().await.and_then(|frame| frame.close_code()), Some(code));
            assert!(socket.ended().await, "{code}");
        }
    }
}

/// Section 5.5.1.
#[tokio::test]
async fn a_close_frame_without_a_code_is_answered_without_one() {
    let mut socket = open().await;
    socket.message(CLOSE, b"").await;
    expect(&mut socket, &[Frame::new(CLOSE, "")]).await;
    assert!(socket.ended().await);
}

/// Sections 7.4.1 and 7.4.2.
#[tokio::test]
async fn a_code_that_is_never_on_a_wire_ends_the_connection() {
    let reserved = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
    for code in reserved {
        fails(&Frame::close(code, b"").masked(), 1002).await;
    }
}

/// Section 5.5.1: two bytes or none.
#[tokio::test]
async fn half_a_code_ends_the_connection() {
    fails(&Frame::new(CLOSE, [3]).masked(), 1002).await;
}

/// Section 5.5.1: the reason is UTF-8.
#[tokio::test]
async fn a_reason_that_is_not_utf8_ends_the_connection() {
    for reason in [b"\xFF".as_slice(), b"bye \xC3", b"\xED\xA0\x80"] {
        fails(&Frame::close(1000, reason).masked(), 1007).await;
    }
}

/// Section 5.5.1: nothing is said after a close frame, and what a peer says after its own is dropped.
#[tokio::test]
async fn what_comes_after_a_close_frame_is_ignored() {
    let mut socket = open().await;
    let frames = [Frame::new(TEXT, "before"), Frame::close(1001, b""), Frame::new(TEXT, "after")];
    socket.send(&frames.iter().flat_map(Frame::masked).collect::<Vec<_>>()).await;
    socket.send(&[0xFF; 100]).await;
    expect(&mut socket, &[Frame::new(TEXT, "before"), Frame::new(CLOSE, 1001_u16.to_be_bytes())])
        .await;
    assert!(socket.ended().await);
}

/// Section 7.1.7: a connection that has failed hears nothing more.
#[tokio::test]
async fn what_comes_after_a_failure_is_ignored() {
    let mut bytes = Frame::new(TEXT, b"\xFF").masked();
    bytes.extend(Frame::new(TEXT, "after").masked());
    fails(&bytes, 1007).await;
}

/// Section 5.4: control frames may stand between fragments, also the last one.
#[tokio::test]
async fn a_close_frame_may_interrupt_a_message() {
    let mut socket = open().await;
    socket.send(&Frame::fragment(TEXT, "never finis").masked()).await;
    socket.send(&Frame::close(1000, b"").masked()).await;
    assert_eq!(socket.closed().await, Some(1000));
}

/// Section 7.1.5: both sides may close at the same time; each does it once.
#[tokio::test]
async fn close_frames_may_cross() {
    let mut socket = open().await;
    let mut bytes = vec![0x83, 0x80, 0, 0, 0, 0];
    bytes.extend(Frame::close(1000, b"").masked());
    socket.send(&bytes).await;
    assert_eq!(socket.closed().await, Some(1002));
    socket.send(&Frame::close(1002, b"").masked()).await;
    assert!(socket.ended().await);
}

/// Section 7.1.1: the server need not wait for the peer to hang up, and does not.
#[tokio::test]
async fn the_server_hangs_up_when_both_have_closed() {
    let mut socket = open().await;
    socket.message(CLOSE, b"").await;
    assert_eq!(socket.frame().await.map(|frame| frame.opcode), Some(CLOSE));
    assert!(socket.ended().await);
}

/// Section 7.1.1 again: a peer that hangs up without a word hurts nobody else.
#[tokio::test]
async fn a_peer_may_just_go() {
    let address = serve();
    for bytes in [[].as_slice(), &[0x81], &Frame::fragment(TEXT, "unfinished").masked()] {
        let mut socket = Socket::open(address, "/", &[]).await.unwrap();
        socket.send(bytes).await;
        socket.shut().await;
        assert!(socket.ended().await);
    }
    echoes(&mut Socket::open(address, "/", &[]).await.unwrap(), TEXT, b"others stay").await;
}
