//! Runs a command beside a PostgreSQL server that all of its tests share, and ends as it ended:
//! `with-postgres COMMAND ARGUMENTS…`. Starting one server for each test process costs a second each.

use std::{env, os::unix::process::ExitStatusExt as _, process::Command};

use tidewire_testkit::Postgres;

fn main() {
    let mut arguments = env::args_os().skip(1);
    let mut command = Command::new(arguments.next().expect("usage: with-postgres COMMAND …"));
    command.args(arguments);
    let server = Postgres::start_own();
    if let Some(server) = &server {
        command.env("TIDEWIRE_TEST_POSTGRES", server.url());
    }
    let status = command.status().expect("the command can be started");
    drop(server);
    std::process::exit(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
}
