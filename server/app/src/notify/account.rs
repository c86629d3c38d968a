//! What happens to somebody's account: a mail of its own, and a notification beside it.

use serde_json::{Map, Value, json};
use tidewire_protocol::{
    id::{TenantId, UserId},
    notification_event::EventKey,
};
use tidewire_storage::Conn;

use super::raise::{Mailing, Raised, raise};
use crate::{
    App, Result,
    mail::{self, AccountMail},
};

/// Tells somebody by a mail of the account. One that nobody can decide against is queued at once, in the
/// transaction of its cause; the others wait for the decision.
pub(crate) async fn tell_account(
    app: &App,
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    mail: AccountMail,
) -> Result<()> {
    let (event, data) = shown(&mail);
    let mailing = if event.is_mandatory() {
        mail::queue(app, conn, tenant, &mail).await?;
        Mailing::Queued
    } else {
        Mailing::Own(mail)
    };
    let raised = Raised { data, mail: mailing, ..Raised::new(event, [user]) };
    raise(app, conn, tenant, &raised).await
}

/// The event, and what may be shown of it: never what a link in the mail proves.
fn shown(mail: &AccountMail) -> (EventKey, Map<String, Value>) {
    let (event, data) = match mail {
        AccountMail::EmailVerification { expires_at, .. } => {
            (EventKey::EmailVerification, json!({ "expiresAt": expires_at }))
        }
        AccountMail::PasswordReset { expires_at, address, .. } => {
            (EventKey::PasswordReset, json!({ "expiresAt": expires_at, "ipAddress": address }))
        }
        AccountMail::PasswordChanged { at, address, .. } => {
            (EventKey::PasswordChanged, json!({ "changedAt": at, "ipAddress": address }))
        }
        AccountMail::NewDevice { device, at, address, .. } => {
            (EventKey::NewDeviceLogin, json!({ "device": device, "ipAddress": address, "at": at }))
        }
        AccountMail::SessionRevoked { at, .. } => (
            EventKey::SessionRevoked,
            json!({ "reason": "its key was used a second time", "at": at }),
        ),
        AccountMail::Invitation { inviter_name, expires_at, .. } => {
            (EventKey::UserInvited, json!({ "inviterName": inviter_name, "expiresAt": expires_at }))
        }
        AccountMail::RoleChanged { actor_name, old, new, .. } => (
            EventKey::RoleChanged,
            json!({ "oldRole": old, "newRole": new, "actorName": actor_name }),
        ),
        AccountMail::Deactivated { .. } => (EventKey::UserDeactivated, json!({})),
        AccountMail::Activated { .. } => (EventKey::UserActivated, json!({})),
    };
    let data = match data {
        Value::Object(data) => data.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    };
    (event, data)
}
