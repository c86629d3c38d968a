//! A surface with test routes, callers, and answers that are easy to look at.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::{Extension, Router, body::Body};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidewire_app::{
    App, Error,
    actor::Identity,
    clock::Clock,
    config::{Config, MailConfig, PushConfig, Secret},
    fanout::bus::local::LocalBus,
    outgoing::Exceptions,
    permission::Permission,
    rate_limit::{Class, Rate, Rates},
    tasks::Tasks,
};
use tidewire_protocol::{
    ErrorCode, Timestamp,
    id::{ChannelId, SessionId, TenantId, UserId},
    model::{
        messages::{HistoryQuery, SendMessage},
        users::{Role, UserRef, UserRefStatus},
    },
};
use tidewire_storage::Db;
use tidewire_testkit::TestDb;
use tower::ServiceExt as _;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    Options, PreAuthenticated,
    admission::{holding, public, signed_in},
    answer::Answer,
    json::Json,
    path::PathIds,
    problem::{Problem, Result},
    query::Query,
    routing::Page,
    surface,
};

pub(super) const CHANNEL: &str = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
pub(super) const ORIGIN: &str = "https://app.example";

pub(super) struct Surface {
    pub(super) app: App,
    pub(super) router: Router,
    pub(super) clock: Clock,
    pub(super) runs: Runs,
    _db: TestDb,
}

/// How often the handler of `/things` was run.
#[derive(Clone, Default)]
pub(super) struct Runs(Arc<AtomicU32>);

impl Runs {
    pub(super) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, PartialEq)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Answered {
    /// Null for what is a page.
    pub(super) fn json(&self) -> Value {
        if self.bytes.starts_with(b"<!doctype html>") {
            return Value::Null;
        }
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// The error's code, or nothing for a success.
    pub(super) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Surface {
    pub(super) async fn new() -> Self {
        Self::with_rates(&[]).await
    }

    pub(super) async fn with_rates(changes: &[(Class, Rate)]) -> Self {
        let db = TestDb::sqlite();
        let clock = Clock::manual(Timestamp::from_ms(1_750_000_000_000));
        let app = app(&db, clock.clone(), changes).await;
        let options = Options {
            allowed_origins: vec![ORIGIN.parse().unwrap()],
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            description_hidden: true,
            more: Router::new().route("/upgrade", axum::routing::get(upgrade)),
        };
        let page = routes(Page::new(&app, &options.trusted_proxies));
        let runs = Runs::default();
        let router = surface::wrap(page, options.more, app.clone(), &options.allowed_origins)
            .layer(Extension(runs.clone()));
        Self { app, router, clock, runs, _db: db }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answered {
        send(&self.router, request).await
    }
}

pub(super) async fn send(router: &Router, request: Request<Body>) -> Answered {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    Answered { status: parts.status.as_u16(), headers: parts.headers, bytes }
}

async fn app(db: &TestDb, clock: Clock, changes: &[(Class, Rate)]) -> App {
    let mut rates = Rates::default();
    for (class, rate) in changes {
        rates.set(*class, *rate);
    }
    let config = Config {
        data_dir: PathBuf::new(),
        public_url: "http://localhost".to_owned(),
        registration_open: true,
        rate_limits: true,
        rates,
        group_members_max: 100,
        secret: Secret([1; 32]),
        sealing_keys: Vec::new(),
        outgoing: Exceptions::default(),
        mail: MailConfig::default(),
        push: PushConfig::default(),
        modules: Vec::new(),
        skips_catch_up: false,
    };
    let db = Db::open(db.url()).await.unwrap();
    App::start(db, clock, config, Tasks::default(), &LocalBus::default())
}

pub(super) fn get(path: &str) -> http::request::Builder {
    Request::get(path)
}

pub(super) fn post(path: &str) -> http::request::Builder {
    Request::post(path).header("content-type", "application/json")
}

pub(super) fn empty(request: http::request::Builder) -> Request<Body> {
    request.body(Body::empty()).unwrap()
}

/// Somebody of the tenant with these permissions.
pub(super) fn somebody(permissions: &[Permission]) -> PreAuthenticated {
    let user_id = UserId::new(Uuid::from_u128(2));
    PreAuthenticated(Arc::new(Identity {
        tenant_id: TenantId::new(Uuid::from_u128(1)),
        user_id,
        session_id: SessionId::new(Uuid::from_u128(3)),
        role: Role::User,
        permissions: permissions.iter().copied().collect(),
        user: UserRef {
            id: user_id,
            number: 1,
            display_name: "Ada Example".to_owned(),
            first_name: "Ada".to_owned(),
            last_name: "Example".to_owned(),
            email: None,
            avatar: None,
            status: UserRefStatus::Active,
        },
        session_created_at: Timestamp::from_ms(0),
        session_expires_at: Timestamp::from_ms(i64::MAX),
    }))
}

#[rustfmt::skip]
fn routes(page: Page) -> Page {
    page
        .at("/panic",                holding(Permission::ChatRead, Class::Read),      routes!(panic))
        .at("/slow",                 public(Class::Login),                            routes!(slow))
        .at("/big",                  public(Class::Document),                         routes!(big))
        .at("/secret",               public(Class::Document).credentials(),           routes!(big_secret))
        .at("/things",               signed_in(Class::Write),                         routes!(make))
        .at("/chat/{id}/messages",   holding(Permission::ChatWrite, Class::ChatSend), routes!(write))
        .at("/chat/{id}/messages",   holding(Permission::ChatRead, Class::Read),      routes!(read))
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Thing {
    pub(super) number: u32,
}

#[utoipa::path(get, path = "", responses((status = 200)))]
async fn panic() -> Answer<Thing> {
    panic!("a handler that panics")
}

async fn upgrade() -> Problem {
    ErrorCode::UpgradeRequired.into()
}

#[utoipa::path(post, path = "", responses((status = 200)))]
async fn slow() -> Answer<Thing> {
    std::future::pending().await
}

#[utoipa::path(get, path = "", responses((status = 200)))]
async fn big() -> Answer<String> {
    Answer::new("x".repeat(10_000))
}

#[utoipa::path(get, path = "", responses((status = 200)))]
async fn big_secret() -> Answer<String> {
    Answer::new("x".repeat(10_000))
}

/// Makes one thing a run. A content of `taken` is refused and one of `broken` fails.
#[utoipa::path(post, path = "", responses((status = 201, body = Answer<Thing>)))]
async fn make(
    Extension(runs): Extension<Runs>,
    Json(message): Json<SendMessage>,
) -> Result<(StatusCode, Answer<Thing>)> {
    let number = runs.0.fetch_add(1, Ordering::Relaxed) + 1;
    match message.content.as_str() {
        "taken" => {
            let details = serde_json::json!({ "number": number });
            Err(Error::new(ErrorCode::SlugTaken).with_details(details).into())
        }
        "broken" => Err(ErrorCode::Internal.into()),
        _ => Ok(Answer::created(Thing { number })),
    }
}

#[utoipa::path(post, path = "", responses((status = 200)))]
async fn write(_: PathIds<ChannelId>, Json(message): Json<SendMessage>) -> Answer<SendMessage> {
    Answer::new(message)
}

#[utoipa::path(get, path = "", responses((status = 200)))]
async fn read(_: PathIds<ChannelId>, Query(query): Query<HistoryQuery>) -> Answer<HistoryQuery> {
    Answer::new(query)
}
