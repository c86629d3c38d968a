//! What a company decides for all its people.

use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn settings_are_read_by_key_by_category_and_as_one_map() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let all = bob.get("/org-settings").await;
    assert_eq!(all.data()["settings"].as_object().unwrap().len(), 29);
    assert_eq!(all.data()["settings"]["general.company_name"], "acme Holding");
    let branding = bob.get("/org-settings/by-category/branding").await;
    let expected = json!({"category": "branding", "settings": {
        "branding.logo_url": null, "branding.primary_color": "#2563EB", "branding.login_message": "",
    }});
    assert_eq!(branding.data(), &expected);
    let one = bob.get("/org-settings/security.password_min_length").await;
    let expected = json!({
        "key": "security.password_min_length", "category": "security", "type": "integer",
        "value": 10, "default": 10, "isDefault": true,
        "constraints": {"minimum": 8, "maximum": 64},
        "description": "The least characters of a new password",
        "updatedAt": null, "updatedBy": null, "version": 0,
    });
    assert_eq!(one.data()["setting"], expected);
    for unknown in ["/org-settings/x", "/org-settings/by-category/x", "/org-settings/general"] {
        assert_eq!(bob.get(unknown).await.refusal(), (404, "NOT_FOUND"), "{unknown}");
    }
    let refused = bob.put("/org-settings/x", json!({})).await;
    assert_eq!(refused.refusal(), (403, "FORBIDDEN"));
}

#[tokio::test]
async fn a_setting_is_changed_by_whoever_has_seen_it() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let path = "/org-settings/branding.primary_color";
    let seen = ada.get(path).await;
    assert_eq!(seen.header("etag"), Some("\"0\""));
    let green = json!({"value": "#00ff00"});
    let set = ada.put_with(path, "if-match", "\"0\"", green.clone()).await;
    assert_eq!(
        (&set.data()["setting"]["value"], set.header("etag")),
        (&json!("#00FF00"), Some("\"1\""))
    );
    assert_eq!(set.data()["setting"]["updatedBy"]["id"], ada.id.as_str());
    let red = json!({"value": "#ff0000"});
    let stale = ada.put_with(path, "if-match", "\"0\"", red.clone()).await;
    assert_eq!(stale.refusal(), (412, "PRECONDITION_FAILED"));
    assert_eq!(ada.put_with(path, "if-match", "*", red).await.status, 200);
    let known = ada.get_with(path, "if-none-match", "\"2\"").await;
    assert_eq!(known.status, 304);
    let public = house.anonymous().get("/tenants/by-slug/acme").await;
    assert_eq!(public.data()["tenant"]["primaryColor"], "#FF0000");
}

#[tokio::test]
async fn a_value_of_another_type_is_told_the_type() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    for (key, value, expected) in [
        ("chat.enabled", json!("true"), "must be true or false"),
        ("data.audit_retention_days", json!(89), "must be an integer from 90 to 3650"),
        ("general.date_format", json!("xx"), "must be one of iso, us, eu"),
        ("general.company_name", json!(5), "must be a string of 1 to 120 characters on one line"),
    ] {
        let answer = ada.put(&format!("/org-settings/{key}"), json!({"value": value})).await;
        assert_eq!(answer.fields(), ["value"], "{key}");
        assert_eq!(answer.body["error"]["details"]["fields"][0]["message"], expected);
    }
    assert_eq!(ada.put("/org-settings/chat.enabled", json!({})).await.fields(), ["value"]);
    assert_eq!(ada.put("/org-settings/x", json!({"value": 1})).await.refusal(), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn a_chat_that_is_switched_off_says_so() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    ada.put("/org-settings/chat.enabled", json!({"value": false})).await.data();
    for path in ["/chat/channels", "/chat/users", "/chat/unread-count"] {
        assert_eq!(ada.get(path).await.refusal(), (403, "MODULE_DISABLED"), "{path}");
    }
}
