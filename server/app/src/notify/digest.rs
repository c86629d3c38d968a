//! When the mails that may wait are sent: moments of somebody's day or week, in their zone. A moment
//! that a change of the clocks leaves out moves by as much as the clocks do, one that happens twice is
//! the first.

use jiff::{SignedDuration, Zoned, civil::Weekday, tz::TimeZone};
use tidewire_protocol::{Timestamp, clock_time::ClockTime, model::digests::DigestFrequency};

/// When somebody gets such mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub frequency: DigestFrequency,
    pub time: ClockTime,
    /// 1 is Monday.
    pub weekday: u8,
    pub zone: TimeZone,
}

/// A week, and a day for each end of it.
const DAYS_MAX: usize = 9;

impl Schedule {
    /// The first moment after `now`; `None` where nothing is collected.
    pub(crate) fn next_run(&self, now: Timestamp) -> Option<Timestamp> {
        let moment = jiff::Timestamp::from_millisecond(now.ms()).ok()?;
        let local = moment.to_zoned(self.zone.clone());
        let next = match self.frequency {
            DigestFrequency::Instant | DigestFrequency::Never => return None,
            DigestFrequency::Hourly => next_hour(&local)?,
            DigestFrequency::Daily => self.next_day(&local, |_| true)?,
            DigestFrequency::Weekly => {
                let wanted = Weekday::from_monday_one_offset(self.weekday as i8).ok()?;
                self.next_day(&local, |day| day == wanted)?
            }
        };
        Some(Timestamp::from_ms(next.as_millisecond()))
    }

    fn next_day(
        &self,
        local: &Zoned,
        is_wanted: impl Fn(Weekday) -> bool,
    ) -> Option<jiff::Timestamp> {
        let mut date = local.date();
        for _ in 0..DAYS_MAX {
            if is_wanted(date.weekday()) {
                let wall = date.at(self.time.hour() as i8, self.time.minute() as i8, 0, 0);
                let at = self.zone.to_ambiguous_timestamp(wall).compatible().ok()?;
                if at > local.timestamp() {
                    return Some(at);
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }
}

/// The next full hour of the wall clock, which need not be one of UTC's.
fn next_hour(local: &Zoned) -> Option<jiff::Timestamp> {
    let into_hour = SignedDuration::from_mins(local.minute().into())
        + SignedDuration::from_secs(local.second().into())
        + SignedDuration::from_nanos(local.subsec_nanosecond().into());
    local.timestamp().checked_add(SignedDuration::from_hours(1) - into_hour).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schedule(frequency: DigestFrequency, zone: &str) -> Schedule {
        let zone = TimeZone::get(zone).unwrap();
        Schedule { frequency, time: "08:00".parse().unwrap(), weekday: 1, zone }
    }

    fn next(schedule: &Schedule, now: &str) -> String {
        let now = now.parse::<Timestamp>().unwrap();
        schedule.next_run(now).unwrap().to_string()
    }

    #[test]
    fn each_frequency_has_its_moments() {
        use DigestFrequency::{Daily, Hourly, Instant, Never, Weekly};
        let at = |frequency, zone, now| next(&schedule(frequency, zone), now);
        // A Sunday.
        let now = "2026-03-01T07:00:00.000Z";
        assert_eq!(at(Hourly, "Europe/Berlin", now), "2026-03-01T08:00:00.000Z");
        assert_eq!(at(Hourly, "Asia/Kathmandu", now), "2026-03-01T07:15:00.000Z");
        assert_eq!(at(Daily, "Europe/Berlin", now), "2026-03-02T07:00:00.000Z", "this one is over");
        assert_eq!(at(Daily, "UTC", now), "2026-03-01T08:00:00.000Z");
        assert_eq!(at(Weekly, "Europe/Berlin", now), "2026-03-02T07:00:00.000Z");
        assert_eq!(
            at(Weekly, "Europe/Berlin", "2026-03-02T07:00:00.000Z"),
            "2026-03-09T07:00:00.000Z"
        );
        for frequency in [Instant, Never] {
            let now = now.parse().unwrap();
            assert_eq!(schedule(frequency, "UTC").next_run(now), None);
        }
    }

    #[test]
    fn a_moment_that_the_clocks_leave_out_comes_later_and_one_they_repeat_comes_once() {
        let mut daily = schedule(DigestFrequency::Daily, "Europe/Berlin");
        daily.time = "02:30".parse().unwrap();
        assert_eq!(next(&daily, "2026-03-28T12:00:00.000Z"), "2026-03-29T01:30:00.000Z");
        assert_eq!(next(&daily, "2026-10-24T12:00:00.000Z"), "2026-10-25T00:30:00.000Z");
        assert_eq!(next(&daily, "2026-10-25T00:30:00.000Z"), "2026-10-26T01:30:00.000Z");
    }

    proptest! {
        #[test]
        fn the_next_moment_is_after_now_and_not_far(
            ms in 0_i64..7_000_000_000_000,
            zone in prop::sample::select(vec![
                "UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia",
                "Australia/Lord_Howe", "Africa/Casablanca",
            ]),
            frequency in prop::sample::select(vec![
                (DigestFrequency::Hourly, 2), (DigestFrequency::Daily, 50), (DigestFrequency::Weekly, 15 * 24),
            ]),
            minutes in 0_u16..1_440,
            weekday in 1_u8..=7,
        ) {
            let (frequency, hours_max) = frequency;
            let now = Timestamp::from_ms(ms);
            let schedule = Schedule {
                time: ClockTime::from_minutes(minutes).unwrap(), weekday, ..schedule(frequency, zone)
            };
            let next = schedule.next_run(now).unwrap();
            prop_assert!(next > now);
            prop_assert!(next.ms() - now.ms() <= hours_max * 3_600_000, "{next}");
        }
    }
}
