//! The floor: what the kernel alone takes to hand a message to many sockets.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
};

use clap::Parser;
use tidewire_loadtest::floor::Floor;

/// Copies every message to every member of its sender's group, one send each, and does nothing else
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Hand messages that arrived together to each member in one send
    #[arg(long)]
    merge: bool,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let mut floor = Floor::bind(cli.listen, cli.merge)?;
    writeln!(io::stdout(), "listening on http://{}", floor.address()?)?;
    floor.run()
}
