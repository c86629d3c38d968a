//! Success on its way to the client.

use axum::{
    body::Bytes,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tidewire_protocol::ErrorCode;
use utoipa::ToSchema;

use crate::problem::Problem;

/// The envelope around what an operation answers.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub(crate) struct Answer<T> {
    #[schema(example = true)]
    success: bool,
    data: T,
}

impl<T> Answer<T> {
    pub(crate) const fn new(data: T) -> Self {
        Self { success: true, data }
    }

    /// The same with status 201.
    pub(crate) const fn created(data: T) -> (StatusCode, Self) {
        (StatusCode::CREATED, Self::new(data))
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        document(&self)
    }
}

/// A JSON document without an envelope.
pub(crate) fn document(document: &impl Serialize) -> Response {
    match serde_json::to_vec(document) {
        Ok(text) => json(text.into()),
        Err(_) => Problem::from(ErrorCode::Internal).into_response(),
    }
}

/// A JSON document that is text already.
pub(crate) fn json(text: Bytes) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}

/// The data inside an envelope that this module wrote.
pub(crate) fn data_of(envelope: &[u8]) -> Option<&RawValue> {
    serde_json::from_slice::<Answer<&RawValue>>(envelope).ok().map(|answer| answer.data)
}
