//! Who we are to Google: a service account, whose key signs for access tokens (RFC 7523). A token is
//! used until shortly before its end, and however many want a new one at once, it is asked for once.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Client, StatusCode, header};
use serde::{Deserialize, Serialize};
use tidewire_protocol::Timestamp;
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

use super::super::{
    TIMEOUT,
    answer::{self, Answer, Outcome, Reason},
};
use crate::clock::Clock;

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ASSERTION_SECONDS: i64 = 3_600;
/// A token is not used in its last five minutes.
const SPARE_SECONDS: i64 = 300;
const LIFETIME_SECONDS_MAX: i64 = 24 * 3_600;
/// Those who have waited for an answer that did not come do not all ask again.
const FAILURE_HOLDS: Duration = Duration::from_secs(2);

/// A service account, from the file that Google makes of it.
#[derive(Clone)]
pub struct Account {
    project_id: String,
    email: String,
    key_id: Option<String>,
    key: EncodingKey,
    token_url: Url,
}

/// Why a file is not that of a service account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccount {
    #[error("is no service account in JSON")]
    Form,
    #[error("has a key that is no private RSA key in PEM")]
    Key,
    #[error("has an address for tokens that is not https")]
    TokenAddress,
}

#[derive(Deserialize)]
struct File {
    project_id: String,
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: String,
}

impl Account {
    /// A file as Google hands it out.
    pub fn parse(json: &[u8]) -> Result<Self, InvalidAccount> {
        let file: File = serde_json::from_slice(json).map_err(|_| InvalidAccount::Form)?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte);
        if file.project_id.is_empty() || !file.project_id.bytes().all(allowed) {
            return Err(InvalidAccount::Form);
        }
        let token_url = Url::parse(&file.token_uri).ok().filter(|url| url.scheme() == "https");
        let account = Self {
            project_id: file.project_id,
            email: file.client_email,
            key_id: file.private_key_id,
            key: EncodingKey::from_rsa_pem(file.private_key.as_bytes())
                .map_err(|_| InvalidAccount::Key)?,
            token_url: token_url.ok_or(InvalidAccount::TokenAddress)?,
        };
        // What is wrong with a key may show only when it signs.
        account.assertion(0).map_err(|_| InvalidAccount::Key)?;
        Ok(account)
    }

    pub(super) fn project_id(&self) -> &str {
        &self.project_id
    }

    fn assertion(&self, seconds: i64) -> jsonwebtoken::errors::Result<String> {
        let header = Header { kid: self.key_id.clone(), ..Header::new(Algorithm::RS256) };
        let claims = Claims {
            iss: &self.email,
            scope: SCOPE,
            aud: self.token_url.as_str(),
            iat: seconds,
            exp: seconds + ASSERTION_SECONDS,
        };
        jsonwebtoken::encode(&header, &claims, &self.key)
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: i64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Denied {
    error: String,
}

pub(super) struct AccessToken {
    account: Account,
    /// Held while a token is asked for, so that the others wait for the same.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    failure: Option<Failure>,
}

struct Token {
    text: String,
    issued: Timestamp,
    lifetime_seconds: i64,
}

impl Token {
    fn is_good(&self, now: Timestamp) -> bool {
        let age = (now.ms() - self.issued.ms()).div_euclid(1_000);
        (0..self.lifetime_seconds - SPARE_SECONDS).contains(&age)
    }
}

struct Failure {
    outcome: Outcome,
    /// As the clock's uptime.
    at: Duration,
}

impl AccessToken {
    pub(super) fn new(account: Account) -> Self {
        Self { account, state: Mutex::default() }
    }

    /// The token in force; asks for one where there is none.
    pub(super) async fn current(&self, client: &Client, clock: &Clock) -> Result<String, Outcome> {
        self.unless(client, clock, |_| false).await
    }

    /// A token other than one that was refused.
    pub(super) async fn renew(
        &self,
        client: &Client,
        clock: &Clock,
        refused: &str,
    ) -> Result<String, Outcome> {
        self.unless(client, clock, |token| token.text == refused).await
    }

    async fn unless(
        &self,
        client: &Client,
        clock: &Clock,
        is_refused: impl Fn(&Token) -> bool,
    ) -> Result<String, Outcome> {
        let mut state = self.state.lock().await;
        let known = state.token.as_ref().filter(|token| token.is_good(clock.now()));
        if let Some(token) = known.filter(|token| !is_refused(token)) {
            return Ok(token.text.clone());
        }
        let uptime = clock.uptime();
        let is_recent = |failure: &&Failure| uptime.saturating_sub(failure.at) < FAILURE_HOLDS;
        if let Some(failure) = state.failure.as_ref().filter(is_recent) {
            return Err(failure.outcome.clone());
        }
        let asked = self.ask(client, clock.now()).await;
        let failed = asked.as_ref().err().cloned();
        state.failure = failed.map(|outcome| Failure { outcome, at: clock.uptime() });
        let token = asked?;
        Ok(state.token.insert(token).text.clone())
    }

    async fn ask(&self, client: &Client, now: Timestamp) -> Result<Token, Outcome> {
        let assertion = self.account.assertion(now.ms().div_euclid(1_000));
        let assertion = assertion.expect("the key has signed before");
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT)
            .append_pair("assertion", &assertion)
            .finish();
        let request = client
            .post(self.account.token_url.clone())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let answer = answer::ask(request, TIMEOUT, now).await?;
        granted(&answer).map(|granted| Token {
            text: granted.access_token,
            issued: now,
            lifetime_seconds: granted.expires_in.clamp(0, LIFETIME_SECONDS_MAX),
        })
    }
}

fn granted(answer: &Answer) -> Result<Granted, Outcome> {
    if answer.status == StatusCode::OK {
        return serde_json::from_slice(&answer.body)
            .map_err(|_| Outcome::try_again("no token in the answer"));
    }
    if answer.is_of_the_moment() {
        return Err(answer.try_again(answer.status));
    }
    let denied: Denied = serde_json::from_slice(&answer.body).unwrap_or_default();
    Err(Outcome::Misconfigured(match denied.error.as_str() {
        "" => Reason::from(answer.status),
        word => Reason::from_service(word),
    }))
}
