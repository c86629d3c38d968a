//! Push to devices that no socket reaches: from "this device shall get this" to what its push service
//! says. What is pushed, to whom and how often is decided elsewhere.

pub mod apns;
pub mod fcm;
pub mod web_push;

mod answer;
mod message;

use std::time::Duration;

use tokio::sync::Semaphore;

pub use crate::http_client::{Authorities, InvalidCertificates};
pub use answer::{Outcome, Reason};
pub use message::{Kind, Priority, PushMessage};

use crate::{clock::Clock, config::Config};
use apns::Apns;
use fcm::Fcm;
use web_push::WebPush;

/// The most that one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What the platforms of bridges begin with.
pub const BRIDGE: &str = "bridge:";
/// Requests on their way at once, for each platform.
const IN_FLIGHT_MAX: usize = 64;

/// A device with the platform that reaches it. All of it is secret.
#[derive(Clone)]
pub enum Target {
    WebPush(web_push::Subscription),
    Apns(apns::Device),
    Fcm(fcm::Device),
}

/// Why a device cannot be pushed to as it describes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("platform not configured")]
    NotConfigured,
    #[error("endpoint not allowed")]
    Endpoint,
    #[error("keys not valid")]
    Keys,
    #[error("token not valid")]
    Token,
    #[error("topic not valid")]
    Topic,
}

impl From<Unfit> for Reason {
    fn from(unfit: Unfit) -> Self {
        Self::from(match unfit {
            Unfit::NotConfigured => "platform not configured",
            Unfit::Endpoint => "endpoint not allowed",
            Unfit::Keys => "keys not valid",
            Unfit::Token => "token not valid",
            Unfit::Topic => "topic not valid",
        })
    }
}

/// The push services that the operator has configured, with what they know us by.
pub struct PushServices {
    clock: Clock,
    web: Option<Platform<WebPush>>,
    apns: Option<Platform<Apns>>,
    fcm: Option<Platform<Fcm>>,
}

struct Platform<T> {
    service: T,
    room: Semaphore,
}

impl<T> Platform<T> {
    fn new(service: T) -> Self {
        Self { service, room: Semaphore::new(IN_FLIGHT_MAX) }
    }
}

impl PushServices {
    pub fn new(config: &Config, clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            web: WebPush::new(config).map(Platform::new),
            apns: Apns::new(&config.push).map(Platform::new),
            fcm: Fcm::new(&config.push).map(Platform::new),
        }
    }

    /// What browsers subscribe with.
    pub fn vapid_public_key(&self) -> Option<&str> {
        self.web.as_ref().map(|web| web.service.public_key())
    }

    /// The platforms that are configured, by the names that devices register with.
    pub fn platforms(&self) -> Vec<&'static str> {
        let known = [
            ("web_push", self.web.is_some()),
            ("apns", self.apns.is_some()),
            ("fcm", self.fcm.is_some()),
        ];
        known.into_iter().filter_map(|(name, is_there)| is_there.then_some(name)).collect()
    }

    /// Whether anything may carry a push to devices of a platform. Whether a bridge does shows only when
    /// one takes it.
    pub fn serves(&self, platform: &str) -> bool {
        platform.starts_with(BRIDGE) || self.platforms().contains(&platform)
    }

    /// Whether a device can be pushed to, as far as that can be said without asking anybody.
    pub fn check(&self, target: &Target) -> Result<(), Unfit> {
        match target {
            Target::WebPush(subscription) => {
                self.web.as_ref().ok_or(Unfit::NotConfigured)?.service.check(subscription)
            }
            Target::Apns(device) => {
                self.apns.as_ref().ok_or(Unfit::NotConfigured).and_then(|_| device.check())
            }
            Target::Fcm(device) => {
                self.fcm.as_ref().ok_or(Unfit::NotConfigured).and_then(|_| device.check())
            }
        }
    }

    /// Pushes once, waiting for its turn where many are on their way. Nothing is tried again but what
    /// a service refuses because our token has grown old.
    pub async fn send(&self, target: &Target, message: &PushMessage) -> Outcome {
        let (platform, outcome) = match target {
            Target::WebPush(subscription) => ("web_push", self.to_web(subscription, message).await),
            Target::Apns(device) => ("apns", self.to_apns(device, message).await),
            Target::Fcm(device) => ("fcm", self.to_fcm(device, message).await),
        };
        metrics::counter!(
            "tidewire_push_total", "platform" => platform, "outcome" => outcome.word()
        )
        .increment(1);
        outcome
    }

    async fn to_web(&self, to: &web_push::Subscription, message: &PushMessage) -> Outcome {
        let Some(platform) = &self.web else { return not_configured() };
        let _place = platform.room.acquire().await;
        platform.service.send(&self.clock, to, message).await
    }

    async fn to_apns(&self, to: &apns::Device, message: &PushMessage) -> Outcome {
        let Some(platform) = &self.apns else { return not_configured() };
        let _place = platform.room.acquire().await;
        platform.service.send(&self.clock, to, message).await
    }

    async fn to_fcm(&self, to: &fcm::Device, message: &PushMessage) -> Outcome {
        let Some(platform) = &self.fcm else { return not_configured() };
        let _place = platform.room.acquire().await;
        platform.service.send(&self.clock, to, message).await
    }
}

fn not_configured() -> Outcome {
    Outcome::Misconfigured(Unfit::NotConfigured.into())
}

#[cfg(test)]
mod tests;
