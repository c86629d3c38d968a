//! Modules that call on behalf of a company, and the log of what happened in it.

use serde_json::json;

use crate::house::{Admin, House};

async fn token(ada: &Admin, name: &str, permissions: &[&str]) -> String {
    let draft = json!({"name": name, "permissions": permissions, "expiresInDays": 1});
    let made = ada.post("/service-tokens", draft).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.data()["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn a_module_reads_what_its_token_allows_and_nothing_of_its_own() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let reader = house.bearer(&token(&ada, "Reader", &["users.read"]).await);
    let page = reader.get("/users").await;
    assert_eq!(page.data()["pagination"]["total"], 1);
    assert!(page.data()["items"][0]["lastLoginAt"].is_null(), "private fields are for people");
    assert_eq!(reader.get("/users/1").await.data()["user"]["number"], 1);
    assert_eq!(reader.get("/users/9").await.refusal(), (404, "NOT_FOUND"));
    let closed = [
        "/users/me",
        "/auth/me",
        "/permissions/me",
        "/chat/channels",
        "/users/profiles",
        "/profiles",
        "/audit-log",
        "/service-tokens",
        "/org-settings",
        "/tenants/me",
    ];
    for path in closed {
        assert_eq!(reader.get(path).await.refusal(), (403, "FORBIDDEN"), "{path}");
    }
    for path in ["/users", "/auth/logout", "/service-tokens", "/realtime/ticket", "/profiles"] {
        assert_eq!(reader.post(path, json!({})).await.refusal(), (403, "FORBIDDEN"), "{path}");
    }
    let other = house.bearer(&token(&ada, "Other", &["tokens.introspect"]).await);
    let refused = other.get("/users").await;
    assert_eq!(refused.body["error"]["details"], json!({"required": "users.read"}));
    let stranger = house.company("other").await;
    let foreign = house.bearer(&token(&stranger, "Reader", &["users.read"]).await);
    assert_eq!(foreign.get(&format!("/users/{}", ada.id)).await.refusal(), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn a_token_is_managed_by_administrators_and_ends_at_once() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    assert_eq!(bob.post("/service-tokens", json!({})).await.refusal(), (403, "FORBIDDEN"));
    let bad = ada.post("/service-tokens", json!({"permissions": [], "expiresInDays": 366})).await;
    assert_eq!(bad.fields(), ["name", "permissions", "expiresInDays"]);
    let text = token(&ada, "Reader", &["users.read"]).await;
    let list = ada.get("/service-tokens").await;
    assert!(!list.body.to_string().contains(&text));
    assert!(text.starts_with(list.data()["items"][0]["prefix"].as_str().unwrap()));
    let id = list.data()["items"][0]["id"].as_str().unwrap().to_owned();
    let reader = house.bearer(&text);
    assert_eq!(reader.get("/users").await.status, 200);
    for _ in 0..2 {
        let revoked = ada.delete(&format!("/service-tokens/{id}")).await;
        assert_eq!(revoked.data(), &json!({"revoked": true, "id": id}));
    }
    assert_eq!(reader.get("/users").await.refusal(), (401, "TOKEN_INVALID"));
    assert_eq!(house.bearer("st_x").get("/users").await.refusal(), (401, "TOKEN_INVALID"));
    assert_eq!(ada.delete("/service-tokens/x").await.fields(), ["id"]);
}

#[tokio::test]
async fn an_answer_with_a_token_is_not_kept_for_repetition() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let draft = json!({"name": "Mail", "permissions": ["users.read"]});
    let first = ada.post_with_key("/service-tokens", "key", draft.clone()).await;
    let again = ada.post_with_key("/service-tokens", "key", draft).await;
    assert_eq!((first.status, again.refusal()), (201, (409, "NAME_TAKEN")));
}

#[tokio::test]
async fn a_module_asks_whether_a_token_is_live() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let module = house.bearer(&token(&ada, "Mail", &["tokens.introspect"]).await);
    let dead = module.post("/auth/introspect", json!({"token": "nonsense"})).await;
    assert_eq!(dead.data(), &json!({"active": false}));
    assert_eq!(module.post("/auth/introspect", json!({})).await.fields(), ["token"]);
    let person = ada.post("/auth/introspect", json!({"token": "x"})).await;
    assert_eq!(person.refusal(), (403, "FORBIDDEN"));
    let plain = house.bearer(&token(&ada, "Plain", &["users.read"]).await);
    let refused = plain.post("/auth/introspect", json!({"token": "x"})).await;
    assert_eq!(refused.refusal(), (403, "FORBIDDEN"));
}

#[tokio::test]
async fn what_happened_is_read_by_administrators() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    assert_eq!(bob.get("/audit-log").await.refusal(), (403, "FORBIDDEN"));
    let page = ada.get("/audit-log?action=users.created&limit=1").await;
    let line = &page.data()["items"][0];
    assert_eq!((&line["actor"]["type"], &line["actor"]["id"]), (&json!("user"), &json!(ada.id)));
    assert_eq!((&line["targetId"], &line["ipAddress"]), (&json!(bob.id), &json!("192.0.2.1")));
    assert_eq!(line.as_object().unwrap().len(), 9);
    let first = ada.get("/audit-log?limit=1").await;
    let cursor = first.data()["pagination"]["nextCursor"].as_str().unwrap();
    let second = ada.get(&format!("/audit-log?limit=1&cursor={cursor}")).await;
    assert_ne!(second.data()["items"][0]["id"], first.data()["items"][0]["id"]);
    let stolen = ada.get(&format!("/audit-log?limit=1&action=x&cursor={cursor}")).await;
    assert_eq!(stolen.refusal(), (400, "INVALID_CURSOR"));
    for (bad, field) in [
        ("limit=0", "limit"),
        ("actorId=x", "actorId"),
        ("from=yesterday", "from"),
        ("from=2025-02-01T00:00:00Z&to=2025-01-01T00:00:00Z", "from"),
    ] {
        assert_eq!(ada.get(&format!("/audit-log?{bad}")).await.fields(), [field], "{bad}");
    }
}
