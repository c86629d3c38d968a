//! Companies.

use serde_json::json;

use crate::house::{House, PASSWORD, registration};

#[tokio::test]
async fn a_company_is_registered_once_and_then_found() {
    let house = House::open().await;
    let anonymous = house.anonymous();
    let free = anonymous.get("/tenants/check-slug/Acme").await;
    assert_eq!(free.data(), &json!({"slug": "acme", "available": true, "reason": null}));

    let answer = anonymous.post("/tenants/register", registration("acme")).await;
    assert_eq!((answer.status, &answer.data()["user"]["role"]), (201, &json!("tenant_admin")));
    assert!(!answer.body.to_string().contains("oken"));
    let again = anonymous.post("/tenants/register", registration("acme")).await;
    assert_eq!(again.refusal(), (409, "SLUG_TAKEN"));

    let taken = anonymous.get("/tenants/check-slug/acme").await;
    assert_eq!(taken.data(), &json!({"slug": "acme", "available": false, "reason": "taken"}));
    let found = anonymous.get("/tenants/by-slug/acme").await;
    assert_eq!(found.data()["tenant"]["name"], "acme Holding");
    assert_eq!(found.header("cache-control"), Some("public, max-age=60"));
    assert_eq!(found.data()["tenant"].as_object().unwrap().len(), 6);

    let ada = house.sign_in("acme", "ada@acme.example").await;
    assert_eq!(ada.get("/tenants/me").await.data()["tenant"]["slug"], "acme");
}

#[tokio::test]
async fn slugs_that_cannot_be_are_told_why() {
    let house = House::open().await;
    let anonymous = house.anonymous();
    let long = "a".repeat(49);
    let bad = [
        ("admin", "reserved"),
        ("a", "invalid"),
        ("a--b", "invalid"),
        ("%C3%BC", "invalid"),
        (&long, "invalid"),
    ];
    for (slug, reason) in bad {
        let answer = anonymous.get(&format!("/tenants/check-slug/{slug}")).await;
        assert_eq!(answer.data()["reason"], reason, "{slug}");
    }
    let answer = anonymous.get("/tenants/by-slug/nobody").await;
    assert_eq!(answer.refusal(), (404, "NOT_FOUND"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_registration_that_breaks_rules_is_refused() {
    let house = House::open().await;
    let anonymous = house.anonymous();
    let answer = anonymous.post("/tenants/register", json!({"companyName": " "})).await;
    let fields =
        ["companyName", "slug", "adminEmail", "adminPassword", "adminFirstName", "adminLastName"];
    assert_eq!(answer.fields(), fields);
    let mut weak = registration("acme");
    weak["adminPassword"] = json!("password123");
    let answer = anonymous.post("/tenants/register", weak).await;
    assert_eq!(answer.refusal(), (400, "PASSWORD_POLICY"));
}

#[tokio::test]
async fn an_operator_may_close_registration() {
    let house = House::with(|config| config.registration_open = false).await;
    let answer = house.anonymous().post("/tenants/register", registration("acme")).await;
    assert_eq!(answer.refusal(), (403, "REGISTRATION_CLOSED"));
    assert!(!answer.body.to_string().contains(PASSWORD));
}
