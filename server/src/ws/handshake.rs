//! The opening handshake from the server's side (RFC 6455, section 4.2), and what it leads to: a
//! socket with its mailbox.

use std::sync::Arc;

use axum::{body::Body, extract::Request, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use hyper::upgrade::OnUpgrade;
use tidewire_app::fanout::mailbox::{Mailbox, Wire};
use tidewire_protocol::{ErrorCode, codec::Codec};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::socket::Socket;
use crate::listener::{Place, Reclaimed, reclaim};

const VERSION: HeaderValue = HeaderValue::from_static("13");
const UPGRADE: HeaderValue = HeaderValue::from_static("Upgrade");
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const KEY_BYTES: usize = 16;
const TICKET_PROTOCOL: &str = "ticket.";

/// A request that may be upgraded.
pub struct Handshake {
    /// The answer that accepts.
    pub response: Response,
    pub codec: Codec,
    /// Offered beside the subprotocols by clients that cannot set headers.
    pub ticket: Option<String>,
    upgrade: OnUpgrade,
}

/// A connection that speaks WebSocket now.
pub struct Accepted {
    pub socket: Socket,
    pub mailbox: Arc<Mailbox>,
    /// What came right behind the request.
    pub early: Bytes,
    /// To be kept for as long as the connection is.
    pub place: Place,
}

impl Handshake {
    /// Checks a request. `UPGRADE_REQUIRED` when it asks for something else than WebSocket, version
    /// 13; `BAD_REQUEST` when its key is none or it offers unknown subprotocols only.
    pub fn read(request: &mut Request) -> Result<Self, ErrorCode> {
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let upgrade = upgrade.filter(|_| asks_for_websocket(request));
        let upgrade = upgrade.ok_or(ErrorCode::UpgradeRequired)?;
        let key = key(request.headers()).ok_or(ErrorCode::BadRequest)?;
        let mut response = accepting(key)?;
        let offer = Offer::read(request.headers());
        let codec = match (offer.codec, offer.unknown) {
            (Some(codec), _) => {
                let name = HeaderValue::from_static(codec.subprotocol());
                response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, name);
                codec
            }
            (None, false) => Codec::Json,
            (None, true) => return Err(ErrorCode::BadRequest),
        };
        Ok(Self { response, codec, ticket: offer.ticket.map(str::to_owned), upgrade })
    }

    /// Sends nothing itself: `response` has to be on its way. Resolves to the connection once it is
    /// upgraded; `None` if it is gone.
    pub fn accept(self) -> (Response, impl Future<Output = Option<Accepted>> + Send + 'static) {
        let Self { response, codec, upgrade, .. } = self;
        (response, async move { accepted(upgrade.await.ok().and_then(reclaim)?, codec).ok() })
    }
}

/// Tells a refused client what to ask for (RFC 6455, section 4.4, and RFC 9110, section 15.5.22).
pub async fn name_version(mut response: Response) -> Response {
    if response.status() == StatusCode::UPGRADE_REQUIRED {
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, UPGRADE);
        headers.insert(header::UPGRADE, WEBSOCKET);
        headers.insert(header::SEC_WEBSOCKET_VERSION, VERSION);
    }
    response
}

fn asks_for_websocket(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && lists(headers, &header::CONNECTION, "upgrade")
        && lists(headers, &header::UPGRADE, "websocket")
        && headers.get(header::SEC_WEBSOCKET_VERSION) == Some(&VERSION)
}

/// Whether one of the header's values has this word, in any case.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    words(headers, name).any(|listed| listed.eq_ignore_ascii_case(word))
}

fn words<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// The key: one value, sixteen bytes in base64.
fn key(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut values = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let key = values.next().filter(|_| values.next().is_none())?;
    let decoded = STANDARD.decode(key).ok()?;
    (decoded.len() == KEY_BYTES).then_some(key)
}

fn accepting(key: &HeaderValue) -> Result<Response, ErrorCode> {
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, UPGRADE);
    headers.insert(header::UPGRADE, WEBSOCKET);
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept.map_err(|_| ErrorCode::Internal)?);
    Ok(response)
}

/// What a client offers in `Sec-WebSocket-Protocol`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Offer<'h> {
    codec: Option<Codec>,
    ticket: Option<&'h str>,
    unknown: bool,
}

impl<'h> Offer<'h> {
    fn read(headers: &'h HeaderMap) -> Self {
        let mut offer = Self::default();
        for name in words(headers, &header::SEC_WEBSOCKET_PROTOCOL) {
            if let Some(ticket) = name.strip_prefix(TICKET_PROTOCOL) {
                offer.ticket = Some(ticket);
            } else if let Some(codec) = Codec::from_subprotocol(name) {
                offer.codec = offer.codec.or(Some(codec));
            } else {
                offer.unknown = true;
            }
        }
        offer
    }
}

fn accepted(reclaimed: Reclaimed, codec: Codec) -> std::io::Result<Accepted> {
    let Reclaimed { stream, read: early, place } = reclaimed;
    // The old registration with the runtime would keep the finished HTTP task.
    let stream = Arc::new(TcpStream::from_std(stream.into_std()?)?);
    let wire: Arc<dyn Wire> = Arc::new(Outlet(Arc::clone(&stream)));
    let mailbox = Arc::new(Mailbox::new(codec, wire));
    let socket = Socket::new(stream, Arc::clone(&mailbox));
    Ok(Accepted { socket, mailbox, early, place })
}

/// The socket as the mailbox's wire.
struct Outlet(Arc<TcpStream>);

impl Wire for Outlet {
    fn try_write(&self, buffers: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
        match buffers {
            // A plain send is cheaper, and most writes are of one frame.
            [only] => self.0.try_write(only),
            several => self.0.try_write_vectored(several),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(value: &'static str) -> (Option<Codec>, Option<String>, bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(value));
        let offer = Offer::read(&headers);
        (offer.codec, offer.ticket.map(str::to_owned), offer.unknown)
    }

    #[test]
    fn the_first_known_subprotocol_wins() {
        assert_eq!(
            offer("x, tidewire.v1.msgpack, tidewire.v1.json"),
            (Some(Codec::MessagePack), None, true)
        );
        assert_eq!(
            offer("tidewire.v1.json,ticket.abc"),
            (Some(Codec::Json), Some("abc".into()), false)
        );
        assert_eq!(offer("mqtt"), (None, None, true));
    }
}
