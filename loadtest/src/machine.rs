//! What the figures were taken on.

use std::{fs, thread};

use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) memory_mib: u64,
}

impl Machine {
    /// This one. What cannot be found out is left empty.
    pub(crate) fn this() -> Self {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let memory_kib = value(&memory, "MemTotal").and_then(|kib| kib.split(' ').next());
        Self {
            cpu: value(&cpus, "model name").unwrap_or_default().to_owned(),
            cores: thread::available_parallelism().map_or(0, Into::into),
            kernel: kernel.trim().to_owned(),
            memory_mib: memory_kib.and_then(|kib| kib.parse().ok()).unwrap_or(0_u64) / 1024,
        }
    }
}

/// The value of the first line `key: value`.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_key() {
        let text = "processor\t: 0\nmodel name\t: Some CPU: fast\nMemTotal:   2048 kB\n";
        assert_eq!(value(text, "model name"), Some("Some CPU: fast"));
        assert_eq!(value(text, "MemTotal"), Some("2048 kB"));
        assert_eq!(value(text, "absent"), None);
    }
}
