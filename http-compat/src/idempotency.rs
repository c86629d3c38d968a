//! `Idempotency-Key`: a repeated request gets the first one's answer instead of a second effect.
//!
//! What is kept is the inside of the envelope, the data or the error, so that an operation can keep
//! its answer in the transaction of its effect without knowing about envelopes.

use aws_lc_rs::digest::{Context, SHA256};
use axum::{
    body::{Body, Bytes},
    response::{IntoResponse as _, Response},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, request::Parts};
use http_body_util::{BodyExt as _, Collected};
use serde_json::value::RawValue;
use tidewire_app::{
    Actor, App, Error,
    actor::IdempotencyKey,
    idempotency::{self, Claim},
};
use tidewire_protocol::{ErrorCode, frame::ErrorBody, limits::IDEMPOTENCY_KEY_CHARS_MAX};

use crate::{
    answer::{self, Answer},
    body,
    problem::{Problem, Result},
};

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The key of this request, if it has one and is of the kind that may.
pub(crate) fn key(parts: &Parts, body: &Bytes) -> Result<Option<IdempotencyKey>> {
    if parts.method != Method::POST {
        return Ok(None);
    }
    let Some(key) = body::single(&parts.headers, &IDEMPOTENCY_KEY)? else { return Ok(None) };
    let fits = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_graphic());
    if !fits {
        let message = "must be 1 to 255 visible ASCII characters";
        return Err(Problem::invalid(IDEMPOTENCY_KEY.as_str(), "length", message));
    }
    Ok(Some(IdempotencyKey {
        key_hash: sha256(&[parts.method.as_str(), "\n", parts.uri.path(), "\n", key]),
        body_hash: sha256(&[body]),
    }))
}

fn sha256<T: AsRef<[u8]>>(pieces: &[T]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for piece in pieces {
        context.update(piece.as_ref());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Runs `first` unless the answer is known already, and keeps what it answered.
pub(crate) async fn once(
    app: &App,
    actor: &Actor,
    first: impl Future<Output = Response>,
) -> Result<Response> {
    match idempotency::claim(app, actor).await? {
        Claim::Fresh => {
            let (response, kept) = keep(app, actor, first.await).await;
            // What was done stays done, and its answer the truth; only a repeat may now be told
            // that the first request is still running.
            if let Err(error) = kept {
                error.log(&actor.request.id);
            }
            Ok(response)
        }
        Claim::Replay { status, answer } => replay(status, &answer),
        Claim::InProgress => {
            Err(Error::new(ErrorCode::IdempotencyInProgress).with_retry_after(1).into())
        }
        Claim::Reused => Err(ErrorCode::IdempotencyKeyReused.into()),
    }
}

/// Answers that may be different the next time are not kept: the claim is given back.
async fn keep(
    app: &App,
    actor: &Actor,
    response: Response,
) -> (Response, tidewire_app::Result<()>) {
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return (response, idempotency::abandon(app, actor).await);
    }
    if let Some(problem) = response.extensions().get::<Problem>() {
        let error = problem.error().body();
        let kept = idempotency::record_late(app, actor, status.as_u16(), &error).await;
        return (response, kept);
    }
    let (parts, body) = response.into_parts();
    // The handlers' answers are in memory; reading them cannot fail.
    let bytes = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let kept = match answer::data_of(&bytes) {
        Some(data) => idempotency::record_late(app, actor, status.as_u16(), &data).await,
        None => idempotency::abandon(app, actor).await,
    };
    (Response::from_parts(parts, Body::from(bytes)), kept)
}

fn replay(status: u16, kept: &RawValue) -> Result<Response> {
    let status = StatusCode::from_u16(status).map_err(|_| ErrorCode::Internal)?;
    let mut response = if status.is_success() {
        (status, Answer::new(kept)).into_response()
    } else {
        let error: ErrorBody = serde_json::from_str(kept.get()).map_err(|_| ErrorCode::Internal)?;
        Problem::from(again(error)?).into_response()
    };
    response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

fn again(kept: ErrorBody) -> Result<Error> {
    let error = Error::new(ErrorCode::from_code(&kept.code).ok_or(ErrorCode::Internal)?);
    Ok(match kept.details {
        Some(details) => error.with_details(details),
        None => error,
    })
}
