//! Signing in and staying signed in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    tenants::{Tenant, TenantPublic},
    users::{Role, User},
    words,
};
use crate::{
    Timestamp,
    id::SessionId,
    input::{Fields, Input},
    limits::{DEVICE_NAME_CHARS_MAX, SLUG_CHARS_MAX, SLUG_CHARS_MIN},
};

/// `POST /auth/login`.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    #[schema(min_length = 3, max_length = 254)]
    pub email: String,
    #[schema(min_length = 1, max_length = 512)]
    pub password: String,
    #[schema(min_length = 3, max_length = 48)]
    pub tenant_slug: String,
    #[schema(min_length = 1, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
}

impl Input for Login {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let email = fields.email("email");
        let password = fields.password("password");
        let tenant_slug = fields.line("tenantSlug", SLUG_CHARS_MIN, SLUG_CHARS_MAX);
        let device_name = fields.optional_line("deviceName", 1, DEVICE_NAME_CHARS_MAX);
        Some(Self {
            email: email?,
            password: password?,
            tenant_slug: tenant_slug?.to_ascii_lowercase(),
            device_name,
        })
    }
}

/// `POST /auth/refresh`.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refresh {
    #[schema(min_length = 20, max_length = 512)]
    pub refresh_token: String,
}

impl Input for Refresh {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { refresh_token: fields.printable("refreshToken", 20, 512)? })
    }
}

/// A pair of tokens for one session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    pub access_token: String,
    pub refresh_token: String,
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// Seconds until the access token ends.
    pub expires_in: i64,
    pub refresh_expires_at: Timestamp,
    pub session_id: SessionId,
}

/// What signing in answers.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    #[serde(flatten)]
    pub tokens: Tokens,
    pub user: User,
    pub tenant: TenantPublic,
}

/// The session behind an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    pub id: SessionId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// `GET /auth/me`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    pub user: User,
    pub tenant: Tenant,
    pub role: Role,
    pub permissions: Vec<String>,
    pub session: SessionInfo,
}

/// A live session, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionItem {
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    pub device_name: Option<String>,
    pub user_agent: Option<String>,
    pub ip_address: String,
    pub created_at: Timestamp,
    /// When its refresh token was exchanged last.
    pub last_seen_at: Timestamp,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
}

/// `GET /auth/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sessions {
    pub items: Vec<SessionItem>,
}

/// What ending one of one's sessions answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionEnded {
    pub revoked: bool,
    pub id: SessionId,
}

/// What signing out answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedOut {
    pub logged_out: bool,
}

/// What signing out everywhere answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedOutAll {
    pub revoked_sessions: i64,
}

words! {
    /// Why a session has ended before its time.
    RevocationReason {
        Logout = "logout",
        LogoutAll = "logout_all",
        /// A newer sign-in took its place.
        SessionLimit = "session_limit",
        /// An administrator has signed the person out.
        Administrator = "administrator",
        Deactivated = "deactivated",
        Deleted = "deleted",
        /// A refresh token was used a second time.
        RefreshReuse = "refresh_reuse",
        /// Its owner ended it from another one.
        Ended = "ended",
        PasswordChanged = "password_changed",
        PasswordReset = "password_reset",
        /// Too many guesses at the current password.
        PasswordGuessed = "password_guessed",
    }
}

/// `GET /.well-known/jwks.json` (RFC 7517, section 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeySet {
    pub keys: Vec<PublicKey>,
}

/// An Ed25519 key (RFC 8037) by which access tokens are verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicKey {
    #[schema(example = "OKP")]
    pub kty: String,
    #[schema(example = "Ed25519")]
    pub crv: String,
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    pub usage: String,
    #[schema(example = "EdDSA")]
    pub alg: String,
    /// The thumbprint (RFC 7638).
    #[schema(example = "Fuj4Xwq0BZioD-jMZJyQ0a6kGH8q_U6QC-Nni-G7lYk")]
    pub kid: String,
    #[schema(example = "Ims5tm20-n0Buw5Jf2GkQUGo-3oiGVeqeHb2AKBVu9w")]
    pub x: String,
}
