use std::{fs, time::Duration};

use serde_json::{Value, json};
use tidewire_testkit::{PushAnswer, PushKind, PushPeer};

use super::super::{
    PushServices, Target,
    message::Kind,
    tests::{config_for, long_message, message, outcomes, started, told},
};
use super::*;
use crate::testing::START;

const TOPIC: &str = "com.example.tide";

fn device(token: &str, topic: &str) -> Target {
    let (token, topic) = (token.to_owned(), topic.to_owned());
    Target::Apns(Device { token, topic, environment: Environment::Production })
}

fn target() -> Target {
    device("0a1b2c3d", TOPIC)
}

fn services(service: &PushPeer, team_id: &str) -> PushServices {
    let mut config = config_for(service);
    let pem = fs::read(service.apns_key_file()).unwrap();
    let credentials = Credentials::new(&pem, PushPeer::APNS_KEY_ID, team_id).unwrap();
    config.push.apns = Some(credentials);
    config.push.apns_base = Some(service.base());
    PushServices::new(&config, &Clock::manual(START))
}

fn start() -> Option<(PushPeer, PushServices)> {
    started(PushKind::Apns, |service| services(service, PushPeer::APNS_TEAM_ID))
}

fn reason(status: u16, reason: &str) -> PushAnswer {
    PushAnswer::new(status, json!({ "reason": reason }).to_string())
}

#[tokio::test]
async fn a_device_gets_what_the_system_shows_and_what_its_program_asks_for() {
    let Some((service, services)) = start() else { return };
    assert_eq!(services.platforms(), ["apns"]);
    let mut sent = message();
    sent.title = Some("Ada".to_owned());
    sent.collapse_key = Some("c1".to_owned());
    let outcome = services.send(&target(), &sent).await;
    let received = service.received().remove(0);
    let header = |name: &str| received.headers[name].as_str();
    assert_eq!(outcome, Outcome::Accepted { id: Some(header("apns-id").to_owned()) });
    assert_eq!(
        (received.http_version.as_str(), received.path.as_str()),
        ("2", "/3/device/0a1b2c3d")
    );
    assert_eq!((header("apns-topic"), header("apns-push-type")), (TOPIC, "alert"));
    assert_eq!((header("apns-priority"), header("apns-collapse-id")), ("10", "c1"));
    assert_eq!(header("apns-expiration"), (START.ms() / 1_000 + 3_600).to_string());
    assert_eq!(
        received.claims,
        json!({ "iss": PushPeer::APNS_TEAM_ID, "iat": START.ms() / 1_000 })
    );
    let expected = json!({
        "aps": {
            "alert": { "title": "Ada" }, "sound": "default", "badge": 3, "thread-id": "c1",
            "mutable-content": 1,
        },
        "kind": "alert", "channelId": "c1", "seq": 7,
    });
    assert_eq!(received.body, expected);
}

#[tokio::test]
async fn one_token_and_one_connection_serve_for_all_pushes() {
    let Some((service, services)) = start() else { return };
    for _ in 0..3 {
        assert_eq!(services.send(&target(), &message()).await.word(), "accepted");
    }
    let messages = service.messages();
    assert!(messages.iter().all(|one| one.key == messages[0].key));
    assert_ne!(messages[0].headers["apns-id"], messages[1].headers["apns-id"]);
}

#[tokio::test]
async fn every_documented_reason_has_its_meaning() {
    let Some((service, services)) = start() else { return };
    let expected = [
        (400, "BadCollapseId", "refused"),
        (400, "BadDeviceToken", "gone"),
        (400, "BadExpirationDate", "refused"),
        (400, "BadMessageId", "refused"),
        (400, "BadPriority", "refused"),
        (400, "BadTopic", "refused"),
        (400, "DeviceTokenNotForTopic", "gone"),
        (400, "DuplicateHeaders", "refused"),
        (400, "IdleTimeout", "try_again"),
        (400, "InvalidPushType", "refused"),
        (400, "MissingDeviceToken", "refused"),
        (400, "MissingTopic", "refused"),
        (400, "PayloadEmpty", "refused"),
        (400, "TopicDisallowed", "refused"),
        (403, "BadCertificate", "misconfigured"),
        (403, "BadCertificateEnvironment", "misconfigured"),
        (403, "BadEnvironmentKeyIdInToken", "misconfigured"),
        (403, "Forbidden", "misconfigured"),
        (403, "InvalidProviderToken", "misconfigured"),
        (403, "MissingProviderToken", "misconfigured"),
        (403, "UnrelatedKeyIdInToken", "misconfigured"),
        (404, "BadPath", "refused"),
        (405, "MethodNotAllowed", "refused"),
        (410, "ExpiredToken", "gone"),
        (410, "Unregistered", "gone"),
        (413, "PayloadTooLarge", "refused"),
        (429, "TooManyProviderTokenUpdates", "try_again"),
        (429, "TooManyRequests", "try_again"),
        (500, "InternalServerError", "try_again"),
        (503, "ServiceUnavailable", "try_again"),
        (503, "Shutdown", "try_again"),
        (400, "SomethingNew", "refused"),
        (403, "SomethingNew", "misconfigured"),
        (410, "SomethingNew", "gone"),
        (503, "SomethingNew", "try_again"),
    ];
    let answers = expected.map(|(status, word, _)| reason(status, word));
    let outcomes = outcomes(&services, &target(), &service, answers).await;
    for ((_, word, outcome), made) in expected.into_iter().zip(outcomes) {
        assert_eq!(told(&made), (outcome, word));
    }
}

#[tokio::test]
async fn what_says_more_is_read_and_what_says_nothing_is_survived() {
    let Some((service, services)) = start() else { return };
    let gone = json!({ "reason": "Unregistered", "timestamp": 1_700_000_000_123_i64 });
    let busy = reason(429, "TooManyRequests").with_header("retry-after", "30");
    let answers = [PushAnswer::new(410, gone.to_string()), busy, PushAnswer::new(502, "<html>")];
    let outcomes = outcomes(&services, &target(), &service, answers).await;
    let since = Some(Timestamp::from_ms(1_700_000_000_123));
    let after = Some(Duration::from_secs(30));
    let expected = [
        Outcome::Gone { reason: "Unregistered".into(), since },
        Outcome::TryAgain { after, reason: "TooManyRequests".into() },
        Outcome::TryAgain { after: None, reason: "HTTP 502".into() },
    ];
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn a_token_that_has_grown_old_is_replaced_once() {
    let Some((service, services)) = start() else { return };
    service.answer(&reason(403, "ExpiredProviderToken"));
    assert_eq!(services.send(&target(), &message()).await.word(), "accepted");
    let messages = service.messages();
    assert_eq!(messages.len(), 2);
    assert_ne!(messages[0].key, messages[1].key);
    assert_eq!(messages[0].headers["apns-id"], messages[1].headers["apns-id"]);
    service.answer(&reason(403, "ExpiredProviderToken"));
    let outcome = services.send(&target(), &message()).await;
    assert_eq!(told(&outcome), ("misconfigured", "ExpiredProviderToken"));
    assert_eq!(service.messages().len(), 3, "another token so soon would not help");
}

#[tokio::test]
async fn a_token_of_another_team_is_ours_to_mend() {
    let Some(service) = PushPeer::start(PushKind::Apns) else { return };
    let outcome = services(&service, "0000000000").send(&target(), &message()).await;
    assert_eq!(told(&outcome), ("misconfigured", "InvalidProviderToken"));
}

#[tokio::test]
async fn what_cannot_be_sent_is_not() {
    let Some((service, services)) = start() else { return };
    let long = "0".repeat(TOKEN_BYTES_MAX + 1);
    for token in ["", "xyz", "0a/../1b", "0a?x=1", &long] {
        assert_eq!(services.check(&device(token, TOPIC)), Err(Unfit::Token), "{token}");
    }
    for topic in ["", "a b", "a\r\nx: y", "ä"] {
        assert_eq!(services.check(&device("0a", topic)), Err(Unfit::Topic), "{topic}");
        let outcome = services.send(&device("0a", topic), &message()).await;
        assert_eq!(told(&outcome), ("refused", "topic not valid"));
    }
    let outcome = services.send(&target(), &long_message()).await;
    assert_eq!(told(&outcome), ("refused", "payload too large"));
    assert_eq!(service.received(), []);
}

#[test]
fn each_kind_has_its_type_and_shows_no_more_than_that() {
    let aps = |message: &PushMessage| {
        let body: Value = serde_json::from_slice(&payload::encode(message).unwrap()).unwrap();
        (payload::push_type(message), priority(message), body["aps"].clone())
    };
    let plain = PushMessage { badge: None, group: None, ..message() };
    let shown = |key: &str| json!({ "alert": { "loc-key": key }, "sound": "default", "mutable-content": 1 });
    let of = |kind, badge| aps(&PushMessage { kind, badge, ..plain.clone() });
    assert_eq!(of(Kind::Alert, None), ("alert", "10", shown("tidewire_alert")));
    assert_eq!(of(Kind::Summary, None), ("alert", "10", shown("tidewire_summary")));
    assert_eq!(of(Kind::BadgeOnly, Some(0)), ("alert", "5", json!({ "badge": 0 })));
    assert_eq!(of(Kind::Clear, None), ("background", "5", json!({ "content-available": 1 })));
    let cleared = json!({ "badge": 2, "content-available": 1 });
    assert_eq!(of(Kind::Clear, Some(2)), ("alert", "5", cleared));
    let quiet = PushMessage { priority: Priority::Normal, ..plain.clone() };
    assert_eq!(aps(&quiet).1, "5");
}

#[test]
fn a_push_that_is_for_now_alone_is_not_kept() {
    let lasting = |ttl| expiration(&PushMessage { ttl, ..message() }, START);
    assert_eq!(lasting(Duration::ZERO), 0);
    let four_weeks = START.ms() / 1_000 + 28 * 86_400;
    assert_eq!(lasting(Duration::from_hours(10_000)), four_weeks);
}

#[test]
fn a_payload_cannot_pass_for_what_the_system_reads() {
    let mut message = message();
    message.payload.insert("aps".to_owned(), json!({ "badge": 99 }));
    let body: Value = serde_json::from_slice(&payload::encode(&message).unwrap()).unwrap();
    assert_eq!(body["aps"]["badge"], 3);
}
