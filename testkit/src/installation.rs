//! A server with people in it: its binary, a folder, a database, and a tenant that the binary's own
//! seeding has filled. It can be started, stopped and started again on the same data.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;
use tidewire_protocol::id::{ChannelId, UserId};

use crate::{Server, TestDb};

const SEEDED: &str = "seeded.jsonl";
const TENANT: &str = "seeded";
const PUBLIC_URL: &str = "http://tidewire.test";

/// An installation that nobody else has.
pub struct Installation {
    /// Groups; group `c` has the members `c*K` to `c*K+K-1`, around the end of the people.
    pub channels: Vec<ChannelId>,
    pub people: Vec<Person>,
    binary: PathBuf,
    directory: TempDir,
    database: TestDb,
    environment: Vec<(String, String)>,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    pub token: String,
}

/// What the tenant is filled with.
#[derive(Debug, Clone, Copy)]
pub struct Filling {
    pub people: usize,
    pub channels: usize,
    /// How many people are in each channel.
    pub members: usize,
}

impl Installation {
    /// Fills `database` by `binary` (`env!("CARGO_BIN_EXE_tidewire")`).
    ///
    /// # Panics
    ///
    /// If that fails, with what the binary says.
    pub fn new(binary: impl AsRef<Path>, database: TestDb, filling: Filling) -> Self {
        let directory = tempfile::tempdir().expect("there is room for temporary files");
        let binary = binary.as_ref().to_owned();
        let mut installation = Self {
            channels: Vec::new(),
            people: Vec::new(),
            binary,
            directory,
            database,
            environment: Vec::new(),
        };
        installation.fill(filling);
        installation
    }

    /// Servers that are started from now on are nodes that talk through the Redis at `url`.
    #[must_use]
    pub fn with_redis(self, url: &str) -> Self {
        self.with_environment(&[("REDIS_URL", url)])
    }

    /// Servers that are started from now on have these in their environment.
    #[must_use]
    pub fn with_environment(mut self, environment: &[(&str, &str)]) -> Self {
        let owned =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.environment.extend(owned);
        self
    }

    fn fill(&mut self, filling: Filling) {
        let mut command = Server::command(&self.binary, self.directory.path());
        self.configure(&mut command);
        command.args(["admin", "seed", "--tenant", TENANT, "--out", SEEDED]);
        let Filling { people, channels, members } = filling;
        for (flag, count) in [("--users", people), ("--channels", channels), ("--members", members)]
        {
            command.arg(flag).arg(count.to_string());
        }
        let output = command.output().expect("the server's binary can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let seeded = fs::read_to_string(self.directory.path().join(SEEDED)).expect("was written");
        let mut lines = seeded.lines().map(json);
        let tenant = lines.next().expect("the first line is the tenant");
        self.channels = read(&tenant["channels"]);
        self.people = lines
            .map(|line| Person { id: read(&line["user"]), token: read(&line["token"]) })
            .collect();
    }

    fn configure(&self, command: &mut Command) {
        command.env("DATABASE_URL", self.database.url()).env("TIDEWIRE_RATE_LIMITS", "off");
        // It is part of every token, and would otherwise follow the port.
        command.env("TIDEWIRE_PUBLIC_URL", PUBLIC_URL);
        command.envs(self.environment.iter().cloned());
    }

    /// Starts the server, without limits on how much one may ask for.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    pub async fn start(&self) -> Server {
        self.start_with(&[]).await
    }

    /// Starts a server that has something of its own in its environment.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    pub async fn start_with(&self, environment: &[(&str, &str)]) -> Server {
        let configure = |command: &mut Command| {
            self.configure(command);
            command.envs(environment.iter().copied());
        };
        Server::start(&self.binary, self.directory.path(), configure).await
    }

    /// The database of this installation.
    pub const fn database(&self) -> &TestDb {
        &self.database
    }
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).expect("each line is a JSON object")
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("the seeding wrote it")
}
