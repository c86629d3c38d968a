use serde_json::json;
use tidewire_protocol::input;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::testing::{House, code, person};

fn query(parameters: Value) -> AuditQuery {
    input::parse_query(&serde_json::from_value(parameters).unwrap()).unwrap()
}

on_both_engines! {
    async fn the_log_is_read_from_the_newest_on_page_by_page(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        for n in 0..7 {
            house.invite(person(&format!("Bert{n}"))).await;
            house.app.clock.advance(n % 2);
        }
        let mut read = Vec::new();
        let mut cursor = json!({});
        loop {
            let mut asked = json!({ "action": "users.created", "limit": "2" });
            asked.as_object_mut().unwrap().extend(cursor.as_object().unwrap().clone());
            let page = list(&house.app, &admin, query(asked)).await.unwrap();
            read.extend(page.items);
            match page.pagination.next_cursor {
                Some(next) => cursor = json!({ "cursor": next }),
                None => break,
            }
        }
        assert_eq!(read.len(), 7);
        assert!(read.is_sorted_by_key(|line| std::cmp::Reverse(line.at)));
        let mut ids: Vec<_> = read.iter().map(|line| line.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 7);
        assert_eq!(read[0].actor.name.as_deref(), Some("Ada Lovelace"));
        assert_eq!(json!(read[0].details), json!({ "role": "user", "profileId": 1 }));
    }

    async fn filters_narrow_and_cursors_belong_to_them(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let bert = house.member(person("Bert")).await;
        house.app.clock.advance(1_000);
        let count = async |asked| list(&house.app, &admin, query(asked)).await.unwrap().items.len();
        let of_bert = json!({ "targetId": bert.id });
        assert_eq!(count(of_bert).await, 2, "created and accepted");
        assert_eq!(count(json!({ "actorId": "2" })).await, 1);
        assert_eq!(count(json!({ "actorId": bert.id })).await, 1);
        assert_eq!(count(json!({ "actorId": "99" })).await, 0);
        let now = house.app.clock.now();
        assert_eq!(count(json!({ "from": now })).await, 0);
        let all = count(json!({})).await;
        assert_eq!(count(json!({ "to": now })).await, all);
        let first = list(&house.app, &admin, query(json!({ "limit": "1" }))).await.unwrap();
        let elsewhere = json!({ "limit": "1", "action": "x", "cursor": first.pagination.next_cursor });
        assert_eq!(code(list(&house.app, &admin, query(elsewhere)).await), "INVALID_CURSOR");
        let bert = house.actor("bert@acme.example").await;
        assert_eq!(code(list(&house.app, &bert, query(json!({}))).await), "FORBIDDEN");
    }

    async fn who_was_nobody_is_told_from_the_server_itself(db: TestDb) {
        let house = House::open(&db).await;
        let request = Request { id: "request-1".to_owned(), ..Request::default() };
        let wrong = crate::testing::login("nobody@acme.example", "wrong password");
        crate::accounts::login(&house.app, &request, wrong).await.map(|_| ()).unwrap_err();
        let admin = house.admin().await;
        let failed = query(json!({ "action": "auth.login_failed" }));
        let failed = list(&house.app, &admin, failed).await.unwrap().items;
        assert_eq!((failed[0].actor.kind, &*failed[0].request_id), (AuditActorType::Anonymous, "request-1"));
        assert!(!json!(failed).to_string().contains("nobody@"));
    }
}
