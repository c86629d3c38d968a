//! What a run came to: one value for programs, from which the summary for people is written.

pub(crate) mod summary;

use serde::Serialize;

use crate::{
    accounting::Faults,
    cli::{Common, Load, Plan},
    latency::{Latencies, Quantiles},
    machine::Machine,
    proc::Sample,
    tally::{Counts, Tally},
};

/// The turning points of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) workers: usize,
    pub(crate) before: Option<Sample>,
    pub(crate) connected: Option<Sample>,
    pub(crate) after: Option<Sample>,
    /// How long connecting took.
    pub(crate) connect_ns: u64,
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) passed: bool,
    pub(crate) load: Load,
    pub(crate) settings: Common,
    pub(crate) machine: Machine,
    pub(crate) workers: usize,
    pub(crate) connections: usize,
    pub(crate) connect: Connecting,
    pub(crate) rates: Rates,
    pub(crate) cost: Option<Cost>,
    pub(crate) latency_us: LatencyReport,
    pub(crate) by_seq: Faults,
    pub(crate) by_stamp: Faults,
    pub(crate) counts: Counts,
}

/// What connecting took. The target's part is there only if its process was named.
#[derive(Debug, Serialize)]
pub(crate) struct Connecting {
    pub(crate) seconds: f64,
    pub(crate) cpu_us_per_connection: Option<f64>,
    pub(crate) resident_bytes_per_connection: Option<f64>,
    pub(crate) anonymous_bytes_per_connection: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Rates {
    pub(crate) seconds: f64,
    pub(crate) sends_per_second: f64,
    pub(crate) deliveries_per_second: f64,
    /// The mean payload of a delivered frame.
    pub(crate) bytes_per_delivery: f64,
}

/// The target's processor time from the first message to the last delivery.
#[derive(Debug, Serialize)]
pub(crate) struct Cost {
    pub(crate) cpu_seconds: f64,
    pub(crate) cpu_us_per_send: f64,
    pub(crate) cpu_us_per_delivery: f64,
    pub(crate) cpu_us_per_connection_second: f64,
    /// Soft interrupts, as a share of everything that the machine did.
    pub(crate) softirq_share: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct LatencyReport {
    /// From the intended time of a send to its answer.
    pub(crate) answered: Option<Quantiles>,
    /// From the intended time of a send to each delivery.
    pub(crate) delivered: Option<Quantiles>,
    /// By how much the generator itself was late.
    pub(crate) late: Option<Quantiles>,
}

impl Report {
    pub(crate) fn new(plan: &Plan, moments: &Moments, tallies: Vec<Tally>) -> Self {
        let sum = Sum::of(tallies, moments.start_ns);
        let no_faults = Faults::default();
        let passed =
            sum.by_seq == no_faults && sum.by_stamp == no_faults && sum.counts.faults() == 0;
        Self {
            passed,
            load: plan.load.clone(),
            settings: plan.common.clone(),
            machine: Machine::this(),
            workers: moments.workers,
            connections: plan.connections,
            connect: Connecting::new(moments, plan.connections),
            rates: Rates::new(moments, &sum),
            cost: Cost::new(moments, &sum.counts, plan.connections),
            latency_us: LatencyReport {
                answered: sum.answered.quantiles(),
                delivered: sum.delivered.quantiles(),
                late: sum.late.quantiles(),
            },
            by_seq: sum.by_seq,
            by_stamp: sum.by_stamp,
            counts: sum.counts,
        }
    }
}

impl Connecting {
    fn new(moments: &Moments, connections: usize) -> Self {
        let samples = moments.before.zip(moments.connected);
        let each = |figure: fn(&Sample) -> f64| {
            samples.map(|(from, to)| (figure(&to) - figure(&from)) / connections as f64)
        };
        Self {
            seconds: moments.connect_ns as f64 / 1e9,
            cpu_us_per_connection: each(|sample| sample.cpu_us),
            resident_bytes_per_connection: each(|sample| sample.resident_bytes as f64),
            anonymous_bytes_per_connection: each(|sample| sample.anonymous_bytes as f64),
        }
    }
}

impl Rates {
    fn new(moments: &Moments, sum: &Sum) -> Self {
        let seconds = sum.last_ns.saturating_sub(moments.start_ns) as f64 / 1e9;
        let Counts { acknowledged, delivered, delivered_bytes, .. } = sum.counts;
        Self {
            seconds,
            sends_per_second: per(acknowledged as f64, seconds),
            deliveries_per_second: per(delivered as f64, seconds),
            bytes_per_delivery: per(delivered_bytes as f64, delivered as f64),
        }
    }
}

impl Cost {
    fn new(moments: &Moments, counts: &Counts, connections: usize) -> Option<Self> {
        let (from, to) = moments.connected.zip(moments.after)?;
        let cpu_us = to.cpu_us - from.cpu_us;
        let seconds = moments.end_ns.saturating_sub(moments.start_ns) as f64 / 1e9;
        Some(Self {
            cpu_seconds: cpu_us / 1e6,
            cpu_us_per_send: per(cpu_us, counts.acknowledged as f64),
            cpu_us_per_delivery: per(cpu_us, counts.delivered as f64),
            cpu_us_per_connection_second: per(cpu_us, connections as f64 * seconds),
            softirq_share: per(to.softirq_us - from.softirq_us, to.busy_us - from.busy_us),
        })
    }
}

/// All workers together.
struct Sum {
    counts: Counts,
    by_seq: Faults,
    by_stamp: Faults,
    answered: Latencies,
    delivered: Latencies,
    late: Latencies,
    last_ns: u64,
}

impl Sum {
    fn of(tallies: Vec<Tally>, start_ns: u64) -> Self {
        let mut sum = Self {
            counts: Counts::default(),
            by_seq: Faults::default(),
            by_stamp: Faults::default(),
            answered: Latencies::new(),
            delivered: Latencies::new(),
            late: Latencies::new(),
            last_ns: start_ns,
        };
        for tally in tallies {
            sum.counts.add(tally.counts);
            sum.by_seq.add(tally.by_seq);
            sum.by_stamp.add(tally.by_stamp);
            sum.answered.add(&tally.answered);
            sum.delivered.add(&tally.delivered);
            sum.late.add(&tally.late);
            sum.last_ns = sum.last_ns.max(tally.last_ns);
        }
        sum
    }
}

/// Nothing per nothing is nothing.
fn per(amount: f64, units: f64) -> f64 {
    if units > 0.0 { amount / units } else { 0.0 }
}
