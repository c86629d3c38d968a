//! The mails that accounts need, whatever anybody has switched off.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use tidewire_protocol::{
    Timestamp,
    model::users::{Role, UserRef, display_name},
};

use super::letter::{self, Letter, Text};
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

/// A mail as it waits in the outbox. It may hold the token that its reader needs, so the outbox
/// erases it once it is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all_fields = "camelCase")]
pub enum AccountMail {
    #[serde(rename = "auth.email_verification")]
    EmailVerification { to: Recipient, token: String, expires_at: Timestamp },
    /// `address` is where somebody asked for it from.
    #[serde(rename = "auth.password_reset")]
    PasswordReset { to: Recipient, token: String, expires_at: Timestamp, address: Option<IpAddr> },
    #[serde(rename = "auth.password_changed")]
    PasswordChanged { to: Recipient, tenant_name: String, at: Timestamp, address: Option<IpAddr> },
    #[serde(rename = "auth.new_device_login")]
    NewDevice {
        to: Recipient,
        tenant_name: String,
        device: Option<String>,
        at: Timestamp,
        address: Option<IpAddr>,
    },
    #[serde(rename = "auth.session_revoked")]
    SessionRevoked { to: Recipient, tenant_name: String, at: Timestamp },
    #[serde(rename = "users.invited")]
    Invitation {
        to: Recipient,
        tenant_name: String,
        inviter_name: String,
        token: String,
        expires_at: Timestamp,
    },
    #[serde(rename = "users.role_changed")]
    RoleChanged { to: Recipient, tenant_name: String, actor_name: String, old: Role, new: Role },
    #[serde(rename = "users.deactivated")]
    Deactivated { to: Recipient, tenant_name: String },
    #[serde(rename = "users.activated")]
    Activated { to: Recipient, tenant_name: String },
}

impl AccountMail {
    pub(super) const fn to(&self) -> &Recipient {
        match self {
            Self::EmailVerification { to, .. }
            | Self::PasswordReset { to, .. }
            | Self::PasswordChanged { to, .. }
            | Self::NewDevice { to, .. }
            | Self::SessionRevoked { to, .. }
            | Self::Invitation { to, .. }
            | Self::RoleChanged { to, .. }
            | Self::Deactivated { to, .. }
            | Self::Activated { to, .. } => to,
        }
    }

    pub(super) fn letter(&self, public_url: &str) -> Letter {
        self.text().fill(public_url, &self.values())
    }

    const fn text(&self) -> &'static Text {
        match self {
            Self::EmailVerification { .. } => &letter::EMAIL_VERIFICATION,
            Self::PasswordReset { .. } => &letter::PASSWORD_RESET,
            Self::PasswordChanged { .. } => &letter::PASSWORD_CHANGED,
            Self::NewDevice { .. } => &letter::NEW_DEVICE,
            Self::SessionRevoked { .. } => &letter::SESSION_REVOKED,
            Self::Invitation { .. } => &letter::INVITATION,
            Self::RoleChanged { .. } => &letter::ROLE_CHANGED,
            Self::Deactivated { .. } => &letter::DEACTIVATED,
            Self::Activated { .. } => &letter::ACTIVATED,
        }
    }

    /// What stands in the text for each of its places.
    fn values(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::EmailVerification { token, expires_at, .. } => {
                vec![("token", token.clone()), ("until", readable(*expires_at))]
            }
            Self::PasswordReset { token, expires_at, address, .. } => vec![
                ("token", token.clone()),
                ("until", readable(*expires_at)),
                ("from", origin(*address)),
            ],
            Self::PasswordChanged { tenant_name, at, address, .. } => vec![
                ("tenant", tenant_name.clone()),
                ("at", readable(*at)),
                ("from", origin(*address)),
            ],
            Self::NewDevice { tenant_name, device, at, address, .. } => vec![
                ("tenant", tenant_name.clone()),
                ("device", device.as_ref().map(|name| format!(", {name}")).unwrap_or_default()),
                ("at", readable(*at)),
                ("from", origin(*address)),
            ],
            Self::SessionRevoked { tenant_name, at, .. } => {
                vec![("tenant", tenant_name.clone()), ("at", readable(*at))]
            }
            Self::Invitation { tenant_name, inviter_name, token, expires_at, .. } => vec![
                ("tenant", tenant_name.clone()),
                ("inviter", inviter_name.clone()),
                ("token", token.clone()),
                ("until", readable(*expires_at)),
            ],
            Self::RoleChanged { tenant_name, actor_name, old, new, .. } => vec![
                ("tenant", tenant_name.clone()),
                ("actor", actor_name.clone()),
                ("old", role_name(*old).to_owned()),
                ("new", role_name(*new).to_owned()),
            ],
            Self::Deactivated { tenant_name, .. } | Self::Activated { tenant_name, .. } => {
                vec![("tenant", tenant_name.clone())]
            }
        }
    }
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Manager => "manager",
        Role::TenantAdmin => "administrator",
        Role::Super => "operator",
    }
}

fn origin(address: Option<IpAddr>) -> String {
    address.map(|address| format!(" from the address {address}")).unwrap_or_default()
}

/// An instant to the minute.
fn readable(at: Timestamp) -> String {
    let text = at.to_string();
    match text.get(..16) {
        Some(minute) => minute.replacen('T', " ", 1) + " UTC",
        None => text,
    }
}
