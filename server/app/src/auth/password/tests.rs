use proptest::prelude::*;
use tidewire_testkit::TestDb;

use super::*;
use crate::testing::House;

#[test]
fn the_list_of_common_passwords_is_long_sorted_and_lower_case() {
    let lines: Vec<_> = COMMON.lines().collect();
    assert!(lines.len() >= 10_000);
    assert!(lines.is_sorted());
    assert!(lines.iter().all(|line| *line == line.to_lowercase() && has_line(COMMON, line)));
}

proptest! {
    #[test]
    fn bisection_finds_what_a_scan_finds(
        mut lines in prop::collection::vec("[a-d]{0,3}", 0..12), wanted in "[a-d]{0,3}",
    ) {
        lines.sort();
        let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
        prop_assert_eq!(has_line(&text, &wanted), lines.contains(&wanted));
    }
}

fn broken(password: &str) -> Vec<String> {
    let personal = ["anna@acme.example", "anna.smith.jones", "Acme Holding", "acme-holding"];
    match check_policy(password, 10, &personal) {
        Ok(()) => Vec::new(),
        Err(error) => {
            assert_eq!(error.code(), ErrorCode::PasswordPolicy);
            let details = error.body().details.unwrap();
            serde_json::from_value(details["rules"].clone()).unwrap()
        }
    }
}

#[test]
fn only_whole_values_are_compared() {
    for good in [
        "your-password",
        "xACME HOLDINGx",
        "anna@acme.example1",
        "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀",
        "          ",
    ] {
        assert!(broken(good).is_empty(), "{good}: {:?}", broken(good));
    }
    assert_eq!(broken("Qwertyuiop"), ["common"]);
    assert_eq!(broken("ACME HOLDING"), ["personal"]);
    assert_eq!(broken("Anna@Acme.Example"), ["personal"]);
    assert_eq!(broken("Passw0rd"), ["min_length", "common"]);
    assert_eq!(broken(&"é".repeat(129)), ["max_length"]);
    assert_eq!(broken(&"🦀".repeat(128)), [""; 0]);
    assert_eq!(broken(&"x".repeat(513)), ["max_length"]);
}

#[test]
fn a_hash_fits_its_password_exactly_and_carries_its_settings() {
    let hash = make("Pässword 1 ".as_bytes(), [9; 16]).unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    let parsed = PasswordHash::new(&hash).unwrap();
    assert!(is_current(&parsed));
    assert!(hasher().unwrap().verify_password("Pässword 1 ".as_bytes(), &parsed).is_ok());
    assert!(hasher().unwrap().verify_password("Pässword 1".as_bytes(), &parsed).is_err());
}

#[test]
fn the_dummy_costs_what_a_real_hash_costs() {
    let dummy = PasswordHash::new(DUMMY).unwrap();
    assert!(is_current(&dummy));
    assert_eq!(dummy.hash.unwrap().len(), 32);
    assert_eq!(dummy.salt.unwrap().len(), 16);
}

#[test]
fn weaker_settings_are_noticed() {
    let params = Params::new(8 * 1024, 1, 1, None).unwrap();
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    assert!(!is_current(&weak.hash_password_with_salt(b"x", &[1; 16]).unwrap()));
}

#[tokio::test]
async fn who_waits_too_long_for_room_is_told_to_come_back() {
    let house = House::open(&TestDb::sqlite()).await;
    let room = &house.app.hashing.0;
    let all = u32::try_from(room.available_permits()).unwrap();
    let taken = room.acquire_many(all).await.unwrap();
    tokio::time::pause();
    let refusal = hash(&house.app, "correct horse".to_owned()).await.unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::Unavailable);
    assert_eq!(refusal.retry_after_seconds(), Some(1));
    drop(taken);
    assert!(hash(&house.app, "correct horse".to_owned()).await.is_ok());
}
