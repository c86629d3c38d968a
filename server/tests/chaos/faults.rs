//! What happens, and when; all of it from a seed.

use std::{sync::PoisonError, time::Duration};

use rustix::process::Signal;
use tidewire_testkit::Weather;
use tokio::time::{sleep, timeout};

use crate::{Random, world::World};

const REDIS_AWAY: Duration = Duration::from_secs(4);

/// One thing after the other until the time is over; answers what happened.
pub(crate) async fn rage(world: &World, seed: u64, length: Duration) -> Vec<String> {
    let mut random = Random::new(seed, usize::MAX);
    let mut told = Vec::new();
    let all = async {
        loop {
            sleep(Duration::from_millis(200 + random.below(1_200) as u64)).await;
            let (what, place) = (random.below(9), random.below(3));
            told.push(one(world, what, place, &mut random).await);
        }
    };
    // What was begun is ended by `World::heal`.
    let _: Result<(), _> = timeout(length, all).await;
    told
}

/// Something breaks and, after a while, is whole again.
async fn one(world: &World, what: usize, place: usize, random: &mut Random) -> String {
    let a_while = Duration::from_millis(300 + random.below(2_500) as u64);
    match what {
        0 => {
            world.kill_node(place).await;
            sleep(a_while).await;
            world.start_node(place).await;
            format!("node {place} was killed")
        }
        1 => {
            world.signal_node(place, Signal::STOP).await;
            sleep(a_while).await;
            world.signal_node(place, Signal::CONT).await;
            format!("node {place} stood still for {a_while:?}")
        }
        2 => {
            world.drain_node(place).await;
            world.start_node(place).await;
            format!("node {place} was drained")
        }
        3 => {
            with_redis(world, tidewire_testkit::Redis::kill_9);
            with_redis(world, tidewire_testkit::Redis::start_again);
            "redis was restarted".to_owned()
        }
        4 => {
            with_redis(world, |redis| redis.ask("FLUSHALL").unwrap());
            "redis was flushed".to_owned()
        }
        5 => {
            with_redis(world, tidewire_testkit::Redis::kill_9);
            sleep(REDIS_AWAY).await;
            with_redis(world, tidewire_testkit::Redis::start_again);
            format!("redis was away for {REDIS_AWAY:?}")
        }
        6 => {
            let postgres = &world.postgres;
            tokio::task::block_in_place(|| {
                postgres.lock().unwrap_or_else(PoisonError::into_inner).restart();
            });
            "postgres was restarted".to_owned()
        }
        7 => {
            world.to_redis.set(Weather::Stuck);
            sleep(a_while).await;
            world.to_redis.set(Weather::Fair);
            format!("nothing passed to redis for {a_while:?}")
        }
        _ => {
            let pause = Duration::from_millis(1 + random.below(60) as u64);
            world.to_redis.set(if random.below(2) == 0 {
                Weather::Cut
            } else {
                Weather::Slow(pause)
            });
            sleep(a_while).await;
            world.to_redis.set(Weather::Fair);
            format!("redis was hard to reach for {a_while:?}")
        }
    }
}

fn with_redis<T>(world: &World, act: impl FnOnce(&mut tidewire_testkit::Redis) -> T) -> T {
    let redis = &world.redis;
    tokio::task::block_in_place(|| act(&mut redis.lock().unwrap_or_else(PoisonError::into_inner)))
}
