//! Ratios between the reports of interleaved runs: a figure without its neighbour of the same minutes
//! says little on a machine that others use as well.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::Value;

/// Ratio of a figure between the reports of interleaved runs
///
/// The first report of one side is set against the first of the other, and so on.
#[derive(Debug, Clone, Args)]
pub(crate) struct Compare {
    /// Reports to measure against, round by round
    #[arg(long, required = true, num_args = 1..)]
    base: Vec<PathBuf>,
    /// Reports that are measured, round by round
    #[arg(long, required = true, num_args = 1..)]
    of: Vec<PathBuf>,
    /// The figure, as a JSON pointer into a report
    #[arg(long, default_value = "/cost/cpu_us_per_delivery")]
    figure: String,
}

pub(crate) fn run(compare: &Compare) -> anyhow::Result<ExitCode> {
    ensure!(compare.base.len() == compare.of.len(), "both sides need as many rounds");
    let base = figures(&compare.base, &compare.figure)?;
    let of = figures(&compare.of, &compare.figure)?;
    let ratios = of.iter().zip(&base).map(|(of, base)| of / base).collect();
    let mut out = io::stdout();
    writeln!(out, "{:<32} {:>10} {:>10} {:>10}", compare.figure, "median", "min", "max")?;
    for (name, figures) in [("base", base), ("measured", of), ("ratio", ratios)] {
        let Spread { median, min, max } = Spread::of(figures);
        writeln!(out, "{name:<32} {median:>10.3} {min:>10.3} {max:>10.3}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn figures(paths: &[PathBuf], pointer: &str) -> anyhow::Result<Vec<f64>> {
    paths.iter().map(|path| figure(path, pointer)).collect()
}

/// Reads the figure of a run that passed.
fn figure(path: &Path, pointer: &str) -> anyhow::Result<f64> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let report: Value = serde_json::from_slice(&bytes)?;
    ensure!(report["passed"] == true, "{} failed and cannot be compared", path.display());
    let figure = report.pointer(pointer).and_then(Value::as_f64);
    let figure = figure.filter(|figure| *figure > 0.0);
    figure.with_context(|| format!("{} has no figure {pointer}", path.display()))
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    /// Of at least one figure.
    fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let last = figures.len() - 1;
        let median = f64::midpoint(figures[last / 2], figures[last.div_ceil(2)]);
        Self { median, min: figures[0], max: figures[last] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_names_the_middle_and_the_ends() {
        let odd = Spread::of(vec![3.0, 1.0, 2.0]);
        assert_eq!(odd, Spread { median: 2.0, min: 1.0, max: 3.0 });
        assert!((Spread::of(vec![1.0, 2.0]).median - 1.5).abs() < 1e-9);
    }

    #[test]
    fn a_run_that_failed_is_not_compared() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        let pointer = "/cost/cpu_us_per_delivery";
        fs::write(&path, r#"{"passed":true,"cost":{"cpu_us_per_delivery":4.5}}"#).unwrap();
        assert!((figure(&path, pointer).unwrap() - 4.5).abs() < 1e-9);
        fs::write(&path, r#"{"passed":false,"cost":{"cpu_us_per_delivery":4.5}}"#).unwrap();
        assert!(figure(&path, pointer).is_err());
        fs::write(&path, r#"{"passed":true,"cost":null}"#).unwrap();
        assert!(figure(&path, pointer).is_err());
    }
}
