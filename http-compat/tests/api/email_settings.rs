//! How a company's mail is sent.

use serde_json::json;

use crate::house::House;

const SMTP: &str = "/settings/email/smtp";
const SECTIONS: [&str; 5] = ["sender", "tracking", "compliance", "footer", "deliverability"];

#[tokio::test]
async fn settings_begin_with_defaults() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let smtp = ada.get(SMTP).await;
    let expected = json!({
        "enabled": false, "host": null, "port": null, "security": "starttls", "username": null,
        "hasPassword": false, "timeoutSeconds": 10, "updatedAt": null,
    });
    assert_eq!(smtp.data(), &json!({ "smtp": expected }));
    assert_eq!(smtp.header("etag"), Some("\"0\""));
    for section in SECTIONS {
        let answer = ada.get(&format!("/settings/email/{section}")).await;
        assert_eq!(answer.data()[section]["updatedAt"], json!(null), "{section}");
        assert_eq!(answer.header("etag"), Some("\"0\""), "{section}");
    }
    let tracking = ada.get("/settings/email/tracking").await;
    assert_eq!(tracking.data()["tracking"]["openTracking"], false);
    let status = ada.get("/settings/email/status").await;
    assert_eq!(
        (&status.data()["ready"], &status.data()["transport"]),
        (&json!(false), &json!("none"))
    );
    let codes = status.data()["checks"].as_array().unwrap().iter().map(|check| &check["code"]);
    let codes: Vec<_> = codes.collect();
    assert_eq!(codes, ["smtp", "sender", "compliance", "footer", "spf", "dkim", "dmarc"]);
}

#[tokio::test]
async fn a_mail_server_is_saved_and_its_password_is_not_shown() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let smtp = json!({
        "host": "Mail.Acme.example", "port": 587, "security": "starttls", "username": "relay",
        "password": "swordfish",
    });
    let saved = ada.put(SMTP, smtp).await;
    assert_eq!((saved.status, saved.header("etag")), (200, Some("\"1\"")));
    assert_eq!(saved.data()["smtp"]["host"], "mail.acme.example");
    assert_eq!(saved.data()["smtp"]["hasPassword"], true);
    let read = ada.get(SMTP).await;
    assert_eq!(read.body, saved.body);
    assert!(!read.body.to_string().contains("swordfish"));
    assert_eq!(ada.get_with(SMTP, "if-none-match", "\"1\"").await.status, 304);

    let moved = json!({"host": "evil.example", "port": 587, "security": "starttls"});
    assert_eq!(ada.put(SMTP, moved).await.refusal(), (400, "SMTP_PASSWORD_REQUIRED"));
    let same = json!({
        "host": "mail.acme.example", "port": 587, "security": "starttls", "timeoutSeconds": 5,
    });
    let stale = ada.put_with(SMTP, "if-match", "\"0\"", same.clone()).await;
    assert_eq!(stale.refusal(), (412, "PRECONDITION_FAILED"));
    let kept = ada.put_with(SMTP, "if-match", "\"1\"", same).await;
    assert_eq!((kept.status, kept.header("etag")), (200, Some("\"2\"")));
    assert_eq!(kept.data()["smtp"]["hasPassword"], true);

    let status = ada.get("/settings/email/status").await;
    assert_eq!(status.data()["transport"], "tenant");
    assert_eq!(status.data()["checks"][0]["status"], "warning");
    assert!(!status.body.to_string().contains("mail.acme.example"));
    let globex = house.company("globex").await;
    assert_eq!(globex.get(SMTP).await.data()["smtp"]["host"], json!(null));
}

#[tokio::test]
async fn bad_mail_servers_are_refused_with_every_field() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let nothing = ada.put(SMTP, json!({})).await;
    assert_eq!(nothing.fields(), ["host", "port", "security"]);
    for host in [
        "smtp://mail.example",
        "mail.example/x",
        "a@mail.example",
        "mail example",
        "[::1]",
        "127.1",
        "2130706433",
        "0x7f.1",
        "mail.example:25",
        "-a.example",
    ] {
        let answer = ada.put(SMTP, json!({"host": host, "port": 25, "security": "none"})).await;
        assert_eq!(answer.fields(), ["host"], "{host}");
    }
    for port in [0, 22, 65_536] {
        let body = json!({"host": "mail.example", "port": port, "security": "none"});
        assert_eq!(ada.put(SMTP, body).await.fields(), ["port"], "{port}");
    }
    let odd = json!({
        "host": "mail.example", "port": 25, "security": "none", "username": "a\r\nb",
        "password": "a\nb", "timeoutSeconds": 31,
    });
    assert_eq!(ada.put(SMTP, odd).await.fields(), ["username", "password", "timeoutSeconds"]);
    let plain = json!({"host": "mail.example", "port": 25, "security": "none", "username": "a"});
    assert_eq!(ada.put(SMTP, plain).await.fields(), ["security"]);
    for host in ["127.0.0.1", "10.0.0.1", "::1", "localhost", "::ffff:192.168.0.1"] {
        let answer = ada.put(SMTP, json!({"host": host, "port": 25, "security": "none"})).await;
        assert_eq!(answer.refusal(), (400, "SMTP_HOST_BLOCKED"), "{host}");
    }
    let answer = ada.post(&format!("{SMTP}/test"), json!({})).await;
    assert_eq!(answer.refusal(), (409, "SMTP_NOT_CONFIGURED"));
}

#[tokio::test]
async fn sections_are_changed_in_parts() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let path = "/settings/email/compliance";
    let without = ada.put(path, json!({"canSpamEnabled": true})).await;
    assert_eq!(without.fields(), ["physicalAddress"]);
    let sent = json!({"canSpamEnabled": true, "physicalAddress": "1 Main Street\r\nSpringfield"});
    let saved = ada.put(path, sent).await;
    assert_eq!(saved.data()["compliance"]["physicalAddress"], "1 Main Street\nSpringfield");
    let policy = json!({"gdprEnabled": true, "privacyPolicyUrl": "https://acme.example/privacy"});
    let saved = ada.put(path, policy).await;
    assert_eq!(saved.data()["compliance"]["canSpamEnabled"], true);
    let bad = json!({
        "privacyPolicyUrl": "http://acme.example", "unsubscribeUrl": "https://a b",
        "retentionDays": 29,
    });
    let fields = ["privacyPolicyUrl", "unsubscribeUrl", "retentionDays"];
    assert_eq!(ada.put(path, bad).await.fields(), fields);

    let tracking = ada.put("/settings/email/tracking", json!({"clickTracking": true})).await;
    assert_eq!(tracking.refusal(), (409, "CONSENT_REQUIRED"));
    let footer = ada.put("/settings/email/footer", json!({"showUnsubscribe": false})).await;
    assert_eq!(footer.refusal(), (409, "UNSUBSCRIBE_REQUIRED"));
    let html = "<p onclick=\"x()\">Acme <script>x()</script><a href=\"javascript:x\">y</a></p>";
    let footer = ada.put("/settings/email/footer", json!({"html": html, "text": "Acme"})).await;
    let expected = "<p>Acme <a rel=\"noopener noreferrer\">y</a></p>";
    assert_eq!(footer.data()["footer"]["html"], expected);
    let large = json!({"html": "x".repeat(16 * 1024 + 1)});
    let large = ada.put("/settings/email/footer", large).await;
    assert_eq!(large.refusal(), (413, "PAYLOAD_TOO_LARGE"));

    let sender = json!({"fromName": "Acme\r\nBcc: x", "fromEmail": "no address", "replyTo": 1});
    let sender = ada.put("/settings/email/sender", sender).await;
    assert_eq!(sender.fields(), ["fromName", "fromEmail", "replyTo"]);
    let odd = json!({"fromEmail": "ä@acme.example", "replyTo": "a@b@c"});
    let odd = ada.put("/settings/email/sender", odd).await;
    assert_eq!(odd.fields(), ["fromEmail", "replyTo"]);
}

#[tokio::test]
async fn guidance_for_dns_follows_from_what_is_wanted() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let path = "/settings/email/deliverability";
    let wanted = json!({
        "domain": "acme.example", "dkimSelector": "s1", "dmarcPolicy": "reject",
        "spfInclude": "_spf.mail.example",
    });
    let saved = ada.put(path, wanted).await;
    let saved = &saved.data()["deliverability"];
    assert_eq!(saved["spf"]["expected"], "v=spf1 include:_spf.mail.example ~all");
    assert_eq!(saved["dkim"]["host"], "s1._domainkey.acme.example");
    assert_eq!(saved["dmarc"]["expected"], "v=DMARC1; p=reject");
    assert_eq!(saved["spf"]["status"], "pending");
    let bad = json!({
        "domain": "localhost", "dkimSelector": "S_1", "dmarcPolicy": "all", "spfInclude": "a b",
    });
    let fields = ["domain", "dkimSelector", "dmarcPolicy", "spfInclude"];
    assert_eq!(ada.put(path, bad).await.fields(), fields);
    let cleared = ada.put(path, json!({"domain": null})).await;
    assert_eq!(cleared.data()["deliverability"]["spf"]["status"], "not_configured");
}

#[tokio::test]
async fn who_may_not_change_settings_learns_nothing_of_their_rules() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let people = (house.member(&ada, "bob").await, house.manager(&ada, "eve").await);
    for person in [&*people.0, &*people.1] {
        for section in SECTIONS {
            let path = format!("/settings/email/{section}");
            assert_eq!(person.get(&path).await.status, 200, "{section}");
            let refused = person.put(&path, json!({"fromName": 1, "html": 1})).await;
            assert_eq!(refused.refusal(), (403, "FORBIDDEN"), "{section}");
        }
        assert_eq!(person.get(SMTP).await.refusal(), (403, "FORBIDDEN"));
        assert_eq!(person.put(SMTP, json!({})).await.refusal(), (403, "FORBIDDEN"));
        let test = person.post(&format!("{SMTP}/test"), json!({})).await;
        assert_eq!(test.refusal(), (403, "FORBIDDEN"));
        assert_eq!(person.get("/settings/email/status").await.status, 200);
    }
}
