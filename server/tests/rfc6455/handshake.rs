//! Section 4: the opening handshake.

use tidewire_testkit::socket::{Answer, Frame, Socket, UPGRADE, opcode};

use super::{expect, serve};

/// The answer to the usual request in which one header is another, or missing.
async fn with(name: &str, value: Option<&str>) -> Answer {
    let mut headers: Vec<(&str, &str)> =
        UPGRADE.iter().copied().filter(|(known, _)| *known != name).collect();
    headers.extend(value.map(|value| (name, value)));
    Socket::connect(serve()).await.request("GET", "/", &headers).await
}

fn request(version: &str) -> Vec<u8> {
    let headers = UPGRADE.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    format!("GET / {version}\r\nHost: x\r\n{}\r\n", headers.collect::<String>()).into_bytes()
}

fn assert_names_its_version(answer: &Answer) {
    assert_eq!(answer.status, 426);
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
    assert_eq!(answer.header("upgrade"), Some("websocket"));
}

/// Section 4.2.2, with the key and the answer of section 1.3.
#[tokio::test]
async fn the_answer_proves_that_the_key_was_read() {
    let answer = Socket::connect(serve()).await.request("GET", "/", UPGRADE).await;
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(answer.header("connection").map(str::to_ascii_lowercase), Some("upgrade".into()));
}

/// Section 4.2.1, item 5.
#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let not_sixteen_bytes = ["", "x", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZTE3", "!!!!"];
    for key in not_sixteen_bytes {
        assert_eq!(with("Sec-WebSocket-Key", Some(key)).await.status, 400, "{key}");
    }
    assert_eq!(with("Sec-WebSocket-Key", None).await.status, 400);
    let twice = [UPGRADE, &[("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]].concat();
    assert_eq!(Socket::connect(serve()).await.request("GET", "/", &twice).await.status, 400);
}

/// Sections 4.2.1, item 6, and 4.4.
#[tokio::test]
async fn another_version_is_told_which_one_is_spoken() {
    for version in [None, Some(""), Some("8"), Some("14"), Some("13, 8")] {
        assert_names_its_version(&with("Sec-WebSocket-Version", version).await);
    }
}

/// Section 4.2.1, items 3 and 4.
#[tokio::test]
async fn what_is_no_upgrade_to_websocket_is_told_what_to_ask_for() {
    for value in [None, Some("keep-alive"), Some("upgraded")] {
        assert_names_its_version(&with("Connection", value).await);
    }
    for value in [None, Some("h2c"), Some("websockets")] {
        assert_names_its_version(&with("Upgrade", value).await);
    }
}

/// Section 4.2.1, items 3 and 4: both are lists, and their words come in any case.
#[tokio::test]
async fn the_upgrade_may_be_one_of_several_words() {
    for value in ["keep-alive, Upgrade", "UPGRADE", "upgrade,close-not", " x , uPgRaDe "] {
        assert_eq!(with("Connection", Some(value)).await.status, 101, "{value}");
    }
    assert_eq!(with("Upgrade", Some("WebSocket")).await.status, 101);
    let lines = [&[("Connection", "keep-alive")], UPGRADE].concat();
    assert_eq!(Socket::connect(serve()).await.request("GET", "/", &lines).await.status, 101);
}

/// Section 4.2.1, item 1.
#[tokio::test]
async fn only_a_get_is_upgraded() {
    for method in ["POST", "PUT", "DELETE"] {
        let answer = Socket::connect(serve()).await.request(method, "/", UPGRADE).await;
        assert_eq!(answer.status, 405, "{method}");
    }
}

/// Section 4.2.1, item 1: HTTP/1.1 or higher.
#[tokio::test]
async fn an_old_http_is_not_upgraded() {
    let mut socket = Socket::connect(serve()).await;
    socket.send(&request("HTTP/1.0")).await;
    assert_ne!(socket.answer().await.status, 101);
}

/// Section 4.2.2, item 5: one that was offered, or none.
#[tokio::test]
async fn the_first_known_subprotocol_is_chosen() {
    let protocol = "Sec-WebSocket-Protocol";
    let chosen = async |offer| {
        let answer = with(protocol, Some(offer)).await;
        (answer.status, answer.header("sec-websocket-protocol").map(str::to_owned))
    };
    assert_eq!(
        chosen("mqtt, tidewire.v1.msgpack, tidewire.v1.json").await,
        (101, Some("tidewire.v1.msgpack".to_owned()))
    );
    assert_eq!(chosen("tidewire.v1.json").await, (101, Some("tidewire.v1.json".to_owned())));
    assert_eq!(chosen("mqtt, wamp").await, (400, None));
    assert_eq!(with(protocol, None).await.header("sec-websocket-protocol"), None);
}

/// Section 9.1: what is not accepted is not there.
#[tokio::test]
async fn extensions_are_declined() {
    let answer = with("Sec-WebSocket-Extensions", Some("permessage-deflate")).await;
    assert_eq!((answer.status, answer.header("sec-websocket-extensions")), (101, None));
}

/// Section 4.1 lets a client send only after the answer; one that does not wait loses nothing.
#[tokio::test]
async fn frames_right_behind_the_request_are_not_lost() {
    let mut socket = Socket::connect(serve()).await;
    let mut bytes = request("HTTP/1.1");
    let frames = [Frame::new(opcode::TEXT, "early"), Frame::new(opcode::BINARY, "bird")];
    bytes.extend(frames.iter().flat_map(Frame::masked));
    let (most, rest) = bytes.split_at(bytes.len() - 3);
    socket.send(most).await;
    assert_eq!(socket.answer().await.status, 101);
    socket.send(rest).await;
    expect(&mut socket, &frames).await;
}
