//! Socket tickets: short-lived, single-use stand-ins for an access token, fit for an address.
//!
//! A ticket proves itself by the server's key; nothing is stored when it is made. Using it stores its
//! hash, so that it cannot be used again.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tidewire_protocol::{
    ErrorCode, Timestamp, id::SessionId, limits::TICKET_LIFETIME_MS, model::tickets::RealtimeTicket,
};
use tidewire_storage::tickets;
use uuid::Uuid;

use crate::{
    Actor, App, Result,
    actor::Identity,
    auth::{
        key::{MacKey, sha256},
        session,
    },
};

const SIGNED_BYTES: usize = 16 + 8 + 16;
const TICKET_BYTES: usize = SIGNED_BYTES + 32;

/// A ticket for the caller's session, good for half a minute.
pub fn issue(app: &App, actor: &Actor) -> RealtimeTicket {
    RealtimeTicket {
        ticket: mint(app, actor.session_id(), TICKET_LIFETIME_MS),
        expires_in: TICKET_LIFETIME_MS / 1_000,
        url: socket_url(&app.config.public_url),
    }
}

/// A ticket for a session, good for `lifetime_ms`.
pub fn mint(app: &App, session_id: SessionId, lifetime_ms: i64) -> String {
    let expires_at = app.clock.now().plus_ms(lifetime_ms);
    encode(&app.ticket_key, session_id, expires_at, app.clock.random_bytes())
}

/// The person behind a ticket, which is used up by this. `TICKET_INVALID` when it is not the
/// server's, has ended or was used; otherwise as for an access token.
pub async fn consume(app: &App, ticket: &str) -> Result<Arc<Identity>> {
    let (session_id, expires_at) =
        decode(&app.ticket_key, ticket).ok_or(ErrorCode::TicketInvalid)?;
    if app.clock.now() >= expires_at {
        return Err(ErrorCode::TicketInvalid.into());
    }
    let mut conn = app.db.write().await?;
    if !tickets::consume(&mut conn, sha256(ticket.as_bytes()), expires_at).await? {
        return Err(ErrorCode::TicketInvalid.into());
    }
    conn.commit().await?;
    session::of_session(app, session_id).await
}

fn encode(key: &MacKey, session_id: SessionId, expires_at: Timestamp, nonce: [u8; 16]) -> String {
    let mut bytes = [0; TICKET_BYTES];
    bytes[..16].copy_from_slice(session_id.uuid().as_bytes());
    bytes[16..24].copy_from_slice(&expires_at.ms().to_be_bytes());
    bytes[24..SIGNED_BYTES].copy_from_slice(&nonce);
    let tag = key.sign(&bytes[..SIGNED_BYTES]);
    bytes[SIGNED_BYTES..].copy_from_slice(&tag);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(key: &MacKey, ticket: &str) -> Option<(SessionId, Timestamp)> {
    let mut bytes = [0; TICKET_BYTES];
    if URL_SAFE_NO_PAD.decode_slice(ticket, &mut bytes) != Ok(TICKET_BYTES)
        || !key.verify(&bytes[..SIGNED_BYTES], &bytes[SIGNED_BYTES..])
    {
        return None;
    }
    let (id, rest) = bytes.split_first_chunk::<16>()?;
    let expires_ms = i64::from_be_bytes(*rest.first_chunk::<8>()?);
    Some((Uuid::from_bytes(*id).into(), Timestamp::from_ms(expires_ms)))
}

/// Where sockets are opened: the public address with the scheme of sockets.
fn socket_url(public_url: &str) -> String {
    let address = match public_url.split_once("://") {
        Some(("https", rest)) => format!("wss://{rest}"),
        Some((_, rest)) => format!("ws://{rest}"),
        None => format!("ws://{public_url}"),
    };
    address + "/api/v1/ws"
}

#[cfg(test)]
mod tests;
