//! Path parameters as typed ids.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use tidewire_protocol::{
    ErrorCode,
    id::{
        ChannelId, DeviceId, MemberKey, MessageId, NotificationId, ServiceTokenId, SessionId,
        UserKey,
    },
};

use crate::problem::Problem;

/// The parameters of the path, in order: one value, or a pair. A malformed id is 400 with its name.
///
/// Not called `Path`, which the API description would take for axum's and read names out of.
#[derive(Debug)]
pub(crate) struct PathIds<T>(pub(crate) T);

/// A kind of path parameter.
pub(crate) trait PathId: FromStr {
    const FORM: &str;
}

impl PathId for ChannelId {
    const FORM: &str = "must be a UUID";
}

impl PathId for MessageId {
    const FORM: &str = "must be a UUID";
}

impl PathId for SessionId {
    const FORM: &str = "must be a UUID";
}

impl PathId for NotificationId {
    const FORM: &str = "must be a UUID";
}

impl PathId for DeviceId {
    const FORM: &str = "must be a UUID";
}

impl PathId for ServiceTokenId {
    const FORM: &str = "must be a UUID";
}

impl PathId for UserKey {
    const FORM: &str = "must be a user id or a user number";
}

impl PathId for MemberKey {
    const FORM: &str = "must be a user id, a user number or \"me\"";
}

/// The number of a profile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProfileId(pub(crate) i64);

impl FromStr for ProfileId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_number = text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|id| is_number && *id > 0).map(Self).ok_or(())
    }
}

impl PathId for ProfileId {
    const FORM: &str = "must be the number of a profile";
}

/// Data, such as a slug or a token: any text that is UTF-8.
impl PathId for String {
    const FORM: &str = "must be UTF-8";
}

impl<T: PathId, S: Send + Sync> FromRequestParts<S> for PathIds<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = raw(parts, state).await?;
        Ok(Self(read(&mut params.iter())?))
    }
}

impl<A: PathId, B: PathId, S: Send + Sync> FromRequestParts<S> for PathIds<(A, B)> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = raw(parts, state).await?;
        let mut params = params.iter();
        Ok(Self((read(&mut params)?, read(&mut params)?)))
    }
}

async fn raw<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<RawPathParams, Problem> {
    RawPathParams::from_request_parts(parts, state).await.map_err(|_| ErrorCode::BadRequest.into())
}

fn read<'a, T: PathId>(
    params: &mut impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<T, Problem> {
    // A route without the parameter is a mistake in the routing page.
    let (name, text) = params.next().ok_or(ErrorCode::Internal)?;
    text.parse().map_err(|_| Problem::invalid(name, "id", T::FORM))
}
