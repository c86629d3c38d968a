//! Named sets of permissions.

use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn a_profile_is_made_given_changed_and_retired() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let draft = json!({"name": "Sales", "description": "Out there", "permissions": [1, 2, 14]});
    let made = ada.post("/profiles", draft).await;
    assert_eq!((made.status, &made.data()["profile"]["id"]), (201, &json!(5)));
    assert_eq!(made.data()["permissionKeys"], json!(["users.read", "chat.read", "profiles.read"]));
    let read = ada.get("/profiles/5").await;
    assert_eq!((read.data(), read.header("etag")), (made.data(), Some("\"1\"")));
    let changed =
        ada.put_with("/profiles/5", "if-match", "\"1\"", json!({"permissions": [1]})).await;
    assert_eq!(
        (changed.header("etag"), &changed.data()["permissions"]),
        (Some("\"2\""), &json!([1]))
    );
    let stale = ada.put_with("/profiles/5", "if-match", "\"1\"", json!({"name": "X"})).await;
    assert_eq!(stale.refusal(), (412, "PRECONDITION_FAILED"));
    let retired = ada.delete("/profiles/5").await;
    assert_eq!(retired.data()["profile"]["isActive"], false);
    assert_eq!(ada.get("/profiles").await.data()["items"].as_array().unwrap().len(), 5);
    let active = ada.get("/profiles?includeInactive=false").await;
    assert_eq!(active.data()["items"].as_array().unwrap().len(), 4);
    let back = ada.post("/profiles/5/activate", json!({})).await;
    assert_eq!(back.data()["profile"]["isActive"], true);
    let given = ada.get("/users/profiles").await;
    assert_eq!(
        given.data()["items"][4],
        json!({
            "id": 5, "name": "Sales", "description": "Out there", "isSystem": false,
        })
    );
}

#[tokio::test]
async fn the_catalogue_explains_what_can_be_granted() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let catalogue = bob.get("/profiles/permissions").await;
    let items = catalogue.data()["items"].as_array().unwrap();
    assert_eq!(items.len(), 30);
    assert_eq!(
        items[17],
        json!({
            "id": 18, "key": "users.create", "module": "users", "name": "Invite people",
            "description": "Add people and send invitations again", "minRole": "manager",
        })
    );
    let users = json!({"module": "users", "permissionIds": [1, 18, 19, 20, 21]});
    assert_eq!(catalogue.data()["modules"][0], users);
}

#[tokio::test]
async fn profiles_are_made_by_administrators_from_what_exists() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let eve = house.manager(&ada, "eve").await;
    assert_eq!(eve.post("/profiles", json!({})).await.refusal(), (403, "FORBIDDEN"));
    assert_eq!(eve.delete("/profiles/x").await.refusal(), (403, "FORBIDDEN"));
    assert_eq!(ada.post("/profiles", json!({"name": " "})).await.fields(), ["name", "permissions"]);
    let unknown = json!({"name": "x", "permissions": [1, 99]});
    assert_eq!(ada.post("/profiles", unknown).await.fields(), ["permissions[1]"]);
    let many = json!({"name": "x", "permissions": vec![1; 201]});
    assert_eq!(ada.post("/profiles", many).await.fields(), ["permissions"]);
    assert_eq!(
        ada.put("/profiles/3", json!({"name": "x"})).await.refusal(),
        (409, "SYSTEM_PROFILE")
    );
    for bad in ["x", "0", "-1", "1.5"] {
        assert_eq!(ada.get(&format!("/profiles/{bad}")).await.fields(), ["id"], "{bad}");
    }
    let other = house.company("other").await;
    ada.post("/profiles", json!({"name": "Sales", "permissions": []})).await.data();
    let foreign = other.get("/profiles/5").await;
    assert_eq!(
        (foreign.refusal(), foreign.error()),
        ((404, "NOT_FOUND"), other.get("/profiles/6").await.error())
    );
}
