//! The report for people.

use std::io::{self, Write};

use super::{Connecting, Cost, Rates, Report};
use crate::{accounting::Faults, cli::Load, latency::Quantiles, tally::Counts};

pub(crate) fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let machine = &report.machine;
    writeln!(out, "{}", title(report))?;
    writeln!(
        out,
        "  machine      {}, {} cores, {} MiB, Linux {}",
        machine.cpu, machine.cores, machine.memory_mib, machine.kernel
    )?;
    writeln!(out, "  connections  {} from {} workers", report.connections, report.workers)?;
    write_connecting(out, &report.connect)?;
    if !matches!(report.load, Load::Connect(_)) {
        write_rates(out, &report.rates, &report.counts)?;
        let latencies = &report.latency_us;
        write_latency(out, "answered", latencies.answered)?;
        write_latency(out, "delivered", latencies.delivered)?;
        write_latency(out, "generator", latencies.late)?;
    }
    if let Some(cost) = &report.cost {
        write_cost(out, cost, &report.load)?;
    }
    write_faults(out, "by seq", &report.by_seq)?;
    write_faults(out, "by payload", &report.by_stamp)?;
    write_counts(out, &report.counts)?;
    let verdict = if report.passed { "everything once and in order" } else { "FAILED" };
    writeln!(out, "  verdict      {verdict}")
}

fn title(report: &Report) -> String {
    let common = &report.settings;
    let load = match &report.load {
        Load::Connect(connect) => format!("connect: {} s of silence", connect.hold),
        Load::FanOut(fan_out) => {
            let pace = match fan_out.rate {
                Some(rate) => format!("{rate} messages/s"),
                None => format!("{} windows of {}", fan_out.windows, fan_out.window),
            };
            let (channels, members) = (fan_out.channels, fan_out.members);
            let payload = fan_out.payload;
            format!("fan-out: {channels} channels of {members}, {payload} B, {pace}")
        }
        Load::Chat(chat) => {
            let pace = match chat.rate {
                Some(rate) => format!("{rate} messages/s"),
                None => format!("{} senders without a pause", chat.senders),
            };
            let (channels, members, payload) = (chat.channels, chat.members, chat.payload);
            format!("chat: {channels} channels of {members}, {payload} B, {pace}")
        }
    };
    format!("{load}, {:?}, {:?}", common.codec, common.target).to_lowercase()
}

fn write_connecting(out: &mut impl Write, connect: &Connecting) -> io::Result<()> {
    write!(out, "  connecting   {:.2} s", connect.seconds)?;
    if let Some(cpu) = connect.cpu_us_per_connection {
        write!(out, ", {cpu:.1} µs CPU each")?;
    }
    let resident = connect.resident_bytes_per_connection;
    if let (Some(resident), Some(heap)) = (resident, connect.anonymous_bytes_per_connection) {
        write!(out, ", {resident:.0} bytes resident each ({heap:.0} of them anonymous)")?;
    }
    writeln!(out)
}

fn write_rates(out: &mut impl Write, rates: &Rates, counts: &Counts) -> io::Result<()> {
    writeln!(
        out,
        "  sent         {} in {:.2} s, {:.0}/s",
        counts.acknowledged, rates.seconds, rates.sends_per_second
    )?;
    writeln!(
        out,
        "  delivered    {}, {:.0}/s, {:.0} bytes each",
        counts.delivered, rates.deliveries_per_second, rates.bytes_per_delivery
    )
}

fn write_latency(out: &mut impl Write, name: &str, quantiles: Option<Quantiles>) -> io::Result<()> {
    let Some(Quantiles { p50, p90, p99, p99_9, max, .. }) = quantiles else {
        return Ok(());
    };
    let [p50, p90, p99, p99_9, max] = [p50, p90, p99, p99_9, max].map(|us| us as f64 / 1e3);
    writeln!(
        out,
        "  {name:<12} p50 {p50:.2}  p90 {p90:.2}  p99 {p99:.2}  p99.9 {p99_9:.2}  max {max:.2} ms"
    )
}

fn write_cost(out: &mut impl Write, cost: &Cost, load: &Load) -> io::Result<()> {
    write!(out, "  target CPU   {:.2} s", cost.cpu_seconds)?;
    match load {
        Load::Connect(_) => {
            write!(out, ", {:.2} µs per connection and second", cost.cpu_us_per_connection_second)?;
        }
        Load::FanOut(_) | Load::Chat(_) => write!(
            out,
            ", {:.2} µs per delivery, {:.2} µs per send",
            cost.cpu_us_per_delivery, cost.cpu_us_per_send
        )?,
    }
    writeln!(out, "; soft interrupts {:.1} % of the machine", cost.softirq_share * 100.0)
}

fn write_faults(out: &mut impl Write, name: &str, faults: &Faults) -> io::Result<()> {
    let Faults { lost, doubled, reordered } = faults;
    writeln!(out, "  {name:<12} {lost} lost, {doubled} doubled, {reordered} reordered")
}

/// Only what should not be.
fn write_counts(out: &mut impl Write, counts: &Counts) -> io::Result<()> {
    let figures = [
        ("unanswered", counts.unanswered),
        ("unacknowledged", counts.unacknowledged),
        ("collapsed", counts.behind),
    ];
    for (name, count) in figures.into_iter().filter(|(_, count)| *count > 0) {
        writeln!(out, "  {name:<12} {count}")?;
    }
    for (code, count) in &counts.refused {
        writeln!(out, "  refused      {count} with {code}")?;
    }
    for (reason, count) in &counts.ended {
        writeln!(out, "  ended        {count}: {reason}")?;
    }
    Ok(())
}
