//! Changing people, and whether they belong to a company.

use serde_json::json;

use crate::house::{House, login};

#[tokio::test]
async fn a_person_is_changed_by_whoever_has_seen_them() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let path = format!("/users/{}", bob.number);
    let seen = ada.get(&path).await.header("etag").unwrap().to_owned();
    let body = json!({"firstName": "Robert", "role": "manager", "email": "else@acme.example"});
    let changed = ada.put_with(&path, "if-match", &seen, body).await;
    let user = &changed.data()["user"];
    assert_eq!(
        (&user["displayName"], &user["email"]),
        (&json!("Robert Tester"), &json!("bob@acme.example"))
    );
    assert_eq!(changed.header("etag").unwrap(), format!("\"{}\"", user["version"]));
    let stale = ada.put_with(&path, "if-match", &seen, json!({"lastName": "X"})).await;
    assert_eq!(stale.refusal(), (412, "PRECONDITION_FAILED"));
    let rights = bob.get("/permissions/me").await;
    assert_eq!(
        (&rights.data()["role"], &rights.data()["profile"]["id"]),
        (&json!("manager"), &json!(2))
    );
    for (bad, field) in [
        (json!({"role": "super"}), "role"),
        (json!({"status": "pending"}), "status"),
        (json!({"firstName": "x".repeat(81)}), "firstName"),
        (json!({"profileId": "1"}), "profileId"),
        (json!({"profileId": 77}), "profileId"),
    ] {
        assert_eq!(ada.put(&path, bad.clone()).await.fields(), [field], "{bad}");
    }
}

#[tokio::test]
async fn somebody_leaves_comes_back_and_is_forgotten() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let path = format!("/users/{}", bob.id);
    let left = ada.put(&path, json!({"status": "inactive"})).await;
    assert_eq!(left.data()["user"]["status"], "inactive");
    assert_eq!(bob.get("/users/me").await.refusal(), (401, "SESSION_REVOKED"));
    assert_eq!(ada.get("/users?status=inactive").await.data()["pagination"]["total"], 1);
    assert_eq!(ada.delete(&path).await.status, 200);
    let back = ada.post(&format!("{path}/activate"), json!({})).await;
    assert_eq!(back.data()["user"]["status"], "active");
    let bob = house.sign_in("acme", "bob@acme.example").await;
    let out = ada.post(&format!("{path}/revoke-sessions"), json!({})).await;
    assert_eq!(out.data(), &json!({"revokedSessions": 1}));
    assert_eq!(bob.get("/users/me").await.refusal(), (401, "SESSION_REVOKED"));
    let erased = ada.delete(&format!("{path}/permanent")).await;
    assert_eq!(erased.data(), &json!({"deleted": true, "id": bob.id}));
    assert_eq!(ada.delete(&format!("{path}/permanent")).await.refusal(), (404, "NOT_FOUND"));
    let gone = house.anonymous().post("/auth/login", login("acme", "bob@acme.example", "x")).await;
    assert_eq!(gone.refusal(), (401, "INVALID_CREDENTIALS"));
}

#[tokio::test]
async fn administrators_alone_decide_who_belongs() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let eve = house.manager(&ada, "eve").await;
    for path in ["/users/x/activate", "/users/x/revoke-sessions", "/users/x/resend-invitation"] {
        assert_eq!(eve.post(path, json!({})).await.refusal(), (403, "FORBIDDEN"), "{path}");
        assert_eq!(ada.post(path, json!({})).await.fields(), ["id"], "{path}");
    }
    for path in ["/users/x", "/users/x/permanent"] {
        assert_eq!(eve.delete(path).await.refusal(), (403, "FORBIDDEN"), "{path}");
        assert_eq!(ada.delete(path).await.fields(), ["id"], "{path}");
    }
    let last = ada.delete("/users/1").await;
    assert_eq!(last.refusal(), (403, "CANNOT_MODIFY_SELF"));
    let active = ada.post("/users/1/resend-invitation", json!({})).await;
    assert_eq!(active.refusal(), (409, "NOT_PENDING"));
    let stranger = house.company("other").await;
    let (foreign, unknown) =
        (format!("/users/{}", eve.id), "/users/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
    assert_eq!(stranger.delete(&foreign).await.error(), stranger.delete(unknown).await.error());
    let body = json!({"lastName": "X"});
    let answers = (stranger.put(&foreign, body.clone()).await, stranger.put(unknown, body).await);
    assert_eq!((answers.0.refusal(), answers.0.error()), ((404, "NOT_FOUND"), answers.1.error()));
}
