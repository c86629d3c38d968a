use serde_json::json;
use tidewire_protocol::model::notification_decisions::{Rule, RuleResult};
use tidewire_testkit::on_both_engines;
use uuid::Uuid;

use super::*;
use crate::testing::{ACME, NOW, add, open, person, user_id, within};

fn decision(n: u32, channel: Channel, outcome: OutcomeKind) -> Decision {
    Decision {
        id: DecisionId::new(Uuid::from_u128(n.into())),
        event: EventKey::TaskAssigned,
        channel,
        outcome,
        reason: Reason::QuietTime,
        until: Some(NOW.plus_ms(9)),
        rules: vec![RuleAsked {
            rule: Rule::DoNotDisturb,
            result: RuleResult::Decided,
            inputs: json!({ "quietUntil": null }),
        }],
        notification_id: Some(NotificationId::new(Uuid::from_u128(77))),
        at: NOW.plus_ms(n.into()),
    }
}

on_both_engines! {
    async fn decisions_are_listed_for_their_owner_newest_first(db: TestDb) {
        let db = open(&db).await;
        add(&db, &[person(1, "ann@acme.example", "Ann"), person(2, "ben@acme.example", "Ben")]).await;
        let (ann, ben) = ((ACME, user_id(1)), (ACME, user_id(2)));
        let made = [
            decision(1, Channel::InApp, OutcomeKind::Deliver),
            decision(2, Channel::Push, OutcomeKind::Hold),
            decision(3, Channel::Email, OutcomeKind::Skip),
        ];
        within(&db, async |conn| {
            for one in &made {
                insert(conn, ann, one).await?;
            }
            Ok(())
        })
        .await;
        let mut conn = db.read().await.unwrap();
        let about_it = about(&mut conn, ann, NotificationId::new(Uuid::from_u128(77))).await.unwrap();
        assert_eq!(about_it, made);
        assert_eq!(about(&mut conn, ben, NotificationId::new(Uuid::from_u128(77))).await.unwrap(), []);
        let mut listed = async |owner, filters: Filters| {
            let (found, total) = list(&mut conn, owner, &filters, (2, 0)).await.unwrap();
            let channels: Vec<_> = found.iter().map(|one| one.channel).collect();
            assert!(found.iter().all(|one| one.notification_id.is_none()), "it is not in the inbox");
            (channels, total)
        };
        let all = Filters::default;
        assert_eq!(listed(ann, all()).await, (vec![Channel::Email, Channel::Push], 3));
        assert_eq!(listed(ben, all()).await, (vec![], 0));
        let held = Filters { outcome: Some(OutcomeKind::Hold), ..all() };
        assert_eq!(listed(ann, held).await, (vec![Channel::Push], 1));
        let other = Filters { event: Some("tasks.due_soon".to_owned()), ..all() };
        assert_eq!(listed(ann, other).await.1, 0);
        let span = Filters { from: Some(NOW.plus_ms(1)), to: Some(NOW.plus_ms(2)), ..all() };
        assert_eq!(listed(ann, span).await, (vec![Channel::InApp], 1));
        drop(conn);
        within(&db, async |conn| purge(conn, NOW.plus_ms(3)).await).await;
        let (_, left) = list(&mut db.read().await.unwrap(), ann, &all(), (9, 0)).await.unwrap();
        assert_eq!(left, 1);
    }

    async fn a_key_is_taken_once_in_its_time(db: TestDb) {
        let db = open(&db).await;
        let take = async |key: &'static str, at: Timestamp| {
            within(&db, async |conn| take_key(conn, ACME, key, (at, at.plus_ms(-10))).await).await
        };
        assert!(take("a", NOW).await);
        assert!(!take("a", NOW.plus_ms(9)).await);
        assert!(take("b", NOW.plus_ms(9)).await);
        assert!(take("a", NOW.plus_ms(10)).await, "its time is over");
        assert!(!take("a", NOW.plus_ms(11)).await);
        within(&db, async |conn| purge_keys(conn, NOW.plus_ms(10)).await).await;
        assert!(take("b", NOW.plus_ms(11)).await);
        assert!(!take("a", NOW.plus_ms(12)).await);
    }
}
