//! The mails that accounts need, whatever anybody has switched off.

use serde::{Deserialize, Serialize};
use tidewire_protocol::{
    Timestamp,
    model::users::{UserRef, display_name},
};

use crate::email_address::EmailAddress;

/// Whom a mail goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    pub address: String,
    pub name: String,
}

impl Recipient {
    pub fn new(email: &EmailAddress, first_name: &str, last_name: &str) -> Self {
        Self { address: email.deliverable(), name: display_name(first_name, last_name) }
    }

    /// `None` for somebody who is gone.
    pub fn of_ref(user: &UserRef) -> Option<Self> {
        let email = EmailAddress::parse(user.email.as_ref()?)?;
        Some(Self::new(&email, &user.first_name, &user.last_name))
    }
}

/// A mail as it waits in the outbox. It holds the token that its reader needs, so the outbox erases
/// it once it is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all_fields = "camelCase")]
pub enum AccountMail {
    #[serde(rename = "auth.email_verification")]
    EmailVerification { to: Recipient, token: String, expires_at: Timestamp },
    #[serde(rename = "users.invited")]
    Invitation {
        to: Recipient,
        tenant_name: String,
        inviter_name: String,
        token: String,
        expires_at: Timestamp,
    },
    #[serde(rename = "auth.session_revoked")]
    SessionRevoked { to: Recipient, tenant_name: String, at: Timestamp },
}

/// What a mail says: a subject, paragraphs, and a link between the first and the others.
pub(super) struct Letter {
    pub subject: String,
    pub opening: String,
    pub link: Option<String>,
    pub closing: String,
}

impl AccountMail {
    pub(super) const fn to(&self) -> &Recipient {
        match self {
            Self::EmailVerification { to, .. }
            | Self::Invitation { to, .. }
            | Self::SessionRevoked { to, .. } => to,
        }
    }

    pub(super) fn letter(&self, public_url: &str) -> Letter {
        match self {
            Self::EmailVerification { token, expires_at, .. } => Letter {
                subject: "Confirm your email address".to_owned(),
                opening: "Please confirm that this address is yours by opening this link:"
                    .to_owned(),
                link: Some(format!("{public_url}/verify-email?token={token}")),
                closing: format!(
                    "It works until {}. If you did not sign up, no action is needed.",
                    readable(*expires_at)
                ),
            },
            Self::Invitation { tenant_name, inviter_name, token, expires_at, .. } => Letter {
                subject: format!("{inviter_name} invites you to {tenant_name}"),
                opening: format!(
                    "{inviter_name} has invited you to work together in {tenant_name}. Open this \
                     link to choose a password:"
                ),
                link: Some(format!("{public_url}/accept-invitation?token={token}")),
                closing: format!(
                    "It works once, until {}. If you do not know the sender, no action is needed.",
                    readable(*expires_at)
                ),
            },
            Self::SessionRevoked { tenant_name, at, .. } => Letter {
                subject: "One of your sign-ins was ended".to_owned(),
                opening: format!(
                    "A sign-in of yours to {tenant_name} was ended at {}, because its key was used \
                     a second time. Somebody may have copied it.",
                    readable(*at)
                ),
                link: None,
                closing: "Please sign in again, and change your password if you see anything that \
                          you did not do."
                    .to_owned(),
            },
        }
    }
}

/// An instant to the minute.
fn readable(at: Timestamp) -> String {
    let text = at.to_string();
    match text.get(..16) {
        Some(minute) => minute.replacen('T', " ", 1) + " UTC",
        None => text,
    }
}
