//! People in a company.

use serde_json::json;

use crate::house::{House, PASSWORD, login};

#[tokio::test]
async fn somebody_is_invited_and_comes_in() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let draft = json!({"email": "bob@acme.example", "firstName": "Bob", "lastName": "Tester"});
    let invited = ada.post("/users", draft).await;
    assert_eq!((invited.status, &invited.data()["user"]["status"]), (201, &json!("pending")));
    assert_eq!(invited.data()["invitation"]["emailQueued"], true);

    let token = house.mailed_token("bob@acme.example").await;
    let anonymous = house.anonymous();
    let preview = anonymous.get(&format!("/users/invitations/{token}")).await;
    assert_eq!(preview.data()["tenant"]["slug"], "acme");
    assert!(!preview.body.to_string().contains("bob@acme.example"));

    let accept = json!({"token": token, "password": PASSWORD});
    let accepted = anonymous.post("/users/accept-invitation", accept.clone()).await;
    assert_eq!(accepted.data()["user"]["displayName"], "Bob Tester");
    let again = anonymous.post("/users/accept-invitation", accept).await;
    assert_eq!(again.refusal(), (400, "ONE_TIME_TOKEN_INVALID"));

    let bob = house.sign_in("acme", "bob@acme.example").await;
    assert_eq!(bob.get("/users/me").await.data()["user"]["number"], 2);
}

#[tokio::test]
async fn a_list_is_paged_and_filtered() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    house.member(&ada, "bob").await;
    house.manager(&ada, "eve").await;
    let page = ada.get("/users?sort=name&order=asc&limit=2").await;
    let pagination = json!({"page": 1, "limit": 2, "total": 3, "totalPages": 2, "hasMore": true});
    assert_eq!(page.data()["pagination"], pagination);
    let last = ada.get("/users?sort=name&order=asc&limit=2&page=2").await;
    assert_eq!(last.data()["items"].as_array().unwrap().len(), 1);
    let past = ada.get("/users?page=9").await;
    assert_eq!((past.status, past.data()["items"].as_array().unwrap().len()), (200, 0));
    let managers = ada.get("/users?role=manager").await;
    assert_eq!(managers.data()["items"][0]["email"], "eve@acme.example");
    assert_eq!(ada.get("/users?limit=1000").await.data()["pagination"]["limit"], 100);
    for (bad, field) in [
        ("page=abc", "page"),
        ("page=0", "page"),
        ("limit=-1", "limit"),
        ("page=5000&limit=100", "page"),
        ("status=gone", "status"),
        ("search=a&search=b", "search"),
        ("sort=password", "sort"),
    ] {
        assert_eq!(ada.get(&format!("/users?{bad}")).await.fields(), [field], "{bad}");
    }
}

#[tokio::test]
async fn a_person_is_named_by_id_or_number_within_the_company() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let stranger = house.company("other").await;
    let by_id = ada.get(&format!("/users/{}", bob.id)).await;
    let by_number = ada.get(&format!("/users/{}", bob.number)).await;
    assert_eq!(by_id.data(), by_number.data());

    let foreign = stranger.get(&format!("/users/{}", bob.id)).await;
    let unknown = stranger.get("/users/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b").await;
    assert_eq!(foreign.refusal(), (404, "NOT_FOUND"));
    assert_eq!(foreign.error(), unknown.error());
    for bad in ["x", "-1", "0190a1b2c3d47e5f8a9b0c1d2e3f4a5b", "1%2F2", "%20"] {
        assert_eq!(ada.get(&format!("/users/{bad}")).await.fields(), ["id"], "{bad}");
    }
}

#[tokio::test]
async fn a_version_that_is_known_is_not_sent_again() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let first = ada.get("/users/1").await;
    let etag = first.header("etag").unwrap().to_owned();
    assert_eq!(etag, format!("\"{}\"", first.data()["user"]["version"]));
    let known = ada.get_with("/users/1", "if-none-match", &etag).await;
    assert_eq!((known.status, known.header("etag")), (304, Some(etag.as_str())));
    assert!(known.body.is_null());
    assert_eq!(ada.get_with("/users/1", "if-none-match", "\"0\"").await.status, 200);
    let stale = ada.get_with("/users/1", "if-match", "\"0\"").await;
    assert_eq!(stale.refusal(), (412, "PRECONDITION_FAILED"));
}

#[tokio::test]
async fn inviting_is_for_those_who_may() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let eve = house.manager(&ada, "eve").await;
    let draft = |role| json!({"email": "new@acme.example", "firstName": "N", "lastName": "W", "role": role});
    let answer = bob.post("/users", json!({"email": 1})).await;
    assert_eq!(answer.refusal(), (403, "FORBIDDEN"));
    assert_eq!(answer.body["error"]["details"]["required"], "users.create");
    for role in ["manager", "tenant_admin"] {
        let answer = eve.post("/users", draft(role)).await;
        assert_eq!(answer.refusal(), (403, "ROLE_NOT_ASSIGNABLE"), "{role}");
    }
    for role in ["super", "owner"] {
        assert_eq!(ada.post("/users", draft(role)).await.fields(), ["role"], "{role}");
    }
    assert_eq!(eve.post("/users", draft("user")).await.status, 201);
    assert_eq!(eve.post("/users", draft("user")).await.refusal(), (409, "EMAIL_TAKEN"));
}

#[tokio::test]
async fn inviting_twice_with_one_key_invites_once() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let draft = json!({"email": "bob@acme.example", "firstName": "Bob", "lastName": "Tester"});
    let first = ada.post_with_key("/users", "key-1", draft.clone()).await;
    let again = ada.post_with_key("/users", "key-1", draft.clone()).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = ada.post_with_key("/users", "key-2", draft).await;
    assert_eq!(other.refusal(), (409, "EMAIL_TAKEN"));
}

#[tokio::test]
async fn a_link_that_is_none_is_refused() {
    let house = House::open().await;
    let anonymous = house.anonymous();
    for token in ["x", &"x".repeat(43), "%00"] {
        let answer = anonymous.get(&format!("/users/invitations/{token}")).await;
        assert_eq!(answer.refusal(), (400, "ONE_TIME_TOKEN_INVALID"), "{token}");
    }
    let answer = anonymous.post("/users/accept-invitation", json!({"token": 1})).await;
    assert_eq!(answer.fields(), ["token", "password"]);
    let answer = anonymous.post("/auth/login", login("acme", "a@b.example", "x")).await;
    assert_eq!(answer.refusal(), (401, "INVALID_CREDENTIALS"));
}

#[tokio::test]
async fn presence_is_told_for_those_who_are_known() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let answer = ada.get(&format!("/presence?userIds=1,{},77", ada.id)).await;
    let items = answer.data()["items"].as_array().unwrap();
    assert!(items.iter().all(|item| item["userNumber"] == 1 && item["status"] == "offline"));
    assert_eq!(ada.get("/presence").await.fields(), ["userIds"]);
    assert_eq!(ada.get("/presence?userIds=1,x,").await.fields(), ["userIds[1]", "userIds[2]"]);
    let many = vec!["1"; 201].join(",");
    assert_eq!(ada.get(&format!("/presence?userIds={many}")).await.fields(), ["userIds"]);
}
