//! What notifications say, over REST.

use serde_json::{Value, json};

use crate::house::House;

const LIST: &str = "/notifications/templates";
const MAIL: &str = "/notifications/templates/sales.lead_assigned.email";
const RESET: &str = "/notifications/templates/auth.password_reset.email";

fn words(body: &str) -> Value {
    json!({ "subject": "New: {{leadName}}", "body": body })
}

#[tokio::test]
async fn a_company_words_a_mail_sees_it_and_takes_it_back() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let before = ada.get(MAIL).await;
    assert_eq!(before.header("etag"), Some("\"0\""));
    let template = &before.data()["template"];
    assert_eq!(template["subject"], "A lead is yours: {{leadName}}");
    let lead = &template["variables"][0];
    assert_eq!((&lead["name"], &lead["type"]), (&json!("leadName"), &json!("string")));
    assert_eq!((&lead["required"], &template["updatedAt"]), (&json!(true), &Value::Null));

    let saved = ada.post(&format!("{MAIL}/customize"), words("<p>{{leadName}}</p>")).await;
    assert_eq!((saved.status, saved.header("etag")), (200, Some("\"1\"")), "{}", saved.text);
    assert_eq!(saved.data()["warnings"], json!([]));
    assert_eq!(saved.data()["template"]["isCustomized"], true);
    assert_eq!(saved.data()["template"]["updatedBy"]["displayName"], "Ada Lovelace");
    assert_eq!(ada.get_with(MAIL, "if-none-match", "\"1\"").await.status, 304);

    let seen = ada.post(&format!("{MAIL}/preview"), json!({"data": {"leadName": "<b>"}})).await;
    assert_eq!(seen.data()["html"], "<p>&lt;b&gt;</p>");
    assert_eq!(seen.data()["subject"], "New: <b>");
    assert_eq!(seen.data()["usedVariables"], json!(["leadName"]));

    for _ in 0..2 {
        let back = ada.delete(&format!("{MAIL}/override")).await;
        assert_eq!((back.status, back.header("etag")), (200, Some("\"2\"")));
        assert_eq!(back.data()["template"]["isCustomized"], false);
    }
    let log = ada.get("/audit-log?action=templates.customized").await;
    assert_eq!(log.data()["items"][0]["targetId"], "sales.lead_assigned.email");
    let log = ada.get("/audit-log?action=templates.reset").await;
    assert_eq!(log.data()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn whatever_is_wrong_with_a_template_is_told_with_its_place() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let customize = format!("{MAIL}/customize");
    let deep = "{{#if leadName}}".repeat(6) + &"{{/if}}".repeat(6);
    for (body, line, column, reason) in [
        ("<p>\n{{resetUrl}}</p>", 2, 1, "unknown_variable"),
        ("a {{#if leadName}} b", 1, 3, "unclosed_block"),
        (&deep, 1, 81, "too_deep"),
        ("{{{leadName}}}", 1, 1, "raw_output"),
        ("x<script>y</script>", 1, 2, "script"),
        ("<p onclick=\"x()\">y</p>", 1, 4, "event_attribute"),
        ("<a href=\"{{leadName}}\">x</a>", 1, 10, "link"),
        ("<a href=\"https://a.example/{{actionUrl}}\">x</a>", 1, 28, "link"),
    ] {
        let refused = ada.post(&customize, words(body)).await;
        assert_eq!(refused.refusal(), (400, "TEMPLATE_INVALID"), "{body}");
        let details = &refused.body["error"]["details"];
        let found = (&details["line"], &details["column"], &details["reason"]);
        assert_eq!(found, (&json!(line), &json!(column), &json!(reason)), "{body}");
        assert_eq!(details["field"], "body");
        let refused = ada.post(&format!("{MAIL}/preview"), json!({ "body": body })).await;
        assert_eq!(refused.refusal(), (400, "TEMPLATE_INVALID"), "{body}");
    }
    let two_lines = json!({"subject": "a\nb", "body": "x"});
    let refused = ada.post(&customize, two_lines).await;
    let details = &refused.body["error"]["details"];
    assert_eq!((&details["field"], &details["column"]), (&json!("subject"), &json!(2)));
    let no_link = json!({"subject": "x", "body": "no link"});
    let refused = ada.post(&format!("{RESET}/customize"), no_link).await;
    assert_eq!(refused.refusal(), (400, "TEMPLATE_INVALID"));
    assert_eq!(refused.body["error"]["details"]["reason"], "required_missing");
    assert_eq!(ada.get(MAIL).await.data()["template"]["isCustomized"], false);
}

#[tokio::test]
async fn other_bad_requests_are_refused_as_everywhere() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let customize = format!("{MAIL}/customize");
    for (body, field) in [
        (json!({"body": "x"}), "subject"),
        (json!({"subject": null, "body": "x"}), "subject"),
        (json!({"subject": "x".repeat(201), "body": "x"}), "subject"),
        (json!({"subject": "x"}), "body"),
        (json!({"subject": "x", "body": " "}), "body"),
        (json!({"subject": "x", "body": 1}), "body"),
    ] {
        assert_eq!(ada.post(&customize, body).await.fields(), [field]);
    }
    let in_app = "/notifications/templates/sales.lead_assigned.in_app/customize";
    let refused = ada.post(in_app, json!({"body": "x", "bodyText": "x"})).await;
    assert_eq!(refused.fields(), ["bodyText"]);
    for data in [json!([]), json!({"a": null}), json!({"a": {}}), json!("x")] {
        let refused = ada.post(&format!("{MAIL}/preview"), json!({ "data": data })).await;
        assert_eq!(refused.fields(), ["data"], "{data}");
    }
    for bytes in [64 * 1024 + 1, 129 * 1024] {
        let refused = ada.post(&customize, words(&"x".repeat(bytes))).await;
        assert_eq!(refused.refusal(), (413, "PAYLOAD_TOO_LARGE"));
    }
    let unknown = "/notifications/templates/sales.lead_assigned.sms";
    assert_eq!(ada.get(unknown).await.refusal(), (404, "NOT_FOUND"));
    let refused = ada.post(&format!("{unknown}/customize"), words("x")).await;
    assert_eq!(refused.refusal(), (404, "NOT_FOUND"));
    assert_eq!(ada.delete(&format!("{unknown}/override")).await.refusal(), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn a_version_that_is_not_the_current_one_saves_nothing() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let customize = format!("{MAIL}/customize");
    let stale = ada.post_with(&customize, "if-match", "\"1\"", words("{{leadName}}")).await;
    assert_eq!(stale.refusal(), (412, "PRECONDITION_FAILED"));
    let saved = ada.post_with(&customize, "if-match", "\"0\"", words("{{leadName}}")).await;
    assert_eq!(saved.status, 200);
    let first = ada.post_with_key(&customize, "key-1", words("{{leadName}} 2")).await;
    let again = ada.post_with_key(&customize, "key-1", words("{{leadName}} 2")).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.data(), again.data());
}

#[tokio::test]
async fn people_read_templates_and_administrators_write_them() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    assert_eq!(bob.get(LIST).await.data()["modules"].as_array().unwrap().len(), 7);
    assert_eq!(bob.get(MAIL).await.status, 200);
    assert_eq!(bob.post(&format!("{MAIL}/preview"), json!({})).await.status, 200);
    let draft = bob.post(&format!("{MAIL}/preview"), json!({"body": "x"})).await;
    assert_eq!(draft.refusal(), (403, "FORBIDDEN"));
    assert_eq!(draft.body["error"]["details"]["required"], "templates.manage");
    let refused = bob.post(&format!("{MAIL}/customize"), words("x")).await;
    assert_eq!(refused.refusal(), (403, "FORBIDDEN"));
    assert_eq!(bob.delete(&format!("{MAIL}/override")).await.refusal(), (403, "FORBIDDEN"));
}

#[tokio::test]
async fn words_of_one_company_are_not_those_of_another() {
    let house = House::open().await;
    let (ada, bea) = (house.company("acme").await, house.company("other").await);
    let saved = ada.post(&format!("{MAIL}/customize"), words("<p>{{leadName}}</p>")).await;
    assert_eq!(saved.status, 200);
    let other = bea.get(MAIL).await;
    assert_eq!(other.data()["template"]["isCustomized"], false);
    assert_eq!(other.header("etag"), Some("\"0\""));
    assert_eq!(bea.delete(&format!("{MAIL}/override")).await.status, 200);
    assert_eq!(ada.get(MAIL).await.data()["template"]["isCustomized"], true);
}
