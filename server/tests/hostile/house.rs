//! A server with two companies of strangers in it, and somebody who must not notice anything.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tidewire_protocol::codec::Codec;
use tidewire_testkit::{Client, Server};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewire");
/// Tokens are for one installation, which this names.
const PUBLIC_URL: (&str, &str) = ("TIDEWIRE_PUBLIC_URL", "https://tidewire.test");

/// Three people, and two channels: the first two share the first, the last and the first the second.
pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) people: Vec<Person>,
    pub(crate) channels: Vec<String>,
    /// A channel of another company.
    pub(crate) foreign_channel: String,
    /// Held for its drop.
    _directory: TempDir,
}

pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) token: String,
}

impl House {
    /// A server with the usual limits.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A server whose limits nobody meets.
    pub(crate) async fn patient() -> Self {
        Self::with(&[("TIDEWIRE_RATE_LIMITS", "off")]).await
    }

    async fn with(settings: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (people, channels) = seed(directory.path(), "ours");
        let (_, mut theirs) = seed(directory.path(), "theirs");
        let server = Server::start(BINARY, directory.path(), |command| {
            command.env("TIDEWIRE_ALLOWED_ORIGINS", "https://app.test");
            command.env(PUBLIC_URL.0, PUBLIC_URL.1).envs(settings.iter().copied());
        });
        Self {
            server: server.await,
            people,
            channels,
            foreign_channel: theirs.remove(0),
            _directory: directory,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// A connection of one of the people, who has said hello.
    pub(crate) async fn client(&self, person: usize) -> Client {
        Client::hello(self.address(), &self.people[person].token).await.0
    }

    /// A connection that nobody has signed in to.
    pub(crate) async fn stranger(&self, codec: Codec) -> Client {
        Client::open(self.address(), codec, None).await.unwrap()
    }

    /// A connection in that encoding, which has said hello.
    pub(crate) async fn speaker(&self, codec: Codec) -> Client {
        let mut client =
            Client::open(self.address(), codec, Some(&self.people[0].token)).await.unwrap();
        client.call("hello", json!({})).await.unwrap();
        client
    }
}

/// Someone else's connection: whatever happened, it is still answered.
pub(crate) async fn is_served(witness: &mut Client) {
    witness.call("ping", json!({})).await.unwrap();
}

fn seed(directory: &Path, tenant: &str) -> (Vec<Person>, Vec<String>) {
    let out = directory.join(tenant);
    let mut command = Command::new(BINARY);
    command.args(["admin", "seed", "--users", "3", "--channels", "2", "--members", "2"]);
    command.args(["--tenant", tenant, "--out"]).arg(&out);
    command.current_dir(directory).env("TIDEWIRE_DATA_DIR", directory);
    command.env(PUBLIC_URL.0, PUBLIC_URL.1).stdout(Stdio::null());
    assert!(command.status().unwrap().success());
    let lines = std::fs::read_to_string(out).unwrap();
    let mut lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let first = lines.next().unwrap();
    let channels = first["channels"].as_array().unwrap().iter().map(text).collect();
    let person = |line: Value| Person { id: text(&line["user"]), token: text(&line["token"]) };
    (lines.map(person).collect(), channels)
}
