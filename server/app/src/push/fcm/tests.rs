use std::{fs, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tidewire_testkit::{PushAnswer, PushKind, PushPeer};

use super::super::{
    PushServices, Target,
    message::{Kind, Priority},
    tests::{config_for, long_message, message, outcomes, started, told},
};
use super::*;
use crate::testing::START;

fn target() -> Target {
    Target::Fcm(Device { token: "secret-token:x".to_owned() })
}

fn services(service: &PushPeer, clock: &Clock) -> PushServices {
    let mut config = config_for(service);
    let json = fs::read(service.fcm_account_file()).unwrap();
    config.push.fcm = Some(Account::parse(&json).unwrap());
    config.push.fcm_base = Some(service.base());
    PushServices::new(&config, clock)
}

/// With the clock that decides how old a token is.
fn start() -> Option<(PushPeer, PushServices, Clock)> {
    let clock = Clock::manual(START);
    let (service, services) = started(PushKind::Fcm, |service| services(service, &clock))?;
    Some((service, services, clock))
}

fn tokens(service: &PushPeer) -> usize {
    service.received().iter().filter(|one| one.route == "token").count()
}

/// An error as the service words it.
fn fault(status: u16, word: &str, code: &str) -> PushAnswer {
    let details = json!([{
        "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code,
    }]);
    let details = if code.is_empty() { json!([]) } else { details };
    let error = json!({ "code": status, "message": "x", "status": word, "details": details });
    PushAnswer::new(status, json!({ "error": error }).to_string())
}

fn invalid(field: &str) -> PushAnswer {
    let details = json!([
        { "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
          "errorCode": "INVALID_ARGUMENT" },
        { "@type": "type.googleapis.com/google.rpc.BadRequest",
          "fieldViolations": [{ "field": field, "description": "x" }] },
    ]);
    let error = json!({ "code": 400, "status": "INVALID_ARGUMENT", "details": details });
    PushAnswer::new(400, json!({ "error": error }).to_string())
}

#[tokio::test]
async fn a_device_gets_a_message_from_the_account() {
    let Some((service, services, _)) = start() else { return };
    assert_eq!(services.platforms(), ["fcm"]);
    let mut sent = message();
    sent.collapse_key = Some("c1".to_owned());
    let outcome = services.send(&target(), &sent).await;
    let id = Some("projects/tide-test/messages/0:1".to_owned());
    assert_eq!(outcome, Outcome::Accepted { id });
    let [asked, received] = service.received().try_into().unwrap();
    let seconds = START.ms() / 1_000;
    let claims = json!({
        "iss": "push@tide.example", "aud": format!("{}/token", service.base()),
        "scope": "https://www.googleapis.com/auth/firebase.messaging",
        "iat": seconds, "exp": seconds + 3_600,
    });
    assert_eq!((asked.claims, &asked.header["kid"]), (claims, &json!("ABC123DEFG")));
    let expected = json!({ "message": {
        "token": "secret-token:x",
        "data": {
            "kind": "alert", "payload": r#"{"channelId":"c1","seq":7}"#, "badge": "3", "group": "c1",
        },
        "android": { "priority": "HIGH", "ttl": "3600s", "collapse_key": "c1" },
    } });
    assert_eq!(received.body, expected);
}

#[tokio::test]
async fn a_hundred_pushes_at_once_ask_for_one_token() {
    let Some((service, services, _)) = start() else { return };
    let (target, message) = (target(), message());
    let outcomes = join_all((0..100).map(|_| services.send(&target, &message))).await;
    assert!(outcomes.iter().all(|outcome| outcome.word() == "accepted"));
    assert_eq!((tokens(&service), service.messages().len()), (1, 100));
}

#[tokio::test]
async fn a_token_is_replaced_before_its_end() {
    let Some((service, services, clock)) = start() else { return };
    for (minutes, asked) in [(0, 1), (54, 1), (1, 2), (54, 2)] {
        clock.advance(minutes * 60_000);
        assert_eq!(services.send(&target(), &message()).await.word(), "accepted");
        assert_eq!(tokens(&service), asked);
    }
}

#[tokio::test]
async fn every_documented_error_has_its_meaning() {
    let Some((service, services, _)) = start() else { return };
    let expected = [
        (404, "NOT_FOUND", "UNREGISTERED", "gone"),
        (403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", "gone"),
        (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "try_again"),
        (503, "UNAVAILABLE", "UNAVAILABLE", "try_again"),
        (500, "INTERNAL", "INTERNAL", "try_again"),
        (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "refused"),
        (400, "INVALID_ARGUMENT", "UNSPECIFIED_ERROR", "refused"),
        (403, "PERMISSION_DENIED", "", "misconfigured"),
        (404, "NOT_FOUND", "", "misconfigured"),
    ];
    let answers = expected.map(|(status, word, code, _)| fault(status, word, code));
    let made = outcomes(&services, &target(), &service, answers).await;
    for ((_, word, code, outcome), made) in expected.into_iter().zip(made) {
        assert_eq!(told(&made), (outcome, if code.is_empty() { word } else { code }));
    }
    let answers = [invalid("message.token"), invalid("message.android.ttl")];
    let made = outcomes(&services, &target(), &service, answers).await;
    assert_eq!(told(&made[0]), ("gone", "INVALID_ARGUMENT"));
    assert_eq!(told(&made[1]), ("refused", "INVALID_ARGUMENT"));
    let answers = [
        fault(503, "UNAVAILABLE", "UNAVAILABLE").with_header("retry-after", "90"),
        PushAnswer::new(502, "<html>"),
        PushAnswer::new(302, "").with_header("location", &service.base()),
    ];
    let made = outcomes(&services, &target(), &service, answers).await;
    let after = Some(Duration::from_secs(90));
    assert_eq!(made[0], Outcome::TryAgain { after, reason: "UNAVAILABLE".into() });
    assert_eq!(told(&made[1]), ("try_again", "HTTP 502"));
    assert_eq!(told(&made[2]), ("refused", "HTTP 302"));
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    let Some((service, services, _)) = start() else { return };
    service.answer(&fault(401, "UNAUTHENTICATED", ""));
    assert_eq!(services.send(&target(), &message()).await.word(), "accepted");
    assert_eq!((tokens(&service), service.messages().len()), (2, 2));
    for _ in 0..2 {
        service.answer(&fault(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"));
    }
    let outcome = services.send(&target(), &message()).await;
    assert_eq!(told(&outcome), ("misconfigured", "THIRD_PARTY_AUTH_ERROR"));
    assert_eq!((tokens(&service), service.messages().len()), (3, 4));
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let Some((service, services, clock)) = start() else { return };
    let busy = PushAnswer::new(503, "").with_header("retry-after", "5");
    let after = Some(Duration::from_secs(5));
    let empty = PushAnswer::new(200, "{}");
    let denied = PushAnswer::new(400, r#"{"error":"invalid_grant"}"#);
    for (answer, expected) in [
        (busy, Outcome::TryAgain { after, reason: "HTTP 503".into() }),
        (empty, Outcome::try_again("no token in the answer")),
        (denied, Outcome::Misconfigured("invalid_grant".into())),
        (PushAnswer::new(401, "<html>"), Outcome::Misconfigured("HTTP 401".into())),
    ] {
        service.answer_token(&answer);
        let before = tokens(&service);
        let (target, message) = (target(), message());
        let made = join_all((0..10).map(|_| services.send(&target, &message))).await;
        assert!(made.iter().all(|outcome| *outcome == expected), "{made:?}");
        assert_eq!(tokens(&service), before + 1, "whoever has waited does not ask again");
        clock.advance(2_000);
    }
    assert_eq!(service.messages(), []);
    assert_eq!(services.send(&target(), &message()).await.word(), "accepted");
}

#[tokio::test]
async fn what_cannot_be_sent_is_not() {
    let Some((service, services, _)) = start() else { return };
    let long = "x".repeat(TOKEN_BYTES_MAX + 1);
    for token in ["", "a b", "a\n", &long] {
        let target = Target::Fcm(Device { token: token.to_owned() });
        assert_eq!(services.check(&target), Err(Unfit::Token), "{token}");
        let outcome = services.send(&target, &message()).await;
        assert_eq!(told(&outcome), ("refused", "token not valid"));
    }
    let outcome = services.send(&target(), &long_message()).await;
    assert_eq!(told(&outcome), ("refused", "payload too large"));
    assert_eq!(service.received(), []);
}

#[test]
fn the_system_shows_what_has_texts_and_leaves_the_rest_to_the_program() {
    let body = |message: &PushMessage| -> Value {
        let body: Value = serde_json::from_slice(&body::encode("t", message).unwrap()).unwrap();
        body["message"].clone()
    };
    let mut shown = message();
    shown.title = Some("Ada".to_owned());
    shown.priority = Priority::Normal;
    let made = body(&shown);
    assert_eq!(made["notification"], json!({ "title": "Ada" }));
    assert_eq!(made["android"]["notification"], json!({ "notification_count": 3 }));
    assert_eq!(made["android"]["priority"], "NORMAL");
    for kind in [Kind::BadgeOnly, Kind::Clear] {
        shown.kind = kind;
        let made = body(&shown);
        assert_eq!(made.get("notification"), None);
        assert_eq!(made["android"].get("notification"), None);
        assert_eq!(made["data"]["kind"], kind.word());
    }
}

#[test]
fn an_account_is_whole_or_none() {
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let with = |name: &str, value: &str| {
        let mut account = json!({
            "project_id": "tide", "client_email": "push@tide.example", "private_key": key,
            "token_uri": "https://tokens.example/token",
        });
        account[name] = value.into();
        Account::parse(account.to_string().as_bytes()).err()
    };
    assert_eq!(Account::parse(b"hunter2").err(), Some(InvalidAccount::Form));
    assert_eq!(Account::parse(b"{}").err(), Some(InvalidAccount::Form));
    assert_eq!(with("project_id", "../x"), Some(InvalidAccount::Form));
    assert_eq!(with("private_key", "hunter2"), Some(InvalidAccount::Key));
    assert_eq!(with("client_email", "x"), Some(InvalidAccount::Key));
}
