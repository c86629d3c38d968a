//! What people can be pushed to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;
use crate::{
    Timestamp,
    id::DeviceId,
    input::{Fields, Input},
    limits::{
        DEVICE_ENDPOINT_CHARS_MAX, DEVICE_KEY_CHARS_MAX, DEVICE_LABEL_CHARS_MAX,
        DEVICE_TOKEN_CHARS_MAX,
    },
};

words! {
    /// By which network a device is reached.
    DeviceKind {
        WebPush = "web_push",
        Apns = "apns",
        Fcm = "fcm",
        Bridge = "bridge",
    }
}

words! {
    /// Which of Apple's services knows a device.
    ApnsEnvironment { Production = "production", Sandbox = "sandbox", }
}

/// What a browser has made for its subscription (RFC 8291, section 3.1), in base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebPushKeys {
    #[schema(min_length = 1, max_length = 256)]
    pub p256dh: String,
    #[schema(min_length = 1, max_length = 256)]
    pub auth: String,
}

impl Input for WebPushKeys {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let p256dh = fields.printable("p256dh", 1, DEVICE_KEY_CHARS_MAX);
        let auth = fields.printable("auth", 1, DEVICE_KEY_CHARS_MAX);
        Some(Self { p256dh: p256dh?, auth: auth? })
    }
}

/// How a device is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceTarget {
    WebPush { endpoint: String, keys: WebPushKeys },
    Apns { token: String, topic: String, environment: ApnsEnvironment },
    Fcm { token: String },
    Bridge { platform: String, token: String },
}

/// `POST /notifications/devices`. Which fields are needed depends on `kind`.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(as = RegisterDevice)]
struct RegisterDeviceBody {
    kind: DeviceKind,
    /// Of `web_push`: where the browser's service takes messages.
    #[schema(min_length = 1, max_length = 2_048)]
    endpoint: Option<String>,
    /// Of `web_push`.
    keys: Option<WebPushKeys>,
    /// Of all others.
    #[schema(min_length = 1, max_length = 4_096)]
    token: Option<String>,
    /// Of `apns`: the program's name.
    #[schema(min_length = 1, max_length = 255)]
    topic: Option<String>,
    /// Of `apns`.
    environment: Option<ApnsEnvironment>,
    /// Of `bridge`: the network's name.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_-]{0,63}$")]
    platform: Option<String>,
    /// What people call it.
    #[schema(min_length = 1, max_length = 80)]
    label: Option<String>,
}

/// A device to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterDevice {
    pub target: DeviceTarget,
    pub label: Option<String>,
}

impl utoipa::PartialSchema for RegisterDevice {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        RegisterDeviceBody::schema()
    }
}

impl ToSchema for RegisterDevice {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        RegisterDeviceBody::schemas(schemas);
    }
}

impl Input for RegisterDevice {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let target = match fields.word("kind")? {
            DeviceKind::WebPush => read_web_push(fields),
            DeviceKind::Apns => read_apns(fields),
            DeviceKind::Fcm => read_token(fields).map(|token| DeviceTarget::Fcm { token }),
            DeviceKind::Bridge => read_bridge(fields),
        };
        let label = fields.optional_line("label", 1, DEVICE_LABEL_CHARS_MAX);
        Some(Self { target: target?, label })
    }
}

fn read_web_push(fields: &mut Fields<'_>) -> Option<DeviceTarget> {
    let endpoint = fields.printable("endpoint", 1, DEVICE_ENDPOINT_CHARS_MAX);
    let keys = fields.optional_object("keys");
    if fields.value("keys").is_none() {
        return fields.fail("keys", "required", "is required");
    }
    Some(DeviceTarget::WebPush { endpoint: endpoint?, keys: keys? })
}

fn read_apns(fields: &mut Fields<'_>) -> Option<DeviceTarget> {
    let token = read_token(fields);
    let topic = fields.printable("topic", 1, 255);
    let environment = fields.word("environment");
    Some(DeviceTarget::Apns { token: token?, topic: topic?, environment: environment? })
}

fn read_bridge(fields: &mut Fields<'_>) -> Option<DeviceTarget> {
    let platform = fields.printable("platform", 1, 64);
    let token = read_token(fields);
    let platform = platform?;
    if !is_platform_name(&platform) {
        return fields.fail("platform", "name", "must be lower-case letters, digits, _ and -");
    }
    Some(DeviceTarget::Bridge { platform, token: token? })
}

fn read_token(fields: &mut Fields<'_>) -> Option<String> {
    fields.printable("token", 1, DEVICE_TOKEN_CHARS_MAX)
}

/// A name as bridges have them: a letter, then letters, digits, `_` and `-`.
pub fn is_platform_name(name: &str) -> bool {
    let is_rest =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(is_rest)
}

/// A device as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    pub id: DeviceId,
    pub kind: DeviceKind,
    pub label: Option<String>,
    pub created_at: Timestamp,
    /// When its network has last taken something.
    pub last_used_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceData {
    pub device: Device,
}

/// `GET /notifications/devices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Devices {
    pub items: Vec<Device>,
    pub vapid_public_key: Option<String>,
}

/// What removing a device answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceRemoved {
    pub deleted: bool,
    pub id: DeviceId,
}

/// `GET /notifications/push/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushKeys {
    /// What browsers subscribe with (RFC 8292, section 3.2).
    pub vapid_public_key: Option<String>,
    /// By which networks devices are reached without a bridge.
    pub platforms: Vec<String>,
}
