//! Probes.

use serde_json::{Value, json};
use tidewire_testkit::eventually;

use crate::house::House;

#[tokio::test]
async fn probes_are_open_and_say_little() {
    let house = House::with(|config| config.rate_limits = true).await;
    let anonymous = house.anonymous();
    let health = anonymous.get("/health?anything=1").await;
    assert_eq!(health.data()["status"], "ok");
    assert_eq!(health.data()["checks"], json!({"database": "up"}));
    assert_eq!(health.data().as_object().unwrap().len(), 3);
    assert_eq!(health.header("ratelimit-limit"), None);
    assert_eq!(anonymous.get("/health/live").await.data(), &json!({"status": "ok"}));
    assert_eq!(anonymous.get("/health/ready").await.data(), &json!({"status": "ok"}));
    let system = anonymous.get("/health/system").await;
    let names: Vec<_> =
        system.data()["components"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert_eq!(names, ["database", "realtime", "jobs", "mail", "billing", "storage"]);
}

#[tokio::test]
async fn a_node_without_its_database_says_so() {
    let house = House::open().await;
    house.app.db.close().await;
    let anonymous = house.anonymous();
    let health = eventually("the database is missed", async || {
        let health = anonymous.get("/health").await;
        (health.status != 200).then_some(health)
    })
    .await;
    assert_eq!(health.refusal(), (503, "UNAVAILABLE"));
    let down = json!({"status": "down", "checks": {"database": "down"}});
    assert_eq!(health.body["error"]["details"], down);
    assert_eq!(anonymous.get("/health/ready").await.refusal(), (503, "UNAVAILABLE"));
    assert_eq!(anonymous.get("/health/live").await.status, 200);
    let system = anonymous.get("/health/system").await;
    assert_eq!(system.body["error"]["details"]["status"], "down");
}

#[tokio::test]
async fn probes_are_what_they_are() {
    let house = House::open().await;
    let anonymous = house.anonymous();
    let refused = anonymous.post("/health", Value::Null).await;
    assert_eq!(refused.refusal(), (405, "METHOD_NOT_ALLOWED"));
    assert_eq!(anonymous.get("/health/x").await.refusal(), (404, "ROUTE_NOT_FOUND"));
}
