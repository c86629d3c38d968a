//! What people can be pushed to, as their programs register it.

use serde::{Deserialize, Serialize};
use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    id::{DeviceId, TenantId, UserId},
    limits::DEVICES_MAX,
    model::devices::{
        ApnsEnvironment, Device, DeviceData, DeviceKind, DeviceRemoved, DeviceTarget, Devices,
        PushKeys, RegisterDevice, WebPushKeys,
    },
};
use tidewire_storage::{
    devices::{self as stored, NewDevice},
    users,
};

use crate::{
    Actor, App, Error, Result,
    audit::{self, Note},
    auth::key::sha256,
    idempotency,
    push::{
        BRIDGE, Target, Unfit,
        apns::{self, Environment},
        fcm, web_push,
    },
};

/// How a device is reached, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reached {
    WebPush { endpoint: String, p256dh: String, auth: String },
    Apns { token: String, topic: String, sandbox: bool },
    Fcm { token: String },
    Bridge { token: String },
}

impl From<DeviceTarget> for Reached {
    fn from(target: DeviceTarget) -> Self {
        match target {
            DeviceTarget::WebPush { endpoint, keys: WebPushKeys { p256dh, auth } } => {
                Self::WebPush { endpoint, p256dh, auth }
            }
            DeviceTarget::Apns { token, topic, environment } => Self::Apns {
                token: token.to_ascii_lowercase(),
                topic,
                sandbox: environment == ApnsEnvironment::Sandbox,
            },
            DeviceTarget::Fcm { token } => Self::Fcm { token },
            DeviceTarget::Bridge { token, .. } => Self::Bridge { token },
        }
    }
}

impl Reached {
    /// For a platform that is built in.
    pub(crate) fn target(&self) -> Option<Target> {
        Some(match self.clone() {
            Self::WebPush { endpoint, p256dh, auth } => {
                Target::WebPush(web_push::Subscription { endpoint, p256dh, auth })
            }
            Self::Apns { token, topic, sandbox } => {
                let environment =
                    if sandbox { Environment::Sandbox } else { Environment::Production };
                Target::Apns(apns::Device { token, topic, environment })
            }
            Self::Fcm { token } => Target::Fcm(fcm::Device { token }),
            Self::Bridge { .. } => return None,
        })
    }

    /// What tells one device from another on its platform.
    fn address(&self) -> &str {
        match self {
            Self::WebPush { endpoint, .. } => endpoint,
            Self::Apns { token, .. } | Self::Fcm { token } | Self::Bridge { token } => token,
        }
    }
}

fn platform(target: &DeviceTarget) -> String {
    match target {
        DeviceTarget::WebPush { .. } => DeviceKind::WebPush.word().to_owned(),
        DeviceTarget::Apns { .. } => DeviceKind::Apns.word().to_owned(),
        DeviceTarget::Fcm { .. } => DeviceKind::Fcm.word().to_owned(),
        DeviceTarget::Bridge { platform, .. } => format!("{BRIDGE}{platform}"),
    }
}

fn owner(actor: &Actor) -> (TenantId, UserId) {
    (actor.tenant_id(), actor.user_id())
}

/// Registers a device of the caller's sign-in, with which it ends. One that is known already is
/// renewed; one of somebody else's becomes the caller's.
pub async fn register(app: &App, actor: &Actor, wanted: RegisterDevice) -> Result<DeviceData> {
    let (owner, now) = (owner(actor), app.clock.now());
    let platform = platform(&wanted.target);
    let reached = Reached::from(wanted.target);
    require_fit(app, &reached)?;
    let target = json!(reached);
    let new = NewDevice {
        id: app.clock.id(),
        session_id: actor.session_id(),
        platform: &platform,
        address: sha256(reached.address().as_bytes()),
        target: &target,
        label: wanted.label.as_deref(),
        at: now,
    };
    let mut conn = app.db.write().await?;
    // Two programs that register at once do not exceed the limit together.
    users::lock(&mut conn, owner.0, owner.1).await?;
    let (id, created_at) = stored::register(&mut conn, owner, &new).await?;
    let all = stored::of(&mut conn, owner.0, &[owner.1], now).await?;
    if all.get(&owner.1).map_or(0, Vec::len) > DEVICES_MAX {
        return Err(ErrorCode::DeviceLimit.into());
    }
    let device =
        Device { id, kind: kind(&platform), label: wanted.label, created_at, last_used_at: None };
    let note = Note {
        tenant_id: owner.0,
        action: "notifications.device_added",
        actor_id: Some(owner.1),
        target: Some(("device", id.to_string())),
        detail: json!({ "kind": device.kind }),
    };
    audit::note(app, &mut conn, &actor.request, note).await?;
    let answer = DeviceData { device };
    idempotency::record(app, &mut conn, actor, 201, &answer).await?;
    conn.commit().await?;
    Ok(answer)
}

/// Refuses what could never be pushed to, naming the field.
fn require_fit(app: &App, reached: &Reached) -> Result<()> {
    let Some(target) = reached.target() else { return Ok(()) };
    app.push.check(&target).map_err(|unfit| match unfit {
        Unfit::NotConfigured => ErrorCode::PushNotConfigured.into(),
        Unfit::Endpoint => Error::invalid_field(
            "endpoint",
            "not_allowed",
            "must be an https:// address of a push service that the operator lets be called",
        ),
        Unfit::Keys => Error::invalid_field("keys", "keys", "must be the subscription's own keys"),
        Unfit::Token => Error::invalid_field("token", "token", "must be a token of its network"),
        Unfit::Topic => Error::invalid_field("topic", "topic", "must be the name of a program"),
    })
}

fn kind(platform: &str) -> DeviceKind {
    DeviceKind::from_word(platform).unwrap_or(DeviceKind::Bridge)
}

/// The caller's devices, newest first.
pub async fn list(app: &App, actor: &Actor) -> Result<Devices> {
    let (tenant, user) = owner(actor);
    let mut conn = app.db.read().await?;
    let mut all = stored::of(&mut conn, tenant, &[user], app.clock.now()).await?;
    let shown = |device: stored::Device| Device {
        id: device.id,
        kind: kind(&device.platform),
        label: device.label,
        created_at: device.created_at,
        last_used_at: device.used_at,
    };
    let items = all.remove(&user).unwrap_or_default().into_iter().map(shown).collect();
    Ok(Devices { items, vapid_public_key: app.push.vapid_public_key().map(str::to_owned) })
}

/// Forgets a device.
pub async fn remove(app: &App, actor: &Actor, id: DeviceId) -> Result<DeviceRemoved> {
    let mut conn = app.db.write().await?;
    if !stored::remove(&mut conn, owner(actor), id).await? {
        return Err(Error::not_found());
    }
    conn.commit().await?;
    Ok(DeviceRemoved { deleted: true, id })
}

/// What programs need before they register.
pub fn keys(app: &App) -> Result<PushKeys> {
    let platforms: Vec<String> = app.push.platforms().into_iter().map(str::to_owned).collect();
    if platforms.is_empty() {
        return Err(ErrorCode::PushNotConfigured.into());
    }
    Ok(PushKeys { vapid_public_key: app.push.vapid_public_key().map(str::to_owned), platforms })
}

#[cfg(test)]
mod tests;
