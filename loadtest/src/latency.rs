//! Latencies: histograms that merge between processes, in microseconds with three digits.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

const LONGEST_US: u64 = 3_600_000_000;

#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

/// A histogram on its way from a worker: value and count of each bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Buckets(Vec<(u64, u64)>);

/// In microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Quantiles {
    pub(crate) count: u64,
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) p99_9: u64,
    pub(crate) max: u64,
}

impl Latencies {
    pub(crate) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_US, 3).expect("the bounds are constant"))
    }

    pub(crate) fn record_ns(&mut self, ns: u64) {
        self.0.saturating_record(ns / 1_000);
    }

    pub(crate) fn buckets(&self) -> Buckets {
        let recorded = self.0.iter_recorded();
        let pairs = recorded.map(|step| (step.value_iterated_to(), step.count_at_value()));
        Buckets(pairs.collect())
    }

    pub(crate) fn add(&mut self, buckets: &Buckets) {
        for &(value, count) in &buckets.0 {
            self.0.saturating_record_n(value, count);
        }
    }

    /// `None` if nothing was recorded.
    pub(crate) fn quantiles(&self) -> Option<Quantiles> {
        if self.0.is_empty() {
            return None;
        }
        let at = |quantile| self.0.value_at_quantile(quantile);
        Some(Quantiles {
            count: self.0.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: self.0.max(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ms: impl Iterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::new();
        ms.for_each(|ms| latencies.record_ns(ms * 1_000_000));
        latencies
    }

    #[test]
    fn quantiles_are_those_of_everything_recorded_in_all_workers() {
        let mut merged = of((1..=1_000).step_by(2));
        merged.add(&of((2..=1_000).step_by(2)).buckets());
        let all = of(1..=1_000).quantiles().unwrap();
        assert_eq!(merged.quantiles(), Some(all));
        let near = |value: u64, ms: u64| value.abs_diff(ms * 1_000) * 1_000 <= ms * 1_000 * 2;
        assert!(near(all.p50, 500) && near(all.p99, 990) && near(all.max, 1_000), "{all:?}");
        assert_eq!(all.count, 1_000);
    }

    #[test]
    fn nothing_recorded_has_no_quantiles() {
        assert_eq!(Latencies::new().quantiles(), None);
    }
}
