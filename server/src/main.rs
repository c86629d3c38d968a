//! The `tidewire` binary.

use std::{io::stdout, process::ExitCode};

use anyhow::{Context as _, bail};
use axum::{Router, routing::get};
use clap::Parser as _;
use tidewire_server::{
    admin,
    config::{Command, CommandLine, ConfigCommand, Given, Settings},
    lifecycle::{self, Signals},
    node::Node,
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
        Command::Admin(act) => admin::run(&settings, act, &mut stdout()).await,
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
    node.app().tasks.spawn_until_stop(figures.clone().keep_up());
    let metrics = Router::new().route("/metrics", get(async move || figures.render()));
    let router = router::router(node.app(), settings);
    say(&format_args!("listening on http://{}", node.address()?));
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

#[expect(clippy::print_stdout, reason = "what was asked for")]
fn say(text: &dyn std::fmt::Display) {
    println!("{text}");
}
