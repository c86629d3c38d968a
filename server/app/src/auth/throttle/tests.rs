use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp::from_ms(1_738_311_330_000);

fn from(address: &str) -> Attempt {
    Attempt::new("acme", "anna@acme.example", Some(address.parse().unwrap()))
}

fn fail(throttle: &mut Throttle, attempt: &Attempt, times: usize, now: Timestamp) {
    for _ in 0..times {
        assert_eq!(throttle.settle(attempt, Outcome::Wrong, now), None);
    }
}

#[test]
fn the_fifth_failure_starts_a_wait_that_doubles_to_a_quarter_of_an_hour() {
    let mut throttle = Throttle::default();
    let attempt = from("192.0.2.1");
    let mut now = START;
    fail(&mut throttle, &attempt, 4, now);
    for wait in [60_000, 120_000, 240_000, 480_000, 900_000, 900_000] {
        assert_eq!(throttle.wait_ms(&attempt, now), None);
        fail(&mut throttle, &attempt, 1, now);
        assert_eq!(throttle.wait_ms(&attempt, now), Some(wait));
        assert_eq!(throttle.wait_ms(&attempt, now.plus_ms(wait - 1)), Some(1));
        now = now.plus_ms(wait);
    }
}

#[test]
fn during_the_wait_even_the_right_password_is_refused() {
    let mut throttle = Throttle::default();
    let attempt = from("192.0.2.1");
    fail(&mut throttle, &attempt, 5, START);
    assert_eq!(throttle.settle(&attempt, Outcome::Right, START), Some(60_000));
    let later = START.plus_ms(60_000);
    assert_eq!(throttle.settle(&attempt, Outcome::Right, later), None);
    fail(&mut throttle, &attempt, 4, later);
    assert_eq!(throttle.wait_ms(&attempt, later), None, "success has cleared the count");
}

#[test]
fn an_hour_of_quiet_clears_the_count() {
    let mut throttle = Throttle::default();
    let attempt = from("192.0.2.1");
    fail(&mut throttle, &attempt, 4, START);
    fail(&mut throttle, &attempt, 1, START.plus_ms(QUIET_MS));
    assert_eq!(throttle.wait_ms(&attempt, START.plus_ms(QUIET_MS)), None);
}

#[test]
fn a_household_is_one_origin_and_others_do_not_wait() {
    let mut throttle = Throttle::default();
    fail(&mut throttle, &from("2001:db8:1:2::1"), 5, START);
    assert!(throttle.wait_ms(&from("2001:db8:1:2:ffff::9"), START).is_some());
    assert_eq!(throttle.wait_ms(&from("2001:db8:1:3::1"), START), None);
    fail(&mut throttle, &from("192.0.2.1"), 5, START);
    assert!(throttle.wait_ms(&from("::ffff:192.0.2.1"), START).is_some());
    assert_eq!(throttle.wait_ms(&from("192.0.2.2"), START), None);
    let other = Attempt::new("acme", "bert@acme.example", Some("192.0.2.1".parse().unwrap()));
    assert_eq!(throttle.wait_ms(&other, START), None);
    let elsewhere = Attempt::new("other", "anna@acme.example", Some("192.0.2.1".parse().unwrap()));
    assert_eq!(throttle.wait_ms(&elsewhere, START), None);
}

#[test]
fn a_hundred_failures_an_hour_make_every_address_wait() {
    let mut throttle = Throttle::default();
    for i in 0..100_i64 {
        let attempt = from(&format!("198.51.100.{i}"));
        fail(&mut throttle, &attempt, 1, START.plus_ms(i * 1_000));
    }
    let last = START.plus_ms(99_000);
    let fresh = from("203.0.113.1");
    assert_eq!(throttle.wait_ms(&fresh, last), Some(60_000));
    let after = last.plus_ms(60_000);
    assert_eq!(throttle.wait_ms(&fresh, after), None);
    fail(&mut throttle, &fresh, 1, after);
    assert_eq!(throttle.wait_ms(&from("203.0.113.2"), after), Some(120_000));
    assert_eq!(throttle.wait_ms(&fresh, START.plus_ms(QUIET_MS + 120_000)), None);
}

#[test]
fn many_guesses_at_once_learn_no_more_than_five_in_a_row() {
    let mut throttle = Throttle::default();
    let attempt = from("192.0.2.1");
    // A hundred were let in before the first of them ended.
    let told =
        (0..100).filter(|_| throttle.settle(&attempt, Outcome::Wrong, START).is_none()).count();
    assert_eq!(told, 5);
}

#[test]
fn memory_is_bounded_and_what_is_in_use_stays() {
    let mut map = Bounded::new(10);
    map.get_or_insert(0, "kept");
    for key in 1..1_000 {
        map.get_or_insert(key, "passing");
        assert_eq!(map.get(&0), Some(&mut "kept"));
        assert!(map.young.len() + map.old.len() <= 20);
    }
}

proptest! {
    /// Against a model that keeps every failure of one origin on one account.
    #[test]
    fn waits_follow_the_rule(
        steps in prop::collection::vec((0..1_000_000_i64, prop::bool::weighted(0.9)), 1..60),
    ) {
        let mut throttle = Throttle::default();
        let attempt = from("192.0.2.1");
        let (mut now, mut row, mut last) = (START, 0_u32, START);
        for (pause, wrong) in steps {
            now = now.plus_ms(pause);
            if now.ms() - last.ms() >= QUIET_MS {
                row = 0;
            }
            let wait = if row < 5 { 0 } else { (60_000_i64 << (row - 5).min(10)).min(900_000) };
            let expected = Some(last.plus_ms(wait).ms() - now.ms()).filter(|ms| row >= 5 && *ms > 0);
            let outcome = if wrong { Outcome::Wrong } else { Outcome::Right };
            prop_assert_eq!(throttle.settle(&attempt, outcome, now), expected);
            if expected.is_none() {
                (row, last) = if wrong { (row + 1, now) } else { (0, now) };
            }
        }
        prop_assert_eq!(throttle.wait_ms(&attempt, now.plus_ms(QUIET_MS)), None, "never permanent");
    }
}
