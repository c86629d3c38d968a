//! The binary as an operator meets it.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::{
    path::Path,
    process::{Command, Output},
};

use tidewire_testkit::{Server, Socket, eventually, on_both_engines};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewire");

fn tidewire(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(BINARY);
    command.current_dir(directory).args(arguments).envs(environment.iter().copied());
    command.output().unwrap()
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect()
}

fn line_of(output: &Output, setting: &str) -> String {
    assert!(output.status.success(), "{:?}", lines(&output.stderr));
    let lines = lines(&output.stdout);
    let line = lines.iter().find(|line| line.split(' ').next() == Some(setting));
    line.unwrap().split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}

#[test]
fn flags_override_the_environment_which_overrides_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let check = ["config", "check"];
    let listed = |arguments: &[&str], environment: &[(&str, &str)]| {
        line_of(&tidewire(directory.path(), arguments, environment), "drain_seconds")
    };
    assert_eq!(listed(&check, &[]), "30 (default)");
    std::fs::write(directory.path().join("tidewire.toml"), "drain_seconds = 1\n").unwrap();
    assert_eq!(listed(&check, &[]), "1 (drain_seconds in tidewire.toml)");
    let environment = [("TIDEWIRE_DRAIN_SECONDS", "2")];
    assert_eq!(listed(&check, &environment), "2 (TIDEWIRE_DRAIN_SECONDS)");
    let flag = ["config", "check", "--drain-seconds", "3"];
    assert!(listed(&flag, &environment).starts_with("3 "));
}

#[test]
fn a_wrong_value_stops_the_start_with_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let output = tidewire(directory.path(), &[], &[("TIDEWIRE_SECRET_KEY", "hunter2")]);
    assert!(!output.status.success());
    assert_eq!(lines(&output.stdout), [""; 0]);
    let complaint = lines(&output.stderr);
    assert_eq!(complaint.len(), 1, "{complaint:?}");
    assert!(complaint[0].starts_with("tidewire: TIDEWIRE_SECRET_KEY: "), "{complaint:?}");
    assert!(!complaint[0].contains("hunter2"), "{complaint:?}");
}

#[tokio::test]
async fn a_server_says_where_it_listens_and_stops_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(BINARY, directory.path(), |_| {}).await;
    let mut idle = TcpStream::connect(server.address()).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 1024]).await.unwrap() > 0);
    assert!(server.terminate().await.success());
    assert_eq!(idle.read(&mut [0; 1024]).await.unwrap_or_default(), 0);
}

#[tokio::test]
async fn seeding_needs_no_port_and_goes_on_beside_a_server() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(BINARY, directory.path(), |_| {}).await;
    let (listen, data) = (server.address().to_string(), directory.path().display().to_string());
    let environment = [("TIDEWIRE_LISTEN", listen.as_str()), ("TIDEWIRE_DATA_DIR", data.as_str())];
    let seed = ["admin", "seed", "--users", "10", "--out", "people.jsonl"];
    let output = tidewire(directory.path(), &seed, &environment);
    assert!(output.status.success(), "{:?}", lines(&output.stderr));
    let people = std::fs::read_to_string(directory.path().join("people.jsonl")).unwrap();
    assert_eq!(people.lines().count(), 11, "the tenant and its people");
}

#[tokio::test]
async fn an_operator_adds_another_and_replaces_the_key_beside_a_server() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(BINARY, directory.path(), |command| {
        command.env("TIDEWIRE_RATE_LIMITS", "off");
    })
    .await;
    let data = directory.path().display().to_string();
    let environment =
        [("TIDEWIRE_PUBLIC_URL", "https://tide.example"), ("TIDEWIRE_DATA_DIR", data.as_str())];
    let admin = |arguments: &str| {
        let arguments: Vec<_> = std::iter::once("admin").chain(arguments.split(' ')).collect();
        tidewire(directory.path(), &arguments, &environment)
    };
    let olga = "--email olga@ops.example --first-name Olga --last-name Ops";
    let created = admin(&format!("create-super {olga}"));
    assert!(created.status.success(), "{:?}", lines(&created.stderr));
    let link = lines(&created.stdout)[0].clone();
    assert!(link.starts_with("https://tide.example/accept-invitation?token="), "{link}");
    let twice = admin(&format!("create-super {olga}"));
    assert!(!twice.status.success());
    assert!(lines(&twice.stderr)[0].contains("link --tenant platform"), "{:?}", twice.stderr);
    let rotated = admin("rotate-keys --leaked");
    assert!(lines(&rotated.stdout)[0].starts_with("key 1 signs from "), "{:?}", rotated.stdout);
    eventually("the server publishes the new key", async || {
        let mut socket = Socket::connect(server.address()).await;
        let set = socket.request("GET", "/.well-known/jwks.json", &[]).await.json();
        (set["keys"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    assert!(admin("outbox --json").stdout.is_empty());
    assert_eq!(lines(&admin("reseal").stdout), ["0 resealed"]);
    assert!(!admin("suspend --tenant nobody").status.success());
}

#[tokio::test]
async fn a_second_signal_ends_what_the_first_would_wait_for() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(BINARY, directory.path(), |_| {}).await;
    let mut unfinished = TcpStream::connect(server.address()).await.unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    unfinished.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    unfinished.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100", "the body is waited for");
    server.ask_to_stop();
    eventually("the first signal was heard", async || {
        TcpStream::connect(server.address()).await.is_err().then_some(())
    })
    .await;
    assert!(!server.terminate().await.success());
}

on_both_engines! {
    async fn a_migrated_database_needs_no_second_migration(db: TestDb) {
        let directory = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let environment = [("DATABASE_URL", db.url())];
            let output = tidewire(directory.path(), &["migrate"], &environment);
            assert!(output.status.success(), "{:?}", lines(&output.stderr));
        }
    }
}
