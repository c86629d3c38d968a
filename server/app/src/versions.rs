//! Versions of what several people may change.

use tidewire_protocol::ErrorCode;

use crate::Result;

/// The versions that a change was made for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Expected {
    #[default]
    Any,
    OneOf(Vec<i64>),
}

impl Expected {
    /// Refuses with 412 `PRECONDITION_FAILED` when the change was made for another version.
    pub fn require(&self, current: i64) -> Result<()> {
        match self {
            Self::OneOf(versions) if !versions.contains(&current) => {
                Err(ErrorCode::PreconditionFailed.into())
            }
            Self::Any | Self::OneOf(_) => Ok(()),
        }
    }
}
