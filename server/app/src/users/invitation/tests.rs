use futures_util::future::join_all;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::testing::{House, acceptance, code, person};

async fn accept(house: &House, token: &str) -> Result<InvitationAccepted> {
    accept_invitation(&house.app, &Request::default(), acceptance(token)).await
}

on_both_engines! {
    async fn an_invitation_is_looked_at_accepted_and_gone(db: TestDb) {
        let house = House::open(&db).await;
        let (_, token) = house.invite(person("Bert")).await;
        let preview = preview_invitation(&house.app, &token).await.unwrap();
        assert_eq!(preview.email, "b***@acme.example");
        assert_eq!((preview.first_name.as_str(), preview.tenant.slug.as_str()), ("Bert", "acme"));
        let last_name = Some("Brecht".to_owned());
        let with_name = AcceptInvitation { last_name, ..acceptance(&token) };
        let accepted = accept_invitation(&house.app, &Request::default(), with_name).await.unwrap();
        assert_eq!(accepted.user.display_name, "Bert Brecht");
        assert_eq!(accepted.tenant.name, "acme Holding");
        let signed_in = house.login("bert@acme.example").await.unwrap();
        assert!(signed_in.user.email_verified);
        assert_eq!(signed_in.user.status, UserStatus::Active);
        assert_eq!(code(accept(&house, &token).await), "ONE_TIME_TOKEN_INVALID");
        assert_eq!(code(preview_invitation(&house.app, &token).await), "ONE_TIME_TOKEN_INVALID");
        let noted = "select count(*) from audit where action = 'users.invitation_accepted'";
        assert_eq!(house.count(noted).await, 1);
    }

    async fn invitation_accepted_twice_at_once(db: TestDb) {
        let house = House::open(&db).await;
        for round in 0..100 {
            let (_, token) = house.invite(person(&format!("Bert{round}"))).await;
            let tries = join_all([accept(&house, &token), accept(&house, &token)]).await;
            assert_eq!(tries.iter().filter(|accepted| accepted.is_ok()).count(), 1, "round {round}");
            for lost in tries.into_iter().filter(Result::is_err) {
                assert_eq!(code(lost), "ONE_TIME_TOKEN_INVALID", "round {round}");
            }
        }
        assert_eq!(house.count("select count(*) from users where status = 'active'").await, 101);
    }

    async fn user_deactivated_while_accepting(db: TestDb) {
        let house = House::open(&db).await;
        let (_, token) = house.invite(person("Bert")).await;
        let hash = one_time_token::hash(&token).unwrap();
        house.execute("update users set status = 'inactive' where number = 2").await;
        assert_eq!(code(accept(&house, &token).await), "ONE_TIME_TOKEN_INVALID");
        // Also when the look at the invitation came before the deactivation.
        let mut conn = house.app.db.write().await.unwrap();
        let now = house.app.clock.now();
        assert!(one_time_tokens::consume(&mut conn, hash, Purpose::Invitation, now).await.unwrap());
        let user = users::by_number(&mut conn, house.acme.tenant.id, 2).await.unwrap().unwrap();
        let email_key = &user.email;
        let accepted = Acceptance { user: &user, email_key, password_hash: "x", at: now };
        assert!(!users::accept(&mut conn, house.acme.tenant.id, &accepted).await.unwrap());
    }

    async fn a_bad_password_leaves_the_invitation_open(db: TestDb) {
        let house = House::open(&db).await;
        let (_, token) = house.invite(person("Bert")).await;
        let long = "x".repeat(129);
        for password in ["short", "bert@acme.example", "Acme Holding", "1234567890", &long] {
            let draft = AcceptInvitation { password: password.to_owned(), ..acceptance(&token) };
            let refused = accept_invitation(&house.app, &Request::default(), draft).await;
            assert_eq!(code(refused), "PASSWORD_POLICY", "{password}");
        }
        accept(&house, &token).await.unwrap();
    }

    async fn an_invitation_ends_after_a_week(db: TestDb) {
        let house = House::open(&db).await;
        let (_, token) = house.invite(person("Bert")).await;
        house.app.clock.advance(7 * 86_400_000);
        assert_eq!(code(accept(&house, &token).await), "ONE_TIME_TOKEN_EXPIRED");
        assert_eq!(code(preview_invitation(&house.app, &token).await), "ONE_TIME_TOKEN_EXPIRED");
        for unknown in ["", "x", &"A".repeat(43), &format!("{token}=")] {
            assert_eq!(code(preview_invitation(&house.app, unknown).await), "ONE_TIME_TOKEN_INVALID");
        }
    }

    async fn nobody_enters_a_suspended_company(db: TestDb) {
        let house = House::open(&db).await;
        let (_, token) = house.invite(person("Bert")).await;
        house.execute("update tenants set status = 'suspended'").await;
        assert_eq!(code(accept(&house, &token).await), "TENANT_SUSPENDED");
    }
}
