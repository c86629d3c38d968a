//! Whether mail is ready to be sent.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{SmtpTestCode, words};
use crate::Timestamp;

words! {
    /// Whose mail server is used.
    MailTransport { Tenant = "tenant", Platform = "platform", None = "none", }
}

words! {
    /// What was looked at.
    CheckCode {
        Smtp = "smtp",
        Sender = "sender",
        Compliance = "compliance",
        Footer = "footer",
        Spf = "spf",
        Dkim = "dkim",
        Dmarc = "dmarc",
    }
}

words! {
    /// How it looks.
    CheckStatus {
        Ok = "ok",
        Warning = "warning",
        Error = "error",
        NotConfigured = "not_configured",
    }
}

/// One thing that mail depends on. Its sentence names neither a host nor a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadinessCheck {
    pub code: CheckCode,
    pub status: CheckStatus,
    pub message: String,
}

/// When the mail server was tried last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastTest {
    pub at: Timestamp,
    pub ok: bool,
    pub code: SmtpTestCode,
}

/// Mails of the tenant that are on their way, and those that were given up in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailQueue {
    pub pending: i64,
    #[serde(rename = "failed24h")]
    pub failed_24h: i64,
}

/// `GET /settings/email/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailStatus {
    /// A mail server can be used, and there is an address to send from.
    pub ready: bool,
    pub transport: MailTransport,
    pub checks: Vec<ReadinessCheck>,
    pub last_test: Option<LastTest>,
    pub queue: MailQueue,
}
