//! Mail the whole way: from a request to the running binary into a real mail server.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;
use tidewire_testkit::{
    Client, MailBehaviour, MailServer, ReceivedMail, Redis, Server, Socket, TestDb, eventually,
    socket::Answer,
};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewire");
const PASSWORD: &str = "correct horse battery";
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A node with a company in it, whose administrator is signed in.
struct House {
    server: Server,
    token: String,
    data: TempDir,
}

impl House {
    async fn open(configure: impl FnOnce(&mut Command)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(BINARY, data.path(), |command| {
            command.env("TIDEWIRE_PUBLIC_URL", "https://tide.example");
            configure(command);
        })
        .await;
        let house = Self { server, token: String::new(), data };
        let registered = json!({
            "companyName": "Acme", "slug": "acme", "adminEmail": "ada@acme.example",
            "adminPassword": PASSWORD, "adminFirstName": "Ada",
            "adminLastName": "Lovelace",
        });
        house.ask("POST", "/tenants/register", &registered).await;
        let login = json!({
            "tenantSlug": "acme", "email": "ada@acme.example", "password": PASSWORD,
        });
        let signed_in = house.ask("POST", "/auth/login", &login).await;
        let token = signed_in["accessToken"].as_str().unwrap().to_owned();
        Self { token, ..house }
    }

    /// The data of the answer to a request that is not refused.
    async fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.answer(method, path, body).await;
        assert!(answer.status < 300, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()["data"].take()
    }

    async fn answer(&self, method: &str, path: &str, body: &Value) -> Answer {
        let mut socket = Socket::connect(self.server.address()).await;
        let body = body.to_string();
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: tide.example\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len(),
        );
        socket.send(request.as_bytes()).await;
        socket.answer().await
    }

    async fn invite(&self, email: &str) {
        let draft = json!({"email": email, "firstName": "Bert", "lastName": "Tester"});
        self.ask("POST", "/users", &draft).await;
    }

    /// The access token of somebody who has accepted an invitation, found in a file.
    async fn member(&self, email: &str) -> String {
        self.invite(email).await;
        let mails = self.data.path().join("mail");
        let token = eventually("an invitation is a file", async || {
            let files = fs::read_dir(&mails).ok()?.filter_map(|file| Some(file.ok()?.path()));
            files.filter_map(|path| fs::read_to_string(path).ok()).find_map(|mail| token_in(&mail))
        })
        .await;
        let accept = json!({"token": token, "password": PASSWORD});
        self.ask("POST", "/users/accept-invitation", &accept).await;
        let login = json!({"tenantSlug": "acme", "email": email, "password": PASSWORD});
        let signed_in = self.ask("POST", "/auth/login", &login).await;
        signed_in["accessToken"].as_str().unwrap().to_owned()
    }
}

/// The token in the link of an invitation, as quoted-printable writes it.
fn token_in(mail: &str) -> Option<String> {
    let mail = mail.replace("=\r\n", "").replace("=3D", "=");
    let (_, token) = mail.split_once("/accept-invitation?token=")?;
    Some(token[..43].to_owned())
}

/// Lets tenants use a server on loopback.
fn allow(command: &mut Command, mails: &MailServer) {
    command
        .env("TIDEWIRE_SMTP_CA_FILE", mails.ca_file())
        .env("TIDEWIRE_OUTBOUND_ALLOW", "127.0.0.0/8, ::1")
        .env("TIDEWIRE_OUTBOUND_PORTS", mails.port().to_string());
}

fn smtp(port: u16) -> Value {
    json!({
        "host": "localhost", "port": port, "security": "starttls",
        "username": MailServer::USERNAME, "password": MailServer::PASSWORD,
    })
}

async fn mail_to(mails: &MailServer, address: &str) -> ReceivedMail {
    eventually("a mail has come", async || {
        mails.mails().into_iter().find(|mail| mail.to == [address])
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_leaves_by_the_tenants_own_server() {
    let Some(mails) = MailServer::start(MailBehaviour::Starttls) else { return };
    let house = House::open(|command| allow(command, &mails)).await;
    let (mut ada, _) = Client::hello(house.server.address(), &house.token).await;
    house.ask("PUT", "/settings/email/smtp", &smtp(mails.port())).await;
    assert_eq!(ada.event_of("email_settings.changed").await.data, json!({"section": "smtp"}));
    let sender = json!({"fromName": "Acme", "fromEmail": "hello@acme.example"});
    house.ask("PUT", "/settings/email/sender", &sender).await;
    let tested = house.ask("POST", "/settings/email/smtp/test", &json!({})).await;
    assert_eq!((&tested["ok"], &tested["code"]), (&json!(true), &json!("OK")));
    mail_to(&mails, "ada@acme.example").await;
    house.invite("bert@acme.example").await;

    let mail = mail_to(&mails, "bert@acme.example").await;
    assert!(mail.tls);
    assert_eq!(mail.login.as_deref(), Some(MailServer::USERNAME));
    assert_eq!(mail.from, "hello@acme.example");
    let (head, _) = mail.text.split_once("\r\n\r\n").unwrap();
    for line in [
        "From: Acme <hello@acme.example>",
        "To: \"Bert Tester\" <bert@acme.example>",
        "Subject: Ada Lovelace invites you to Acme",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(head.lines().any(|found| found == line), "{line} in\n{head}");
    }
    assert!(head.contains("@tide.example>"), "{head}");
    let token = token_in(&mail.text).unwrap();
    let complaints = house.server.complaints();
    assert!(!complaints.contains(MailServer::PASSWORD) && !complaints.contains(&token));

    let status = eventually("nothing is left to send", async || {
        let status = house.ask("GET", "/settings/email/status", &json!({})).await;
        (status["queue"]["pending"] == json!(0)).then_some(status)
    })
    .await;
    assert_eq!((&status["ready"], &status["transport"]), (&json!(true), &json!("tenant")));
    assert_eq!(status["queue"]["failed24h"], json!(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_one_it_leaves_by_the_operators_server() {
    let Some(mails) = MailServer::start(MailBehaviour::Tls) else { return };
    let (user, password) = (MailServer::USERNAME, MailServer::PASSWORD);
    let url = format!("smtps://{user}:{password}@localhost:{}", mails.port());
    let house = House::open(|command| {
        command
            .env("TIDEWIRE_SMTP_URL", url)
            .env("TIDEWIRE_SMTP_CA_FILE", mails.ca_file())
            .env("TIDEWIRE_MAIL_FROM", "Tide <post@tide.example>");
    })
    .await;
    let mail = mail_to(&mails, "ada@acme.example").await;
    assert_eq!((mail.from.as_str(), mail.tls), ("post@tide.example", true));
    assert!(mail.text.contains("Subject: Confirm your email address\r\n"), "{}", mail.text);
    assert!(!house.data.path().join("mail").exists(), "nothing is left in files");
    let status = house.ask("GET", "/settings/email/status", &json!({})).await;
    assert_eq!((&status["ready"], &status["transport"]), (&json!(true), &json!("platform")));
    // The operator's own server is no way in for tenants.
    let refused = house.answer("PUT", "/settings/email/smtp", &smtp(mails.port())).await;
    assert_eq!((refused.status, refused.error_code().as_str()), (400, "VALIDATION_FAILED"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_on_every_node_learn_of_a_change_and_nobody_else() {
    let (Some(redis), Some(db)) = (Redis::start(), TestDb::postgres()) else { return };
    let share = |command: &mut Command| {
        command
            .env("TIDEWIRE_PUBLIC_URL", "https://tide.example")
            .env("TIDEWIRE_SECRET_KEY", KEY)
            .env("DATABASE_URL", db.url())
            .env("REDIS_URL", redis.url());
    };
    let house = House::open(share).await;
    let bert = house.member("bert@acme.example").await;
    let data = tempfile::tempdir().unwrap();
    let other = Server::start(BINARY, data.path(), share).await;
    for node in [&house.server, &other] {
        eventually("a node has its Redis", async || {
            let mut socket = Socket::connect(node.address()).await;
            let health = socket.request("GET", "/api/v1/health/system", &[]).await.json();
            (health["data"]["status"] == "ok").then_some(())
        })
        .await;
    }
    let (mut ada, _) = Client::hello(other.address(), &house.token).await;
    let (mut bert, _) = Client::hello(other.address(), &bert).await;
    house.ask("PUT", "/settings/email/footer", &json!({"enabled": true})).await;
    assert_eq!(ada.event_of("email_settings.changed").await.data, json!({"section": "footer"}));
    bert.call("ping", json!({})).await.unwrap();
    assert!(bert.arrived().all(|event| event.event != "email_settings.changed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_the_keys_of_stored_passwords_says_so() {
    let keys = format!("k1:{KEY}");
    let house = House::open(|command| {
        command.env("TIDEWIRE_SEALING_KEYS", &keys);
    })
    .await;
    let saved = json!({
        "host": "mail.acme.example", "port": 587, "security": "starttls", "username": "relay",
        "password": "swordfish",
    });
    house.ask("PUT", "/settings/email/smtp", &saved).await;
    let House { server, data, .. } = house;
    assert!(server.terminate().await.success());
    let complaint = start_fails(data.path(), &format!("k2:{}", KEY.replace('A', "B")));
    let expected = "tidewire: TIDEWIRE_SEALING_KEYS: none of the stored passwords";
    assert!(complaint.contains(expected), "{complaint}");
    let newer = format!("k2:{},{keys}", KEY.replace('A', "B"));
    let server = Server::start(BINARY, data.path(), |command| {
        command.env("TIDEWIRE_SEALING_KEYS", newer);
    });
    assert!(server.await.terminate().await.success());
}

/// What a start complains of.
fn start_fails(data: &Path, keys: &str) -> String {
    let mut command = Server::command(BINARY, data);
    command.env("TIDEWIRE_LISTEN", "127.0.0.1:0").env("TIDEWIRE_SEALING_KEYS", keys);
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}
