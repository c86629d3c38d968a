use tidewire_testkit::on_both_engines;

use super::*;
use crate::testing::{House, PASSWORD, code, login as draft, person};

async fn attempt(house: &House, login: Login) -> Result<SignedIn> {
    login_from(house, login, "192.0.2.1").await
}

async fn login_from(house: &House, login: Login, address: &str) -> Result<SignedIn> {
    let request = Request { address: Some(address.parse().unwrap()), ..Request::default() };
    super::login(&house.app, &request, login).await
}

on_both_engines! {
    async fn signing_in_opens_a_session_and_notes_it(db: TestDb) {
        let house = House::open(&db).await;
        let signed_in = attempt(&house, draft("ADA@acme.example", PASSWORD)).await.unwrap();
        assert_eq!(signed_in.tokens.token_type, "Bearer");
        assert_eq!(signed_in.tokens.expires_in, 900);
        assert_eq!(signed_in.user.last_login_at, Some(house.app.clock.now()));
        assert_eq!(signed_in.tenant.slug, "acme");
        let actor = house.actor_with(&signed_in.tokens.access_token).await.unwrap();
        assert_eq!(actor.session_id(), signed_in.tokens.session_id);
        let me = me(&house.app, &actor).await.unwrap();
        assert_eq!(me.user, signed_in.user);
        assert_eq!(me.permissions.len(), 30);
        assert!(me.permissions.is_sorted());
        assert_eq!(me.tenant, house.acme.tenant);
        let noted = "select count(*) from audit where action = 'auth.login' and actor_id is not null";
        assert_eq!(house.count(noted).await, 1);
    }

    async fn every_wrong_sign_in_has_one_answer(db: TestDb) {
        let house = House::open(&db).await;
        house.invite(person("Pending")).await;
        let elsewhere = Login { tenant_slug: "nowhere".to_owned(), ..draft("ada@acme.example", PASSWORD) };
        for (what, login) in [
            ("a wrong password", draft("ada@acme.example", "wrong password")),
            ("nearly the password", draft("ada@acme.example", &format!("{PASSWORD} "))),
            ("an unknown address", draft("nobody@acme.example", PASSWORD)),
            ("an invitation not accepted", draft("pending@acme.example", PASSWORD)),
            ("an unknown company", elsewhere),
            ("no address at all", draft("@@@", PASSWORD)),
        ] {
            let refusal = attempt(&house, login).await.map(|_| ()).unwrap_err();
            assert_eq!(refusal.code(), ErrorCode::InvalidCredentials, "{what}");
            assert_eq!(refusal.body().details, None, "{what}");
        }
        let noted = "select target_id, detail from audit where action = 'auth.login_failed'";
        let rows = house.rows(noted).await;
        assert_eq!(rows.len(), 5, "an unknown company has no log");
        for row in rows {
            let detail: serde_json::Value = row.json(1).unwrap();
            let known = row.get::<Option<String>>(0).unwrap().is_some();
            assert_eq!(detail["emailHash"].is_null(), known, "{detail}");
            assert!(!detail.to_string().contains('@'));
        }
    }

    async fn sign_in_with_full_width_characters_in_the_address(db: TestDb) {
        let house = House::open(&db).await;
        for address in [
            "ada@ａcme.example",
            "ａda@acme.example",
            "ada＠acme.example@",
            "ada@acme。example",
            "ada@acme.example.",
        ] {
            let refused = attempt(&house, draft(address, PASSWORD)).await.map(|_| ());
            assert_eq!(code(refused), "INVALID_CREDENTIALS", "{address}");
        }
    }

    async fn the_state_of_an_account_is_told_after_the_right_password_only(db: TestDb) {
        let house = House::open(&db).await;
        let tries = async |expected_right: &str| {
            let right = attempt(&house, draft("ada@acme.example", PASSWORD)).await.map(|_| ());
            assert_eq!(code(right), expected_right);
            let wrong = attempt(&house, draft("ada@acme.example", "wrong password")).await.map(|_| ());
            assert_eq!(code(wrong), "INVALID_CREDENTIALS");
        };
        house.execute("update users set status = 'inactive'").await;
        tries("ACCOUNT_DEACTIVATED").await;
        house.execute("update tenants set status = 'suspended'").await;
        tries("TENANT_SUSPENDED").await;
    }

    async fn five_failures_make_even_the_right_password_wait(db: TestDb) {
        let house = House::open(&db).await;
        for address in ["ada@acme.example", "nobody@acme.example"] {
            for _ in 0..5 {
                let wrong = attempt(&house, draft(address, "wrong password")).await.map(|_| ());
                assert_eq!(code(wrong), "INVALID_CREDENTIALS");
            }
            let refusal = attempt(&house, draft(address, PASSWORD)).await.map(|_| ()).unwrap_err();
            assert_eq!(refusal.code(), ErrorCode::TooManyAttempts, "{address}");
            assert_eq!(refusal.retry_after_seconds(), Some(60));
        }
        login_from(&house, draft("ada@acme.example", PASSWORD), "192.0.2.2").await.unwrap();
        house.app.clock.advance(60_000);
        attempt(&house, draft("ada@acme.example", PASSWORD)).await.unwrap();
    }

    async fn the_oldest_of_too_many_sessions_ends(db: TestDb) {
        let house = House::open(&db).await;
        let first = house.login("ada@acme.example").await.unwrap().tokens.access_token;
        house.actor_with(&first).await.unwrap();
        for _ in 0..19 {
            house.app.clock.advance(1);
            house.login("ada@acme.example").await.unwrap();
        }
        house.actor_with(&first).await.unwrap();
        house.app.clock.advance(1);
        house.login("ada@acme.example").await.unwrap();
        assert_eq!(code(house.actor_with(&first).await), "SESSION_REVOKED");
        assert_eq!(house.count("select count(*) from sessions where revoked_ms is null").await, 20);
        assert_eq!(house.count("select count(*) from feed where kind = 'session_revoked'").await, 1);
    }

    async fn sign_ins_at_once_stay_within_the_limit(db: TestDb) {
        let house = House::open(&db).await;
        let logins = (0..24).map(|_| house.login("ada@acme.example"));
        for signed_in in futures_util::future::join_all(logins).await {
            signed_in.unwrap();
        }
        assert_eq!(house.count("select count(*) from sessions where revoked_ms is null").await, 20);
    }

    async fn a_hash_with_older_settings_is_renewed_at_sign_in(db: TestDb) {
        let house = House::open(&db).await;
        // Of the same password, with 8 MiB and one pass.
        let weak = weak_hash(PASSWORD);
        let mut conn = house.app.db.write().await.unwrap();
        tidewire_storage::query::query("update users set password_hash = $1")
            .bind(weak).execute(&mut conn).await.unwrap();
        conn.commit().await.unwrap();
        house.login("ada@acme.example").await.unwrap();
        let hash = house.rows("select password_hash from users").await[0].text(0).unwrap();
        assert!(hash.contains("m=19456,t=2"), "{hash}");
        house.login("ada@acme.example").await.unwrap();
    }

    async fn a_device_that_was_not_seen_before_is_told_to_its_owner(db: TestDb) {
        let house = House::open(&db).await;
        house.member(person("Bert")).await;
        let on = async |device: &str| {
            let login = Login { device_name: Some(device.to_owned()), ..draft("bert@acme.example", PASSWORD) };
            attempt(&house, login).await.unwrap();
        };
        let told = async || {
            house.settle().await;
            let rows = house.rows("select payload from outbox where kind = 'mail'").await;
            let mails = rows.iter().map(|row| row.json::<serde_json::Value>(0).unwrap());
            let mails = mails.map(|mail| mail["items"][0]["own"].clone());
            let told: Vec<_> = mails.filter(|mail| mail["event"] == "auth.new_device_login").collect();
            told.iter().map(|mail| mail["device"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        on("laptop").await;
        assert_eq!(told().await, [""; 0], "the first sign-in ever is no surprise");
        on("laptop").await;
        assert_eq!(told().await, [""; 0]);
        on("phone").await;
        assert_eq!(told().await, ["phone"]);
        on("laptop").await;
        assert_eq!(told().await, ["phone"]);
    }
}

fn weak_hash(password: &str) -> String {
    use argon2::{Argon2, Params, PasswordHasher as _};
    let params = Params::new(8 * 1024, 1, 1, None).unwrap();
    let hash = Argon2::from(params).hash_password_with_salt(password.as_bytes(), &[3; 16]);
    hash.unwrap().to_string()
}
