use serde_json::{Value, json};
use tidewire_protocol::model::email_settings::CheckStatus;
use tidewire_testkit::{MailBehaviour, MailServer, TestDb, on_both_engines};

use super::*;
use crate::{
    config::{Config, SealingKey, Secret},
    email_settings::{self, KeysMissing, Resealed, require_keys, reseal_all},
    jobs::send_mail::send_due,
    mail::smtp::Authorities,
    outgoing::Exceptions,
    testing::{House, code as refusal, input, person},
};

fn body() -> Value {
    json!({
        "host": "mail.acme.example", "port": 587, "security": "starttls",
        "username": "relay", "password": "swordfish",
    })
}

fn with(changes: &Value) -> Value {
    let mut body = body();
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// As [`body`], without the password.
fn kept(changes: &Value) -> Value {
    let mut body = with(changes);
    body.as_object_mut().unwrap().remove("password");
    body
}

async fn save_as_ada(house: &House, body: Value) -> Result<Versioned<Smtp>> {
    let ada = house.admin().await;
    save_smtp(&house.app, &ada, input(body), &Expected::Any).await
}

async fn stored_password(house: &House) -> Option<String> {
    house.rows("select sealed_password from email_settings").await[0].get(0).unwrap()
}

fn key(id: &str, byte: u8) -> SealingKey {
    SealingKey { id: id.to_owned(), key: Secret([byte; 32]) }
}

/// A relay that the operator allows, with its certificate.
fn allow(server: &MailServer) -> impl FnOnce(&mut Config) {
    let (port, pem) = (server.port(), std::fs::read(server.ca_file()).unwrap());
    move |config| {
        let networks = vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        config.outgoing = Exceptions { networks, ports: vec![port] };
        config.mail.authorities = Authorities::parse(&pem).unwrap();
    }
}

fn here(server: &MailServer) -> Value {
    with(&json!({"host": "localhost", "port": server.port()}))
}

on_both_engines! {
    async fn a_password_goes_in_and_does_not_come_out(db: TestDb) {
        let house = House::open(&db).await;
        let saved = save_as_ada(&house, body()).await.unwrap();
        assert!(saved.value.has_password && saved.value.enabled);
        let sealed = stored_password(&house).await.unwrap();
        assert!(sealed.starts_with("0.") && !sealed.contains("swordfish"));
        let ada = house.admin().await;
        let read = smtp(&house.app, &ada).await.unwrap();
        assert_eq!(read, saved);
        assert!(!serde_json::to_string(&read.value).unwrap().contains("swordfish"));
        let details = house.rows("select detail from audit").await;
        for row in details {
            assert!(!row.json::<Value>(0).unwrap().to_string().contains("swordfish"));
        }
        assert_eq!(house.count("select count(*) from audit where action = 'email_settings.smtp_updated'").await, 1);
    }

    async fn a_saved_password_goes_nowhere_else(db: TestDb) {
        let house = House::open(&db).await;
        save_as_ada(&house, body()).await.unwrap();
        let sealed = stored_password(&house).await;
        for elsewhere in [
            json!({"host": "mail.evil.example"}),
            json!({"port": 25}),
            json!({"security": "tls"}),
            json!({"username": "other"}),
            json!({"username": null}),
        ] {
            let refused = save_as_ada(&house, kept(&elsewhere)).await;
            assert_eq!(refusal(refused), "SMTP_PASSWORD_REQUIRED", "{elsewhere}");
        }
        assert_eq!(stored_password(&house).await, sealed);
        let same = save_as_ada(&house, kept(&json!({"timeoutSeconds": 5}))).await.unwrap();
        assert!(same.value.has_password);
        assert_eq!(stored_password(&house).await, sealed);
        let removed = save_as_ada(&house, with(&json!({"password": null}))).await.unwrap();
        assert!(!removed.value.has_password);
        assert_eq!(stored_password(&house).await, None);
    }

    async fn places_inside_are_refused(db: TestDb) {
        let house = House::open(&db).await;
        for host in ["127.0.0.1", "10.1.2.3", "::1", "localhost", "169.254.169.254", "::ffff:10.0.0.1"] {
            let refused = save_as_ada(&house, with(&json!({ "host": host }))).await;
            assert_eq!(refusal(refused), "SMTP_HOST_BLOCKED", "{host}");
        }
        let refused = save_as_ada(&house, with(&json!({"port": 22}))).await;
        assert_eq!(refusal(refused), "VALIDATION_FAILED");
        let refused = save_as_ada(&house, with(&json!({"security": "none"}))).await;
        assert_eq!(refusal(refused), "VALIDATION_FAILED", "a login without TLS");
    }

    async fn a_value_from_another_tenants_row_does_not_open(db: TestDb) {
        let house = House::open(&db).await;
        save_as_ada(&house, body()).await.unwrap();
        let mut conn = house.app.db.read().await.unwrap();
        let acme = house.acme.tenant.id;
        let stored =
            tidewire_storage::email_settings::get(&mut conn, acme, EmailSection::Smtp).await;
        let stored = stored.unwrap().unwrap();
        assert!(mail::smtp_server(&house.app, acme, &stored).is_ok());
        let stranger = TenantId::new(uuid::Uuid::from_u128(1));
        let copied = mail::smtp_server(&house.app, stranger, &stored);
        assert!(matches!(copied, Err(SendError::Password(_))));
    }

    async fn keys_are_replaced_while_values_stay(db: TestDb) {
        let house = House::open(&db).await;
        save_as_ada(&house, body()).await.unwrap();
        assert_eq!(require_keys(&house.app).await.unwrap(), Ok(()));
        let newer = House::reopen(&db, |config| config.sealing_keys = vec![key("k1", 1)]).await;
        assert_eq!(require_keys(&newer.app).await.unwrap(), Ok(()));
        let moved = Resealed { resealed: 1, unopenable: 0 };
        assert_eq!(reseal_all(&newer.app).await.unwrap(), moved);
        assert_eq!(reseal_all(&newer.app).await.unwrap(), Resealed::default());
        assert!(stored_password(&newer).await.unwrap().starts_with("k1."));
        assert_eq!(require_keys(&house.app).await.unwrap(), Err(KeysMissing));
        let lost = Resealed { resealed: 0, unopenable: 1 };
        assert_eq!(reseal_all(&house.app).await.unwrap(), lost);
    }

    async fn saving_again_renews_the_seal(db: TestDb) {
        let house = House::open(&db).await;
        save_as_ada(&house, body()).await.unwrap();
        let newer = House::reopen(&db, |config| config.sealing_keys = vec![key("k1", 1)]).await;
        save_as_ada(&newer, kept(&json!({"timeoutSeconds": 5}))).await.unwrap();
        assert!(stored_password(&newer).await.unwrap().starts_with("k1."));
    }
}

#[tokio::test]
async fn mail_of_a_tenant_leaves_by_its_own_server() {
    let Some(server) = MailServer::start(MailBehaviour::Starttls) else { return };
    let db = TestDb::sqlite();
    let house = House::with(&db, allow(&server)).await;
    save_as_ada(&house, here(&server)).await.unwrap();
    let ada = house.admin().await;
    let tested = test_smtp(&house.app, &ada).await.unwrap();
    assert_eq!(tested.code, SmtpTestCode::Ok, "{tested:?}");
    assert_eq!(server.mails()[0].to, ["ada@acme.example"]);
    let status = email_settings::status(&house.app, &ada).await.unwrap();
    assert_eq!(status.checks[0].status, CheckStatus::Ok);
    assert_eq!(status.last_test.unwrap().code, SmtpTestCode::Ok);
    house.invite(person("Bert")).await;
    assert_eq!(send_due(&house.app).await.unwrap(), 2);
    let to_bert = |mail: &tidewire_testkit::ReceivedMail| mail.to == ["bert@acme.example"];
    assert!(server.mails().iter().any(to_bert));
    save_as_ada(&house, here(&server)).await.unwrap();
    let status = email_settings::status(&house.app, &ada).await.unwrap();
    assert_eq!(status.last_test, None);
    assert_eq!(status.checks[0].status, CheckStatus::Warning, "not tried yet");
}

#[tokio::test]
async fn a_refused_address_and_a_closed_port_look_the_same() {
    let Some(server) = MailServer::start(MailBehaviour::Starttls) else { return };
    let db = TestDb::sqlite();
    let house = House::with(&db, allow(&server)).await;
    save_as_ada(&house, here(&server)).await.unwrap();
    let ada = house.admin().await;
    // The operator no longer allows what is saved.
    let stricter = House::reopen(&db, |_| {}).await;
    let refused = test_smtp(&stricter.app, &stricter.admin().await).await.unwrap();
    drop(server);
    let closed = test_smtp(&house.app, &ada).await.unwrap();
    assert_eq!(refused.code, SmtpTestCode::Unreachable);
    assert_eq!((refused.code, &refused.message), (closed.code, &closed.message));
}

#[tokio::test]
async fn tests_tell_what_is_wrong_and_no_more() {
    for (behaviour, changes, expected) in [
        (MailBehaviour::Starttls, json!({"password": "wrong"}), SmtpTestCode::AuthFailed),
        (MailBehaviour::Stripped, json!({}), SmtpTestCode::TlsFailed),
        (MailBehaviour::Misnamed, json!({}), SmtpTestCode::TlsFailed),
        (MailBehaviour::Silent, json!({"timeoutSeconds": 1}), SmtpTestCode::Unreachable),
        (
            MailBehaviour::Refusing,
            json!({"security": "none", "username": null, "password": null}),
            SmtpTestCode::Rejected,
        ),
    ] {
        let Some(server) = MailServer::start(behaviour) else { return };
        let db = TestDb::sqlite();
        let house = House::with(&db, allow(&server)).await;
        let mut body = here(&server);
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        save_as_ada(&house, body).await.unwrap();
        let tested = test_smtp(&house.app, &house.admin().await).await.unwrap();
        assert_eq!((tested.ok, tested.code), (false, expected), "{behaviour:?}");
        assert!(!tested.message.contains("localhost") && !tested.message.contains("acme"));
    }
}

#[tokio::test]
async fn a_tenant_may_try_five_times_in_ten_minutes() {
    let db = TestDb::sqlite();
    let house = House::open(&db).await;
    let ada = house.admin().await;
    for _ in 0..5 {
        assert_eq!(refusal(test_smtp(&house.app, &ada).await), "SMTP_NOT_CONFIGURED");
    }
    assert_eq!(refusal(test_smtp(&house.app, &ada).await), "RATE_LIMITED");
}

#[tokio::test]
async fn what_a_server_refuses_for_good_is_given_up_and_the_rest_waits() {
    for (behaviour, state) in [(MailBehaviour::Refusing, "failed"), (MailBehaviour::Busy, "queued")]
    {
        let Some(server) = MailServer::start(behaviour) else { return };
        let url = format!("smtp://localhost:{}?tls=none", server.port());
        let url = url.parse().unwrap();
        let db = TestDb::sqlite();
        let house = House::with(&db, |config| config.mail.server = Some(url)).await;
        assert_eq!(send_due(&house.app).await.unwrap(), 1);
        let row = house.rows("select state, attempts, error from outbox").await.remove(0);
        assert_eq!(row.text(0).unwrap(), state);
        assert_eq!(row.int(1).unwrap(), 1);
        assert!(row.text(2).unwrap().starts_with("the mail server has refused the mail"));
        assert!(!row.text(2).unwrap().contains("acme.example"), "nothing the server said");
    }
}
