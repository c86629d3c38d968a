//! Push to browsers (RFC 8030). Their vendors' services pass on what only the browser can read.

mod encryption;
mod hosts;
mod vapid;

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use reqwest::{Client, RequestBuilder, StatusCode, header};
use url::{Host, Url};

pub use hosts::{InvalidHost, PushHost};
pub use vapid::VapidKey;

use super::{
    TIMEOUT, Unfit,
    answer::{self, Answer, Outcome, Reason},
    message::{Priority, PushMessage, collapse_id},
};
use crate::{clock::Clock, config::Config, http_client, outgoing::Exceptions};
use encryption::{Fresh, Receiver};
use vapid::Vapid;

const PORTS: [u16; 1] = [443];
const ENDPOINT_BYTES_MAX: usize = 2_048;
const TOPIC_BYTES_MAX: usize = 32;

/// Browsers leave the padding away, and some of their programs do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a browser has subscribed with, as it says it.
#[derive(Clone)]
pub struct Subscription {
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
}

/// A subscription that was judged.
struct Browser {
    endpoint: Url,
    receiver: Receiver,
}

pub(super) struct WebPush {
    client: Client,
    vapid: Vapid,
    hosts: Vec<PushHost>,
    exceptions: Exceptions,
}

impl WebPush {
    /// `None` where the operator lets no service be called.
    pub(super) fn new(config: &Config) -> Option<Self> {
        let push = &config.push;
        if push.web_hosts.is_empty() {
            return None;
        }
        let key = push.vapid_key.clone().unwrap_or_else(|| VapidKey::derive(&config.secret));
        let own = Some(&config.public_url).filter(|url| url.starts_with("https://"));
        let subject = push.vapid_subject.as_ref().or(own).cloned();
        Some(Self {
            client: http_client::to_strangers(&push.authorities, config.outgoing.clone()),
            vapid: Vapid::new(key, subject),
            hosts: push.web_hosts.clone(),
            exceptions: config.outgoing.clone(),
        })
    }

    pub(super) fn public_key(&self) -> &str {
        self.vapid.public_key()
    }

    /// Whether a subscription can be used, and names a service that may be called.
    pub(super) fn check(&self, subscription: &Subscription) -> Result<(), Unfit> {
        self.judge(subscription).map(|_| ())
    }

    fn judge(&self, subscription: &Subscription) -> Result<Browser, Unfit> {
        let endpoint = self.permit(&subscription.endpoint).ok_or(Unfit::Endpoint)?;
        let public_key = decode(&subscription.p256dh).ok_or(Unfit::Keys)?;
        let auth = decode(&subscription.auth).ok_or(Unfit::Keys)?;
        let receiver = Receiver::new(public_key, auth).ok_or(Unfit::Keys)?;
        Ok(Browser { endpoint, receiver })
    }

    fn permit(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok().filter(|_| text.len() <= ENDPOINT_BYTES_MAX)?;
        let Some(Host::Domain(host)) = url.host() else { return None };
        let is_plain = url.username().is_empty() && url.password().is_none();
        let is_permitted = url.scheme() == "https"
            && is_plain
            && self.hosts.iter().any(|known| known.contains(host))
            && self.exceptions.permit_port(url.port_or_known_default()?, &PORTS);
        is_permitted.then_some(url)
    }

    pub(super) async fn send(
        &self,
        clock: &Clock,
        subscription: &Subscription,
        message: &PushMessage,
    ) -> Outcome {
        let browser = match self.judge(subscription) {
            Ok(browser) => browser,
            Err(unfit) => return Outcome::Refused(unfit.into()),
        };
        let text = serde_json::to_vec(&message.to_object()).unwrap_or_default();
        let body = encryption::encrypt(&browser.receiver, &Fresh::new(clock), &text);
        let Some(body) = body else { return Outcome::Refused("payload too large".into()) };
        let now = clock.now();
        let origin = browser.endpoint.origin().ascii_serialization();
        let request = self
            .client
            .post(browser.endpoint)
            .header(header::AUTHORIZATION, self.vapid.authorization(&origin, now))
            .body(body);
        match answer::ask(with_headers(request, message), TIMEOUT, now).await {
            Ok(answer) => verdict(&answer),
            Err(outcome) => outcome,
        }
    }
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64.decode(text).ok()?.try_into().ok()
}

fn with_headers(request: RequestBuilder, message: &PushMessage) -> RequestBuilder {
    let urgency = match message.priority {
        Priority::High => "high",
        Priority::Normal => "normal",
    };
    let request = request
        .header(header::CONTENT_ENCODING, "aes128gcm")
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header("ttl", message.ttl_seconds())
        .header("urgency", urgency);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    match &message.collapse_key {
        Some(key) => request.header("topic", collapse_id(key, TOPIC_BYTES_MAX, allowed).as_ref()),
        None => request,
    }
}

/// What a status means (RFC 8030, sections 5 to 8). The address in `Location` is as secret as the
/// endpoint and is not kept.
fn verdict(answer: &Answer) -> Outcome {
    let reason = Reason::from(answer.status);
    match answer.status {
        status if status.is_success() => Outcome::Accepted { id: None },
        StatusCode::NOT_FOUND | StatusCode::GONE => Outcome::gone(reason),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Outcome::Misconfigured(reason),
        _ if answer.is_of_the_moment() => answer.try_again(reason),
        _ => Outcome::Refused(reason),
    }
}

#[cfg(test)]
mod tests;
