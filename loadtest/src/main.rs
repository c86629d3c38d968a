//! The load generator.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;
use tidewire_loadtest::cli::{self, Cli};

/// A run that could not be carried out, as opposed to one that found faults.
const NO_RESULT: u8 = 2;

fn main() -> ExitCode {
    cli::run(Cli::parse()).unwrap_or_else(|error| {
        // Standard error may be gone; the status says it as well.
        let _ = writeln!(io::stderr(), "tidewire-loadtest: {error:#}");
        ExitCode::from(NO_RESULT)
    })
}
