//! Push to devices of Apple's, over HTTP/2 and with tokens that our key signs.

mod payload;
mod provider_token;
mod verdict;

use reqwest::{Client, header};
use tidewire_protocol::Timestamp;
use uuid::Uuid;

pub use provider_token::{Credentials, InvalidCredentials};

use super::{
    TIMEOUT, Unfit,
    answer::{self, Outcome},
    message::{Priority, PushMessage, collapse_id},
};
use crate::{clock::Clock, config::PushConfig, http_client};
use provider_token::ProviderToken;
use verdict::Verdict;

const PRODUCTION: &str = "https://api.push.apple.com";
const SANDBOX: &str = "https://api.sandbox.push.apple.com";
const TOKEN_BYTES_MAX: usize = 200;
const TOPIC_BYTES_MAX: usize = 255;
const COLLAPSE_ID_BYTES_MAX: usize = 64;

/// Which of the two services knows a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    Production,
    Sandbox,
}

/// A device, as its program has registered it.
#[derive(Clone)]
pub struct Device {
    /// In hexadecimal digits.
    pub token: String,
    /// The program, by its name in Apple's shop.
    pub topic: String,
    pub environment: Environment,
}

impl Device {
    /// Both become part of the request, so they have to be what they say.
    pub(super) fn check(&self) -> Result<(), Unfit> {
        let is_token = (1..=TOKEN_BYTES_MAX).contains(&self.token.len())
            && self.token.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_token {
            return Err(Unfit::Token);
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let is_topic =
            (1..=TOPIC_BYTES_MAX).contains(&self.topic.len()) && self.topic.bytes().all(allowed);
        if is_topic { Ok(()) } else { Err(Unfit::Topic) }
    }
}

pub(super) struct Apns {
    client: Client,
    token: ProviderToken,
    /// Instead of both services.
    base: Option<String>,
}

impl Apns {
    pub(super) fn new(config: &PushConfig) -> Option<Self> {
        Some(Self {
            client: http_client::to_services(&config.authorities, true),
            token: ProviderToken::new(config.apns.clone()?),
            base: config.apns_base.clone(),
        })
    }

    pub(super) async fn send(
        &self,
        clock: &Clock,
        device: &Device,
        message: &PushMessage,
    ) -> Outcome {
        if let Err(unfit) = device.check() {
            return Outcome::Refused(unfit.into());
        }
        let Some(body) = payload::encode(message) else {
            return Outcome::Refused("payload too large".into());
        };
        let push = Push { id: clock.id(), device, message, body };
        let token = self.token.current(clock.now());
        let outcome = match self.attempt(&push, &token, clock.now()).await {
            Verdict::Final(outcome) => return outcome,
            Verdict::OldToken(outcome) => outcome,
        };
        let Some(renewed) = self.token.renew(&token, clock.now()) else { return outcome };
        self.attempt(&push, &renewed, clock.now()).await.into_outcome()
    }

    async fn attempt(&self, push: &Push<'_>, token: &str, now: Timestamp) -> Verdict {
        let (device, message) = (push.device, push.message);
        let base = self.base.as_deref().unwrap_or_else(|| device.environment.base());
        let mut request = self
            .client
            .post(format!("{base}/3/device/{}", device.token))
            .header(header::AUTHORIZATION, format!("bearer {token}"))
            .header("apns-id", push.id.to_string())
            .header("apns-topic", &device.topic)
            .header("apns-push-type", payload::push_type(message))
            .header("apns-priority", priority(message))
            .header("apns-expiration", expiration(message, now));
        if let Some(key) = &message.collapse_key {
            let id = collapse_id(key, COLLAPSE_ID_BYTES_MAX, |byte| byte.is_ascii_graphic());
            request = request.header("apns-collapse-id", id.as_ref());
        }
        let answer = answer::ask(request.body(push.body.clone()), TIMEOUT, now).await;
        answer.map_or_else(Verdict::Final, |answer| verdict::of(&answer))
    }
}

impl Environment {
    const fn base(self) -> &'static str {
        match self {
            Self::Production => PRODUCTION,
            Self::Sandbox => SANDBOX,
        }
    }
}

/// What an attempt has of the one before it: the id, by which the service tells the same push again.
struct Push<'a> {
    id: Uuid,
    device: &'a Device,
    message: &'a PushMessage,
    body: Vec<u8>,
}

/// 10 is for what people see at once; anything else the device takes when it suits its battery.
const fn priority(message: &PushMessage) -> &'static str {
    match (message.kind.is_shown(), message.priority) {
        (true, Priority::High) => "10",
        (true, Priority::Normal) | (false, Priority::High | Priority::Normal) => "5",
    }
}

/// Zero is: now or never.
fn expiration(message: &PushMessage, now: Timestamp) -> i64 {
    match message.ttl_seconds() {
        0 => 0,
        seconds => now.ms().div_euclid(1_000) + seconds as i64,
    }
}

#[cfg(test)]
mod tests;
