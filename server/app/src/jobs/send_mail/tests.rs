use std::time::Duration;

use std::{fs, path::PathBuf};

use serde_json::json;
use tidewire_testkit::{eventually, on_both_engines};

use super::*;
use crate::{
    notification_templates,
    testing::{House, draft, input, person},
    users,
    versions::Expected,
};

fn mails(house: &House) -> Vec<PathBuf> {
    let Ok(files) = fs::read_dir(house.data.path().join("mail")) else { return Vec::new() };
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The mail to somebody, as it is without quoting.
fn mail_to(house: &House, address: &str) -> String {
    let texts = mails(house).into_iter().map(|path| fs::read_to_string(path).unwrap());
    let mut texts = texts.filter(|text| text.contains(&format!("<{address}>\r\n")));
    texts.next().unwrap().replace("=\r\n", "").replace("=3D", "=")
}

on_both_engines! {
    async fn a_mail_is_sent_once_and_its_token_is_forgotten(db: TestDb) {
        let house = House::open(&db).await;
        let (_, token) = house.invite(person("Bert")).await;
        assert_eq!(send_due(&house.app).await.unwrap(), 2, "the verification and the invitation");
        assert_eq!(send_due(&house.app).await.unwrap(), 0);
        let files = mails(&house);
        assert_eq!(files.len(), 2);
        let texts = files.iter().map(|file| fs::read_to_string(file).unwrap().replace("=\r\n", ""));
        let texts: Vec<_> = texts.collect();
        let to_bert = "To: \"Bert Tester\" <bert@acme.example>";
        let invitation = texts.iter().find(|text| text.contains(to_bert)).expect("an invitation");
        assert!(invitation.contains(&token), "{invitation}");
        let rows = house.rows("select state, payload from outbox where kind = 'mail'").await;
        for row in rows {
            assert_eq!(row.text(0).unwrap(), "done");
            assert_eq!(row.json::<serde_json::Value>(1).unwrap(), serde_json::Value::Null);
        }
    }

    async fn a_mail_goes_out_in_the_words_that_the_company_has_then(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        send_due(&house.app).await.unwrap();
        let (_, token) = house.invite(person("Bert")).await;
        let words = input(json!({
            "subject": "Come to {{tenantName}}",
            "body": "<p>Dear {{recipientName}}, <a href=\"{{acceptUrl}}\">come in</a></p>",
        }));
        let id = "users.invited.email";
        let (app, any) = (&house.app, Expected::Any);
        notification_templates::customize(app, &admin, id, words, &any).await.unwrap();
        assert_eq!(send_due(app).await.unwrap(), 1);
        let mail = mail_to(&house, "bert@acme.example");
        assert!(mail.contains("Subject: Come to acme Holding\r\n"), "{mail}");
        let link = format!("https://tide.example/accept-invitation?token={token}");
        assert!(mail.contains(&format!("Dear Bert Tester, come in ({link})")), "{mail}");
        assert!(mail.contains(&format!("href=\"{link}\"")), "{mail}");

        house.execute("update notification_templates set body = '{{gone}}'").await;
        let (_, token) = house.invite(person("Cleo")).await;
        assert_eq!(send_due(app).await.unwrap(), 1);
        let mail = mail_to(&house, "cleo@acme.example");
        assert!(mail.contains("Subject: Ada Lovelace invites you to acme Holding\r\n"), "{mail}");
        assert!(mail.contains(&token));
    }

    async fn a_full_disk_is_tried_again_and_given_up_in_the_end(db: TestDb) {
        let house = House::open(&db).await;
        // A file where the directory should be.
        fs::write(house.data.path().join("mail"), b"").unwrap();
        for pause in PAUSES_MS {
            assert_eq!(send_due(&house.app).await.unwrap(), 1);
            assert_eq!(send_due(&house.app).await.unwrap(), 0);
            house.app.clock.advance(pause);
        }
        assert_eq!(send_due(&house.app).await.unwrap(), 1);
        house.app.clock.advance(24 * 3_600_000);
        assert_eq!(send_due(&house.app).await.unwrap(), 0);
        let mail = "select state, attempts, error, payload from outbox where kind = 'mail'";
        let row = house.rows(mail).await.remove(0);
        assert_eq!(row.text(0).unwrap(), "failed");
        assert_eq!(row.int(1).unwrap(), 5);
        assert!(row.text(2).unwrap().starts_with("cannot write to the mailbox"));
        assert_eq!(row.json::<serde_json::Value>(3).unwrap(), serde_json::Value::Null);
    }

    async fn the_worker_sends_what_an_operation_has_queued(db: TestDb) {
        let house = House::open_at_work(&db).await;
        let admin = house.admin().await;
        users::create(&house.app, &admin, draft(person("Bert"))).await.unwrap();
        eventually("two mails", async || (mails(&house).len() == 2).then_some(())).await;
        assert!(house.app.stop(Duration::from_secs(10)).await);
    }
}
