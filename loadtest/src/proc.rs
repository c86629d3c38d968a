//! What the target costs, from `/proc`: processor time and memory of its processes, and how much of
//! the machine's time went into soft interrupts.
//!
//! Without `CONFIG_IRQ_TIME_ACCOUNTING`, as distributions ship Linux, the soft interrupts that a
//! process's own system calls set off are part of that process's time already; the share is shown
//! beside it and never added.

use std::fs;

use anyhow::Context as _;

/// The unit of `/proc` on every architecture that matters here (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// Figures at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sample {
    /// User and system time of the processes.
    pub(crate) cpu_us: f64,
    pub(crate) resident_bytes: u64,
    /// The part of it that no file backs: heap and stacks.
    pub(crate) anonymous_bytes: u64,
    /// Of the whole machine.
    pub(crate) busy_us: f64,
    /// Of the whole machine.
    pub(crate) softirq_us: f64,
}

impl Sample {
    /// `None` if no process is watched.
    pub(crate) fn take(pids: &[u32]) -> anyhow::Result<Option<Self>> {
        if pids.is_empty() {
            return Ok(None);
        }
        let mut sample = machine_times(&read("/proc/stat")?).context("/proc/stat")?;
        for pid in pids {
            let stat = read(&format!("/proc/{pid}/stat"))?;
            sample.cpu_us += cpu_ticks(&stat).context("the process's stat")? as f64 * tick_us();
            let rollup = read(&format!("/proc/{pid}/smaps_rollup"))?;
            sample.resident_bytes += kib(&rollup, "Rss:").context("Rss")? * 1024;
            sample.anonymous_bytes += kib(&rollup, "Anonymous:").context("Anonymous")? * 1024;
        }
        Ok(Some(sample))
    }
}

/// Descriptors that this process may open.
pub(crate) fn descriptor_limit() -> anyhow::Result<usize> {
    let limits = read("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    match soft.context("no limit of open files")? {
        "unlimited" => Ok(usize::MAX),
        soft => Ok(soft.parse()?),
    }
}

fn read(path: &str) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {path}"))
}

fn tick_us() -> f64 {
    1e6 / TICKS_PER_SECOND
}

/// utime and stime: fields 14 and 15, counted behind the command, which may hold spaces.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn machine_times(stat: &str) -> Option<Sample> {
    let ticks: Vec<f64> = stat
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    let [user, nice, system, _idle, _iowait, irq, softirq, ..] = ticks[..] else {
        return None;
    };
    let busy = user + nice + system + irq + softirq;
    Some(Sample { busy_us: busy * tick_us(), softirq_us: softirq * tick_us(), ..Sample::default() })
}

fn kib(rollup: &str, key: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_command_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 70 30 0 0 20 0 3 0 1 2 3";
        assert_eq!(cpu_ticks(stat), Some(100));
        assert_eq!(cpu_ticks("42 (a"), None);
    }

    #[test]
    fn machine_times_come_from_the_first_line() {
        let stat = "cpu  100 10 50 1000 5 2 8 0 0 0\ncpu0 1 1 1 1 1 1 1 0 0 0\n";
        let sample = machine_times(stat).unwrap();
        assert!((sample.busy_us - 1_700_000.0).abs() < 1.0, "{sample:?}");
        assert!((sample.softirq_us - 80_000.0).abs() < 1.0, "{sample:?}");
    }

    #[test]
    fn memory_is_in_kib() {
        let rollup = "55-7f ---p 0 0 0 [rollup]\nRss:   1592 kB\nAnonymous:    112 kB\n";
        assert_eq!((kib(rollup, "Rss:"), kib(rollup, "Anonymous:")), (Some(1592), Some(112)));
    }

    #[test]
    fn this_process_can_be_watched() {
        let sample = Sample::take(&[std::process::id()]).unwrap().unwrap();
        assert!(sample.resident_bytes >= sample.anonymous_bytes && sample.busy_us > 0.0);
        assert!(Sample::take(&[u32::MAX]).is_err());
        assert_eq!(Sample::take(&[]).unwrap(), None);
        assert!(descriptor_limit().unwrap() > 0);
    }
}
