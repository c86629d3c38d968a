use proptest::prelude::*;

use super::*;

/// Zones whose clocks change in every way there is: forward and back, by an hour and by half of one,
/// at midnight, over a whole day, in the southern hemisphere, and not at all.
const ZONES: [&str; 24] = [
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Havana",
    "America/Asuncion",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Tehran",
    "Asia/Jerusalem",
    "Asia/Kolkata",
    "Asia/Amman",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Apia",
    "UTC",
];

const MINUTE_MS: i64 = 60_000;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn time(text: &str) -> ClockTime {
    text.parse().unwrap()
}

fn nightly(name: &str) -> QuietHours {
    QuietHours {
        enabled: true,
        start: time("22:00"),
        end: time("08:00"),
        zone: zone(name),
        days: [true; 7],
        paused_until: None,
        resumed_until: None,
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_window_over_midnight_is_open_from_its_start_until_just_before_its_end() {
    let hours = nightly("Europe/Berlin");
    assert_eq!(hours.quiet_until(at("2026-01-15T20:59:59.999Z")), None);
    let end = at("2026-01-16T07:00:00Z");
    for inside in ["2026-01-15T21:00:00Z", "2026-01-15T23:30:00Z", "2026-01-16T06:59:59.999Z"] {
        assert_eq!(hours.quiet_until(at(inside)), Some(end), "{inside}");
    }
    assert_eq!(hours.quiet_until(end), None);
}

#[test]
fn a_window_belongs_to_the_day_on_which_it_starts() {
    // Fridays only: the night to Saturday is quiet, the one before is not.
    let hours =
        QuietHours { days: [false, false, false, false, true, false, false], ..nightly("UTC") };
    assert_eq!(hours.quiet_until(at("2026-01-16T07:00:00Z")), None, "Friday morning");
    assert_eq!(hours.quiet_until(at("2026-01-17T07:00:00Z")), Some(at("2026-01-17T08:00:00Z")));
    assert_eq!(hours.quiet_until(at("2026-01-17T23:00:00Z")), None, "Saturday night");
}

#[test]
fn an_end_that_the_clocks_leave_out_moves_and_one_that_comes_twice_is_the_first() {
    let hours = QuietHours { end: time("02:30"), ..nightly("Europe/Berlin") };
    let preview = |from: &str, to: &str| hours.preview(at(from), at(to));
    let spring = preview("2026-03-28T20:00:00Z", "2026-03-29T12:00:00Z");
    assert_eq!(spring[0].ends_at, at("2026-03-29T01:30:00Z"), "03:30 summer time");
    assert_eq!(spring[0].adjusted, ClockChange::Gap);
    let autumn = preview("2026-10-24T19:00:00Z", "2026-10-25T12:00:00Z");
    assert_eq!(autumn[0].ends_at, at("2026-10-25T00:30:00Z"), "02:30 summer time");
    assert_eq!(autumn[0].adjusted, ClockChange::Overlap);
}

#[test]
fn a_pause_and_a_window_last_until_the_later_of_their_ends() {
    let mut hours = nightly("UTC");
    hours.paused_until = Some(at("2026-01-15T23:00:00Z"));
    let morning = Some(at("2026-01-16T08:00:00Z"));
    assert_eq!(
        hours.quiet_until(at("2026-01-15T18:00:00Z")),
        morning,
        "the one goes on as the other"
    );
    hours.paused_until = Some(at("2026-01-16T12:00:00Z"));
    assert_eq!(hours.quiet_until(at("2026-01-15T23:30:00Z")), hours.paused_until);
    hours.enabled = false;
    assert_eq!(hours.quiet_until(at("2026-01-16T12:00:00Z")), None);
    assert_eq!(hours.quiet_until(at("2026-01-16T11:59:59Z")), hours.paused_until);
}

#[test]
fn whoever_resumes_inside_a_window_hears_everything_until_it_ends() {
    let mut hours = nightly("UTC");
    hours.resumed_until = Some(at("2026-01-16T08:00:00Z"));
    assert_eq!(hours.quiet_until(at("2026-01-16T02:00:00Z")), None);
    assert_eq!(hours.quiet_until(at("2026-01-16T22:00:00Z")), Some(at("2026-01-17T08:00:00Z")));
    let days = hours.preview(at("2026-01-16T02:00:00Z"), at("2026-01-18T02:00:00Z"));
    assert_eq!(days.len(), 2, "not the one that was ended");
}

#[test]
fn a_preview_shows_the_pause_among_the_windows() {
    let mut hours = nightly("UTC");
    hours.paused_until = Some(at("2026-01-15T13:00:00Z"));
    let now = at("2026-01-15T12:00:00Z");
    let windows = hours.preview(now, now.plus_ms(7 * DAY_MS));
    assert_eq!((windows.len(), windows[0].source), (8, QuietSource::Pause));
    assert_eq!((windows[0].starts_at, windows[0].ends_at), (now, at("2026-01-15T13:00:00Z")));
    hours.enabled = false;
    assert_eq!(hours.preview(now, now.plus_ms(DAY_MS)).len(), 1);
}

/// What the clock on the wall shows.
fn wall(zone: &TimeZone, at: Timestamp) -> DateTime {
    zone.to_datetime(jiff::Timestamp::from_millisecond(at.ms()).unwrap())
}

/// Minutes of a wall clock that never changes, for arithmetic.
fn wall_minutes(at: DateTime) -> i64 {
    at.to_zoned(TimeZone::UTC).unwrap().timestamp().as_second() / 60
}

/// The instant at which a wall clock shows `sought`, found by looking at it every minute.
fn look_for(zone: &TimeZone, sought: DateTime) -> Option<Timestamp> {
    let sought = wall_minutes(sought);
    let begin = Timestamp::from_ms((sought - 15 * 60) * MINUTE_MS);
    let mut before = wall_minutes(wall(zone, begin));
    for minute in 1..30 * 60 {
        let now = begin.plus_ms(minute * MINUTE_MS);
        let shown = wall_minutes(wall(zone, now));
        if shown == sought {
            return Some(now);
        }
        if before < sought && sought < shown {
            // It jumped over: as far into what comes as the clock jumped.
            let jump = shown - before - 1;
            return Some(now.plus_ms((sought + jump - shown) * MINUTE_MS));
        }
        before = shown;
    }
    None
}

/// Whether it is quiet, by looking at the wall clock every minute.
fn is_quiet_by_looking(hours: &QuietHours, now: Timestamp) -> bool {
    let today = wall(&hours.zone, now).date();
    let candidates =
        [today.yesterday().unwrap().yesterday().unwrap(), today.yesterday().unwrap(), today];
    let candidates = candidates.into_iter().chain([today.tomorrow().unwrap()]);
    candidates.into_iter().any(|date| {
        let day = date.weekday().to_monday_zero_offset().unsigned_abs();
        let end_date = if hours.end > hours.start { date } else { date.tomorrow().unwrap() };
        let on = |date: Date, time: ClockTime| {
            look_for(&hours.zone, date.at(time.hour() as i8, time.minute() as i8, 0, 0))
        };
        let (start, end) = (on(date, hours.start), on(end_date, hours.end));
        hours.days[usize::from(day)]
            && start.zip(end).is_some_and(|(start, end)| start <= now && now < end)
    })
}

/// Minutes around changes of the clocks, and any others.
fn instants(zone: &TimeZone) -> Vec<Timestamp> {
    let year = jiff::Timestamp::from_second(1_735_689_600).unwrap();
    let changes = zone.following(year).take(4).map(|change| change.timestamp().as_millisecond());
    let around =
        changes.flat_map(|change| (-12..12).map(move |step| change + step * 97 * MINUTE_MS));
    let any = (0..8).map(|step| year.as_millisecond() + step * 1_234_567_890);
    around.chain(any).map(Timestamp::from_ms).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_is_quiet_when_a_look_at_the_wall_every_minute_says_so(
        zone_at in 0..ZONES.len(),
        start in 0_u16..1_440,
        length in 1_u16..1_440,
        days in any::<[bool; 7]>(),
    ) {
        let hours = QuietHours {
            start: ClockTime::from_minutes(start).unwrap(),
            end: ClockTime::from_minutes((start + length) % 1_440).unwrap(),
            days,
            ..nightly(ZONES[zone_at])
        };
        for now in instants(&hours.zone) {
            let quiet = hours.quiet_until(now);
            prop_assert_eq!(quiet.is_some(), is_quiet_by_looking(&hours, now), "{} {}", ZONES[zone_at], now);
            if let Some(until) = quiet {
                prop_assert!(until > now && hours.quiet_until(until).is_none());
            }
        }
    }
}
