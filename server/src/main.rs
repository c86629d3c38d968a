//! The `tidewire` binary.

use std::{
    fs::OpenOptions,
    io::{BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use axum::{Router, routing::get};
use clap::Parser as _;
use serde_json::json;
use tidewire_app::seed::SeedPlan;
use tidewire_server::{
    config::{Admin, Command, CommandLine, ConfigCommand, Given, Seed, Settings},
    lifecycle::{self, Signals},
    node::{self, Node},
    router,
    telemetry::{self, Figures},
};
use tidewire_storage::Db;
use tokio_util::sync::CancellationToken;

// Idle connections cost a quarter less with it than with the system's allocator.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match run(CommandLine::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the operator reads why nothing started")]
            {
                eprintln!("tidewire: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(command_line: CommandLine) -> anyhow::Result<()> {
    let command = command_line.command().clone();
    let given = Given::gather(command_line)?;
    let settings = Settings::read(&given)?;
    match command {
        Command::Serve => serve(&settings).await,
        Command::Migrate => migrate(&settings).await,
        Command::Config(ConfigCommand::Check) => {
            say(&given);
            Ok(())
        }
        Command::Admin(Admin::Seed(plan)) => seed(&settings, plan).await,
    }
}

/// Opening a database brings its schema up to date.
async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    settings.make_data_dir()?;
    Db::open(&settings.database_url).await?.close().await;
    Ok(())
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    telemetry::start_logging(&settings.log);
    let figures = Figures::start().context("cannot count figures")?;
    let mut signals = Signals::listen().context("cannot hear signals")?;
    warn_of_few_descriptors(settings.connections_max);
    let node = Node::start(settings).await?;
    say(&format_args!("listening on http://{}", node.address()?));
    node.app().tasks.spawn_until_stop(figures.clone().keep_up());
    let metrics = Router::new().route("/metrics", get(async move || figures.render()));
    let router = router::router(node.app(), settings);
    let stop = CancellationToken::new();
    tokio::select! {
        () = node.run(router, metrics, stop.cancelled()) => Ok(()),
        () = signals.stop_then_hurry(&stop) => bail!("a second signal ended it at once"),
    }
}

fn warn_of_few_descriptors(connections_max: usize) {
    let permitted = lifecycle::raise_descriptor_limit();
    if let Some(permitted) = permitted.filter(|permitted| *permitted <= connections_max as u64) {
        tracing::warn!(
            permitted,
            connections_max,
            "fewer descriptors than connections are allowed"
        );
    }
}

/// The people and their tokens go to a file that only the operator can read.
async fn seed(settings: &Settings, plan: Seed) -> anyhow::Result<()> {
    let out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&plan.out);
    let mut out =
        BufWriter::new(out.with_context(|| format!("cannot create {}", plan.out.display()))?);
    let app = node::open(settings).await?;
    let wanted = SeedPlan {
        tenant_slug: plan.tenant.clone(),
        users: plan.users,
        channels: plan.channels,
        members_per_channel: plan.members,
    };
    let seeded = tidewire_app::seed::seed(&app, wanted).await?;
    writeln!(out, "{}", json!({ "tenant": plan.tenant, "channels": seeded.channels }))?;
    for (user, token) in seeded.users {
        writeln!(out, "{}", json!({ "user": user, "token": token }))?;
    }
    Ok(out.flush()?)
}

#[expect(clippy::print_stdout, reason = "what was asked for")]
fn say(text: &dyn std::fmt::Display) {
    println!("{text}");
}
