//! Every endpoint of the table, knocked at by everybody who might: who may not come is told so and
//! nothing else, whoever asks for what belongs to another company learns nothing, and nothing breaks.

mod table;

use serde_json::{Value, json};
use tidewire_app::operator;

use crate::house::{Admin, Answered, Client, House, Person};
use table::{Endpoint, Ids, endpoints};

/// What a profile of the system allows, by the numbers of the permissions.
fn of_system(profile: &str) -> Vec<&'static str> {
    const ALL: [&str; 30] = [
        "users.read",
        "chat.read",
        "chat.write",
        "chat.create_group",
        "entities.read",
        "entities.write",
        "entities.merge",
        "events.read",
        "events.write",
        "templates.read",
        "analytics.read",
        "settings.read",
        "email_settings.read",
        "profiles.read",
        "billing.read",
        "setup.read",
        "health.read",
        "users.create",
        "users.update",
        "users.deactivate",
        "users.delete",
        "sessions.manage",
        "profiles.manage",
        "settings.manage",
        "email_settings.manage",
        "templates.manage",
        "billing.manage",
        "setup.manage",
        "audit.read",
        "service_tokens.manage",
    ];
    match profile {
        "user" => ALL[..17].to_vec(),
        "manager" => ALL[..19].to_vec(),
        "tenant_admin" => ALL.to_vec(),
        _ => [1, 2, 5, 8, 10, 11, 12, 13, 14, 15, 16, 17].map(|number| ALL[number - 1]).to_vec(),
    }
}

/// Somebody who signs in again whenever a request has signed them out.
struct Walker<'a> {
    house: &'a House,
    email: String,
    client: Client,
}

impl<'a> Walker<'a> {
    async fn new(house: &'a House, person: &Person) -> Self {
        let client = house.sign_in("acme", &person.email).await.into_client();
        Self { house, email: person.email.clone(), client }
    }

    async fn ask(&mut self, endpoint: &Endpoint, ids: &Ids) -> Answered {
        if self.client.get("/auth/me").await.status == 401 {
            self.client = self.house.sign_in("acme", &self.email).await.into_client();
        }
        knock(&self.client, endpoint, ids).await
    }
}

async fn knock(client: &Client, endpoint: &Endpoint, ids: &Ids) -> Answered {
    let answer = client.call(&endpoint.method, &endpoint.at(ids), endpoint.body(ids)).await;
    assert_ne!(answer.status, 500, "{endpoint}: {}", answer.text);
    assert_eq!(answer.status == 401, answer.header("www-authenticate").is_some(), "{endpoint}");
    answer
}

/// What services may hold where they are asked to come.
const SERVICES: &[&str] = &["users.read", "tokens.introspect", "notifications.emit"];

/// A mail server that nobody may save, and no name server, so that nothing leaves this machine.
async fn open() -> House {
    House::with(|config| config.mail.name_server = Some(([127, 0, 0, 1], 9).into())).await
}

#[tokio::test]
async fn nobody_comes_without_a_token_that_is_live() {
    let house = open().await;
    let ada = house.company("acme").await;
    let endpoints = endpoints(&house).await;
    let dead = house.sign_in("acme", &ada.email).await.into_client();
    assert_eq!(dead.post("/auth/logout", json!({})).await.status, 200);
    let bob = house.member(&ada, "bob").await;
    assert_eq!(ada.delete(&format!("/users/{}", bob.id)).await.status, 200);
    let (_, revoked) = service(&ada, "revoked", &["users.read"]).await;
    assert_eq!(ada.delete(&format!("/service-tokens/{revoked}")).await.status, 200);
    let (revoked, _) = service(&ada, "gone", &["users.read"]).await;
    let listed = ada.get("/service-tokens").await;
    let gone = listed.data()["items"][0]["id"].as_str().unwrap().to_owned();
    ada.delete(&format!("/service-tokens/{gone}")).await;
    for endpoint in &endpoints {
        closed(&house.anonymous(), endpoint, (401, "TOKEN_MISSING")).await;
        closed(&house.bearer("nonsense"), endpoint, (401, "TOKEN_INVALID")).await;
        closed(&dead, endpoint, (401, "SESSION_REVOKED")).await;
        closed(&bob, endpoint, (401, "SESSION_REVOKED")).await;
        closed(&house.bearer(&revoked), endpoint, (401, "TOKEN_INVALID")).await;
    }

    let (services, _) = service(&ada, "modules", SERVICES).await;
    let services = house.bearer(&services);
    operator::set_suspended(&house.app, "acme", true).await.unwrap();
    for endpoint in &endpoints {
        closed(&ada, endpoint, (403, "TENANT_SUSPENDED")).await;
        closed(&services, endpoint, (403, "TENANT_SUSPENDED")).await;
    }
    operator::set_suspended(&house.app, "acme", false).await.unwrap();
    house.clock.advance(2 * 86_400_000);
    for endpoint in &endpoints {
        closed(&ada, endpoint, (401, "TOKEN_EXPIRED")).await;
        closed(&services, endpoint, (401, "TOKEN_INVALID")).await;
    }
}

/// An endpoint that is for nobody in particular does not look at tokens at all.
async fn closed(client: &Client, endpoint: &Endpoint, expected: (u16, &str)) {
    let answer = knock(client, endpoint, &Ids::unknown()).await;
    if endpoint.access == "public" {
        assert_ne!(answer.refusal(), expected, "{endpoint}");
    } else {
        assert_eq!(answer.refusal(), expected, "{endpoint}");
    }
}

/// A service token and its id.
async fn service(ada: &Admin, name: &str, permissions: &[&str]) -> (String, String) {
    let draft = json!({ "name": name, "permissions": permissions, "expiresInDays": 1 });
    let made = ada.post("/service-tokens", draft).await;
    let data = made.data();
    let id = data["serviceToken"]["id"].as_str().unwrap().to_owned();
    (data["token"].as_str().unwrap().to_owned(), id)
}

#[tokio::test]
async fn people_may_what_their_role_and_profile_say() {
    let house = open().await;
    let ada = house.company("acme").await;
    let endpoints = endpoints(&house).await;
    let manager = house.manager(&ada, "mia").await;
    let member = house.member(&ada, "bob").await;
    let reader = house.member(&ada, "rea").await;
    let read_only = json!({ "profileId": 4 });
    assert_eq!(ada.put(&format!("/users/{}", reader.id), read_only).await.status, 200);
    let people: [(&str, &Person); 4] =
        [("tenant_admin", &ada), ("manager", &manager), ("user", &member), ("read_only", &reader)];
    for (profile, person) in people {
        let held = of_system(profile);
        let mut walker = Walker::new(&house, person).await;
        for endpoint in &endpoints {
            let answer = walker.ask(endpoint, &Ids::unknown()).await;
            let may = match endpoint.required() {
                None => true,
                Some(("service", _)) => false,
                Some(("admin", permission)) => {
                    profile == "tenant_admin" && held.contains(&permission)
                }
                Some((_, permission)) => held.contains(&permission),
            };
            let refused = answer.refusal() == (403, "FORBIDDEN");
            assert_eq!(refused, !may, "{profile}: {endpoint}: {}", answer.text);
            if let (true, Some((_, permission))) = (refused, endpoint.required()) {
                assert_eq!(answer.body["error"]["details"]["required"], permission, "{endpoint}");
            }
        }
    }
}

#[tokio::test]
async fn services_come_where_they_are_asked_to_and_nowhere_else() {
    let house = open().await;
    let ada = house.company("acme").await;
    let (all, _) = service(&ada, "all", SERVICES).await;
    let (other, _) = service(&ada, "other", &["events.read"]).await;
    for endpoint in &endpoints(&house).await {
        let answer = knock(&house.bearer(&all), endpoint, &Ids::unknown()).await;
        let is_open = endpoint.access == "public" || endpoint.services.is_some();
        let refused = answer.refusal() == (403, "FORBIDDEN");
        assert_eq!(refused, !is_open, "{endpoint}: {}", answer.text);
        let answer = knock(&house.bearer(&other), endpoint, &Ids::unknown()).await;
        let refused = answer.refusal() == (403, "FORBIDDEN");
        assert_eq!(refused, endpoint.access != "public", "{endpoint}: {}", answer.text);
    }
}

/// What is another company's, or somebody else's, by the names that paths and bodies have for it.
async fn belongings(admin: &Admin, member: &Person) -> Ids {
    let channel = admin.direct(member).await;
    let message = admin.say(&channel, "for us only").await;
    let profile = json!({ "name": "Own", "permissions": [1] });
    let mut last = Value::Null;
    for name in ["Own", "Second"] {
        let mut profile = profile.clone();
        profile["name"] = name.into();
        last = admin.post("/profiles", profile).await.data()["profile"]["id"].clone();
    }
    let sessions = admin.get("/auth/sessions").await;
    let (_, service_token) = service(admin, "module", &["users.read"]).await;
    Ids {
        user: member.id.clone(),
        profile: last.as_i64().unwrap(),
        channel,
        message: message["id"].as_str().unwrap().to_owned(),
        session: sessions.data()["items"][0]["id"].as_str().unwrap().to_owned(),
        service_token,
    }
}

/// All that the administrator of a company sees of it.
async fn seen(admin: &Admin, ids: &Ids) -> Vec<Value> {
    let messages = format!("/chat/channels/{}/messages", ids.channel);
    let paths = [
        "/users?limit=100",
        "/profiles?includeInactive=true",
        "/chat/channels",
        &messages,
        "/auth/sessions",
        "/service-tokens",
        "/org-settings",
        "/settings/email/sender",
        "/audit-log?limit=100",
    ];
    let mut seen = Vec::new();
    for path in paths {
        seen.push(admin.get(path).await.data().clone());
    }
    seen
}

#[tokio::test]
async fn what_belongs_to_another_company_answers_like_what_is_not_there() {
    let house = open().await;
    let (ada, bea) = (house.company("acme").await, house.company("other").await);
    let (bob, ben) = (house.member(&ada, "bob").await, house.member(&bea, "ben").await);
    assert_eq!((ada.number, bob.number), (bea.number, ben.number), "numbers overlap");
    let foreign = belongings(&bea, &ben).await;
    let own_channel = ada.direct(&bob).await;
    let mine = |ids: &Ids| Ids { channel: own_channel.clone(), ..ids.clone() };
    let before = seen(&bea, &foreign).await;
    let mut walker = Walker::new(&house, &ada).await;
    for endpoint in &endpoints(&house).await {
        // The whole path at once, and also what would be inside a channel of one's own.
        for (theirs, nothing) in
            [(foreign.clone(), Ids::unknown()), (mine(&foreign), mine(&Ids::unknown()))]
        {
            if !endpoint.names_something() {
                continue;
            }
            let found = walker.ask(endpoint, &theirs).await;
            let missed = walker.ask(endpoint, &nothing).await;
            assert_eq!(told(&found), told(&missed), "{endpoint}");
        }
        // Here the number is somebody's of one's own.
        let numbers = Ids { user: ben.number.to_string(), profile: 5, ..foreign.clone() };
        walker.ask(endpoint, &numbers).await;
    }
    assert_eq!(seen(&bea, &foreign).await, before);
}

/// All of an answer that could tell two cases apart: everything but the request's name, and how often
/// one may still ask.
fn told(answer: &Answered) -> (u16, Vec<(String, String)>, String) {
    let request = answer.header("x-request-id").unwrap_or_default();
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id" && !name.as_str().starts_with("ratelimit"));
    let mut headers: Vec<_> = headers
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status, headers, answer.text.replace(request, ""))
}

#[tokio::test]
async fn heads_other_methods_and_slashes_at_the_end_are_answered_alike_everywhere() {
    let house = open().await;
    let ada = house.company("acme").await;
    let mut walker = Walker::new(&house, &ada).await;
    let endpoints = endpoints(&house).await;
    for endpoint in &endpoints {
        let path = endpoint.at(&Ids::unknown());
        let bare = path.split('?').next().unwrap();
        let slash = walker.client.call(&endpoint.method, &format!("{bare}/"), None).await;
        assert_eq!(slash.refusal(), (404, "ROUTE_NOT_FOUND"), "{endpoint}");
        if endpoint.method == "GET" {
            let whole = walker.ask(endpoint, &Ids::unknown()).await;
            let head = walker.client.call("HEAD", &path, None).await;
            assert_eq!((head.status, head.text.as_str()), (whole.status, ""), "{endpoint}");
        }
        let of_path = endpoints.iter().filter(|other| other.path == endpoint.path);
        let mut known: Vec<_> = of_path.map(|other| other.method.as_str()).collect();
        let other = ["DELETE", "PATCH", "PUT", "POST", "GET"];
        let Some(other) = other.iter().find(|method| !known.contains(method)) else { continue };
        let refused = walker.client.call(other, &path, None).await;
        assert_eq!(refused.refusal(), (405, "METHOD_NOT_ALLOWED"), "{other} {path}");
        let allow = refused.header("allow").unwrap().to_owned();
        let mut allowed: Vec<_> = allow.split(',').map(str::trim).collect();
        allowed.retain(|method| *method != "HEAD");
        known.sort_unstable();
        allowed.sort_unstable();
        assert_eq!(allowed, known, "{path}");
    }
}
