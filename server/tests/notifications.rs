//! Notifications the whole way: from a request to the running binary, over the hours and days that its
//! clock is moved by, to real push services and a real mail server.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use tidewire_testkit::{
    Client, MailBehaviour, MailServer, PushKind, PushPeer, ReceivedMail, Server, Socket,
    eventually, socket::Answer,
};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewire");
const PASSWORD: &str = "correct horse battery";
const HOUR_MS: i64 = 3_600_000;

/// A node with Ada, who administers, and Ben, both signed in; and what it talks to.
struct House {
    server: Server,
    data: TempDir,
    mails: MailServer,
    push: PushPeer,
    ada: String,
    ben: String,
    module: String,
}

impl House {
    async fn open() -> Option<Self> {
        let (mails, push) =
            (MailServer::start(MailBehaviour::Tls)?, PushPeer::start(PushKind::Web)?);
        let data = tempfile::tempdir().unwrap();
        fs::write(clock_file(&data), "0").unwrap();
        let (user, password) = (MailServer::USERNAME, MailServer::PASSWORD);
        let url = format!("smtps://{user}:{password}@localhost:{}", mails.port());
        let server = Server::start(BINARY, data.path(), |command| {
            command
                .env("TIDEWIRE_PUBLIC_URL", "https://tide.example")
                .env("TIDEWIRE_TEST_CLOCK_FILE", clock_file(&data))
                .env("TIDEWIRE_SMTP_URL", url)
                .env("TIDEWIRE_SMTP_CA_FILE", mails.ca_file())
                .env("TIDEWIRE_WEB_PUSH_HOSTS", "localhost")
                .env("TIDEWIRE_PUSH_CA_FILE", push.ca_file())
                .env("TIDEWIRE_OUTBOUND_ALLOW", "127.0.0.0/8, ::1")
                .env("TIDEWIRE_OUTBOUND_PORTS", push.port().to_string());
        })
        .await;
        let none = String::new();
        let (ada, ben, module) = (none.clone(), none.clone(), none);
        let mut house = Self { server, data, mails, push, ada, ben, module };
        let registered = json!({
            "companyName": "Acme", "slug": "acme", "adminEmail": "ada@acme.example",
            "adminPassword": PASSWORD, "adminFirstName": "Ada", "adminLastName": "Lovelace",
        });
        house.ask("", "POST", "/tenants/register", &registered).await;
        house.ada = house.sign_in("ada").await;
        let draft =
            json!({ "email": "ben@acme.example", "firstName": "Ben", "lastName": "Tester" });
        house.ask(&house.ada, "POST", "/users", &draft).await;
        let invitation = house.mail("ben@acme.example", "/accept-invitation?token=").await;
        let token = token_in(&invitation, "/accept-invitation?token=");
        let accept = json!({ "token": token, "password": PASSWORD });
        house.ask("", "POST", "/users/accept-invitation", &accept).await;
        house.ben = house.sign_in("ben").await;
        let draft = json!({ "name": "Tasks", "permissions": ["notifications.emit"] });
        let made = house.ask(&house.ada, "POST", "/service-tokens", &draft).await;
        made["token"].as_str().unwrap().clone_into(&mut house.module);
        Some(house)
    }

    async fn sign_in(&self, name: &str) -> String {
        let email = format!("{name}@acme.example");
        let login = json!({ "tenantSlug": "acme", "email": email, "password": PASSWORD });
        let signed_in = self.ask("", "POST", "/auth/login", &login).await;
        signed_in["accessToken"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.answer(token, method, path, body).await;
        assert!(answer.status < 300, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()["data"].take()
    }

    async fn answer(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let mut socket = Socket::connect(self.server.address()).await;
        let body = body.to_string();
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: tide.example\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len(),
        );
        socket.send(request.as_bytes()).await;
        socket.answer().await
    }

    /// A mail to somebody with a word in it.
    async fn mail(&self, address: &str, word: &str) -> String {
        eventually("a mail has come", async || {
            let mails = self.mails.mails();
            let mails = mails.iter().filter(|mail| mail.to == [address]);
            mails.map(readable).find(|mail| mail.contains(word))
        })
        .await
    }

    fn mails_to_ben(&self, word: &str) -> usize {
        let mails = self.mails.mails();
        let mails = mails.iter().filter(|mail| mail.to == ["ben@acme.example"]);
        mails.map(readable).filter(|mail| mail.contains(word)).count()
    }

    /// The server's clock is ahead by so much from now on. Sign-ins of minutes are over then.
    async fn ahead(&mut self, ms: i64) {
        let draft = self.data.path().join("clock.part");
        fs::write(&draft, ms.to_string()).unwrap();
        fs::rename(draft, clock_file(&self.data)).unwrap();
        eventually("the clock has moved", async || {
            let answer = self.answer(&self.ben, "GET", "/auth/me", &json!({})).await;
            (answer.status == 401).then_some(())
        })
        .await;
        self.ben = self.sign_in("ben").await;
    }

    async fn assign(&self, task: &str) {
        let body = json!({
            "eventKey": "tasks.assigned", "userIds": [2], "actionUrl": format!("/tasks/{task}"),
            "data": { "taskTitle": task },
        });
        self.ask(&self.module, "POST", "/notifications/emit", &body).await;
    }

    async fn pushed(&self, count: usize) -> Vec<Value> {
        eventually("pushes have come", async || {
            let messages = self.push.messages();
            (messages.len() >= count).then(|| messages.into_iter().map(|one| one.body).collect())
        })
        .await
    }
}

fn clock_file(data: &TempDir) -> PathBuf {
    data.path().join("clock")
}

/// As its reader sees it.
fn readable(mail: &ReceivedMail) -> String {
    mail.text.replace("=\r\n", "").replace("=3D", "=")
}

fn token_in(mail: &str, before: &str) -> String {
    let (_, token) = mail.split_once(before).unwrap();
    token[..43].to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_night_and_a_day_each_thing_comes_once_and_when_it_should() {
    let Some(mut house) = House::open().await else { return };
    let address = house.server.address();
    let verify = house.mail("ben@acme.example", "/accept-invitation?token=").await;
    assert!(!verify.contains("List-Unsubscribe"), "an invitation cannot be left");

    // Live on every device of his, and once.
    let (mut laptop, welcome) = Client::hello(address, &house.ben).await;
    assert_eq!(welcome["unread"]["notifications"], 0);
    house.assign("First").await;
    let created = laptop.event_of("notification.created").await;
    assert_eq!(created.data["notification"]["data"]["taskTitle"], "First");
    let id = created.data["notification"]["id"].clone();
    let read = laptop.call("notifications.read", json!({ "id": id })).await.unwrap();
    assert_eq!(read["unreadCount"], json!(0));

    // A browser that is closed is pushed to, unless he reads here within ten seconds.
    let subscription = house.push.subscription();
    let device = json!({
        "kind": "web_push", "endpoint": subscription.endpoint, "label": "Browser",
        "keys": { "p256dh": subscription.p256dh, "auth": subscription.auth },
    });
    house.ask(&house.ben, "POST", "/notifications/devices", &device).await;
    house.assign("Second").await;
    let created = laptop.event_of("notification.created").await;
    let id = created.data["notification"]["id"].clone();
    laptop.call("notifications.read", json!({ "id": id })).await.unwrap();
    let trace = format!("/notifications/{}/trace", id.as_str().unwrap());

    // A night of quiet: nothing leaves, and in the morning what is unread comes at once.
    house.ahead(HOUR_MS).await;
    let traced = eventually("the push was looked at again", async || {
        let traced = house.ask(&house.ben, "GET", &trace, &json!({})).await;
        let push = traced["decisions"][1]["deliveries"][0].clone();
        (push["status"] == "canceled").then_some(push)
    })
    .await;
    assert_eq!(traced["reason"], json!("read"));
    assert_eq!(house.push.messages().len(), 0, "nothing to a reader");
    let night = json!({ "minutes": 8 * 60 });
    house.ask(&house.ben, "POST", "/notifications/preferences/dnd/pause", &night).await;
    for task in ["Third", "Fourth", "Fifth"] {
        house.assign(task).await;
    }
    let unread = eventually("all are in the inbox", async || {
        let page = house.ask(&house.ben, "GET", "/notifications?unread=true", &json!({})).await;
        (page["unreadCount"] == json!(3)).then_some(page)
    })
    .await;
    let fourth = unread["items"].as_array().unwrap().iter();
    let fourth = fourth.clone().find(|one| one["data"]["taskTitle"] == "Fourth").unwrap();
    let path = format!("/notifications/{}/read", fourth["id"].as_str().unwrap());
    house.ask(&house.ben, "PATCH", &path, &json!({})).await;
    house.ahead(10 * HOUR_MS).await;
    let pushes = house.pushed(1).await;
    assert_eq!(
        (&pushes[0]["kind"], &pushes[0]["data"]),
        (&json!("summary"), &json!({ "count": 2 }))
    );
    assert_eq!(pushes[0]["badge"], json!(2));
    house.mail("ben@acme.example", "Third").await;
    house.mail("ben@acme.example", "Fifth").await;
    assert_eq!(house.mails_to_ben("Fourth"), 0, "it was read in the night");

    // A digest: one mail in the morning, left by one click.
    let daily = json!({ "frequency": "daily", "time": "08:00" });
    let path = "/notifications/analytics/digest/settings";
    house.ask(&house.ben, "PUT", path, &daily).await;
    for task in ["Sixth", "Seventh"] {
        house.assign(task).await;
    }
    eventually("both wait for the digest", async || {
        let digest = house.ask(&house.ben, "GET", path, &json!({})).await;
        (digest["digest"]["pendingItems"] == json!(2)).then_some(())
    })
    .await;
    house.ahead(34 * HOUR_MS).await;
    let digest = house.mail("ben@acme.example", "Seventh").await;
    assert!(
        digest.contains("Sixth")
            && digest.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    );
    assert_eq!(house.mails_to_ben("Sixth"), 1);
    let unfolded = digest.replace("\r\n ", "");
    let (_, link) = unfolded.split_once("List-Unsubscribe: <https://tide.example/api/v1").unwrap();
    let link = link.split('>').next().unwrap().to_owned();
    let mut socket = Socket::connect(address).await;
    let body = "List-Unsubscribe=One-Click";
    let request = format!(
        "POST /api/v1{link} HTTP/1.1\r\nHost: tide.example\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len(),
    );
    socket.send(request.as_bytes()).await;
    assert_eq!(socket.answer().await.json()["data"], json!({ "unsubscribed": true }));
    let settings = house.ask(&house.ben, "GET", path, &json!({})).await;
    assert_eq!(settings["digest"]["frequency"], json!("never"));
    assert_eq!(house.pushed(2).await.len(), 3, "one for each of the last two");
}
