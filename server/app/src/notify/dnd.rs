//! Quiet times: computed from a schedule and a pause whenever somebody asks, never a stored state that
//! a job would have to end.
//!
//! A window belongs to the day on which it starts. Its ends are times on the wall of a zone: one that
//! a change of the clocks leaves out moves by as much as the clocks do, one that happens twice is the
//! first.

use jiff::{
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};
use tidewire_protocol::{
    Timestamp,
    clock_time::ClockTime,
    model::notification_preferences::{ClockChange, QuietSource, QuietWindow},
};

/// When somebody wants quiet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietHours {
    pub enabled: bool,
    pub start: ClockTime,
    /// Never the start.
    pub end: ClockTime,
    pub zone: TimeZone,
    /// Whether a window starts on a day, from Monday on.
    pub days: [bool; 7],
    /// Quiet until then, whatever the schedule says.
    pub paused_until: Option<Timestamp>,
    /// The schedule says nothing until then: somebody has ended its window early.
    pub resumed_until: Option<Timestamp>,
}

/// A schedule reaches over at most two days, and a day is at most 26 hours long.
const DAY_MS: i64 = 86_400_000;

impl QuietHours {
    /// Until when it is quiet; `None` while it is not.
    pub fn quiet_until(&self, now: Timestamp) -> Option<Timestamp> {
        let scheduled = self.scheduled_until(now);
        let paused = self.paused_until.filter(|until| *until > now);
        // A pause that ends inside a window goes on as the window, and the other way round.
        let mut until = scheduled.max(paused)?;
        while let Some(later) = self.scheduled_until(until).filter(|later| *later > until) {
            until = later;
        }
        Some(until)
    }

    /// When the window ends that is open now.
    pub fn scheduled_until(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.enabled || self.resumed_until.is_some_and(|until| now < until) {
            return None;
        }
        let open = |window: &QuietWindow| window.starts_at <= now && now < window.ends_at;
        self.windows(now, now.plus_ms(1))
            .into_iter()
            .filter(open)
            .map(|window| window.ends_at)
            .max()
    }

    /// The quiet times that reach into the time from `from` to `to`, in order.
    pub fn preview(&self, from: Timestamp, to: Timestamp) -> Vec<QuietWindow> {
        let pause = self.paused_until.filter(|until| *until > from).map(|until| QuietWindow {
            starts_at: from,
            ends_at: until,
            source: QuietSource::Pause,
            adjusted: ClockChange::None,
        });
        let scheduled = if self.enabled { self.windows(from, to) } else { Vec::new() };
        let silenced =
            |window: &QuietWindow| self.resumed_until.is_some_and(|until| window.ends_at <= until);
        let mut windows: Vec<_> =
            pause.into_iter().chain(scheduled.into_iter().filter(|it| !silenced(it))).collect();
        windows.sort_by_key(|window| window.starts_at);
        windows
    }

    /// The schedule's windows that reach into the time from `from` to `to`.
    fn windows(&self, from: Timestamp, to: Timestamp) -> Vec<QuietWindow> {
        let Some((mut date, last)) = self.date(from.plus_ms(-2 * DAY_MS)).zip(self.date(to)) else {
            return Vec::new();
        };
        let mut windows = Vec::new();
        while date <= last {
            if self.days[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())]
                && let Some(window) = self.window_of(date)
                && window.starts_at < to
                && window.ends_at > from
            {
                windows.push(window);
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        windows
    }

    fn date(&self, at: Timestamp) -> Option<Date> {
        let at = jiff::Timestamp::from_millisecond(at.ms()).ok()?;
        Some(self.zone.to_datetime(at).date())
    }

    /// The window that starts on a day; `None` when a change of the clocks leaves nothing of it.
    fn window_of(&self, date: Date) -> Option<QuietWindow> {
        let end_date = if self.end > self.start { date } else { date.tomorrow().ok()? };
        let (starts_at, start_change) = self.instant(date, self.start)?;
        let (ends_at, end_change) = self.instant(end_date, self.end)?;
        let adjusted = if start_change == ClockChange::None { end_change } else { start_change };
        let window = QuietWindow { starts_at, ends_at, source: QuietSource::Schedule, adjusted };
        (starts_at < ends_at).then_some(window)
    }

    fn instant(&self, date: Date, time: ClockTime) -> Option<(Timestamp, ClockChange)> {
        let (hour, minute) = (time.hour() as i8, time.minute() as i8);
        let wall: DateTime = date.at(hour, minute, 0, 0);
        let found = self.zone.to_ambiguous_timestamp(wall);
        let change = match found.offset() {
            AmbiguousOffset::Unambiguous { .. } => ClockChange::None,
            AmbiguousOffset::Gap { .. } => ClockChange::Gap,
            AmbiguousOffset::Fold { .. } => ClockChange::Overlap,
        };
        let instant = found.compatible().ok()?;
        Some((Timestamp::from_ms(instant.as_millisecond()), change))
    }
}

#[cfg(test)]
mod tests;
