//! Signing in and staying signed in.

use serde_json::json;

use crate::house::{House, PASSWORD, login};

#[tokio::test]
async fn a_session_lives_from_sign_in_to_sign_out() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let me = ada.get("/auth/me").await;
    assert_eq!(me.data()["user"]["email"], "ada@acme.example");
    assert_eq!(me.data()["role"], "tenant_admin");
    assert_eq!(me.data()["tenant"]["slug"], "acme");
    assert_eq!(ada.get("/users/me").await.data()["user"], me.data()["user"]);
    assert_eq!(me.header("content-encoding"), None);

    let answer = ada.post("/auth/refresh", json!({"refreshToken": ada.refresh_token})).await;
    let renewed = house.bearer(answer.data()["accessToken"].as_str().unwrap());
    assert_eq!(renewed.get("/auth/me").await.status, 200);

    let answer = renewed.post("/auth/logout", json!({})).await;
    assert_eq!(answer.data(), &json!({"loggedOut": true}));
    let answer = ada.get("/auth/me").await;
    assert_eq!(answer.refusal(), (401, "SESSION_REVOKED"));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session() {
    let house = House::open().await;
    let first = house.company("acme").await;
    let second = house.sign_in("acme", &first.email).await;
    let answer = second.post("/auth/logout-all", json!({})).await;
    assert_eq!(answer.data(), &json!({"revokedSessions": 2}));
    for session in [&*first, &second] {
        assert_eq!(session.get("/auth/me").await.refusal(), (401, "SESSION_REVOKED"));
    }
}

#[tokio::test]
async fn wrong_credentials_all_look_the_same() {
    let house = House::open().await;
    house.company("acme").await;
    let anonymous = house.anonymous();
    let attempts = [
        login("acme", "ada@acme.example", "wrong"),
        login("acme", "nobody@acme.example", PASSWORD),
        login("other", "ada@acme.example", PASSWORD),
        login("acme", "@@@", PASSWORD),
    ];
    let mut errors = Vec::new();
    for attempt in attempts {
        let answer = anonymous.post("/auth/login", attempt).await;
        assert_eq!(answer.refusal(), (401, "INVALID_CREDENTIALS"));
        errors.push(answer.error());
    }
    assert!(errors.windows(2).all(|pair| pair[0] == pair[1]), "{errors:?}");
}

#[tokio::test]
async fn a_sign_in_that_cannot_be_meant_is_refused_by_field() {
    let house = House::open().await;
    let anonymous = house.anonymous();
    let bad = [
        (json!({}), vec!["email", "password", "tenantSlug"]),
        (login("acme", "no-at-sign", PASSWORD), vec!["email"]),
        (login("acme", "ada@acme.example", ""), vec!["password"]),
        (login("acme", "ada@acme.example", &"x".repeat(513)), vec!["password"]),
        (login("ac", "ada@acme.example", PASSWORD), vec!["tenantSlug"]),
        (
            json!({"email": 1, "password": {}, "tenantSlug": []}),
            vec!["email", "password", "tenantSlug"],
        ),
    ];
    for (body, fields) in bad {
        assert_eq!(anonymous.post("/auth/login", body.clone()).await.fields(), fields, "{body}");
    }
}

#[tokio::test]
async fn tokens_that_are_none_are_refused() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    for token in ["", "x", "a.b.c", &ada.refresh_token, &"x".repeat(5_000)] {
        let answer = house.bearer(token).get("/auth/me").await;
        assert_eq!(answer.refusal(), (401, "TOKEN_INVALID"), "{token}");
    }
    assert_eq!(house.anonymous().get("/auth/me").await.refusal(), (401, "TOKEN_MISSING"));
    house.clock.advance(931_000);
    assert_eq!(ada.get("/auth/me").await.refusal(), (401, "TOKEN_EXPIRED"));
}

#[tokio::test]
async fn refresh_tokens_are_refused_without_harm_when_unknown() {
    let house = House::open().await;
    let anonymous = house.anonymous();
    let answer = anonymous.post("/auth/refresh", json!({"refreshToken": "r".repeat(64)})).await;
    assert_eq!(answer.refusal(), (401, "REFRESH_TOKEN_INVALID"));
    let answer = anonymous.post("/auth/refresh", json!({"refreshToken": "short"})).await;
    assert_eq!(answer.fields(), ["refreshToken"]);
}

#[tokio::test]
async fn sign_ins_are_limited_by_address() {
    let house = House::with(|config| config.rate_limits = true).await;
    let anonymous = house.anonymous();
    for remaining in (0..20).rev() {
        let answer = anonymous.post("/auth/login", json!({})).await;
        assert_eq!(answer.header("ratelimit-remaining"), Some(remaining.to_string().as_str()));
    }
    let answer = anonymous.post("/auth/login", json!({})).await;
    assert_eq!(answer.refusal(), (429, "RATE_LIMITED"));
    assert_eq!(answer.header("retry-after"), Some("3"));
}

#[tokio::test]
async fn refreshing_is_limited_by_session() {
    let house = House::with(|config| config.rate_limits = true).await;
    let ada = house.company("acme").await;
    let other = house.sign_in("acme", &ada.email).await;
    let refresh = async |token: &str| {
        house.anonymous().post("/auth/refresh", json!({"refreshToken": token})).await
    };
    for _ in 0..30 {
        assert_eq!(refresh(&ada.refresh_token).await.status, 200);
    }
    assert_eq!(refresh(&ada.refresh_token).await.refusal(), (429, "RATE_LIMITED"));
    assert_eq!(refresh(&other.refresh_token).await.status, 200);
}

#[tokio::test]
async fn keys_and_tickets_are_given_out() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let answer = ada.post("/realtime/ticket", json!({})).await;
    assert_eq!((answer.status, &answer.data()["expiresIn"]), (201, &json!(30)));
    assert!(answer.data()["url"].as_str().unwrap().starts_with("wss://tide.example/"));

    let answer = ada.get("/permissions/me").await;
    assert_eq!(answer.data()["permissions"].as_array().unwrap().len(), 30);
    assert_eq!(answer.data()["role"], "tenant_admin");
}

#[tokio::test]
async fn a_password_is_forgotten_reset_and_changed() {
    const NEW: &str = "another horse battery";
    let house = House::open().await;
    let ada = house.company("acme").await;
    let anonymous = house.anonymous();
    let asked = json!({"email": ada.email, "tenantSlug": "acme"});
    let known = anonymous.post("/auth/password/forgot", asked).await;
    let unknown = json!({"email": "nobody@acme.example", "tenantSlug": "acme"});
    let unknown = anonymous.post("/auth/password/forgot", unknown).await;
    assert_eq!((known.status, known.data()), (200, unknown.data()));
    let token = house.mailed_link("reset-password").await;
    let weak = json!({"token": token, "password": "acme"});
    let answer = anonymous.post("/auth/password/reset", weak).await;
    assert_eq!(answer.refusal(), (400, "PASSWORD_POLICY"));
    let reset = json!({"token": token, "password": NEW});
    let answer = anonymous.post("/auth/password/reset", reset.clone()).await;
    assert_eq!(answer.data(), &json!({"reset": true}));
    let answer = anonymous.post("/auth/password/reset", reset).await;
    assert_eq!(answer.refusal(), (400, "ONE_TIME_TOKEN_INVALID"));
    assert_eq!(ada.get("/auth/me").await.refusal(), (401, "SESSION_REVOKED"));

    let answer = anonymous.post("/auth/login", login("acme", &ada.email, NEW)).await;
    let here = house.bearer(answer.data()["accessToken"].as_str().unwrap());
    let change = |current: &str| json!({"currentPassword": current, "newPassword": PASSWORD});
    let answer = here.post("/auth/password/change", change("wrong")).await;
    assert_eq!(answer.refusal(), (400, "CURRENT_PASSWORD_WRONG"));
    let answer = here.post("/auth/password/change", change(NEW)).await;
    assert_eq!(answer.data(), &json!({"changed": true, "revokedSessions": 0}));
    assert_eq!(here.get("/auth/me").await.status, 200);
    house.sign_in("acme", &ada.email).await;
}

#[tokio::test]
async fn an_address_is_verified_by_the_link_in_the_mail() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let token = house.mailed_link("verify-email").await;
    for already in [false, true] {
        let answer = house.anonymous().get(&format!("/auth/verify-email/{token}")).await;
        let expected = json!({
            "verified": true, "email": "a***@acme.example", "alreadyVerified": already,
        });
        assert_eq!(answer.data(), &expected);
    }
    let answer = ada.post("/auth/verify-email/resend", json!({})).await;
    assert_eq!(answer.data(), &json!({"emailQueued": false, "alreadyVerified": true}));
    let answer = house.anonymous().get("/auth/verify-email/nonsense").await;
    assert_eq!(answer.refusal(), (400, "ONE_TIME_TOKEN_INVALID"));
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let house = House::open().await;
    let here = house.company("acme").await;
    let there = house.sign_in("acme", &here.email).await;
    let listed = here.get("/auth/sessions").await;
    let items = listed.data()["items"].as_array().unwrap();
    let others: Vec<_> = items.iter().filter(|item| item["current"] == json!(false)).collect();
    assert_eq!((items.len(), others.len()), (2, 1));
    let path = format!("/auth/sessions/{}", others[0]["id"].as_str().unwrap());
    let answer = here.delete(&path).await;
    assert_eq!(answer.data(), &json!({"revoked": true, "id": others[0]["id"]}));
    assert_eq!(there.get("/auth/me").await.refusal(), (401, "SESSION_REVOKED"));
    assert_eq!(here.delete(&path).await.refusal(), (404, "NOT_FOUND"));
    assert_eq!(here.delete("/auth/sessions/7").await.refusal(), (400, "VALIDATION_FAILED"));
}

#[tokio::test]
async fn a_person_describes_and_arranges_themselves() {
    let house = House::open().await;
    let ada = house.company("acme").await;
    let before = ada.get("/auth/me/profile").await;
    assert_eq!(before.data()["timezone"], "UTC");
    let changed =
        ada.put("/auth/me/profile", json!({"phone": "+4366012345", "email": "x@y.example"})).await;
    assert_eq!(changed.data()["phone"], "+4366012345");
    assert_eq!(changed.data()["email"], "ada@acme.example");
    assert_ne!(before.header("etag"), changed.header("etag"));
    let answer = ada.put("/auth/me/profile", json!({"avatar": "http://acme.example/me.png"})).await;
    assert_eq!(answer.refusal(), (400, "VALIDATION_FAILED"));

    let defaults = ada.get("/auth/me/preferences").await;
    let expected = json!({
        "ui": {
            "theme": "system", "density": "comfortable", "sidebarCollapsed": false,
            "language": null, "custom": {},
        },
        "notifications": {
            "inApp": true, "push": true, "email": true, "sound": true, "desktop": true,
        },
        "updatedAt": null,
    });
    assert_eq!(defaults.data(), &expected);
    let dark = json!({"ui": {"theme": "dark"}});
    assert_eq!(ada.put("/auth/me/preferences", dark).await.data()["ui"]["theme"], "dark");
    let much = json!({"ui": {"custom": {"x": "y".repeat(17_000)}}});
    assert_eq!(ada.put("/auth/me/preferences", much).await.refusal(), (413, "PAYLOAD_TOO_LARGE"));
}
