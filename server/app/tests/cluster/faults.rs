//! A bus that loses, repeats, delays and reorders.

use tidewire_app::{
    channel_members,
    fanout::bus::local::{Faults, LocalBus},
};
use tidewire_protocol::{
    id::{MemberKey, UserKey},
    model::channels::AddMembers,
};
use tidewire_testkit::{eventually, on_both_engines};

use super::{Cluster, Mutex, Seat, act, converge, storm};

on_both_engines! {
    async fn whatever_the_bus_does_every_subscriber_sees_every_entry_once_and_in_order(db: TestDb) {
        for seed in 1..=3 {
            let faults = Faults {
                seed,
                lose_percent: 10,
                repeat_percent: 10,
                delay_percent: 30,
                delay_ms_max: 40,
            };
            let bus = LocalBus::with_faults(faults);
            let cluster = Cluster::open(&db, &format!("storm-{seed}"), &bus).await;
            storm(&cluster, seed).await;
            converge(cluster, seed).await;
        }
    }

    async fn a_bus_that_loses_everything_makes_it_late_and_not_wrong(db: TestDb) {
        let faults =
            Faults { seed: 1, lose_percent: 100, repeat_percent: 0, delay_percent: 0, delay_ms_max: 0 };
        let cluster = Cluster::open(&db, "cluster", &LocalBus::with_faults(faults)).await;
        let written = Mutex::new(Vec::new());
        for _ in 0..20 {
            act(&cluster.seats[0], cluster.channels[0], 7, &written).await;
        }
        converge(cluster, 1).await;
    }

    async fn who_leaves_on_one_node_gets_nothing_more_on_the_other(db: TestDb) {
        let cluster = Cluster::open(&db, "cluster", &LocalBus::default()).await;
        let (channel, user) = (cluster.channels[0], cluster.users[1]);
        let written = Mutex::new(Vec::new());
        act(&cluster.seats[0], channel, 7, &written).await;
        let (app, owner) = (&cluster.nodes[0], &cluster.seats[0].actor);
        let whom = MemberKey::User(UserKey::Id(user));
        channel_members::remove(app, owner, channel, whom).await.unwrap();
        let before = cluster.head(channel).await;
        for _ in 0..5 {
            act(&cluster.seats[0], channel, 7, &written).await;
        }
        let removed: Vec<&Seat> =
            cluster.seats.iter().filter(|seat| seat.actor.user_id() == user).collect();
        let others = cluster.seats.iter().filter(|seat| seat.actor.user_id() != user);
        for seat in others {
            let complete =
                async || (seat.screen.seqs(channel).last() == Some(&(before + 5))).then_some(());
            eventually("the others get all", complete).await;
        }
        assert_eq!(removed.len(), 2);
        for seat in &removed {
            assert_eq!(seat.screen.seqs(channel), [1], "nothing from the removal on");
        }
        let back = AddMembers { member_ids: vec![UserKey::Id(user)] };
        channel_members::add(app, owner, channel, back).await.unwrap();
        act(&cluster.seats[0], channel, 7, &written).await;
        let head = cluster.head(channel).await;
        for seat in &removed {
            let returned = async || (seat.screen.seqs(channel).last() == Some(&head)).then_some(());
            eventually("whoever is back gets what comes", returned).await;
        }
        cluster.stop().await;
    }
}
