use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tidewire_protocol::{input, model::users::Role};
use tidewire_testkit::on_both_engines;
use uuid::Uuid;

use super::*;
use crate::{
    push::apns::Credentials,
    sessions,
    testing::{House, code, input as read},
};

fn bridged(token: &str) -> RegisterDevice {
    read(json!({ "kind": "bridge", "platform": "pager", "token": token, "label": "Pager" }))
}

async fn labels(app: &App, actor: &Actor) -> Vec<String> {
    let devices = list(app, actor).await.unwrap().items;
    devices.into_iter().map(|device| device.label.unwrap_or_default()).collect()
}

on_both_engines! {
    async fn a_device_is_the_callers_until_the_sign_in_ends(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ben) = (&house.app, house.of_role("Ben", Role::User).await);
        let first = register(app, &ben, bridged("a")).await.unwrap().device;
        assert_eq!((first.kind, first.label.as_deref()), (DeviceKind::Bridge, Some("Pager")));
        app.clock.advance(1);
        let again = register(app, &ben, bridged("a")).await.unwrap().device;
        assert_eq!((again.id, again.created_at), (first.id, first.created_at), "the same one");
        assert_eq!(labels(app, &ben).await, ["Pager"]);
        let elsewhere = house.actor("ben@acme.example").await;
        register(app, &elsewhere, bridged("b")).await.unwrap();
        assert_eq!(labels(app, &ben).await.len(), 2);
        sessions::logout(app, &elsewhere).await.unwrap();
        assert_eq!(labels(app, &ben).await.len(), 1);
    }

    async fn a_device_goes_with_whoever_signs_in_on_it(db: TestDb) {
        let house = House::open(&db).await;
        let app = &house.app;
        let (ben, cat) = (house.of_role("Ben", Role::User).await, house.of_role("Cat", Role::User).await);
        let of_ben = register(app, &ben, bridged("a")).await.unwrap().device.id;
        let of_cat = register(app, &cat, bridged("a")).await.unwrap().device.id;
        assert_ne!(of_ben, of_cat);
        assert_eq!((labels(app, &ben).await.len(), labels(app, &cat).await.len()), (0, 1));
        assert_eq!(code(remove(app, &ben, of_cat).await), "NOT_FOUND");
        assert_eq!(code(remove(app, &ben, DeviceId::new(Uuid::from_u128(5))).await), "NOT_FOUND");
        assert_eq!(remove(app, &cat, of_cat).await.unwrap().id, of_cat);
        assert_eq!(code(remove(app, &cat, of_cat).await), "NOT_FOUND");
    }

    async fn twenty_are_enough(db: TestDb) {
        let house = House::open_unlimited(&db).await;
        let (app, ben) = (&house.app, house.of_role("Ben", Role::User).await);
        for n in 0..DEVICES_MAX {
            register(app, &ben, bridged(&n.to_string())).await.unwrap();
        }
        assert_eq!(code(register(app, &ben, bridged("more")).await), "DEVICE_LIMIT");
        assert_eq!(labels(app, &ben).await.len(), DEVICES_MAX, "nothing of it is kept");
        register(app, &ben, bridged("3")).await.unwrap();
    }

    async fn what_can_never_be_pushed_to_is_refused(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ben) = (&house.app, house.of_role("Ben", Role::User).await);
        let fcm = || read(json!({ "kind": "fcm", "token": "a" }));
        assert_eq!(code(register(app, &ben, fcm()).await), "PUSH_NOT_CONFIGURED");
        assert_eq!(code(keys(app)), "PUSH_NOT_CONFIGURED");
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let text = STANDARD.encode(key.to_pkcs8v1().unwrap().as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
        let house = House::reopen(&db, |config| {
            config.push.web_hosts = vec!["push.example".parse().unwrap()];
            config.push.apns = Some(Credentials::new(pem.as_bytes(), "ABC123DEFG", "DEF123GHIJ").unwrap());
        })
        .await;
        let (app, ben) = (&house.app, house.actor("ben@acme.example").await);
        let known = keys(app).unwrap();
        assert_eq!(known.platforms, ["web_push", "apns"]);
        assert_eq!(known.vapid_public_key, list(app, &ben).await.unwrap().vapid_public_key);
        let web = |endpoint: &str| json!({
            "kind": "web_push", "endpoint": endpoint, "keys": { "p256dh": "AA", "auth": "AA" },
        });
        let apns = |token: &str, topic: &str| json!({
            "kind": "apns", "token": token, "topic": topic, "environment": "sandbox",
        });
        for (wanted, field) in [
            (web("https://evil.example/x"), "endpoint"),
            (web("http://push.example/x"), "endpoint"),
            (web("https://push.example/x"), "keys"),
            (apns("xyz", "app"), "token"),
            (apns("ab", "a/c"), "topic"),
        ] {
            let refused = register(app, &ben, read(wanted.clone())).await.unwrap_err();
            assert_eq!(refused.body().details.unwrap()["fields"][0]["field"], field, "{wanted}");
        }
        register(app, &ben, read(apns("ABcd", "app.example"))).await.unwrap();
        register(app, &ben, read(apns("abCD", "app.example"))).await.unwrap();
        assert_eq!(labels(app, &ben).await.len(), 1, "digits have one spelling");
    }
}

#[test]
fn each_kind_names_what_it_needs() {
    let fields = |body: Value| {
        let refused = input::parse::<RegisterDevice>(body.as_object().unwrap()).unwrap_err();
        refused.into_iter().map(|error| error.field).collect::<Vec<_>>()
    };
    assert_eq!(fields(json!({})), ["kind"]);
    assert_eq!(fields(json!({ "kind": "smoke" })), ["kind"]);
    assert_eq!(fields(json!({ "kind": "web_push" })), ["endpoint", "keys"]);
    let keys = json!({ "p256dh": 5 });
    let web = json!({ "kind": "web_push", "endpoint": "https://x", "keys": keys });
    assert_eq!(fields(web), ["keys.p256dh", "keys.auth"]);
    assert_eq!(fields(json!({ "kind": "apns", "token": "ab" })), ["topic", "environment"]);
    assert_eq!(
        fields(json!({ "kind": "bridge", "token": "ab", "platform": "Päger" })),
        ["platform"]
    );
    assert_eq!(fields(json!({ "kind": "fcm", "token": "a".repeat(4_097) })), ["token"]);
}
