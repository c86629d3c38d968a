//! Redis, and what can happen to it.

use std::time::Duration;

use tidewire_app::{
    fanout::bus::{Bus, TopicKey, Transport, redis::RedisAddresses},
    health,
    tasks::Tasks,
};
use tidewire_protocol::{
    event::{Event, PresenceChanged},
    id::{ChannelId, NodeId},
    model::health::SystemStatus,
};
use tidewire_testkit::{Redis, eventually, on_both_engines};
use uuid::Uuid;

use super::{Cluster, Mutex, act, converge, storm};

fn over(addresses: &[String]) -> Transport {
    let addresses = RedisAddresses::parse(addresses.iter().map(String::as_str)).unwrap();
    Transport::Redis(addresses.with_prefix("test"))
}

/// All nodes say that they are `status`.
async fn are(cluster: &Cluster, status: SystemStatus) {
    for node in &cluster.nodes {
        eventually(&format!("nodes are {}", status.word()), async || {
            (health::system(node).status == status).then_some(())
        })
        .await;
    }
}

/// What no sweep would bring comes from node to node, for everybody.
async fn news_cross(cluster: &Cluster) {
    let (here, there) = cluster.seats.split_at(cluster.users.len());
    for (here, there) in here.iter().zip(there) {
        let known = there.screen.count("presence.changed");
        let event = Event::PresenceChanged(PresenceChanged { items: Vec::new() });
        here.app.fanout.show_user(&here.app, here.actor.user_id(), &event);
        eventually("news cross", async || {
            (there.screen.count("presence.changed") > known).then_some(())
        })
        .await;
    }
}

async fn send(cluster: &Cluster, count: usize) {
    let written = Mutex::default();
    for _ in 0..count {
        act(&cluster.seats[0], cluster.channels[0], 7, &written).await;
    }
}

on_both_engines! {
    async fn what_one_node_commits_the_other_shows(db: TestDb) {
        let Some(redis) = Redis::start() else { return };
        let cluster = Cluster::open(&db, "steady", over(&[redis.url()])).await;
        are(&cluster, SystemStatus::Ok).await;
        news_cross(&cluster).await;
        storm(&cluster, 1).await;
        converge(cluster, 1).await;
    }

    async fn a_killed_redis_makes_it_late_and_not_wrong(db: TestDb) {
        let Some(mut redis) = Redis::start() else { return };
        let cluster = Cluster::open(&db, "killed", over(&[redis.url()])).await;
        are(&cluster, SystemStatus::Ok).await;
        redis.kill_9();
        are(&cluster, SystemStatus::Degraded).await;
        storm(&cluster, 2).await;
        cluster.settle(2).await;
        redis.start_again();
        are(&cluster, SystemStatus::Ok).await;
        news_cross(&cluster).await;
        storm(&cluster, 3).await;
        converge(cluster, 3).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_is_found_out_and_left() {
    let Some(redis) = Redis::start() else { return };
    let db = tidewire_testkit::TestDb::sqlite();
    let cluster = Cluster::open(&db, "hung", over(&[redis.url()])).await;
    are(&cluster, SystemStatus::Ok).await;
    redis.pause();
    send(&cluster, 5).await;
    are(&cluster, SystemStatus::Degraded).await;
    cluster.settle(1).await;
    redis.resume();
    are(&cluster, SystemStatus::Ok).await;
    news_cross(&cluster).await;
    send(&cluster, 5).await;
    converge(cluster, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_that_redis_throws_out_come_back() {
    let Some(redis) = Redis::start() else { return };
    let db = tidewire_testkit::TestDb::sqlite();
    let cluster = Cluster::open(&db, "thrown-out", over(&[redis.url()])).await;
    for _ in 0..5 {
        are(&cluster, SystemStatus::Ok).await;
        redis.ask("CLIENT KILL TYPE pubsub").unwrap();
        send(&cluster, 5).await;
    }
    converge(cluster, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_shards_its_channels() {
    let Some(redis) = Redis::cluster() else { return };
    let db = tidewire_testkit::TestDb::sqlite();
    let cluster = Cluster::open(&db, "sharded", over(&[redis.url()])).await;
    are(&cluster, SystemStatus::Ok).await;
    news_cross(&cluster).await;
    storm(&cluster, 4).await;
    let channels: usize = redis.ask("PUBSUB SHARDCHANNELS test:*").unwrap().parse().unwrap();
    assert!(channels > 2, "{channels} channels are sharded");
    converge(cluster, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_servers_share_the_topics_in_whatever_order_they_are_named() {
    let (Some(one), Some(two)) = (Redis::start(), Redis::start()) else { return };
    let db = tidewire_testkit::TestDb::sqlite();
    let cluster = Cluster::open(&db, "shared", over(&[one.url(), two.url()])).await;
    are(&cluster, SystemStatus::Ok).await;
    news_cross(&cluster).await;
    storm(&cluster, 5).await;
    for redis in [&one, &two] {
        let channels: usize = redis.ask("PUBSUB CHANNELS test:*").unwrap().parse().unwrap();
        assert!(channels > 2, "{channels} channels on one of two servers");
    }
    converge(cluster, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_given_and_a_wrong_one_leaves_the_node_alone() {
    let Some(redis) = Redis::with(&["--requirepass", "low tide"]) else { return };
    let db = tidewire_testkit::TestDb::sqlite();
    let address = |password: &str| format!("redis://:{password}@127.0.0.1:{}", redis.port());
    let cluster = Cluster::open(&db, "right", over(&[address("low%20tide")])).await;
    are(&cluster, SystemStatus::Ok).await;
    send(&cluster, 2).await;
    converge(cluster, 1).await;
    let cluster = Cluster::open(&db, "wrong", over(&[address("high")])).await;
    are(&cluster, SystemStatus::Degraded).await;
    send(&cluster, 2).await;
    converge(cluster, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_topics_are_subscribed_again_after_a_restart() {
    const TOPICS: u128 = 50_000;
    let Some(mut redis) = Redis::start() else { return };
    let tasks = Tasks::default();
    let (bus, _inboxes) = Bus::join(&over(&[redis.url()]), NodeId::new(Uuid::from_u128(1)), &tasks);
    for number in 0..TOPICS {
        bus.subscribe(TopicKey::Channel(ChannelId::new(Uuid::from_u128(number))));
    }
    for restarts in 0..2 {
        // Beside them there are what every node hears, and the probe.
        eventually(&format!("all are there after {restarts} restarts"), async || {
            let channels = redis.ask("PUBSUB CHANNELS test:*").ok()?.parse::<u128>().ok()?;
            (bus.is_up() && channels == TOPICS + 2).then_some(())
        })
        .await;
        redis.kill_9();
        redis.start_again();
    }
    assert!(tasks.stop(Duration::from_secs(10)).await);
}
