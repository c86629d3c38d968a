//! Opening the socket: everything that can be refused is refused before the upgrade, as REST would.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Extension, Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, header};
use hyper::upgrade::OnUpgrade;
use tidewire_app::{
    App, Error,
    actor::Identity,
    auth::session,
    fanout::mailbox::{Mailbox, Wire},
    health, tickets,
};
use tidewire_http_compat::{PeerAddr, Problem};
use tidewire_protocol::{
    ErrorCode,
    close_code::CloseCode,
    codec::Codec,
    limits::{FRAME_BYTES_MAX, HELLO_BYTES_MAX, HELLO_TIMEOUT_MS},
};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response;

use super::{
    conversation::{Conversation, Listener},
    socket::{End, Socket},
};
use crate::listener::{Reclaimed, reclaim};

const TICKET_PROTOCOL: &str = "ticket.";

/// Who may open sockets from a browser.
#[derive(Clone)]
pub struct Origins(pub Arc<[HeaderValue]>);

/// The route of the socket. `call` is set once the whole router stands.
pub fn routes(origins: Origins, call: CallRouter) -> Router<App> {
    Router::new().route("/api/v1/ws", get(open)).layer(Extension(origins)).layer(Extension(call))
}

/// The router that `call` runs requests through; it contains the socket's own route, so it can be
/// filled in only after that was made.
#[derive(Clone, Default)]
pub struct CallRouter(Arc<std::sync::OnceLock<Router>>);

impl CallRouter {
    /// Sets the router, once.
    pub fn set(&self, router: Router) {
        // A second router would be a mistake in the composition; the first one stays.
        let _ = self.0.set(router);
    }

    fn get(&self) -> Option<Router> {
        self.0.get().cloned()
    }
}

/// What a client offers in `Sec-WebSocket-Protocol`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Offer<'h> {
    codec: Option<Codec>,
    ticket: Option<&'h str>,
    unknown: bool,
}

async fn open(
    State(app): State<App>,
    Extension(origins): Extension<Origins>,
    Extension(call): Extension<CallRouter>,
    mut request: Request,
) -> Result<Response, Problem> {
    if health::is_draining(&app) {
        return Err(Error::new(ErrorCode::Unavailable).with_retry_after(1).into());
    }
    let bare = bare(&request);
    let mut response = create_response(&bare).map_err(|_| ErrorCode::UpgradeRequired)?;
    check_origin(bare.headers(), &origins)?;
    let offer = offered(bare.headers());
    let codec = match (offer.codec, offer.unknown) {
        (Some(codec), _) => codec,
        (None, false) => Codec::Json,
        (None, true) => return Err(ErrorCode::BadRequest.into()),
    };
    let named = offer.codec.is_some();
    let identity = sign_in(&app, &bare, offer.ticket).await?;
    let peer = request.extensions().get::<PeerAddr>().copied().ok_or(ErrorCode::Internal)?;
    let (Some(upgrade), Some(router)) =
        (request.extensions_mut().remove::<OnUpgrade>(), call.get())
    else {
        return Err(ErrorCode::UpgradeRequired.into());
    };
    if named {
        let name = HeaderValue::from_static(codec.subprotocol());
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    }
    let tasks = app.tasks.clone();
    let opening = Opening { app, router, codec, peer, identity };
    tasks.spawn(async move { converse(upgrade, opening).await });
    Ok(response.map(|()| axum::body::Body::empty()).into_response())
}

/// The request as the handshake's checks want it: without a body.
fn bare(request: &Request) -> http::Request<()> {
    let mut bare = http::Request::new(());
    bare.method_mut().clone_from(request.method());
    bare.uri_mut().clone_from(request.uri());
    *bare.version_mut() = request.version();
    bare.headers_mut().clone_from(request.headers());
    bare
}

fn check_origin(headers: &HeaderMap, origins: &Origins) -> Result<(), ErrorCode> {
    match headers.get(header::ORIGIN) {
        Some(origin) if !origins.0.contains(origin) => Err(ErrorCode::OriginNotAllowed),
        Some(_) | None => Ok(()),
    }
}

fn offered(headers: &HeaderMap) -> Offer<'_> {
    let mut offer = Offer::default();
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let names = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    for name in names.map(str::trim) {
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

/// By header, by ticket, or not yet. An access token in the URL is refused, not ignored: it is in
/// somebody's log now.
async fn sign_in(
    app: &App,
    request: &http::Request<()>,
    offered: Option<&str>,
) -> Result<Option<Arc<Identity>>, Error> {
    let query = request.uri().query().unwrap_or_default();
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(query).map_err(|_| ErrorCode::BadRequest)?;
    let value = |wanted: &str| {
        pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    if value("token").is_some() || value("access_token").is_some() {
        return Err(Error::invalid_field("token", "place", "must not be in the URL"));
    }
    if let Some(ticket) = value("ticket").or(offered) {
        return tickets::consume(app, ticket).await.map(Some);
    }
    let Some(header) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let text = header.to_str().map_err(|_| ErrorCode::TokenInvalid)?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            session::authenticate(app, token.trim()).await.map(Some)
        }
        _ => Err(ErrorCode::TokenInvalid.into()),
    }
}

struct Opening {
    app: App,
    router: Router,
    codec: Codec,
    peer: PeerAddr,
    identity: Option<Arc<Identity>>,
}

async fn converse(upgrade: OnUpgrade, opening: Opening) {
    let Some(Reclaimed { stream, read, place }) = upgrade.await.ok().and_then(reclaim) else {
        return;
    };
    let Ok(stream) = fresh(stream) else { return };
    let stream = Arc::new(stream);
    let wire: Arc<dyn Wire> = Arc::new(Outlet(Arc::clone(&stream)));
    let mailbox = Arc::new(Mailbox::new(opening.codec, wire));
    let Opening { app, router, peer, identity, .. } = opening;
    // What a client knows of its channels is told in `hello`; of strangers, nobody waits for so much.
    let hello_bytes_max = if identity.is_some() { HELLO_BYTES_MAX } else { FRAME_BYTES_MAX };
    let conversation =
        Arc::new(Conversation::new(app, router, Arc::clone(&mailbox), peer, identity));
    let mut socket = Socket::new(stream, mailbox, hello_bytes_max);
    let mut listener = Listener::new(Arc::clone(&conversation));
    socket.feed(&read, &mut listener);
    drop(read);
    let end = drive(&mut socket, &mut listener, &conversation).await;
    conversation.end();
    if end == End::Closed {
        // Boxed, like the greeting: what is rare must not make every idle connection larger.
        Box::pin(socket.finish()).await;
    }
    drop(place);
}

async fn drive(socket: &mut Socket, listener: &mut Listener, conversation: &Conversation) -> End {
    let greeting = Box::pin(socket.run(listener, Listener::is_live));
    match tokio::time::timeout(Duration::from_millis(HELLO_TIMEOUT_MS), greeting).await {
        Ok(End::Met) => {}
        Ok(end) => return end,
        Err(_) => conversation.close(CloseCode::Unauthenticated),
    }
    socket.limit(FRAME_BYTES_MAX);
    socket.run(listener, |_| false).await
}

/// Registers the socket anew with the runtime: the old registration would keep the finished HTTP task.
fn fresh(stream: TcpStream) -> std::io::Result<TcpStream> {
    TcpStream::from_std(stream.into_std()?)
}

/// The socket as the mailbox's wire.
struct Outlet(Arc<TcpStream>);

impl Wire for Outlet {
    fn try_write(&self, buffers: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
        self.0.try_write_vectored(buffers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(value: &'static str) -> (Option<Codec>, Option<String>, bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(value));
        let offer = offered(&headers);
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
