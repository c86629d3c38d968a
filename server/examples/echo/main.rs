//! Echoes WebSocket messages over the server's own socket layer, without anything that Tidewire says
//! over it, so that conformance suites can be pointed at it:
//! `cargo run -p tidewire-server --example echo -- 127.0.0.1:9001`.

mod server;

use std::{env, net::SocketAddr, process::ExitCode};

use server::Echo;

#[tokio::main]
async fn main() -> ExitCode {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    match address.parse::<SocketAddr>().map_err(|_| "not an address and port".to_owned()) {
        Ok(address) => serve(address).await,
        Err(fault) => fail(&address, &fault),
    }
}

async fn serve(address: SocketAddr) -> ExitCode {
    match Echo::start(address) {
        Ok(echo) => {
            say(echo.address());
            echo.run().await;
            ExitCode::SUCCESS
        }
        Err(error) => fail(&address.to_string(), &error.to_string()),
    }
}

#[expect(clippy::print_stdout, reason = "the one thing that its user has to know")]
fn say(address: SocketAddr) {
    println!("listening on ws://{address}");
}

#[expect(clippy::print_stderr, reason = "its user reads why nothing started")]
fn fail(address: &str, fault: &str) -> ExitCode {
    eprintln!("echo: {address}: {fault}");
    ExitCode::FAILURE
}
