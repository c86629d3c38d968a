//! Opening the socket: everything that can be refused is refused before the upgrade, as REST would.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Extension, Request, State},
    middleware::map_response,
    response::Response,
    routing::get,
};
use http::{HeaderMap, HeaderValue, header, request::Parts};
use tidewire_app::{App, Error, actor::Identity, auth::session, health, tickets};
use tidewire_http_compat::{PeerAddr, Problem};
use tidewire_protocol::{
    ErrorCode,
    close_code::CloseCode,
    limits::{HELLO_BYTES_MAX, HELLO_TIMEOUT_MS},
};

use super::{
    admission::Admission,
    conversation::{Conversation, Listener},
    handshake::{Accepted, Handshake, name_version},
    socket::{CLOSE_TIMEOUT, End, Socket},
};

/// Who may open sockets from a browser.
#[derive(Clone)]
pub struct Origins(pub Arc<[HeaderValue]>);

/// The route of the socket. `call` is set once the whole router stands.
pub fn routes(origins: Origins, admission: Admission, call: CallRouter) -> Router<App> {
    Router::new()
        .route("/api/v1/ws", get(open))
        .layer(map_response(name_version))
        .layer(Extension(origins))
        .layer(Extension(Arc::new(admission)))
        .layer(Extension(call))
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

async fn open(
    State(app): State<App>,
    Extension(origins): Extension<Origins>,
    Extension(admission): Extension<Arc<Admission>>,
    Extension(call): Extension<CallRouter>,
    mut request: Request,
) -> Result<Response, Problem> {
    if health::is_draining(&app) {
        return Err(Error::new(ErrorCode::Unavailable).with_retry_after(1).into());
    }
    let handshake = Handshake::read(&mut request)?;
    let (parts, _) = request.into_parts();
    check_origin(&parts.headers, &origins)?;
    let too_early = |seconds| Error::new(ErrorCode::Unavailable).with_retry_after(seconds);
    admission.admit(app.clock.now().ms()).map_err(too_early)?;
    let identity = sign_in(&app, &parts, handshake.ticket.as_deref()).await?;
    let peer = parts.extensions.get::<PeerAddr>().copied().ok_or(ErrorCode::Internal)?;
    let router = call.get().ok_or(ErrorCode::Internal)?;
    let (response, accepted) = handshake.accept();
    let tasks = app.tasks.clone();
    let opening = Opening { app, router, peer, identity };
    tasks.spawn(async move {
        if let Some(accepted) = accepted.await {
            converse(accepted, opening).await;
        }
    });
    Ok(response)
}

fn check_origin(headers: &HeaderMap, origins: &Origins) -> Result<(), ErrorCode> {
    match headers.get(header::ORIGIN) {
        Some(origin) if !origins.0.contains(origin) => Err(ErrorCode::OriginNotAllowed),
        Some(_) | None => Ok(()),
    }
}

/// By header, by ticket, or not yet. An access token in the URL is refused, not ignored: it is in
/// somebody's log now.
async fn sign_in(
    app: &App,
    request: &Parts,
    offered: Option<&str>,
) -> Result<Option<Arc<Identity>>, Error> {
    let query = request.uri.query().unwrap_or_default();
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
    let Some(header) = request.headers.get(header::AUTHORIZATION) else { return Ok(None) };
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
    peer: PeerAddr,
    identity: Option<Arc<Identity>>,
}

async fn converse(accepted: Accepted, opening: Opening) {
    let Accepted { mut socket, mailbox, early, place } = accepted;
    let Opening { app, router, peer, identity } = opening;
    if identity.is_some() {
        // What a client knows of its channels is told in `hello`; of strangers, nobody takes so much.
        socket.allow_first(HELLO_BYTES_MAX);
    }
    let conversation = Arc::new(Conversation::new(app, router, mailbox, peer, identity));
    let mut listener = Listener::new(Arc::clone(&conversation));
    socket.feed(&early, &mut listener);
    drop(early);
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
        Ok(End::Met) => socket.run(listener, |_| false).await,
        Ok(end) => end,
        Err(_) => {
            conversation.close(CloseCode::Unauthenticated);
            // Nobody watches whether this peer takes anything, so it gets no more time.
            let last = Box::pin(socket.run(listener, |_| false));
            tokio::time::timeout(CLOSE_TIMEOUT, last).await.unwrap_or(End::Gone)
        }
    }
}
