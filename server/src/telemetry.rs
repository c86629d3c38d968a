//! What the process tells its operator: logs on standard error, and figures in the text format that
//! Prometheus reads.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::Log;

/// Upper bounds of the buckets for durations.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Upper bounds of the buckets for how many of something there were.
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0];
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Logs from here on. A second call changes nothing.
pub fn start_logging(log: &Log) {
    let registry = tracing_subscriber::registry().with(EnvFilter::new(&log.filter));
    let layer = fmt::layer().with_writer(io::stderr);
    // Only fails where a subscriber is installed already, as in tests.
    let _ = if log.json {
        registry.with(layer.json().flatten_event(true)).try_init()
    } else {
        registry.with(layer.with_ansi(io::stderr().is_terminal())).try_init()
    };
}

/// The figures of this process; cheap to clone.
#[derive(Clone)]
pub struct Figures(PrometheusHandle);

impl Figures {
    /// Counts from here on. Fails when something else counts already.
    pub fn start() -> Result<Self, BuildError> {
        builder()?.install_recorder().map(Self)
    }

    /// The figures as text.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Keeps the memory of figures that nobody fetches bounded; runs until it is dropped.
    pub async fn keep_up(self) {
        let mut interval = tokio::time::interval(UPKEEP_INTERVAL);
        loop {
            interval.tick().await;
            self.0.run_upkeep();
        }
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), SIZES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_shown_in_buckets_and_counts_as_they_are() {
        let recorder = builder().unwrap().build_recorder();
        let figures = Figures(recorder.handle());
        metrics::with_local_recorder(&recorder, || {
            metrics::counter!("probes").increment(2);
            metrics::histogram!("probe_seconds").record(0.003);
            metrics::histogram!("probe_size").record(3.0);
        });
        let text = figures.render();
        assert!(text.contains("probes 2\n"), "{text}");
        assert!(text.contains("probe_seconds_bucket{le=\"0.0025\"} 0\n"), "{text}");
        assert!(text.contains("probe_seconds_bucket{le=\"0.005\"} 1\n"), "{text}");
        assert!(text.contains("probe_size_bucket{le=\"4\"} 1\n"), "{text}");
    }
}
