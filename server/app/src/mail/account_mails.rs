//! The mails that accounts need, whatever anybody has switched off.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tidewire_protocol::{
    Timestamp,
    model::users::{Role, UserRef, display_name},
    notification_event::EventKey,
};

use super::letter::{INVITATION_PATH, PASSWORD_RESET_PATH, VERIFICATION_PATH};
use crate::{email_address::EmailAddress, templates::TemplateId};

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

    /// Whose words it is written in.
    pub(super) const fn template(&self) -> TemplateId {
        TemplateId::mail(match self {
            Self::EmailVerification { .. } => EventKey::EmailVerification,
            Self::PasswordReset { .. } => EventKey::PasswordReset,
            Self::PasswordChanged { .. } => EventKey::PasswordChanged,
            Self::NewDevice { .. } => EventKey::NewDeviceLogin,
            Self::SessionRevoked { .. } => EventKey::SessionRevoked,
            Self::Invitation { .. } => EventKey::UserInvited,
            Self::RoleChanged { .. } => EventKey::RoleChanged,
            Self::Deactivated { .. } => EventKey::UserDeactivated,
            Self::Activated { .. } => EventKey::UserActivated,
        })
    }

    /// What its words may name.
    pub(super) fn values(&self, public_url: &str) -> Map<String, Value> {
        let link = |path: &str, token: &str| {
            json!(format!("{public_url}{}", path.replace("{token}", token)))
        };
        let values = match self {
            Self::EmailVerification { token, expires_at, .. } => json!({
                "verifyUrl": link(VERIFICATION_PATH, token), "expiresAt": expires_at,
            }),
            Self::PasswordReset { token, expires_at, address, .. } => json!({
                "resetUrl": link(PASSWORD_RESET_PATH, token), "expiresAt": expires_at,
                "ipAddress": address,
            }),
            Self::PasswordChanged { tenant_name, at, address, .. } => json!({
                "tenantName": tenant_name, "changedAt": at, "ipAddress": address,
            }),
            Self::NewDevice { tenant_name, device, at, address, .. } => json!({
                "tenantName": tenant_name, "device": device, "at": at, "ipAddress": address,
            }),
            Self::SessionRevoked { tenant_name, at, .. } => json!({
                "tenantName": tenant_name, "at": at, "reason": "its key was used a second time",
            }),
            Self::Invitation { tenant_name, inviter_name, token, expires_at, .. } => json!({
                "tenantName": tenant_name, "inviterName": inviter_name,
                "acceptUrl": link(INVITATION_PATH, token), "expiresAt": expires_at,
            }),
            Self::RoleChanged { tenant_name, actor_name, old, new, .. } => json!({
                "tenantName": tenant_name, "actorName": actor_name,
                "oldRole": role_name(*old), "newRole": role_name(*new),
            }),
            Self::Deactivated { tenant_name, .. } => json!({ "tenantName": tenant_name }),
            Self::Activated { tenant_name, .. } => json!({
                "tenantName": tenant_name, "loginUrl": link("/", ""),
            }),
        };
        let mut values = match values {
            Value::Object(values) => values,
            _ => Map::new(),
        };
        values.insert("recipientName".to_owned(), json!(self.to().name));
        values
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
