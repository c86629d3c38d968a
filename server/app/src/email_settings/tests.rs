use serde_json::json;
use tidewire_protocol::model::email_settings::{Compliance, Footer, Sender, Tracking};
use tidewire_testkit::on_both_engines;

use super::*;
use crate::testing::{House, START, code, input, person};

async fn change_as<S: Section>(
    house: &House,
    actor: &Actor,
    body: serde_json::Value,
) -> Result<Versioned<S>>
where
    S::Change: tidewire_protocol::input::Input,
{
    change::<S>(&house.app, actor, input(body), &Expected::Any).await
}

on_both_engines! {
    async fn a_section_is_read_changed_and_read_again(db: TestDb) {
        let house = House::open(&db).await;
        let ada = house.admin().await;
        let read: Versioned<Sender> = get(&house.app, &ada).await.unwrap();
        assert_eq!(read, Versioned { value: Sender::default(), version: 0 });
        let sent = json!({"fromName": "Acme", "fromEmail": "Hello@Bücher.example"});
        let changed: Versioned<Sender> = change_as(&house, &ada, sent).await.unwrap();
        assert_eq!(changed.version, 1);
        assert_eq!(changed.value.updated_at, Some(START));
        let from = changed.value.from_email.as_deref();
        assert_eq!(from, Some("Hello@xn--bcher-kva.example"));
        house.app.clock.advance(1);
        let sent = json!({"replyTo": "help@acme.example", "fromEmail": null});
        change_as::<Sender>(&house, &ada, sent).await.unwrap();
        let read: Versioned<Sender> = get(&house.app, &ada).await.unwrap();
        assert_eq!((read.version, read.value.from_name.as_str()), (2, "Acme"));
        assert_eq!(read.value.from_email, None);
        let rows = house.rows("select detail from audit where action = 'email_settings.sender_updated' order by at_ms").await;
        let detail: serde_json::Value = rows[0].json(0).unwrap();
        assert_eq!(detail, json!({"changed": ["fromEmail", "fromName"]}));
        assert_eq!(rows.len(), 2);
    }

    async fn a_change_for_another_version_changes_nothing(db: TestDb) {
        let house = House::open(&db).await;
        let ada = house.admin().await;
        let sent = || input(json!({"fromName": "Acme"}));
        let of = |version| Expected::OneOf(vec![version]);
        let stale = change::<Sender>(&house.app, &ada, sent(), &of(1)).await;
        assert_eq!(code(stale), "PRECONDITION_FAILED");
        assert!(change::<Sender>(&house.app, &ada, sent(), &of(0)).await.is_ok());
        let stale = change::<Sender>(&house.app, &ada, sent(), &of(0)).await;
        assert_eq!(code(stale), "PRECONDITION_FAILED");
        let read: Versioned<Sender> = get(&house.app, &ada).await.unwrap();
        assert_eq!(read.version, 1);
    }

    async fn sections_hold_one_another_to_the_law(db: TestDb) {
        let house = House::open(&db).await;
        let ada = house.admin().await;
        let no_address = json!({"canSpamEnabled": true, "physicalAddress": "short"});
        let refused = change_as::<Compliance>(&house, &ada, no_address).await;
        assert_eq!(code(refused), "VALIDATION_FAILED");
        let sent = json!({
            "canSpamEnabled": true, "physicalAddress": "1 Main Street, Springfield",
            "gdprEnabled": true,
        });
        change_as::<Compliance>(&house, &ada, sent).await.unwrap();
        let tracked = change_as::<Tracking>(&house, &ada, json!({"openTracking": true})).await;
        assert_eq!(code(tracked), "CONSENT_REQUIRED");
        let hidden = change_as::<Footer>(&house, &ada, json!({"showUnsubscribe": false})).await;
        assert_eq!(code(hidden), "UNSUBSCRIBE_REQUIRED");
        change_as::<Compliance>(&house, &ada, json!({"consentConfirmed": true})).await.unwrap();
        change_as::<Tracking>(&house, &ada, json!({"openTracking": true})).await.unwrap();
        let large = json!({"html": "x".repeat(16 * 1024 + 1)});
        assert_eq!(code(change_as::<Footer>(&house, &ada, large).await), "PAYLOAD_TOO_LARGE");
        let footer = json!({"enabled": true, "html": "<b onclick=x>Acme</b><script>x</script>"});
        let footer = change_as::<Footer>(&house, &ada, footer).await.unwrap();
        assert_eq!(footer.value.html, "<b>Acme</b>");
    }

    async fn settings_are_changed_by_administrators_only(db: TestDb) {
        let house = House::open(&db).await;
        house.member(person("Bert")).await;
        let bert = house.actor("bert@acme.example").await;
        assert!(get::<Sender>(&house.app, &bert).await.is_ok());
        assert!(status(&house.app, &bert).await.is_ok());
        let refused = change_as::<Sender>(&house, &bert, json!({"fromName": "x"})).await;
        assert_eq!(code(refused), "FORBIDDEN");
        assert_eq!(code(smtp(&house.app, &bert).await), "FORBIDDEN");
        assert_eq!(code(test_smtp(&house.app, &bert).await), "FORBIDDEN");
    }
}
