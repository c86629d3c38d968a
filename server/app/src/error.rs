//! The one error of all operations: a code for the client, details, and a cause for the log.

use serde_json::{Value, json};
use tidewire_protocol::{ErrorCode, frame::ErrorBody, input::FieldError};

use crate::permission::Permission;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was not done. [`Error::code`] and the details may be shown; the source may not.
#[derive(Debug, thiserror::Error)]
#[error("{}", code.code())]
pub struct Error {
    code: ErrorCode,
    details: Option<Value>,
    retry_after_seconds: Option<u64>,
    #[source]
    source: Option<tidewire_storage::Error>,
}

impl Error {
    pub const fn new(code: ErrorCode) -> Self {
        Self { code, details: None, retry_after_seconds: None, source: None }
    }

    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    pub const fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    pub const fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after_seconds
    }

    pub const fn not_found() -> Self {
        Self::new(ErrorCode::NotFound)
    }

    pub fn forbidden(permission: Permission) -> Self {
        Self::new(ErrorCode::Forbidden).with_details(json!({ "required": permission.key() }))
    }

    pub fn invalid(fields: &[FieldError]) -> Self {
        Self::new(ErrorCode::ValidationFailed).with_details(json!({ "fields": fields }))
    }

    pub fn invalid_field(field: &str, rule: &str, message: &str) -> Self {
        Self::invalid(&[FieldError::new(field, rule, message)])
    }

    /// What a client is told.
    pub fn body(&self) -> ErrorBody {
        ErrorBody::new(self.code, self.details.clone())
    }

    /// Writes the cause to the log, if there is one; called once, by the mouth that answers.
    pub fn log(&self, request_id: &str) {
        if let Some(source) = &self.source {
            let cause: &dyn std::error::Error = source;
            tracing::error!(request_id, code = self.code.code(), cause, "operation failed");
        }
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl From<Vec<FieldError>> for Error {
    fn from(fields: Vec<FieldError>) -> Self {
        Self::invalid(&fields)
    }
}

impl From<tidewire_storage::Error> for Error {
    fn from(source: tidewire_storage::Error) -> Self {
        use tidewire_storage::Error as Storage;
        let root = match &source {
            Storage::Batch(root) => root,
            other => other,
        };
        let code = match root {
            Storage::Unavailable(_)
            | Storage::Silent
            | Storage::Retry(_)
            | Storage::Full
            | Storage::Stopped => ErrorCode::Unavailable,
            Storage::Conflict(_)
            | Storage::Corrupt { .. }
            | Storage::Setup(_)
            | Storage::Batch(_)
            | Storage::Sql(_) => ErrorCode::Internal,
        };
        let retry_after_seconds = matches!(code, ErrorCode::Unavailable).then_some(1);
        Self { code, details: None, retry_after_seconds, source: Some(source) }
    }
}
