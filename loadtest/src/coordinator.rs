//! The process in charge: it starts the workers, leads them through the run together, and measures
//! the target at the turning points.

mod crew;
mod progress;

use std::{fs, io, process::ExitCode, thread, time::Duration};

use anyhow::Context as _;

use crate::{
    accounting::Acknowledged,
    cli::Plan,
    clock::{self, Clock},
    pipe::{News, Order},
    proc::Sample,
    report::{self, Moments, Report},
    tally::Tally,
};
use crew::Crew;

/// For the target to finish what connecting left behind.
const SETTLE: Duration = Duration::from_secs(1);
/// For every worker to hear that it goes.
const HEAD_START_NS: u64 = clock::millis(200);

/// Carries the plan out and reports.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<ExitCode> {
    let (moments, tallies) = lead(plan)?;
    let report = Report::new(plan, &moments, tallies);
    report::summary::write(&mut io::stdout(), &report)?;
    if let Some(path) = &plan.common.json {
        let json = serde_json::to_vec_pretty(&report)?;
        fs::write(path, json).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(if report.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn lead(plan: &Plan) -> anyhow::Result<(Moments, Vec<Tally>)> {
    let pids = &plan.common.server_pid;
    let clock = Clock::start();
    let before = Sample::take(pids)?;
    let mut crew = Crew::start(plan)?;
    let connecting = crew.gather(|news| match news {
        News::Connected { nanoseconds } => Some(nanoseconds),
        _ => None,
    })?;
    if before.is_some() {
        thread::sleep(SETTLE);
    }
    let connected = Sample::take(pids)?;
    let start_ns = clock.now_ns() + HEAD_START_NS;
    crew.order(&Order::Go { run: (start_ns / 1_000) as u32, start_ns })?;
    let expected = gather_acknowledged(&mut crew)?;
    crew.order(&Order::Expect(expected))?;
    crew.gather(|news| matches!(news, News::Drained).then_some(()))?;
    let after = Sample::take(pids)?;
    let end_ns = clock.now_ns();
    crew.order(&Order::Finish)?;
    let tallies = crew.gather(|news| match news {
        News::Done(tally) => Some(*tally),
        _ => None,
    })?;
    let connect_ns = connecting.into_iter().max().unwrap_or_default();
    let moments =
        Moments { workers: tallies.len(), before, connected, after, connect_ns, start_ns, end_ns };
    Ok((moments, tallies))
}

fn gather_acknowledged(crew: &mut Crew) -> anyhow::Result<Acknowledged> {
    let parts = crew.gather(|news| match news {
        News::Sent(acknowledged) => Some(acknowledged),
        _ => None,
    })?;
    Ok(parts.into_iter().fold(Acknowledged::default(), |mut all, part| {
        all.extend(part);
        all
    }))
}
