use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    Db,
    testing::{ACME, NOW, add, open, person, user_id, within},
};

async fn issue_token(db: &Db, hash: u8, purpose: Purpose) {
    let token = NewToken {
        hash: [hash; 32],
        tenant_id: ACME,
        user_id: user_id(1),
        purpose,
        at: NOW,
        expires_at: NOW.plus_ms(1_000),
    };
    within(db, async |conn| issue(conn, &token).await).await;
}

async fn consume_at(db: &Db, hash: u8, purpose: Purpose, at: Timestamp) -> bool {
    within(db, async |conn| consume(conn, [hash; 32], purpose, at).await).await
}

on_both_engines! {
    async fn a_token_works_once_for_its_purpose_in_its_time(db: TestDb) {
        let db = open(&db).await;
        add(&db, &[person(1, "ada@acme.example", "Ada")]).await;
        issue_token(&db, 1, Purpose::Invitation).await;
        assert!(!consume_at(&db, 2, Purpose::Invitation, NOW).await);
        assert!(!consume_at(&db, 1, Purpose::EmailVerification, NOW).await);
        assert!(!consume_at(&db, 1, Purpose::Invitation, NOW.plus_ms(1_000)).await);
        let found = find(&mut db.read().await.unwrap(), [1; 32], Purpose::Invitation).await.unwrap();
        assert!(found.is_some_and(|token| !token.void && token.user_id == user_id(1)));
        assert!(consume_at(&db, 1, Purpose::Invitation, NOW).await);
        assert!(!consume_at(&db, 1, Purpose::Invitation, NOW).await);
        let found = find(&mut db.read().await.unwrap(), [1; 32], Purpose::Invitation).await.unwrap();
        assert!(found.is_some_and(|token| token.void));
    }

    async fn the_newest_of_a_purpose_voids_older_ones(db: TestDb) {
        let db = open(&db).await;
        add(&db, &[person(1, "ada@acme.example", "Ada")]).await;
        issue_token(&db, 1, Purpose::Invitation).await;
        issue_token(&db, 2, Purpose::EmailVerification).await;
        issue_token(&db, 3, Purpose::Invitation).await;
        assert!(!consume_at(&db, 1, Purpose::Invitation, NOW).await);
        assert!(consume_at(&db, 2, Purpose::EmailVerification, NOW).await);
        assert!(consume_at(&db, 3, Purpose::Invitation, NOW).await);
    }
}
