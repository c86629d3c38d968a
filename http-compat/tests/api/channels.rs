//! Conversations and who is in them.

use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn two_people_have_one_channel() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let opened = ada.post("/chat/channels/direct", json!({"userId": bob.number})).await;
    assert_eq!((opened.status, &opened.data()["created"]), (201, &json!(true)));
    let again = bob.post("/chat/channels/direct", json!({"userId": ada.id})).await;
    assert_eq!((again.status, &again.data()["created"]), (200, &json!(false)));
    assert_eq!(opened.data()["channel"]["id"], again.data()["channel"]["id"]);

    let myself = ada.post("/chat/channels/direct", json!({"userId": ada.number})).await;
    assert_eq!(myself.refusal(), (400, "CANNOT_MESSAGE_SELF"));
    let nobody = ada.post("/chat/channels/direct", json!({"userId": 77})).await;
    assert_eq!(nobody.refusal(), (404, "USER_NOT_FOUND"));
    for bad in [json!({}), json!({"userId": -1}), json!({"userId": [1]})] {
        assert_eq!(ada.post("/chat/channels/direct", bad).await.fields(), ["userId"]);
    }
}

#[tokio::test]
async fn a_group_is_made_renamed_and_grown() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let eve = house.member(&ada, "eve").await;
    let group = ada.group(" Caf\u{65}\u{301} ", &[&bob]).await;
    let path = format!("/chat/channels/{group}");

    let detail = bob.get(&path).await;
    assert_eq!(detail.data()["channel"]["name"], "Café");
    assert_eq!(detail.data()["members"].as_array().unwrap().len(), 2);
    assert_eq!(eve.get(&path).await.refusal(), (404, "NOT_FOUND"));

    let renamed = ada.patch(&path, json!({"name": "Team", "description": "All of us"})).await;
    assert_eq!(renamed.data()["channel"]["name"], "Team");
    let cleared = ada.patch(&path, json!({"description": null})).await;
    assert_eq!(cleared.data()["channel"]["description"], json!(null));
    assert_eq!(cleared.data()["channel"]["name"], "Team");
    let refused = bob.patch(&path, json!({"name": "Mine"})).await;
    assert_eq!(refused.refusal(), (403, "CHANNEL_ROLE_REQUIRED"));

    let added =
        ada.post(&format!("{path}/members"), json!({"memberIds": [eve.number, bob.id]})).await;
    assert_eq!(added.status, 200);
    assert_eq!(added.data()["added"].as_array().unwrap().len(), 1);
    assert_eq!(added.data()["channel"]["memberCount"], 3);
    assert_eq!(eve.get("/chat/channels").await.data()["items"][0]["id"], group.as_str());
}

#[tokio::test]
async fn members_leave_are_removed_and_change_rank() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let eve = house.member(&ada, "eve").await;
    let group = ada.group("Team", &[&bob, &eve]).await;
    let members = format!("/chat/channels/{group}/members");

    let ranked = ada.put(&format!("{members}/{}", bob.number), json!({"role": "admin"})).await;
    assert_eq!(ranked.data()["member"]["role"], "admin");
    let refused = eve.put(&format!("{members}/{}", bob.id), json!({"role": "member"})).await;
    assert_eq!(refused.refusal(), (403, "CHANNEL_ROLE_REQUIRED"));
    let answer = ada.put(&format!("{members}/{}", bob.id), json!({"role": "king"})).await;
    assert_eq!(answer.fields(), ["role"]);

    let removed = bob.delete(&format!("{members}/{}", eve.id)).await;
    assert_eq!(removed.data(), &json!({"removed": true, "userId": eve.id}));
    assert_eq!(eve.get(&format!("/chat/channels/{group}")).await.refusal(), (404, "NOT_FOUND"));
    let left = bob.delete(&format!("{members}/me")).await;
    assert_eq!(left.data()["userId"], bob.id.as_str());
    assert_eq!(ada.delete(&format!("{members}/you")).await.fields(), ["userId"]);
}

#[tokio::test]
async fn settings_are_one_s_own() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let group = ada.group("Team", &[&bob]).await;
    let path = format!("/chat/channels/{group}/settings");
    let set = bob.patch(&path, json!({"muted": true, "notify": "mentions"})).await;
    assert_eq!(set.data()["channel"]["muted"], true);
    assert_eq!(set.data()["channel"]["notify"], "mentions");
    let seen = ada.get(&format!("/chat/channels/{group}")).await;
    assert_eq!(seen.data()["channel"]["muted"], false);
    let bad = bob.patch(&path, json!({"muted": "yes", "notify": "loud"})).await;
    assert_eq!(bad.fields(), ["muted", "notify"]);
}

#[tokio::test]
async fn people_of_other_companies_do_not_exist() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bob = house.member(&ada, "bob").await;
    let stranger = house.company("other").await;
    let group = ada.group("Team", &[&bob]).await;
    for path in ["", "/messages"] {
        let answer = stranger.get(&format!("/chat/channels/{group}{path}")).await;
        assert_eq!(answer.refusal(), (404, "NOT_FOUND"), "{path}");
    }
    let draft = json!({"name": "Both", "memberIds": [bob.id, stranger.id, 99]});
    assert_eq!(
        ada.post("/chat/channels/group", draft).await.fields(),
        ["memberIds[1]", "memberIds[2]"]
    );
    let answer = ada.post("/chat/channels/direct", json!({"userId": stranger.id})).await;
    assert_eq!(answer.refusal(), (404, "USER_NOT_FOUND"));

    let people = ada.get("/chat/users?search=bob").await;
    assert_eq!(people.data()["items"].as_array().unwrap().len(), 1);
    assert_eq!(people.data()["items"][0]["presence"], "offline");
    assert_eq!(stranger.get("/chat/users").await.data()["items"], json!([]));
}

#[tokio::test]
async fn a_group_that_breaks_rules_is_refused() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let bad = [
        (json!({}), vec!["name", "memberIds"]),
        (json!({"name": "x".repeat(81), "memberIds": []}), vec!["name", "memberIds"]),
        (json!({"name": "a\u{0}b", "memberIds": [1]}), vec!["name"]),
        (json!({"name": "Alone", "memberIds": [ada.number]}), vec!["memberIds"]),
        (json!({"name": "Crowd", "memberIds": vec![1; 256]}), vec!["memberIds"]),
    ];
    for (body, fields) in bad {
        assert_eq!(ada.post("/chat/channels/group", body.clone()).await.fields(), fields, "{body}");
    }
}
