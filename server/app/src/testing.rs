//! A company with its people, on a database of either engine, for tests of operations.

mod screen;

use std::{path::Path, sync::Arc};

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tidewire_protocol::{
    Timestamp,
    input::{self, Input},
    model::{
        accounts::{Login, SignedIn},
        org_settings::SetSetting,
        tenants::{RegisterTenant, Registered},
        users::{AcceptInvitation, CreateUser, Role, User},
    },
};
use tidewire_storage::{
    Db,
    query::{Row, query},
};
use tidewire_testkit::TestDb;
use tokio::sync::OnceCell;

use crate::{
    Actor, App, Result, accounts,
    actor::{Request, Service},
    auth::session,
    clock::Clock,
    config::{Config, MailConfig, PushConfig, Secret},
    fanout::bus::local::LocalBus,
    jobs, org_settings,
    outgoing::Exceptions,
    rate_limit::Rates,
    service_tokens,
    tasks::Tasks,
    tenants, users,
    versions::Expected,
};

pub(crate) use screen::Screen;

/// When every test begins.
pub(crate) const START: Timestamp = Timestamp::from_ms(1_738_311_330_000);

/// A password that the policy allows.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// An installation with one company, `acme`, whose administrator is `ada@acme.example`.
pub(crate) struct House {
    pub app: App,
    pub acme: Registered,
    pub data: TempDir,
    admin: OnceCell<Actor>,
    bus: LocalBus,
}

impl House {
    /// Opens it without its loops, so that a test does the work of each by hand.
    pub(crate) async fn open(db: &TestDb) -> Self {
        Self::with(db, |_| {}).await
    }

    /// As [`House::open`], where no request is refused for its rate.
    pub(crate) async fn open_unlimited(db: &TestDb) -> Self {
        Self::with(db, |config| config.rate_limits = false).await
    }

    /// As [`House::open`], where the operator has decided something else.
    pub(crate) async fn with(db: &TestDb, change: impl FnOnce(&mut Config)) -> Self {
        Self::found(db, stopped(), change).await
    }

    /// Opens it as a node at work.
    pub(crate) async fn open_at_work(db: &TestDb) -> Self {
        Self::found(db, Tasks::default(), |_| {}).await
    }

    /// Another node, by another configuration, on the database of a house.
    pub(crate) async fn reopen(db: &TestDb, change: impl FnOnce(&mut Config)) -> Self {
        let (app, data, bus) = start(db, stopped(), change).await;
        let login = login("ada@acme.example", PASSWORD);
        let signed_in = accounts::login(&app, &Request::default(), login).await.unwrap();
        let token = signed_in.tokens.access_token;
        let identity = session::authenticate(&app, &token).await.unwrap();
        let actor = Actor { identity, request: Arc::default() };
        let tenant = tenants::me(&app, &actor).await.unwrap().tenant;
        let acme = Registered { tenant, user: signed_in.user };
        Self { app, acme, data, admin: OnceCell::new_with(Some(actor)), bus }
    }

    async fn found(db: &TestDb, tasks: Tasks, change: impl FnOnce(&mut Config)) -> Self {
        let (app, data, bus) = start(db, tasks, change).await;
        let acme =
            tenants::register(&app, &Request::default(), registration("acme")).await.unwrap();
        Self { app, acme, data, admin: OnceCell::new(), bus }
    }

    /// Another node of the same installation, at work.
    pub(crate) fn other_node(&self) -> App {
        let (db, clock, config) =
            (self.app.db.clone(), self.app.clock.clone(), self.app.config.clone());
        App::start(db, clock, config, Tasks::default(), &self.bus)
    }

    /// As [`House::other_node`], without any work of its own.
    pub(crate) fn idle_node(&self) -> App {
        let (db, clock, config) =
            (self.app.db.clone(), self.app.clock.clone(), self.app.config.clone());
        App::open(db, clock, config, Tasks::default(), &self.bus)
    }

    /// Gives a setting of acme a value.
    pub(crate) async fn set(&self, key: &str, value: impl Into<Value>) {
        let wanted = SetSetting { value: value.into() };
        let admin = self.admin().await;
        org_settings::set(&self.app, &admin, key, wanted, &Expected::Any).await.unwrap();
    }

    /// Signs somebody of acme in.
    pub(crate) async fn login(&self, email: &str) -> Result<SignedIn> {
        accounts::login(&self.app, &Request::default(), login(email, PASSWORD)).await
    }

    /// The administrator, signed in once.
    pub(crate) async fn admin(&self) -> Actor {
        self.admin.get_or_init(|| self.actor("ada@acme.example")).await.clone()
    }

    /// Somebody of acme, signed in.
    pub(crate) async fn actor(&self, email: &str) -> Actor {
        let signed_in = self.login(email).await.unwrap();
        self.actor_with(&signed_in.tokens.access_token).await.unwrap()
    }

    pub(crate) async fn actor_with(&self, access_token: &str) -> Result<Actor> {
        let identity = session::authenticate(&self.app, access_token).await?;
        Ok(Actor { identity, request: Arc::default() })
    }

    /// Somebody of a role, signed in.
    pub(crate) async fn of_role(&self, first_name: &str, role: Role) -> Actor {
        let mut draft = person(first_name);
        draft["role"] = role.word().into();
        let user = self.member(draft).await;
        self.actor(&user.email).await
    }

    /// Invites somebody; answers them and the token in their mail.
    pub(crate) async fn invite(&self, draft: Value) -> (User, String) {
        let created = users::create(&self.app, &self.admin().await, input(draft)).await.unwrap();
        let token = self.mailed_token(&created.user.email).await;
        (created.user, token)
    }

    /// Somebody who has accepted an invitation.
    pub(crate) async fn member(&self, draft: Value) -> User {
        let (user, token) = self.invite(draft).await;
        let accept = acceptance(&token);
        users::accept_invitation(&self.app, &Request::default(), accept).await.unwrap();
        user
    }

    /// The token in the mail that waits for `email`.
    pub(crate) async fn mailed_token(&self, email: &str) -> String {
        let rows = self.mails().await;
        let mails = rows.iter().map(|row| row.json::<Value>(0).unwrap());
        let mail = mails.into_iter().find(|mail| mail["to"]["address"] == email).unwrap();
        mail["token"].as_str().unwrap().to_owned()
    }

    async fn mails(&self) -> Vec<Row> {
        self.rows("select payload from outbox where state = 'queued' and kind = 'mail'").await
    }

    /// How many mails of an event wait.
    pub(crate) async fn mailed(&self, event: &str) -> usize {
        self.settle().await;
        let rows = self.mails().await;
        let mails = rows.iter().map(|row| row.json::<Value>(0).unwrap());
        let is_wanted =
            |mail: &Value| [&mail["event"], &mail["items"][0]["event"]].contains(&&json!(event));
        mails.filter(is_wanted).count()
    }

    /// What has come into the folder for mails, in the order in which it was sent.
    pub(crate) fn letters(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.app.config.data_dir.join("mail")) else {
            return Vec::new();
        };
        let mut letters: Vec<_> = folder
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.metadata().unwrap().modified().unwrap(), entry.path()))
            .collect();
        letters.sort();
        letters.into_iter().map(|(_, path)| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// A module that may raise events.
    pub(crate) async fn module(&self) -> Service {
        let draft = input(serde_json::json!({
            "name": "Tasks", "permissions": ["notifications.emit"],
        }));
        let made = service_tokens::create(&self.app, &self.admin().await, draft).await.unwrap();
        service_tokens::authenticate(&self.app, &made.token).await.unwrap()
    }

    /// Does what has been raised and queued, until nothing is due.
    pub(crate) async fn settle(&self) {
        jobs::notice::notice_all(&self.app).await;
        loop {
            let told = jobs::notify::tell_due(&self.app).await.unwrap();
            let delivered = jobs::deliver::deliver_due(&self.app).await.unwrap();
            if told + delivered == 0 {
                return;
            }
        }
    }

    pub(crate) async fn rows(&self, sql: &'static str) -> Vec<Row> {
        query(sql).fetch_all(&mut self.app.db.read().await.unwrap()).await.unwrap()
    }

    /// What the first column of the first row counts.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        self.rows(sql).await[0].int(0).unwrap()
    }

    /// Changes the database behind everybody's back.
    pub(crate) async fn execute(&self, sql: &'static str) {
        let mut conn = self.app.db.write().await.unwrap();
        query(sql).execute(&mut conn).await.unwrap();
        conn.commit().await.unwrap();
    }
}

/// Tasks that end before they begin.
fn stopped() -> Tasks {
    let tasks = Tasks::default();
    tasks.stop_token().cancel();
    tasks
}

async fn start(
    db: &TestDb,
    tasks: Tasks,
    change: impl FnOnce(&mut Config),
) -> (App, TempDir, LocalBus) {
    let data = tempfile::tempdir().unwrap();
    let mut config = config(data.path());
    change(&mut config);
    let (db, bus) = (Db::open(db.url()).await.unwrap(), LocalBus::default());
    (App::start(db, Clock::manual(START), config, tasks, &bus), data, bus)
}

/// What an operator has decided who has decided nothing.
pub(crate) fn config(data: &Path) -> Config {
    Config {
        data_dir: data.to_owned(),
        public_url: "https://tide.example".to_owned(),
        registration_open: true,
        rate_limits: true,
        rates: Rates::default(),
        group_members_max: 10_000,
        secret: Secret([7; 32]),
        sealing_keys: Vec::new(),
        outgoing: Exceptions::default(),
        mail: MailConfig::default(),
        push: PushConfig::default(),
        modules: Vec::new(),
        skips_catch_up: false,
    }
}

/// Reads an input as a mouth would.
pub(crate) fn input<I: Input>(body: Value) -> I {
    let object: Map<String, Value> = serde_json::from_value(body).unwrap();
    input::parse(&object).unwrap()
}

pub(crate) fn registration(slug: &str) -> RegisterTenant {
    input(serde_json::json!({
        "companyName": format!("{slug} Holding"), "slug": slug,
        "adminEmail": format!("ada@{slug}.example"), "adminPassword": PASSWORD,
        "adminFirstName": "Ada", "adminLastName": "Lovelace",
    }))
}

pub(crate) fn login(email: &str, password: &str) -> Login {
    input(serde_json::json!({ "email": email, "password": password, "tenantSlug": "acme" }))
}

pub(crate) fn person(first_name: &str) -> Value {
    let email = format!("{}@acme.example", first_name.to_lowercase());
    serde_json::json!({ "email": email, "firstName": first_name, "lastName": "Tester" })
}

pub(crate) fn acceptance(token: &str) -> AcceptInvitation {
    input(serde_json::json!({ "token": token, "password": PASSWORD }))
}

/// The code that an operation was refused with.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("refused").code().code()
}

/// The draft of an invitation.
pub(crate) fn draft(body: Value) -> CreateUser {
    input(body)
}
