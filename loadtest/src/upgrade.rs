//! The opening handshake (RFC 6455, section 4), from both ends.
//!
//! The client's nonce is the sample of RFC 6455, section 1.3, always: it protects against caches,
//! and there are none on the way. So the floor's answer is a constant.

use crate::framing::Broken;

const NONCE: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const NONCE_ACCEPTED: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const RESPONSE_BYTES_MAX: usize = 16 * 1024;

/// What a client asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) subprotocol: &'a str,
    pub(crate) token: Option<&'a str>,
}

impl Request<'_> {
    pub(crate) fn to_text(self) -> String {
        let Self { host, path, subprotocol, token } = self;
        let authorization =
            token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {NONCE}\r\n\
             Sec-WebSocket-Protocol: {subprotocol}\r\n{authorization}\r\n"
        )
    }
}

/// Why the handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    Broken(Broken),
    /// The server's status line.
    Status(String),
}

/// Reads the server's answer: how many bytes it took, or `None` when it is not complete.
pub(crate) fn read_response(bytes: &[u8]) -> Result<Option<usize>, Refused> {
    let Some(length) = head_length(bytes) else {
        return if bytes.len() > RESPONSE_BYTES_MAX {
            Err(Refused::Broken(Broken("an answer without an end")))
        } else {
            Ok(None)
        };
    };
    let head = String::from_utf8_lossy(&bytes[..length]);
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("101") {
        return Err(Refused::Status(status.to_owned()));
    }
    if header(&head, "sec-websocket-accept") != Some(NONCE_ACCEPTED) {
        return Err(Refused::Broken(Broken("the handshake's accept key is wrong")));
    }
    Ok(Some(length))
}

/// What a client of the floor asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) group: usize,
    pub(crate) subprotocol: String,
    pub(crate) length: usize,
}

/// Reads a client's request at the floor; `None` when it is not complete.
pub(crate) fn read_request(bytes: &[u8]) -> Result<Option<Asked>, Broken> {
    let Some(length) = head_length(bytes) else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..length]);
    if header(&head, "sec-websocket-key") != Some(NONCE) {
        return Err(Broken("not the load generator"));
    }
    let path = head.split(' ').nth(1).unwrap_or_default();
    let group = path.split_once("group=").map_or(Ok(0), |(_, group)| group.parse());
    Ok(Some(Asked {
        group: group.map_err(|_| Broken("the group is not a number"))?,
        subprotocol: header(&head, "sec-websocket-protocol").unwrap_or_default().to_owned(),
        length,
    }))
}

pub(crate) fn response(subprotocol: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {NONCE_ACCEPTED}\r\nSec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
    )
}

fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: Request<'_> = Request {
        host: "127.0.0.1:1",
        path: "/api/v1/ws?group=7",
        subprotocol: "tidewire.v1.json",
        token: None,
    };

    #[test]
    fn both_ends_understand_each_other() {
        let text = REQUEST.to_text();
        let asked = read_request(text.as_bytes()).unwrap().unwrap();
        let expected =
            Asked { group: 7, subprotocol: "tidewire.v1.json".to_owned(), length: text.len() };
        assert_eq!(asked, expected);
        let answer = response("tidewire.v1.json") + "more";
        assert_eq!(read_response(answer.as_bytes()), Ok(Some(answer.len() - 4)));
        assert_eq!(read_response(&answer.as_bytes()[..50]), Ok(None));
    }

    #[test]
    fn a_refusal_keeps_its_status_line() {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n";
        let status = "HTTP/1.1 503 Service Unavailable".to_owned();
        assert_eq!(read_response(answer), Err(Refused::Status(status)));
    }

    #[test]
    fn a_token_travels_in_its_header() {
        let text = Request { token: Some("secret"), ..REQUEST }.to_text();
        assert_eq!(header(&text, "authorization"), Some("Bearer secret"));
    }
}
