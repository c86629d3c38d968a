//! The load generator as a process.

use std::{net::SocketAddr, process::Command};

use serde_json::Value;

/// How a run ended, and its report if there is one.
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) report: Value,
    pub(crate) errors: String,
}

impl Outcome {
    /// A figure of the report, by its JSON pointer.
    pub(crate) fn count(&self, pointer: &str) -> u64 {
        let figure = self.report.pointer(pointer).and_then(Value::as_u64);
        figure.unwrap_or_else(|| panic!("no {pointer} in {}: {}", self.report, self.errors))
    }

    /// Lost, doubled and reordered, by `by_seq` or `by_stamp`.
    pub(crate) fn faults(&self, by: &str) -> [u64; 3] {
        ["lost", "doubled", "reordered"].map(|fault| self.count(&format!("/{by}/{fault}")))
    }

    pub(crate) fn assert_exact(&self) {
        assert_eq!(self.status, 0, "{} {}", self.report, self.errors);
        assert_eq!((self.faults("by_seq"), self.faults("by_stamp")), ([0; 3], [0; 3]));
    }
}

/// Runs to the end. The arguments are separated by spaces.
pub(crate) fn run(address: SocketAddr, arguments: &str) -> Outcome {
    let directory = tempfile::tempdir().expect("a directory for the report");
    let path = directory.path().join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_tidewire-loadtest"))
        .args(arguments.split(' '))
        .args(["--address", &address.to_string(), "--json"])
        .arg(&path)
        .output()
        .expect("the generator starts");
    let report = std::fs::read(path).ok();
    Outcome {
        status: output.status.code().expect("the generator ends by itself"),
        report: report
            .map_or(Value::Null, |json| serde_json::from_slice(&json).expect("the report is JSON")),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
