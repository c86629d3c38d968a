use std::net::IpAddr;

use serde_json::Value;
use tidewire_protocol::model::passwords::{ForgotPasswordAnswer, PasswordReset};
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    accounts,
    auth::session,
    jobs::answer_forgotten::answer_due,
    testing::{House, PASSWORD, acceptance, code, input, login as draft, person},
    users as people,
};

const NEW: &str = "another horse battery";

fn from(address: &str) -> Request {
    Request { address: Some(address.parse::<IpAddr>().unwrap()), ..Request::default() }
}

async fn ask(house: &House, slug: &str, email: &str) -> Result<ForgotPasswordAnswer> {
    let asked = input(json!({ "email": email, "tenantSlug": slug }));
    forgot(&house.app, &from("192.0.2.1"), asked).await
}

/// Asks, and answers the token in the mail.
async fn link(house: &House, email: &str) -> String {
    house.execute("update outbox set state = 'done'").await;
    ask(house, "acme", email).await.unwrap();
    assert_eq!(answer_due(&house.app).await.unwrap(), 1);
    house.mailed_token(email).await
}

async fn mails(house: &House, event: &str) -> Vec<Value> {
    let rows = house.rows("select payload from outbox where kind = 'mail' order by id").await;
    let all = rows.iter().map(|row| row.json::<Value>(0).unwrap());
    all.filter(|mail| mail["event"] == event).collect()
}

async fn reset_with(house: &House, token: &str, password: &str) -> Result<PasswordReset> {
    let draft = input(json!({ "token": token, "password": password }));
    reset(&house.app, &from("192.0.2.1"), draft).await
}

async fn change_with(
    house: &House,
    actor: &Actor,
    old: &str,
    new: &str,
) -> Result<PasswordChanged> {
    let draft = input(json!({ "currentPassword": old, "newPassword": new }));
    change(&house.app, actor, draft).await
}

async fn signs_in(house: &House, password: &str) -> Result<()> {
    let login = draft("ada@acme.example", password);
    accounts::login(&house.app, &from("192.0.2.1"), login).await.map(drop)
}

async fn still_signed_in(house: &House, actor: &Actor) -> Result<()> {
    session::of_session(&house.app, actor.session_id()).await.map(drop)
}

on_both_engines! {
    async fn a_forgotten_password_is_replaced_by_the_link_in_the_mail(db: TestDb) {
        let house = House::open(&db).await;
        let ada = house.admin().await;
        let token = link(&house, "ada@acme.example").await;
        assert_eq!(house.count("select count(*) from audit where action = 'auth.password_forgot'").await, 1);
        assert_eq!(reset_with(&house, &token, NEW).await.unwrap(), PasswordReset { reset: true });
        assert_eq!(code(signs_in(&house, PASSWORD).await), "INVALID_CREDENTIALS");
        signs_in(&house, NEW).await.unwrap();
        assert_eq!(code(still_signed_in(&house, &ada).await), "SESSION_REVOKED");
        let user = house.rows("select email_verified from users").await;
        assert!(user[0].get::<bool>(0).unwrap(), "whoever reads the mail has proven the address");
        assert_eq!(mails(&house, "auth.password_changed").await.len(), 1);
        assert_eq!(code(reset_with(&house, &token, PASSWORD).await), "ONE_TIME_TOKEN_INVALID");
    }

    async fn a_link_is_good_for_an_hour_and_void_once_there_is_a_newer_one(db: TestDb) {
        let house = House::open(&db).await;
        let first = link(&house, "ada@acme.example").await;
        let second = link(&house, "ada@acme.example").await;
        assert_eq!(code(reset_with(&house, &first, NEW).await), "ONE_TIME_TOKEN_INVALID");
        assert_eq!(code(reset_with(&house, &second, "short").await), "PASSWORD_POLICY");
        house.app.clock.advance(59 * 60_000);
        reset_with(&house, &second, NEW).await.unwrap();
        let third = link(&house, "ada@acme.example").await;
        house.app.clock.advance(60 * 60_000);
        assert_eq!(code(reset_with(&house, &third, NEW).await), "ONE_TIME_TOKEN_EXPIRED");
        for not_a_token in ["x", &"A".repeat(43), &"~".repeat(43)] {
            assert_eq!(code(reset_with(&house, not_a_token, NEW).await), "ONE_TIME_TOKEN_INVALID");
        }
    }

    async fn of_many_who_use_a_link_at_once_one_succeeds(db: TestDb) {
        let house = House::open(&db).await;
        let token = link(&house, "ada@acme.example").await;
        let tries = (0..8).map(|_| reset_with(&house, &token, NEW));
        let ends = futures_util::future::join_all(tries).await;
        assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1);
        for refused in ends.into_iter().filter(Result::is_err) {
            assert_eq!(code(refused), "ONE_TIME_TOKEN_INVALID");
        }
    }

    async fn asking_for_nobody_answers_the_same_and_sends_nothing(db: TestDb) {
        let house = House::open(&db).await;
        let real = ask(&house, "acme", "ada@acme.example").await.unwrap();
        for (slug, email) in [("acme", "bob@acme.example"), ("nowhere", "ada@acme.example"), ("acme", "@@@")] {
            assert_eq!(ask(&house, slug, email).await.unwrap(), real);
        }
        assert_eq!(answer_due(&house.app).await.unwrap(), 4);
        assert_eq!(mails(&house, "auth.password_reset").await.len(), 1);
    }

    async fn whoever_has_not_accepted_yet_is_invited_again(db: TestDb) {
        let house = House::open(&db).await;
        let (bert, first) = house.invite(person("Bert")).await;
        house.execute("update outbox set state = 'done'").await;
        ask(&house, "acme", &bert.email).await.unwrap();
        assert_eq!(answer_due(&house.app).await.unwrap(), 1);
        let second = house.mailed_token(&bert.email).await;
        let request = Request::default();
        let accept = |token: &str| people::accept_invitation(&house.app, &request, acceptance(token));
        assert_eq!(code(accept(&first).await), "ONE_TIME_TOKEN_INVALID");
        accept(&second).await.unwrap();
    }

    async fn an_account_is_asked_for_five_times_an_hour_whether_it_exists_or_not(db: TestDb) {
        let house = House::open(&db).await;
        for email in ["ada@acme.example", "nobody@acme.example"] {
            for _ in 0..5 {
                ask(&house, "acme", email).await.unwrap();
            }
            assert_eq!(code(ask(&house, "acme", email).await), "RATE_LIMITED");
        }
    }

    async fn a_changed_password_ends_the_other_sessions_and_voids_links(db: TestDb) {
        let house = House::open(&db).await;
        let token = link(&house, "ada@acme.example").await;
        let (first, second) = (house.actor("ada@acme.example").await, house.actor("ada@acme.example").await);
        let changed = change_with(&house, &first, PASSWORD, NEW).await.unwrap();
        assert_eq!(changed, PasswordChanged { changed: true, revoked_sessions: 1 });
        still_signed_in(&house, &first).await.unwrap();
        assert_eq!(code(still_signed_in(&house, &second).await), "SESSION_REVOKED");
        assert_eq!(code(reset_with(&house, &token, NEW).await), "ONE_TIME_TOKEN_INVALID");
        signs_in(&house, NEW).await.unwrap();
        assert_eq!(mails(&house, "auth.password_changed").await.len(), 1);
    }

    async fn a_new_password_keeps_the_rules_and_differs(db: TestDb) {
        let house = House::open(&db).await;
        let ada = house.admin().await;
        for (new, rule) in [("short", "min_length"), ("acme holding", "personal"), (PASSWORD, "same_as_current")] {
            let refusal = change_with(&house, &ada, PASSWORD, new).await.unwrap_err();
            assert_eq!(refusal.code(), ErrorCode::PasswordPolicy);
            assert_eq!(refusal.body().details.unwrap()["rules"], json!([rule]));
        }
        signs_in(&house, PASSWORD).await.unwrap();
    }

    async fn whoever_guesses_at_the_current_password_is_signed_out(db: TestDb) {
        let house = House::open(&db).await;
        let ada = house.admin().await;
        for _ in 0..4 {
            assert_eq!(code(change_with(&house, &ada, "a wild guess", NEW).await), "CURRENT_PASSWORD_WRONG");
        }
        assert_eq!(code(change_with(&house, &ada, "a wild guess", NEW).await), "TOO_MANY_ATTEMPTS");
        assert_eq!(code(still_signed_in(&house, &ada).await), "SESSION_REVOKED");
        signs_in(&house, PASSWORD).await.unwrap();
    }

    async fn a_reset_ends_the_wait_of_failed_sign_ins(db: TestDb) {
        let house = House::open(&db).await;
        let token = link(&house, "ada@acme.example").await;
        for _ in 0..5 {
            let login = draft("ada@acme.example", "wrong");
            let _ = accounts::login(&house.app, &from("198.51.100.7"), login).await;
        }
        let elsewhere = async |password: &str| {
            let login = draft("ada@acme.example", password);
            accounts::login(&house.app, &from("198.51.100.7"), login).await.map(drop)
        };
        assert_eq!(code(elsewhere(PASSWORD).await), "TOO_MANY_ATTEMPTS");
        reset_with(&house, &token, NEW).await.unwrap();
        elsewhere(NEW).await.unwrap();
    }

    async fn who_is_no_longer_active_gets_no_link(db: TestDb) {
        let house = House::open(&db).await;
        let bert = house.member(person("Bert")).await;
        let token = link(&house, &bert.email).await;
        house.execute("update users set status = 'inactive' where number = 2").await;
        assert_eq!(code(reset_with(&house, &token, NEW).await), "ONE_TIME_TOKEN_INVALID");
        ask(&house, "acme", &bert.email).await.unwrap();
        answer_due(&house.app).await.unwrap();
        assert_eq!(mails(&house, "auth.password_reset").await.len(), 1);
    }
}
