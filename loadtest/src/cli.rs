//! The command line, and the plan that it comes to.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use tidewire_protocol::{codec::Codec, id::ChannelId};

use crate::{
    clock,
    compare::{self, Compare},
    coordinator,
    scenario::{chat::Chat, connect::Connect, fan_out::FanOut},
    setup::{self, Seed, Shape, Share},
    worker,
};

/// Loads a Tidewire server and keeps exact books of what it delivers
///
/// Exit status: 0 when everything arrived once and in order, 1 when not, 2 when the run could not be
/// carried out.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Connect(Run<Connect>),
    FanOut(Run<FanOut>),
    Chat(Run<Chat>),
    Compare(Compare),
}

#[derive(Debug, Args)]
struct Run<S: Args> {
    #[command(flatten)]
    scenario: S,
    #[command(flatten)]
    common: Common,
}

/// What every scenario is told.
#[derive(Debug, Clone, Args, Serialize)]
pub(crate) struct Common {
    /// Where the target listens, like 127.0.0.1:8080
    #[arg(long)]
    pub(crate) address: SocketAddr,
    #[arg(long, value_enum, default_value_t = Target::Server)]
    pub(crate) target: Target,
    /// Users and channels, as `tidewire admin seed` writes them [required for a server]
    #[arg(long, value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// The target's process; repeat it for a target of several
    #[arg(long, value_name = "PID")]
    pub(crate) server_pid: Vec<u32>,
    #[arg(long, value_enum, default_value_t = Encoding::Json)]
    pub(crate) codec: Encoding,
    /// Processes that hold the connections [default: as few as their descriptors allow]
    #[arg(long)]
    pub(crate) workers: Option<usize>,
    /// Loopback addresses that connections leave from [default: as few as their ports allow]
    #[arg(long)]
    pub(crate) sources: Option<usize>,
    /// Seconds to wait for what does not come: a connection, an answer, a delivery
    #[arg(long, default_value_t = 15.0)]
    pub(crate) patience: f64,
    /// Where to write the report
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Marks a process that another one started
    #[arg(long, hide = true)]
    #[serde(skip)]
    pub(crate) worker: Option<Share>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// A Tidewire server
    Server,
    /// The floor program, which copies what it gets to every member
    Floor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Encoding {
    Json,
    Msgpack,
}

/// A scenario with its settings.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Load {
    Connect(Connect),
    FanOut(FanOut),
    Chat(Chat),
}

impl Load {
    pub(crate) const fn payload_bytes(&self) -> usize {
        match self {
            Self::Connect(_) => 0,
            Self::FanOut(fan_out) => fan_out.payload,
            Self::Chat(chat) => chat.payload,
        }
    }

    /// Seconds at the start that do not count for latencies.
    pub(crate) const fn warmup_seconds(&self) -> f64 {
        match self {
            Self::Connect(_) | Self::FanOut(_) => 0.0,
            Self::Chat(chat) => chat.warmup,
        }
    }

    /// Channels, and members of each.
    const fn channels(&self) -> (usize, usize) {
        match self {
            Self::Connect(_) => (0, 0),
            Self::FanOut(fan_out) => (fan_out.channels, fan_out.members),
            Self::Chat(chat) => (chat.channels, chat.members),
        }
    }
}

/// Everything that a run is made of; the coordinator and its workers come to the same one.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) common: Common,
    pub(crate) load: Load,
    pub(crate) shape: Shape,
    pub(crate) connections: usize,
    pub(crate) channels: Vec<ChannelId>,
    tokens: Vec<String>,
}

impl Plan {
    fn new(load: Load, common: Common) -> anyhow::Result<Self> {
        match common.target {
            Target::Server => Self::of_server(load, common),
            Target::Floor => Self::of_floor(load, common),
        }
    }

    fn of_server(load: Load, common: Common) -> anyhow::Result<Self> {
        let path = common.seed.as_deref().context("a server needs --seed")?;
        let Seed { channels: seeded, tokens } = Seed::read(path)?;
        let (channels, members) = load.channels();
        ensure!(channels <= seeded.len(), "the seed file has {} channels", seeded.len());
        let shape = Shape { users: tokens.len(), channels, members }.check()?;
        let connections = match &load {
            Load::Connect(connect) => connect.connections.unwrap_or(shape.users),
            Load::FanOut(_) | Load::Chat(_) => shape.users.min(channels * members),
        };
        ensure!(connections <= shape.users, "the seed file has {} users", shape.users);
        let channels = seeded.into_iter().take(channels).collect();
        Ok(Self { common, load, shape, connections, channels, tokens })
    }

    /// The floor knows neither users nor channels: each connection is told its one group.
    fn of_floor(load: Load, common: Common) -> anyhow::Result<Self> {
        let (channels, members) = load.channels();
        let connections = match &load {
            Load::Connect(connect) => connect.connections.context("needs --connections")?,
            Load::FanOut(_) => channels * members,
            Load::Chat(_) => anyhow::bail!("the floor stores nothing and cannot chat"),
        };
        let shape = Shape { users: connections, channels, members }.check()?;
        let channels = (0..channels).map(setup::made_up_channel).collect();
        Ok(Self { common, load, shape, connections, channels, tokens: Vec::new() })
    }

    pub(crate) const fn codec(&self) -> Codec {
        match self.common.codec {
            Encoding::Json => Codec::Json,
            Encoding::Msgpack => Codec::MessagePack,
        }
    }

    pub(crate) fn token(&self, user: usize) -> Option<&str> {
        self.tokens.get(user).map(String::as_str)
    }

    pub(crate) const fn patience_ns(&self) -> u64 {
        clock::seconds(self.common.patience)
    }

    pub(crate) fn sources(&self) -> usize {
        self.common.sources.unwrap_or_else(|| setup::sources_needed(self.connections))
    }
}

/// Carries the command out.
///
/// # Errors
///
/// When there is no result: the target refuses connections, a file cannot be read, a worker dies.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let (load, common) = match cli.command {
        Command::Compare(compare) => return compare::run(&compare),
        Command::Connect(run) => (Load::Connect(run.scenario), run.common),
        Command::FanOut(run) => (Load::FanOut(run.scenario), run.common),
        Command::Chat(run) => (Load::Chat(run.scenario), run.common),
    };
    let plan = Plan::new(load, common)?;
    match plan.common.worker {
        Some(share) => worker::run(&plan, share),
        None => coordinator::run(&plan),
    }
}
