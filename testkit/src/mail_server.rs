//! Mail servers for tests, each with a behaviour of its own. They run in Python, on packages that are
//! installed under the build's folder when they are missing.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde::Deserialize;
use tempfile::TempDir;

use crate::{python, require};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/mail_server.py");
const PACKAGES: [&str; 2] = ["aiosmtpd 1.4.6", python::TRUSTME];

/// What a server does with those who come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailBehaviour {
    /// Takes everything, without TLS.
    Plain,
    /// Wants STARTTLS and a login.
    Starttls,
    /// As `Starttls`, with a certificate for another name.
    Misnamed,
    /// Wants a login and offers no STARTTLS, as if somebody had taken the offer out on the way.
    Stripped,
    /// TLS from the first byte, and a login.
    Tls,
    /// Never says a word.
    Silent,
    /// Refuses every recipient for now.
    Busy,
    /// Refuses every recipient for good.
    Refusing,
}

impl MailBehaviour {
    const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Starttls => "starttls",
            Self::Misnamed => "misnamed",
            Self::Stripped => "stripped",
            Self::Tls => "tls",
            Self::Silent => "silent",
            Self::Busy => "busy",
            Self::Refusing => "refusing",
        }
    }
}

/// A running mail server. Dropping it ends it.
pub struct MailServer {
    process: Child,
    folder: TempDir,
    port: u16,
}

/// A mail as a server has taken it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReceivedMail {
    pub from: String,
    pub to: Vec<String>,
    /// The user that had logged in.
    pub login: Option<String>,
    pub tls: bool,
    pub text: String,
}

impl MailServer {
    /// The login that servers accept.
    pub const USERNAME: &str = "relay";
    pub const PASSWORD: &str = "swordfish";

    /// Starts a server. `None` where Python or its packages cannot be had.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start(behaviour: MailBehaviour) -> Option<Self> {
        let Some(packages) = python::packages(&PACKAGES) else {
            require::skip("everything on a mail server", "python3 with pip");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary directory can be made");
        let mut command = Command::new("python3");
        command.arg(PROGRAM).arg(behaviour.word()).arg(folder.path()).env("PYTHONPATH", packages);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("python was there a moment ago");
        let output = process.stdout.take().expect("the output is piped");
        let mut server = Self { process, folder, port: 0 };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("the output can be read");
        server.port = line.trim().parse().expect("the server says its port");
        Some(server)
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Who certifies it, in PEM. Its name is `localhost`.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What it has taken so far, in order.
    ///
    /// # Panics
    ///
    /// If a mail is not one.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        let file = |n: usize| fs::read(self.folder.path().join(format!("{n}.json"))).ok();
        let texts = (1..).map_while(file);
        texts.map(|text| serde_json::from_slice(&text).expect("a mail")).collect()
    }

    /// Whether a client has tried to log in (`login`) or to send (`mail`).
    pub fn saw(&self, what: &str) -> bool {
        let seen = fs::read_to_string(self.folder.path().join("seen")).unwrap_or_default();
        seen.lines().any(|line| line == what)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // Both fail only for a process that has ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
