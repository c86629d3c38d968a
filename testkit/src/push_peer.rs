//! Push services for tests: one that decrypts as a browser does, one like APNs, one like FCM. They run
//! in Python, on packages that are installed under the build's folder when they are missing.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tempfile::TempDir;

use crate::{python, require};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/push_peer.py");
const PACKAGES: [&str; 4] =
    ["hypercorn 0.18.0", "http-ece 1.2.1", "py-vapid 1.9.6", python::TRUSTME];

/// Whose part a service plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushKind {
    /// A browser vendor's, with the browser behind it.
    Web,
    Apns,
    Fcm,
}

impl PushKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Apns => "apns",
            Self::Fcm => "fcm",
        }
    }
}

/// What a service is told to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PushAnswer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl PushAnswer {
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: BTreeMap::new(), body: body.into() }
    }

    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// A request as a service has understood it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ReceivedPush {
    /// `send`, or `token` where a sender asked for one.
    pub route: String,
    pub method: String,
    pub path: String,
    /// `2` or `1.1`.
    pub http_version: String,
    pub headers: BTreeMap<String, String>,
    /// As it came, before it was decrypted.
    pub body_bytes: usize,
    /// Decrypted and parsed.
    #[serde(default)]
    pub body: Value,
    /// Header and claims of the token that the sender has shown, its signature verified.
    #[serde(default)]
    pub header: Value,
    #[serde(default)]
    pub claims: Value,
    /// The sender's public key (web), or the token itself (APNs).
    #[serde(default)]
    pub key: Option<String>,
    /// What was wrong with a request that could not be understood.
    #[serde(default)]
    pub fault: Option<String>,
    /// What it was answered.
    pub status: u16,
}

/// A browser that wants to hear from us.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subscription {
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
}

/// A running push service. Dropping it ends it.
pub struct PushPeer {
    process: Child,
    folder: TempDir,
    port: u16,
    told: AtomicUsize,
}

impl PushPeer {
    /// Who the service like APNs takes messages from.
    pub const APNS_KEY_ID: &str = "ABC123DEFG";
    pub const APNS_TEAM_ID: &str = "DEF123GHIJ";

    /// Starts a service. `None` where Python or its packages cannot be had.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start(kind: PushKind) -> Option<Self> {
        let Some(packages) = python::packages(&PACKAGES) else {
            require::skip("everything on a push service", "python3 with pip");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary directory can be made");
        let mut command = Command::new("python3");
        command.arg(PROGRAM).arg(kind.word()).arg(folder.path()).env("PYTHONPATH", packages);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("python was there a moment ago");
        let output = process.stdout.take().expect("the output is piped");
        let mut service = Self { process, folder, port: 0, told: AtomicUsize::new(0) };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("the output can be read");
        service.port = line.trim().parse().expect("the service says its port");
        Some(service)
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it is, without a slash at the end.
    pub fn base(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Who certifies it, in PEM. Its name is `localhost`.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The private key of one who sends by the service like APNs, in PEM.
    pub fn apns_key_file(&self) -> PathBuf {
        self.folder.path().join("key.p8")
    }

    /// The account of one who sends by the service like FCM, in JSON.
    pub fn fcm_account_file(&self) -> PathBuf {
        self.folder.path().join("account.json")
    }

    /// The browser behind the service of the web.
    ///
    /// # Panics
    ///
    /// If the service is of another kind.
    pub fn subscription(&self) -> Subscription {
        let text = fs::read(self.folder.path().join("subscription.json"));
        serde_json::from_slice(&text.expect("a service of the web")).expect("a subscription")
    }

    /// Answers the next message so, and the one after it as it is told after that. What is wrong in
    /// itself is refused all the same.
    pub fn answer(&self, answer: &PushAnswer) {
        self.tell("send", answer);
    }

    /// As [`PushPeer::answer`], for the next one who asks for a token.
    pub fn answer_token(&self, answer: &PushAnswer) {
        self.tell("token", answer);
    }

    fn tell(&self, route: &str, answer: &PushAnswer) {
        let folder = self.folder.path().join("answers").join(route);
        let name = format!("{:06}", self.told.fetch_add(1, Ordering::Relaxed));
        let draft = folder.join(&name);
        fs::write(&draft, serde_json::to_vec(answer).expect("an answer is JSON"))
            .expect("the folder can be written");
        fs::rename(&draft, folder.join(format!("{name}.json"))).expect("the folder can be written");
    }

    /// What it has received so far, in order.
    ///
    /// # Panics
    ///
    /// If it has written something else.
    pub fn received(&self) -> Vec<ReceivedPush> {
        let folder = self.folder.path().join("received");
        let texts = (1..).map_while(|n: usize| fs::read(folder.join(format!("{n}.json"))).ok());
        texts.map(|text| serde_json::from_slice(&text).expect("a request")).collect()
    }

    /// The messages among what it has received.
    pub fn messages(&self) -> Vec<ReceivedPush> {
        self.received().into_iter().filter(|one| one.route == "send").collect()
    }
}

impl Drop for PushPeer {
    fn drop(&mut self) {
        // Both fail only for a process that has ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
