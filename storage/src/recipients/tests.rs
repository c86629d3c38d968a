use tidewire_testkit::on_both_engines;
use uuid::Uuid;

use super::*;
use crate::{
    notification_preferences::Choice,
    preferences,
    testing::{ACME, NOW, add, open, person, user_id, within},
};

on_both_engines! {
    async fn people_are_read_with_what_they_have_chosen(db: TestDb) {
        let db = open(&db).await;
        add(&db, &[person(1, "ann@acme.example", "Ann"), person(2, "ben@acme.example", "Ben")]).await;
        let (ann, ben) = (user_id(1), user_id(2));
        let hours = StoredQuietHours {
            enabled: true,
            start: "22:00".parse().unwrap(),
            end: "08:00".parse().unwrap(),
            zone: Some("Europe/Berlin".to_owned()),
            days: [true; 7],
            paused_until: None,
            resumed_until: Some(NOW),
        };
        let mut chosen = preferences::of(&mut db.read().await.unwrap(), ACME, ben).await.unwrap();
        chosen.notifications.push = false;
        let (event, channel) = (EventKey::Mention, ChannelId::new(Uuid::from_u128(9)));
        within(&db, async |conn| {
            notification_preferences::set_quiet_hours(conn, (ACME, ann), &hours, NOW).await?;
            preferences::put(conn, ACME, ben, &chosen, NOW).await?;
            let choice = Choice { event, channel: Channel::Email, enabled: false, updated_at: NOW };
            notification_preferences::choose(conn, (ACME, ben), choice).await?;
            look(conn, (ACME, ann), Some(channel), NOW).await
        })
        .await;
        let mut conn = db.read().await.unwrap();
        let mut found = of(&mut conn, ACME, &[ben, ann, user_id(3)]).await.unwrap();
        found.sort_by_key(|one| one.id);
        assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [ann, ben]);
        assert_eq!(found[0].quiet_hours.as_ref(), Some(&hours));
        assert_eq!(found[0].looking, Some((channel, NOW)));
        assert!(found[0].switches.push);
        assert_eq!((&found[1].quiet_hours, found[1].looking, found[1].switches.push), (&None, None, false));
        let choices = choices(&mut conn, ACME, event, &[ann, ben]).await.unwrap();
        assert_eq!(choices, HashMap::from([((ben, Channel::Email), false)]));
        let elsewhere = TenantId::new(Uuid::from_u128(2));
        assert_eq!(of(&mut conn, elsewhere, &[ann]).await.unwrap(), []);
        drop(conn);
        within(&db, async |conn| look(conn, (ACME, ann), None, NOW).await).await;
        assert_eq!(of(&mut db.read().await.unwrap(), ACME, &[ann]).await.unwrap()[0].looking, None);
    }
}
