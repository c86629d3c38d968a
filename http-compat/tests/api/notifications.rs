//! What people are told of, over REST.

use serde_json::{Value, json};

use crate::house::{Admin, Answered, Client, House};

async fn module(house: &House, ada: &Admin) -> Client {
    let draft = json!({"name": "Tasks", "permissions": ["notifications.emit"]});
    let made = ada.post("/service-tokens", draft).await;
    house.bearer(made.data()["token"].as_str().expect("a token"))
}

fn assigned(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({
        "eventKey": "tasks.assigned", "userIds": [2], "data": {"taskTitle": "Ring Ann"},
        "actionUrl": "/tasks/5",
    });
    change(&mut body);
    body
}

/// Asks until it is so: what was raised is decided by a worker of the house.
async fn until(client: &Client, path: &str, is_so: impl Fn(&Value) -> bool) -> Answered {
    loop {
        let answer = client.get(path).await;
        if is_so(answer.data()) {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_module_tells_somebody_who_reads_and_dismisses_it() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let module = module(&house, &ada).await;
    let emitted = module.post("/notifications/emit", assigned(|_| ())).await;
    assert_eq!(emitted.status, 202, "{}", emitted.text);
    assert_eq!(emitted.data(), &json!({"accepted": 1, "skipped": [], "duplicate": false}));
    let page = until(&bob, "/notifications?eventKey=tasks.assigned", |data| {
        data["pagination"]["total"] == json!(1)
    })
    .await;
    let one = page.data()["items"][0].clone();
    assert_eq!(
        (&one["title"], &one["module"]),
        (&json!("A task is yours: Ring Ann"), &json!("tasks"))
    );
    let id = one["id"].as_str().unwrap();
    assert_eq!(bob.get("/notifications/unread-count").await.data(), &json!({"count": 1}));
    let traced = bob.get(&format!("/notifications/{id}/trace")).await;
    assert_eq!(traced.data()["decisions"][0]["outcome"], "deliver");
    assert_eq!(traced.data()["decisions"][1]["rules"][0]["rule"], "possible");
    let skipped = bob.get("/notifications/decisions?outcome=skip&eventKey=tasks.assigned").await;
    assert_eq!(skipped.data()["items"][0]["reason"], "no_device");
    assert_eq!(
        ada.patch(&format!("/notifications/{id}/read"), json!({})).await.refusal(),
        (404, "NOT_FOUND")
    );
    let read = bob.patch(&format!("/notifications/{id}/read"), json!({})).await;
    assert_eq!(
        (&read.data()["notification"]["isRead"], &read.data()["unreadCount"]),
        (&json!(true), &json!(0))
    );
    let all = bob.post("/notifications/mark-all-read", json!({})).await;
    assert_eq!(all.data(), &json!({"updated": 0, "unreadCount": 0}));
    let gone = bob.delete(&format!("/notifications/{id}")).await;
    assert_eq!(gone.data(), &json!({"dismissed": true, "id": id, "unreadCount": 0}));
    assert_eq!(bob.delete(&format!("/notifications/{id}")).await.refusal(), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn bad_events_name_their_fields() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let module = module(&house, &ada).await;
    let post =
        async |change: fn(&mut Value)| module.post("/notifications/emit", assigned(change)).await;
    let unknown = post(|body| body["eventKey"] = json!("chat.mention")).await;
    assert_eq!(unknown.refusal(), (404, "EVENT_UNKNOWN"));
    let bad = post(|body| {
        body["userIds"] = json!([]);
        body["data"] = json!({"a": [1]});
        body["actionUrl"] = json!("//evil");
    })
    .await;
    assert_eq!(bad.fields(), ["userIds", "data", "actionUrl"]);
    let person = ada.post("/notifications/emit", assigned(|_| ())).await;
    assert_eq!(person.refusal(), (403, "FORBIDDEN"));
    assert_eq!(ada.get("/notifications?module=smoke").await.fields(), ["module"]);
    let span = "/notifications/decisions?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z";
    assert_eq!(ada.get(span).await.fields(), ["to"]);
}

#[tokio::test]
async fn digests_and_devices_are_the_callers_own() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let path = "/notifications/analytics/digest/settings";
    assert_eq!(ada.get(path).await.data()["digest"]["frequency"], "instant");
    let wanted =
        json!({"frequency": "weekly", "time": "07:30", "weekday": 5, "timezone": "Europe/Berlin"});
    let changed = ada.put(path, wanted).await;
    let digest = &changed.data()["digest"];
    assert_eq!((&digest["time"], &digest["weekday"]), (&json!("07:30"), &json!(5)));
    assert!(digest["nextRunAt"].is_string());
    let bad = json!({"frequency": "yearly", "time": "24:00", "weekday": 8, "timezone": "EST5"});
    assert_eq!(ada.put(path, bad).await.fields(), ["frequency", "time", "weekday", "timezone"]);
    let device = json!({"kind": "bridge", "platform": "pager", "token": "0451", "label": "Pager"});
    let added = ada.post("/notifications/devices", device).await;
    assert_eq!(added.status, 201, "{}", added.text);
    assert!(!added.text.contains("0451"), "what reaches it is secret");
    let id = added.data()["device"]["id"].clone();
    let listed = ada.get("/notifications/devices").await;
    assert_eq!(listed.data()["items"][0]["id"], id);
    let removed = ada.delete(&format!("/notifications/devices/{}", id.as_str().unwrap())).await;
    assert_eq!(removed.data(), &json!({"deleted": true, "id": id}));
    let fcm = json!({"kind": "fcm", "token": "x"});
    assert_eq!(
        ada.post("/notifications/devices", fcm).await.refusal(),
        (503, "PUSH_NOT_CONFIGURED")
    );
}

#[tokio::test]
async fn a_link_that_was_not_made_here_leaves_nothing() {
    let house = House::open().await;
    let nobody = house.anonymous();
    let path = "/email/unsubscribe/AAAA";
    assert_eq!(nobody.get(path).await.refusal(), (400, "ONE_TIME_TOKEN_INVALID"));
    assert_eq!(nobody.post(path, json!({})).await.refusal(), (400, "ONE_TIME_TOKEN_INVALID"));
    let page = nobody.get_with(path, "accept", "text/html,*/*;q=0.8").await;
    assert_eq!(page.status, 400);
    assert!(page.text.starts_with("<!doctype html>") && page.text.contains("not valid"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self'") && !policy.contains("script"), "{policy}");
}
