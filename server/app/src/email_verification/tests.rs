use tidewire_testkit::on_both_engines;

use super::*;
use crate::testing::{House, code, person};

async fn open_link(house: &House, token: &str) -> Result<EmailVerified> {
    verify(&house.app, &Request::default(), token).await
}

on_both_engines! {
    async fn a_link_verifies_and_says_so_again(db: TestDb) {
        let house = House::open(&db).await;
        let token = house.mailed_token("ada@acme.example").await;
        let first = open_link(&house, &token).await.unwrap();
        assert_eq!((first.email.as_str(), first.already_verified), ("a***@acme.example", false));
        assert!(open_link(&house, &token).await.unwrap().already_verified);
        assert_eq!(house.count("select count(*) from audit where action = 'auth.email_verified'").await, 1);
        let again = resend(&house.app, &house.admin().await).await.unwrap();
        assert_eq!(again, VerificationResent { email_queued: false, already_verified: true });
    }

    async fn a_newer_link_takes_the_place_of_the_older(db: TestDb) {
        let house = House::open(&db).await;
        let first = house.mailed_token("ada@acme.example").await;
        house.execute("update outbox set state = 'done'").await;
        let again = resend(&house.app, &house.admin().await).await.unwrap();
        assert_eq!(again, VerificationResent { email_queued: true, already_verified: false });
        let second = house.mailed_token("ada@acme.example").await;
        assert_eq!(code(open_link(&house, &first).await), "ONE_TIME_TOKEN_INVALID");
        house.app.clock.advance(48 * 3_600_000 - 1);
        assert!(!open_link(&house, &second).await.unwrap().already_verified);
        house.app.clock.advance(1);
        assert_eq!(code(open_link(&house, &second).await), "ONE_TIME_TOKEN_EXPIRED");
    }

    async fn a_link_for_something_else_verifies_nothing(db: TestDb) {
        let house = House::open(&db).await;
        let (_, invitation) = house.invite(person("Bert")).await;
        for token in [invitation.as_str(), &"A".repeat(43), "x"] {
            assert_eq!(code(open_link(&house, token).await), "ONE_TIME_TOKEN_INVALID");
        }
    }

    async fn the_mail_is_sent_again_three_times_an_hour(db: TestDb) {
        let house = House::open(&db).await;
        let ada = house.admin().await;
        for _ in 0..3 {
            resend(&house.app, &ada).await.unwrap();
        }
        assert_eq!(code(resend(&house.app, &ada).await), "RATE_LIMITED");
    }
}
