//! Choosing a new password, with the old one or with a link from a mail.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    input::{Fields, Input},
    limits::{SLUG_CHARS_MAX, SLUG_CHARS_MIN},
};

/// `POST /auth/password/forgot`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForgotPassword {
    #[schema(min_length = 3, max_length = 254)]
    pub email: String,
    #[schema(min_length = 3, max_length = 48)]
    pub tenant_slug: String,
}

impl Input for ForgotPassword {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let email = fields.email("email");
        let tenant_slug = fields.line("tenantSlug", SLUG_CHARS_MIN, SLUG_CHARS_MAX);
        Some(Self { email: email?, tenant_slug: tenant_slug?.to_ascii_lowercase() })
    }
}

/// The same, whether there is such an account or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForgotPasswordAnswer {
    pub message: String,
}

/// `POST /auth/password/reset`.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResetPassword {
    #[schema(min_length = 43, max_length = 43)]
    pub token: String,
    #[schema(min_length = 8, max_length = 128)]
    pub password: String,
}

impl Input for ResetPassword {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let token = fields.one_time_token("token");
        let password = fields.password("password");
        Some(Self { token: token?, password: password? })
    }
}

/// What resetting a password answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasswordReset {
    pub reset: bool,
}

/// `POST /auth/password/change`.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangePassword {
    #[schema(min_length = 1, max_length = 512)]
    pub current_password: String,
    #[schema(min_length = 8, max_length = 128)]
    pub new_password: String,
}

impl Input for ChangePassword {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let current_password = fields.password("currentPassword");
        let new_password = fields.password("newPassword");
        Some(Self { current_password: current_password?, new_password: new_password? })
    }
}

/// What changing one's password answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordChanged {
    pub changed: bool,
    /// How many other sessions have ended by it.
    pub revoked_sessions: i64,
}
