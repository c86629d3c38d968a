//! The description of the API against the API.

use super::harness::{Surface, empty, get};

#[tokio::test]
async fn it_is_there() {
    let surface = Surface::new().await;
    let answer = surface.send(empty(get("/api/v1/openapi.json"))).await;
    assert_eq!(answer.status, 404);
}
