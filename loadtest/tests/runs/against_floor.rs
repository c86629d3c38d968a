//! The floor hands everything to everybody, with the very client that a server is measured with.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use crate::generator;

struct Floor {
    process: Child,
    address: SocketAddr,
}

impl Floor {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tidewire-floor"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the floor starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("the output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the floor says where it listens");
        let address = line.trim().strip_prefix("listening on http://").expect("an address");
        Self { process, address: address.parse().expect("an address") }
    }

    fn run(&self, arguments: &str) -> generator::Outcome {
        let pid = self.process.id();
        generator::run(self.address, &format!("{arguments} --target floor --server-pid {pid}"))
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.process.kill().expect("the floor runs until it is stopped");
        self.process.wait().expect("a child can be waited for");
    }
}

#[test]
fn every_member_of_every_group_gets_every_message_in_both_codecs() {
    let floor = Floor::start(&[]);
    for codec in ["json", "msgpack"] {
        let outcome =
            floor.run(&format!("fan-out --channels 5 --members 7 --windows 20 --codec {codec}"));
        outcome.assert_exact();
        assert_eq!(outcome.count("/counts/delivered"), 5 * 7 * 20);
    }
}

#[test]
fn a_window_arrives_in_full_with_and_without_merging() {
    for arguments in [&[][..], &["--merge"]] {
        let floor = Floor::start(arguments);
        let outcome = floor.run("fan-out --members 20 --windows 10 --window 16");
        outcome.assert_exact();
        assert_eq!(outcome.count("/counts/delivered"), 20 * 10 * 16);
    }
}

#[test]
fn several_workers_on_several_addresses_keep_one_set_of_books() {
    let floor = Floor::start(&[]);
    let outcome = floor.run("fan-out --members 30 --windows 20 --workers 3 --sources 4");
    outcome.assert_exact();
    assert_eq!(outcome.count("/workers"), 3);
    assert_eq!(outcome.count("/counts/delivered"), 30 * 20);
}

#[test]
fn messages_by_the_clock_arrive_as_well() {
    let floor = Floor::start(&[]);
    let outcome = floor.run("fan-out --members 10 --channels 2 --rate 200 --duration 1");
    outcome.assert_exact();
    assert_eq!(outcome.count("/counts/delivered"), 10 * outcome.count("/counts/sent"));
    assert_eq!(outcome.count("/latency_us/late/count"), outcome.count("/counts/sent"));
}

#[test]
fn idle_connections_stay_and_their_cost_is_told() {
    let floor = Floor::start(&[]);
    let outcome = floor.run("connect --connections 50 --hold 0.2");
    outcome.assert_exact();
    assert!(outcome.report["connect"]["resident_bytes_per_connection"].is_number());
    assert!(outcome.report["cost"]["cpu_us_per_connection_second"].is_number());
}

#[test]
fn what_the_floor_cannot_do_is_no_result() {
    let floor = Floor::start(&[]);
    let outcome = floor.run("chat --channels 1 --members 2 --closed");
    assert_eq!((outcome.status, outcome.report.is_null()), (2, true), "{}", outcome.errors);
}
