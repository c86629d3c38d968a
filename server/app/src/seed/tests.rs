use tidewire_testkit::on_both_engines;

use super::*;
use crate::testing::{House, code};

fn plan(users: usize, channels: usize, members_per_channel: usize) -> SeedPlan {
    SeedPlan { tenant_slug: "load".to_owned(), users, channels, members_per_channel }
}

on_both_engines! {
    async fn seeded_people_are_signed_in_and_in_their_groups(db: TestDb) {
        let house = House::open(&db).await;
        let seeded = seed(&house.app, plan(10, 4, 3)).await.unwrap();
        assert_eq!((seeded.users.len(), seeded.channels.len()), (10, 4));
        house.app.clock.advance(11 * 3_600_000);
        for (n, (user_id, token)) in seeded.users.iter().enumerate() {
            let actor = house.actor_with(token).await.unwrap();
            assert_eq!(actor.user_id(), *user_id);
            assert_eq!(actor.identity.user.number, n as i64 + 1);
            assert_eq!(actor.identity.permissions.iter().count(), 17);
        }
        let rows = house.rows("select c.name, u.number, m.role, c.member_count, c.created_by = u.id \
            from channel_members m join channels c on c.id = m.channel_id \
            join users u on u.id = m.user_id order by c.name, case m.role when 'owner' then 0 else 1 end, u.number").await;
        let members: Vec<_> = rows.iter()
            .map(|row| (row.text(0).unwrap(), row.int(1).unwrap(), row.text(2).unwrap() == "owner"))
            .collect();
        let group = |n: usize| format!("Group {n}");
        assert_eq!(members, [
            (group(1), 1, true), (group(1), 2, false), (group(1), 3, false),
            (group(2), 4, true), (group(2), 5, false), (group(2), 6, false),
            (group(3), 7, true), (group(3), 8, false), (group(3), 9, false),
            (group(4), 10, true), (group(4), 1, false), (group(4), 2, false),
        ]);
        for row in rows {
            assert_eq!(row.int(3).unwrap(), 3);
            assert_eq!(row.get::<bool>(4).unwrap(), row.text(2).unwrap() == "owner");
        }
    }

    async fn more_rows_than_a_statement_takes_are_made_in_several(db: TestDb) {
        let house = House::open(&db).await;
        let seeded = seed(&house.app, plan(20_001, 3, 9_000)).await.unwrap();
        assert_eq!(house.count("select count(*) from users where role = 'user'").await, 20_001);
        assert_eq!(house.count("select count(*) from sessions").await, 20_001);
        assert_eq!(house.count("select count(*) from channel_members").await, 27_000);
        let last = house.actor_with(&seeded.users[20_000].1).await.unwrap();
        assert_eq!(last.identity.user.email.as_deref(), Some("user20001@load.example"));
    }

    async fn nothing_is_replaced_and_nothing_impossible_is_made(db: TestDb) {
        let house = House::open(&db).await;
        seed(&house.app, plan(1, 0, 0)).await.unwrap();
        assert_eq!(code(seed(&house.app, plan(1, 0, 0)).await), "SLUG_TAKEN");
        assert_eq!(code(seed(&house.app, plan(2, 1, 3)).await), "VALIDATION_FAILED");
        assert_eq!(code(seed(&house.app, plan(2, 1, 0)).await), "VALIDATION_FAILED");
    }
}
