use std::{fs, path::Path, time::Duration};

use serde_json::json;
use tidewire_testkit::{PushKind, PushPeer};

use super::{web_push::Subscription, *};
use crate::{
    outgoing::Exceptions,
    testing::{START, config},
};

/// What an operator has decided who trusts a service on this machine.
pub(super) fn config_for(service: &PushPeer) -> Config {
    let mut config = config(Path::new("/nowhere"));
    let networks = ["127.0.0.0/8", "::1"].map(|network| network.parse().unwrap());
    config.outgoing = Exceptions { networks: networks.to_vec(), ports: vec![service.port()] };
    config.push.authorities = Authorities::parse(&fs::read(service.ca_file()).unwrap()).unwrap();
    config
}

pub(super) fn message() -> PushMessage {
    PushMessage {
        kind: Kind::Alert,
        payload: json!({ "channelId": "c1", "seq": 7 }).as_object().unwrap().clone(),
        title: None,
        body: None,
        badge: Some(3),
        collapse_key: None,
        group: Some("c1".to_owned()),
        priority: Priority::High,
        ttl: Duration::from_hours(1),
    }
}

/// More than any platform takes.
pub(super) fn long_message() -> PushMessage {
    let mut message = message();
    message.payload.insert("text".to_owned(), "x".repeat(4_096).into());
    message
}

/// The word and the reason of what became of a push.
pub(super) fn told(outcome: &Outcome) -> (&'static str, &str) {
    let reason = match outcome {
        Outcome::Accepted { .. } => "",
        Outcome::Gone { reason, .. }
        | Outcome::TryAgain { reason, .. }
        | Outcome::Refused(reason)
        | Outcome::Misconfigured(reason) => reason.as_str(),
    };
    (outcome.word(), reason)
}

#[tokio::test]
async fn what_is_not_configured_is_not_there() {
    let services = PushServices::new(&config(Path::new("/nowhere")), &Clock::manual(START));
    assert_eq!((services.platforms(), services.vapid_public_key()), (vec![], None));
    let text = || "x".to_owned();
    let environment = apns::Environment::Production;
    for target in [
        Target::WebPush(Subscription { endpoint: text(), p256dh: text(), auth: text() }),
        Target::Apns(apns::Device { token: text(), topic: text(), environment }),
        Target::Fcm(fcm::Device { token: text() }),
    ] {
        assert_eq!(services.check(&target), Err(Unfit::NotConfigured));
        let outcome = services.send(&target, &message()).await;
        assert_eq!(told(&outcome), ("misconfigured", "platform not configured"));
    }
}

#[tokio::test]
async fn what_is_configured_is_named() {
    let mut config = config(Path::new("/nowhere"));
    config.push.web_hosts = vec!["push.example".parse().unwrap()];
    let services = PushServices::new(&config, &Clock::manual(START));
    assert_eq!(services.platforms(), ["web_push"]);
    assert_eq!(services.vapid_public_key().map(str::len), Some(87));
}

/// A service that has answers at hand, one after the other, and says what was made of each.
pub(super) async fn outcomes(
    services: &PushServices,
    target: &Target,
    service: &PushPeer,
    answers: impl IntoIterator<Item = tidewire_testkit::PushAnswer>,
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for answer in answers {
        service.answer(&answer);
        outcomes.push(services.send(target, &message()).await);
    }
    outcomes
}

/// A running service with whatever `pushing` makes of it; `None` where it cannot run.
pub(super) fn started<T>(
    kind: PushKind,
    pushing: impl FnOnce(&PushPeer) -> T,
) -> Option<(PushPeer, T)> {
    let service = PushPeer::start(kind)?;
    let made = pushing(&service);
    Some((service, made))
}
