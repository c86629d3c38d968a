use futures_util::future::join_all;
use proptest::prelude::*;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    config::Secret,
    testing::{House, code},
};

fn key(secret: u8) -> MacKey {
    MacKey::derive(&Secret([secret; 32]), "ticket")
}

proptest! {
    #[test]
    fn a_ticket_tells_its_session_to_its_own_server_alone(id: u128, ms: i64, nonce: [u8; 16]) {
        let (id, ends) = (SessionId::new(Uuid::from_u128(id)), Timestamp::from_ms(ms));
        let ticket = encode(&key(1), id, ends, nonce);
        prop_assert_eq!(ticket.len(), 96);
        prop_assert_eq!(decode(&key(1), &ticket), Some((id, ends)));
        prop_assert_eq!(decode(&key(2), &ticket), None);
    }

    #[test]
    fn anything_decodes_without_a_panic(text in "[A-Za-z0-9_-]{90,100}|.{0,100}") {
        prop_assert_eq!(decode(&key(1), &text), None);
    }
}

#[test]
fn sockets_are_as_secret_as_the_site() {
    assert_eq!(socket_url("https://t.example"), "wss://t.example/api/v1/ws");
    assert_eq!(socket_url("http://127.0.0.1:8080"), "ws://127.0.0.1:8080/api/v1/ws");
}

on_both_engines! {
    async fn a_ticket_works_once_and_for_half_a_minute(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let issued = issue(&house.app, &admin);
        assert_eq!(issued.expires_in, 30);
        let tries = join_all((0..50).map(|_| consume(&house.app, &issued.ticket))).await;
        let identities: Vec<_> = tries.into_iter().filter_map(Result::ok).collect();
        assert_eq!(identities.len(), 1);
        assert_eq!(identities[0].user_id, admin.user_id());
        let late = issue(&house.app, &admin).ticket;
        house.app.clock.advance(30_000);
        assert_eq!(code(consume(&house.app, &late).await), "TICKET_INVALID");
        assert_eq!(code(consume(&house.app, &issued.ticket).await), "TICKET_INVALID");
        assert_eq!(code(consume(&house.app, "x").await), "TICKET_INVALID");
    }

    async fn a_ticket_of_an_ended_session_lets_nobody_in(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let ticket = mint(&house.app, admin.session_id(), 5_000);
        crate::sessions::logout(&house.app, &admin).await.unwrap();
        assert_eq!(code(consume(&house.app, &ticket).await), "SESSION_REVOKED");
    }
}
