//! An installation with its people. Who calls is a type: what an [`Admin`] may do in a test cannot
//! be done by a [`Member`] by mistake.

mod client;

use std::{fs, ops::Deref};

use axum::Router;
use serde_json::{Value, json};
use tempfile::TempDir;
use tidewire_app::{
    App,
    clock::Clock,
    config::{Config, MailConfig, PushConfig, Secret},
    fanout::bus::local::LocalBus,
    outgoing::Exceptions,
    rate_limit::Rates,
    tasks::Tasks,
};
use tidewire_http_compat::{Options, router};
use tidewire_protocol::Timestamp;
use tidewire_storage::Db;
use tidewire_testkit::{TestDb, eventually};

pub(crate) use client::{Answered, Client};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// One node on a database of its own, under a clock that stands still.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) clock: Clock,
    router: Router,
    data: TempDir,
    _db: TestDb,
}

/// Somebody without an account.
pub(crate) struct Anonymous(Client);

/// Somebody with an account of role `user`.
pub(crate) struct Member(Person);

/// Somebody with an account of role `manager`.
pub(crate) struct Manager(Person);

/// Somebody with an account of role `tenant_admin`.
pub(crate) struct Admin(Person);

/// Somebody who is signed in.
pub(crate) struct Person {
    client: Client,
    pub(crate) id: String,
    pub(crate) number: i64,
    pub(crate) email: String,
    pub(crate) refresh_token: String,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// A house whose operator has decided something else than usual.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let db = TestDb::sqlite();
        let data = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::from_ms(1_750_000_000_000));
        let mut config = Config {
            data_dir: data.path().to_owned(),
            public_url: "https://tide.example".to_owned(),
            registration_open: true,
            rate_limits: false,
            rates: Rates::default(),
            group_members_max: 50,
            secret: Secret([9; 32]),
            sealing_keys: Vec::new(),
            outgoing: Exceptions::default(),
            mail: MailConfig::default(),
            push: PushConfig::default(),
            modules: Vec::new(),
            skips_catch_up: false,
        };
        change(&mut config);
        let opened = Db::open(db.url()).await.unwrap();
        let app = App::start(opened, clock.clone(), config, Tasks::default(), &LocalBus::default());
        let router = router(app.clone(), &Options::default());
        Self { app, clock, router, data, _db: db }
    }

    pub(crate) fn anonymous(&self) -> Anonymous {
        Anonymous(Client::new(&self.router, None))
    }

    /// Somebody with this token, whatever it is.
    pub(crate) fn bearer(&self, token: &str) -> Client {
        Client::new(&self.router, Some(token))
    }

    /// The administrator of a new company.
    pub(crate) async fn company(&self, slug: &str) -> Admin {
        let email = format!("ada@{slug}.example");
        let answer = self.anonymous().post("/tenants/register", registration(slug)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        Admin(self.sign_in(slug, &email).await)
    }

    pub(crate) async fn member(&self, admin: &Admin, name: &str) -> Member {
        Member(self.invite(admin, name, "user").await)
    }

    pub(crate) async fn manager(&self, admin: &Admin, name: &str) -> Manager {
        Manager(self.invite(admin, name, "manager").await)
    }

    pub(crate) async fn sign_in(&self, slug: &str, email: &str) -> Person {
        let answer = self.anonymous().post("/auth/login", login(slug, email, PASSWORD)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let data = answer.data();
        Person {
            client: self.bearer(data["accessToken"].as_str().unwrap()),
            id: data["user"]["id"].as_str().unwrap().to_owned(),
            number: data["user"]["number"].as_i64().unwrap(),
            email: email.to_owned(),
            refresh_token: data["refreshToken"].as_str().unwrap().to_owned(),
        }
    }

    async fn invite(&self, admin: &Admin, name: &str, role: &str) -> Person {
        let (slug, email) = (admin.company(), format!("{name}@{}.example", admin.company()));
        let draft = json!({"email": email, "firstName": name, "lastName": "Tester", "role": role});
        let answer = admin.post("/users", draft).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let accept = json!({"token": self.mailed_token(&email).await, "password": PASSWORD});
        let answer = self.anonymous().post("/users/accept-invitation", accept).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.sign_in(slug, &email).await
    }

    /// The token in the newest mail to `email`.
    pub(crate) async fn mailed_token(&self, email: &str) -> String {
        self.token_in_mail(|mail| mail.contains(email).then_some("token=")).await
    }

    /// The token in the newest mail with a link to that page.
    pub(crate) async fn mailed_link(&self, page: &str) -> String {
        let link = format!("/{page}?token=");
        self.token_in_mail(|mail| mail.contains(&link).then_some(link.as_str())).await
    }

    /// What follows the text that `find` answers for a mail, in the newest one for which it does.
    async fn token_in_mail<'t>(&self, find: impl Fn(&str) -> Option<&'t str>) -> String {
        let mailbox = self.data.path().join("mail");
        eventually("a mail with a token", async || {
            let mut names: Vec<_> = fs::read_dir(&mailbox)
                .ok()?
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
                .collect();
            names.sort();
            let mails = names.iter().rev().filter_map(|path| fs::read_to_string(path).ok());
            // Undoes what quoted-printable does to a link.
            let mut mails = mails.map(|mail| mail.replace("=\r\n", "").replace("=3D", "="));
            mails.find_map(|mail| Some(mail.split(find(&mail)?).nth(1)?.chars().take(43).collect()))
        })
        .await
    }
}

impl Admin {
    fn company(&self) -> &str {
        self.email.split(['@', '.']).nth(1).unwrap()
    }
}

impl Person {
    /// What is left of somebody who only asks.
    pub(crate) fn into_client(self) -> Client {
        self.client
    }

    /// A new direct channel with somebody.
    pub(crate) async fn direct(&self, with: &Person) -> String {
        let answer = self.post("/chat/channels/direct", json!({"userId": with.id})).await;
        answer.data()["channel"]["id"].as_str().unwrap().to_owned()
    }

    /// A new group with some people.
    pub(crate) async fn group(&self, name: &str, with: &[&Person]) -> String {
        let ids: Vec<_> = with.iter().map(|person| person.id.as_str()).collect();
        let draft = json!({"name": name, "memberIds": ids});
        let answer = self.post("/chat/channels/group", draft).await;
        answer.data()["channel"]["id"].as_str().unwrap().to_owned()
    }

    /// Sends a message and answers it.
    pub(crate) async fn say(&self, channel: &str, content: &str) -> Value {
        let path = format!("/chat/channels/{channel}/messages");
        let answer = self.post(&path, json!({ "content": content })).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.data()["message"].clone()
    }
}

macro_rules! acts_as {
    ($($caller:ident as $inner:ty, $field:tt;)+) => {$(
        impl Deref for $caller {
            type Target = $inner;

            fn deref(&self) -> &$inner {
                &self.$field
            }
        }
    )+};
}

acts_as! {
    Anonymous as Client, 0;
    Member as Person, 0;
    Manager as Person, 0;
    Admin as Person, 0;
    Person as Client, client;
}

pub(crate) fn registration(slug: &str) -> Value {
    json!({
        "companyName": format!("{slug} Holding"), "slug": slug,
        "adminEmail": format!("ada@{slug}.example"), "adminPassword": PASSWORD,
        "adminFirstName": "Ada", "adminLastName": "Lovelace",
    })
}

pub(crate) fn login(slug: &str, email: &str, password: &str) -> Value {
    json!({"tenantSlug": slug, "email": email, "password": password})
}
