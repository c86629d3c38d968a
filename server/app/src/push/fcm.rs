//! Push to Android devices by Firebase Cloud Messaging, version 1 of its HTTP interface.

mod access_token;
mod body;
mod verdict;

use reqwest::{Client, header};

pub use access_token::{Account, InvalidAccount};

use super::{
    TIMEOUT, Unfit,
    answer::{self, Outcome},
    message::PushMessage,
};
use crate::{clock::Clock, config::PushConfig, http_client};
use access_token::AccessToken;
use verdict::Verdict;

const BASE: &str = "https://fcm.googleapis.com";
const TOKEN_BYTES_MAX: usize = 4_096;

/// A device, as its program has registered it.
#[derive(Clone)]
pub struct Device {
    pub token: String,
}

impl Device {
    pub(super) fn check(&self) -> Result<(), Unfit> {
        let is_token = (1..=TOKEN_BYTES_MAX).contains(&self.token.len())
            && self.token.bytes().all(|byte| byte.is_ascii_graphic());
        if is_token { Ok(()) } else { Err(Unfit::Token) }
    }
}

pub(super) struct Fcm {
    client: Client,
    token: AccessToken,
    /// Where messages of our project are taken.
    address: String,
}

impl Fcm {
    pub(super) fn new(config: &PushConfig) -> Option<Self> {
        let account = config.fcm.clone()?;
        let base = config.fcm_base.as_deref().unwrap_or(BASE);
        let address = format!("{base}/v1/projects/{}/messages:send", account.project_id());
        let client = http_client::to_services(&config.authorities, false);
        Some(Self { token: AccessToken::new(account), client, address })
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
        let Some(body) = body::encode(&device.token, message) else {
            return Outcome::Refused("payload too large".into());
        };
        self.send_body(clock, body).await.unwrap_or_else(|outcome| outcome)
    }

    /// The error is an outcome, too: that of what prevented an attempt.
    async fn send_body(&self, clock: &Clock, body: Vec<u8>) -> Result<Outcome, Outcome> {
        let token = self.token.current(&self.client, clock).await?;
        match self.attempt(clock, &body, &token).await {
            Verdict::Final(outcome) => Ok(outcome),
            Verdict::OldToken(_) => {
                let renewed = self.token.renew(&self.client, clock, &token).await?;
                Ok(self.attempt(clock, &body, &renewed).await.into_outcome())
            }
        }
    }

    async fn attempt(&self, clock: &Clock, body: &[u8], token: &str) -> Verdict {
        let request = self
            .client
            .post(&self.address)
            .bearer_auth(token)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_vec());
        match answer::ask(request, TIMEOUT, clock.now()).await {
            Ok(answer) => verdict::of(&answer),
            Err(outcome) => Verdict::Final(outcome),
        }
    }
}

#[cfg(test)]
mod tests;
