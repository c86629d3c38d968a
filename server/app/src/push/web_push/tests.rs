use std::{net::TcpListener, time::Duration};

use futures_util::future::join_all;
use serde_json::json;
use tidewire_testkit::{PushAnswer, PushKind, PushPeer};

use super::super::{
    Authorities, IN_FLIGHT_MAX, PushServices, Target,
    message::Kind,
    tests::{config_for, long_message, message, outcomes, started, told},
};
use super::*;
use crate::testing::START;

fn config(service: &PushPeer) -> Config {
    let mut config = config_for(service);
    config.push.web_hosts = vec!["localhost".parse().unwrap()];
    config.push.vapid_subject = Some("mailto:ops@tide.example".to_owned());
    config
}

fn services(config: &Config) -> PushServices {
    PushServices::new(config, &Clock::system())
}

fn subscription(service: &PushPeer) -> Subscription {
    let given = service.subscription();
    Subscription { endpoint: given.endpoint, p256dh: given.p256dh, auth: given.auth }
}

/// The service, its browser, and what pushes to it.
fn start() -> Option<(PushPeer, Target, PushServices)> {
    let (service, services) = started(PushKind::Web, |service| services(&config(service)))?;
    let target = Target::WebPush(subscription(&service));
    Some((service, target, services))
}

#[tokio::test]
async fn a_browser_reads_what_was_pushed_and_its_service_who_has_sent_it() {
    let Some((service, target, services)) = start() else { return };
    assert_eq!(services.check(&target), Ok(()));
    let mut sent = message();
    sent.title = Some("Größe".to_owned());
    sent.collapse_key = Some("badge".to_owned());
    assert_eq!(services.send(&target, &sent).await, Outcome::Accepted { id: None });
    let received = service.received().remove(0);
    let expected = json!({
        "kind": "alert", "title": "Größe", "badge": 3, "group": "c1",
        "data": { "channelId": "c1", "seq": 7 },
    });
    assert_eq!(received.body, expected);
    assert_eq!((received.http_version.as_str(), received.body_bytes), ("2", 103 + 512));
    let header = |name: &str| received.headers[name].as_str();
    assert_eq!((header("ttl"), header("urgency"), header("topic")), ("3600", "high", "badge"));
    assert_eq!(received.claims["sub"], "mailto:ops@tide.example");
    assert_eq!(received.claims["aud"], service.base());
    let lifetime = received.claims["exp"].as_i64().unwrap() - Clock::system().now().ms() / 1_000;
    assert!((1..86_400).contains(&lifetime), "{lifetime}");
    assert_eq!(received.key.as_deref(), services.vapid_public_key());
}

#[tokio::test]
async fn texts_of_every_length_arrive_whole() {
    let Some((service, target, services)) = start() else { return };
    let mut sent = message();
    let least = serde_json::to_vec(&sent.to_object()).unwrap().len() + r#","text":"""#.len();
    for length in [0, 1, 512 - least, 513 - least, 3_993 - least] {
        sent.payload.insert("text".to_owned(), "x".repeat(length).into());
        let outcome = services.send(&target, &sent).await;
        assert_eq!(outcome.word(), "accepted", "{length}");
        let received = service.messages().pop().unwrap();
        assert_eq!(received.body["data"]["text"].as_str().map(str::len), Some(length));
    }
    assert_eq!(service.messages().last().unwrap().body_bytes, 4_096);
    sent.payload.insert("text".to_owned(), "x".repeat(3_994 - least).into());
    let outcome = services.send(&target, &sent).await;
    assert_eq!(told(&outcome), ("refused", "payload too large"));
    let outcome = services.send(&target, &long_message()).await;
    assert_eq!(told(&outcome), ("refused", "payload too large"));
    assert_eq!(service.messages().len(), 5, "nothing too long was sent");
}

#[tokio::test]
async fn one_token_serves_for_all_pushes_to_a_service() {
    let Some((service, target, services)) = start() else { return };
    for _ in 0..2 {
        assert_eq!(services.send(&target, &message()).await.word(), "accepted");
    }
    let messages = service.messages();
    assert_eq!(messages[0].headers["authorization"], messages[1].headers["authorization"]);
}

#[tokio::test]
async fn every_answer_of_a_service_has_its_meaning() {
    let Some((service, target, services)) = start() else { return };
    let expected = [
        (200, "accepted"),
        (201, "accepted"),
        (202, "accepted"),
        (301, "refused"),
        (400, "refused"),
        (401, "misconfigured"),
        (403, "misconfigured"),
        (404, "gone"),
        (410, "gone"),
        (413, "refused"),
        (429, "try_again"),
        (500, "try_again"),
        (502, "try_again"),
        (503, "try_again"),
    ];
    let answers = expected.map(|(status, _)| PushAnswer::new(status, "the endpoint is secret"));
    let outcomes = outcomes(&services, &target, &service, answers).await;
    for ((status, word), outcome) in expected.into_iter().zip(outcomes) {
        let reason = if word == "accepted" { String::new() } else { format!("HTTP {status}") };
        assert_eq!(told(&outcome), (word, reason.as_str()));
    }
}

#[tokio::test]
async fn a_service_says_when_to_come_back() {
    let Some((service, target, services)) = start() else { return };
    let later = |text: &str| PushAnswer::new(429, "").with_header("retry-after", text);
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    let answers = [later("120"), later(past), later("soon"), PushAnswer::new(503, "")];
    let outcomes = outcomes(&services, &target, &service, answers).await;
    let after = |outcome: &Outcome| match outcome {
        Outcome::TryAgain { after, .. } => *after,
        other => panic!("{other:?}"),
    };
    let expected = [Some(Duration::from_mins(2)), Some(Duration::ZERO), None, None];
    assert_eq!(outcomes.iter().map(after).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let Some((service, target, services)) = start() else { return };
    let elsewhere = format!("{}/push/elsewhere", service.base());
    for status in [301, 302, 303, 307, 308] {
        service.answer(&PushAnswer::new(status, "").with_header("location", &elsewhere));
        let outcome = services.send(&target, &message()).await;
        assert_eq!(told(&outcome), ("refused", format!("HTTP {status}").as_str()));
    }
    assert_eq!(service.received().len(), 5);
}

#[tokio::test]
async fn an_address_that_is_not_public_is_never_connected_to() {
    let Some((service, target, _)) = start() else { return };
    let mut config = config(&service);
    config.outgoing.networks.clear();
    let outcome = services(&config).send(&target, &message()).await;
    assert_eq!(told(&outcome), ("refused", "address not allowed"));
    config.outgoing.ports.clear();
    let outcome = services(&config).send(&target, &message()).await;
    assert_eq!(told(&outcome), ("refused", "endpoint not allowed"));
    assert_eq!(service.received(), []);
}

#[tokio::test]
async fn only_services_on_the_list_are_called() {
    let Some((service, _, services)) = start() else { return };
    let given = subscription(&service);
    let check = |endpoint: &str| {
        let endpoint = endpoint.to_owned();
        services.check(&Target::WebPush(Subscription { endpoint, ..given.clone() }))
    };
    assert_eq!(check("https://LOCALHOST/push"), Ok(()));
    let long = format!("https://localhost/{}", "x".repeat(ENDPOINT_BYTES_MAX));
    for endpoint in [
        "",
        "localhost",
        "http://localhost/push",
        "wss://localhost/push",
        "https://localhost:22/push",
        "https://127.0.0.1/push",
        "https://2130706433/push",
        "https://[::1]/push",
        "https://localhost./push",
        "https://localhost.evil.example/push",
        "https://notlocalhost/push",
        "https://localhost@evil.example/push",
        "https://user:password@localhost/push",
        "https://evil.example/localhost",
        &long,
    ] {
        assert_eq!(check(endpoint), Err(Unfit::Endpoint), "{endpoint}");
    }
}

#[tokio::test]
async fn keys_are_those_of_a_browser_with_or_without_padding() {
    let Some((service, _, services)) = start() else { return };
    let given = subscription(&service);
    let check = |p256dh: &str, auth: &str| {
        let (p256dh, auth) = (p256dh.to_owned(), auth.to_owned());
        services.check(&Target::WebPush(Subscription { p256dh, auth, ..given.clone() }))
    };
    assert_eq!(check(&format!("{}=", given.p256dh), &format!("{}==", given.auth)), Ok(()));
    let no_point = format!("B{}", "A".repeat(86));
    for (p256dh, auth) in [
        ("", given.auth.as_str()),
        (no_point.as_str(), &given.auth),
        (&given.p256dh, ""),
        (&given.p256dh, &given.p256dh),
        (&given.p256dh, "not base64url!"),
    ] {
        assert_eq!(check(p256dh, auth), Err(Unfit::Keys));
    }
}

#[tokio::test]
async fn a_service_that_a_stranger_certifies_hears_nothing() {
    let Some((service, target, _)) = start() else { return };
    let mut config = config(&service);
    config.push.authorities = Authorities::default();
    let outcome = services(&config).send(&target, &message()).await;
    assert_eq!(told(&outcome), ("try_again", "no connection"));
    assert_eq!(service.received(), []);
}

/// Whoever is at `listener`, if anybody.
fn at(listener: &TcpListener) -> (Config, Target) {
    let port = listener.local_addr().unwrap().port();
    let mut config = crate::testing::config(std::path::Path::new("/nowhere"));
    config.outgoing = Exceptions {
        networks: vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
        ports: vec![port],
    };
    config.push.web_hosts = vec!["localhost".parse().unwrap()];
    let p256dh = VapidKey::derive(&config.secret);
    let p256dh = Vapid::new(p256dh, None).public_key().to_owned();
    let auth = "A".repeat(22);
    let endpoint = format!("https://localhost:{port}/push");
    (config, Target::WebPush(Subscription { endpoint, p256dh, auth }))
}

#[tokio::test]
async fn a_service_that_is_away_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (config, target) = at(&listener);
    drop(listener);
    let outcome = services(&config).send(&target, &message()).await;
    assert_eq!(told(&outcome), ("try_again", "no connection"));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_says_nothing_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (config, target) = at(&listener);
    let outcome = services(&config).send(&target, &message()).await;
    assert_eq!(told(&outcome), ("try_again", "timed out"));
}

#[tokio::test(start_paused = true)]
async fn no_more_are_on_their_way_at_once_than_there_is_room_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (config, target) = at(&listener);
    let (services, message) = (services(&config), message());
    let started = tokio::time::Instant::now();
    let sent = (0..=IN_FLIGHT_MAX).map(|_| services.send(&target, &message));
    for outcome in join_all(sent).await {
        assert_eq!(told(&outcome), ("try_again", "timed out"));
    }
    assert!(started.elapsed() >= 2 * TIMEOUT, "the last one has waited for its turn");
}

#[test]
fn a_program_is_told_what_a_push_is_for() {
    let mut message = message();
    message.badge = None;
    message.group = None;
    for (kind, word) in [
        (Kind::Alert, "alert"),
        (Kind::Summary, "summary"),
        (Kind::BadgeOnly, "badge"),
        (Kind::Clear, "clear"),
    ] {
        message.kind = kind;
        let expected = json!({ "kind": word, "data": { "channelId": "c1", "seq": 7 } });
        assert_eq!(serde_json::Value::Object(message.to_object()), expected);
    }
}

#[test]
fn whom_to_ask_about_us_is_the_public_address_unless_it_was_said() {
    let mut config = crate::testing::config(std::path::Path::new("/nowhere"));
    config.push.web_hosts = vec!["push.example".parse().unwrap()];
    let subject = |config: &Config| {
        let authorization =
            WebPush::new(config).unwrap().vapid.authorization("https://push.example", START);
        let claims = authorization.split('.').nth(1).unwrap();
        let claims: serde_json::Value =
            serde_json::from_slice(&BASE64.decode(claims).unwrap()).unwrap();
        claims.get("sub").and_then(|sub| sub.as_str()).map(str::to_owned)
    };
    assert_eq!(subject(&config).as_deref(), Some("https://tide.example"));
    config.public_url = "http://127.0.0.1:8080".to_owned();
    assert_eq!(subject(&config), None);
    config.push.vapid_subject = Some("mailto:ops@tide.example".to_owned());
    assert_eq!(subject(&config).as_deref(), Some("mailto:ops@tide.example"));
}
