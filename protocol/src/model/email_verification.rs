//! Proving that an address is one's own.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /auth/verify-email/:token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailVerified {
    pub verified: bool,
    /// Most of the local part is hidden.
    pub email: String,
    /// Whether an earlier visit had done it.
    pub already_verified: bool,
}

/// `POST /auth/verify-email/resend`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationResent {
    pub email_queued: bool,
    pub already_verified: bool,
}
