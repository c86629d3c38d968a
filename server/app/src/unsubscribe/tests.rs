use serde_json::json;
use tidewire_protocol::model::users::Role;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    Actor, digests as settings, notification_preferences,
    notifications::emit,
    testing::{House, code, input},
};

async fn gets_mails(house: &House, actor: &Actor) -> bool {
    let rows = notification_preferences::effective(&house.app, actor).await.unwrap().items;
    let row = rows
        .iter()
        .find(|row| row.event_key == EventKey::TaskAssigned && row.channel == Channel::Email);
    row.unwrap().enabled
}

on_both_engines! {
    async fn the_link_in_a_mail_ends_its_kind_by_one_click_for_ever(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ben, module) = (&house.app, house.of_role("Ben", Role::User).await, house.module().await);
        let wanted = input(json!({
            "eventKey": "tasks.assigned", "userIds": [ben.user_id()], "data": { "taskTitle": "Ring" },
        }));
        house.execute("update users set email_verified = true").await;
        emit(app, &module, wanted).await.unwrap();
        house.settle().await;
        while crate::jobs::send_mail::send_due(app).await.unwrap() > 0 {}
        let mails = house.letters();
        let mail = mails.iter().find(|mail| mail.contains("List-Unsubscribe: <")).unwrap();
        assert!(mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
        let unfolded = mail.replace("\r\n ", "").replace("\r\n\t", "");
        let (_, rest) = unfolded.split_once("List-Unsubscribe: <").unwrap();
        let address = rest.split('>').next().unwrap();
        let token = address.strip_prefix("https://tide.example/api/v1/email/unsubscribe/").unwrap();
        assert_eq!(preview(app, token).unwrap(), Subject::Event(EventKey::TaskAssigned));
        assert!(gets_mails(&house, &ben).await, "looking changes nothing");
        app.clock.advance(10 * 365 * 86_400_000);
        for _ in 0..2 {
            leave(app, &Request::default(), token).await.unwrap();
            let ben = house.actor("ben@acme.example").await;
            assert!(!gets_mails(&house, &ben).await);
        }
        let noted = "select count(*) from audit where action = 'notifications.unsubscribed'";
        assert_eq!(house.count(noted).await, 2);
    }

    async fn the_link_in_a_digest_ends_digests(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ben) = (&house.app, house.of_role("Ben", Role::User).await);
        let token = token(app, ben.tenant_id(), ben.user_id(), Subject::Digest);
        leave(app, &Request::default(), &token).await.unwrap();
        let digest = settings::mine(app, &ben).await.unwrap().digest;
        assert_eq!((digest.frequency, digest.next_run_at), (DigestFrequency::Never, None));
    }

    async fn what_was_not_signed_here_is_no_link(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ben) = (&house.app, house.of_role("Ben", Role::User).await);
        let good = token(app, ben.tenant_id(), ben.user_id(), Subject::Event(EventKey::Mention));
        let stranger = token(app, ben.tenant_id(), UserId::new(Uuid::from_u128(5)), Subject::Digest);
        let changed: String = good.char_indices().map(|(n, c)| if n == 25 { if c == 'A' { 'B' } else { 'A' } } else { c }).collect();
        for bad in ["", "AAAA", &good[1..], &good[..good.len() - 4], &changed, "ä"] {
            assert_eq!(code(preview(app, bad)), "ONE_TIME_TOKEN_INVALID", "{bad}");
            assert_eq!(code(leave(app, &Request::default(), bad).await), "ONE_TIME_TOKEN_INVALID");
        }
        assert_eq!(code(leave(app, &Request::default(), &stranger).await), "ONE_TIME_TOKEN_INVALID");
        assert!(preview(app, &good).is_ok());
    }
}
