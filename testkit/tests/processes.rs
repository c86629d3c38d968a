//! Nothing outlives its test: neither a server that was started, nor one whose test was killed.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tidewire_testkit::{Postgres, Server, eventually};

const SCRIPT_THAT_LISTENS: &str = r#"
    trap 'echo "asked to stop" >&2; exit 7' TERM
    echo "listening on http://127.0.0.1:4242"
    while :; do sleep 0.01; done
"#;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn is_alive(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

#[tokio::test]
async fn a_server_is_found_by_the_address_it_prints() {
    let server = Server::spawn(shell(SCRIPT_THAT_LISTENS)).await;
    assert_eq!(server.address().port(), 4242);
    assert_eq!(server.url("/health"), "http://127.0.0.1:4242/health");
}

#[tokio::test]
async fn a_server_that_is_dropped_is_gone() {
    let server = Server::spawn(shell(SCRIPT_THAT_LISTENS)).await;
    let pid = server.pid();
    assert!(is_alive(pid));
    drop(server);
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn a_server_that_is_killed_is_gone() {
    let server = Server::spawn(shell(SCRIPT_THAT_LISTENS)).await;
    let pid = server.pid();
    server.kill_9();
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn a_server_that_is_asked_to_stop_tells_how_it_ended() {
    let server = Server::spawn(shell(SCRIPT_THAT_LISTENS)).await;
    assert_eq!(server.terminate().await.code(), Some(7));
}

#[tokio::test]
#[should_panic(expected = "no such setting")]
async fn a_server_that_ends_at_its_start_is_quoted() {
    Server::spawn(shell("echo 'no such setting' >&2; exit 2")).await;
}

#[tokio::test]
async fn a_server_gets_a_directory_and_a_port_and_none_of_our_settings() {
    let directory = tempfile::tempdir().unwrap();
    let binary = directory.path().join("server");
    let script = "#!/bin/sh\nenv >environment\necho listening on http://127.0.0.1:1\n";
    std::fs::write(&binary, script).unwrap();
    std::fs::set_permissions(&binary, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let configure = |command: &mut Command| {
        command.env("TIDEWIRE_LOG", "debug");
    };
    let mut server = Server::start(&binary, directory.path(), configure).await;
    server.exited().await;
    let environment = std::fs::read_to_string(directory.path().join("environment")).unwrap();
    let mut ours: Vec<_> =
        environment.lines().filter(|line| line.starts_with("TIDEWIRE_")).collect();
    ours.sort_unstable();
    let data_dir = format!("TIDEWIRE_DATA_DIR={}", directory.path().display());
    assert_eq!(ours, [&*data_dir, "TIDEWIRE_LISTEN=127.0.0.1:0", "TIDEWIRE_LOG=debug"]);
}

#[tokio::test]
async fn postgres_ends_with_a_killed_test_process() {
    let mut test = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_test_process_that_never_ends", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(test.stdout.take().unwrap());
    let started = output.lines().map_while(Result::ok).find_map(|line| {
        let (pid, directory) = line.strip_prefix("postgres ")?.split_once(' ')?;
        Some((pid.parse().unwrap(), PathBuf::from(directory)))
    });
    test.kill().unwrap();
    test.wait().unwrap();
    let Some((pid, directory)) = started else {
        assert!(Postgres::start_own().is_none(), "the other process did not get as far");
        return;
    };
    eventually("the server and its directory are gone", async || {
        (!is_alive(pid) && !directory.exists()).then_some(())
    })
    .await;
}

#[test]
#[ignore = "started by another test, which kills it"]
fn a_test_process_that_never_ends() {
    let Some(server) = Postgres::start_own() else { return };
    println!("postgres {} {}", server.pid(), server.directory().display());
    loop {
        std::thread::park();
    }
}
