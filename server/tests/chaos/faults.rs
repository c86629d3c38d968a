//! What happens, and when; all of it from a seed.

use std::{sync::PoisonError, time::Duration};

use rustix::process::Signal;
use tidewire_testkit::{Proxy, Redis, Weather};
use tokio::time::{sleep, timeout};

use crate::{Random, world::World};

/// What can happen. `Way…` is how one node is connected to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Kill,
    Still,
    Drain,
    RedisRestart,
    RedisFlush,
    RedisAway,
    PostgresRestart,
    AllWaysToRedis,
    WayToRedis,
    WayToPostgres,
    WayToClients,
}

const FAULTS: [Fault; 11] = [
    Fault::Kill,
    Fault::Still,
    Fault::Drain,
    Fault::RedisRestart,
    Fault::RedisFlush,
    Fault::RedisAway,
    Fault::PostgresRestart,
    Fault::AllWaysToRedis,
    Fault::WayToRedis,
    Fault::WayToPostgres,
    Fault::WayToClients,
];

const REDIS_AWAY: Duration = Duration::from_secs(4);
/// For runs that have the time: longer than a node's lease of its presence.
const REDIS_AWAY_LONG: Duration = Duration::from_secs(30);
const STILL_LONG: Duration = Duration::from_secs(28);
const LONG: Duration = Duration::from_mins(2);

/// One thing after the other until the time is over; answers what happened.
pub(crate) async fn rage(world: &World, seed: u64, length: Duration) -> Vec<String> {
    let mut random = Random::new(seed, usize::MAX);
    let mut told = Vec::new();
    let all = async {
        loop {
            sleep(Duration::from_millis(200 + random.below(1_200) as u64)).await;
            let (fault, place) = (FAULTS[random.below(FAULTS.len())], random.below(3));
            let a_while = a_while(fault, length, &mut random);
            told.push(one(world, fault, place, a_while, &mut random).await);
        }
    };
    // What was begun is ended by `World::heal`.
    let _: Result<(), _> = timeout(length, all).await;
    told
}

/// How long something stays as it is.
fn a_while(fault: Fault, length: Duration, random: &mut Random) -> Duration {
    let short = Duration::from_millis(300 + random.below(2_500) as u64);
    let takes_its_time = length >= LONG && random.below(3) == 0;
    match fault {
        Fault::Still if takes_its_time => STILL_LONG,
        Fault::RedisAway if takes_its_time => REDIS_AWAY_LONG,
        Fault::RedisAway => REDIS_AWAY,
        _ => short,
    }
}

/// Something breaks and, after a while, is whole again.
async fn one(
    world: &World,
    fault: Fault,
    place: usize,
    a_while: Duration,
    random: &mut Random,
) -> String {
    let ways = world.ways(place);
    match fault {
        Fault::Kill => {
            world.kill_node(place).await;
            sleep(a_while).await;
            world.start_node(place).await;
        }
        Fault::Still => {
            world.signal_node(place, Signal::STOP).await;
            sleep(a_while).await;
            world.signal_node(place, Signal::CONT).await;
        }
        Fault::Drain => {
            world.drain_node(place).await;
            world.start_node(place).await;
        }
        Fault::RedisRestart => redis_is_away(world, Duration::ZERO).await,
        Fault::RedisFlush => with_redis(world, |redis| redis.ask("FLUSHALL").map(drop).unwrap()),
        Fault::RedisAway => redis_is_away(world, a_while).await,
        Fault::PostgresRestart => tokio::task::block_in_place(|| {
            world.postgres.lock().unwrap_or_else(PoisonError::into_inner).restart();
        }),
        Fault::AllWaysToRedis => {
            world.set_redis(weather(random));
            sleep(a_while).await;
            world.set_redis(Weather::Fair);
        }
        Fault::WayToRedis => pass_badly(&ways.to_redis, a_while, random).await,
        Fault::WayToPostgres => pass_badly(&ways.to_postgres, a_while, random).await,
        Fault::WayToClients => pass_badly(&ways.to_clients, a_while, random).await,
    }
    format!("{fault:?}, node {place}, {a_while:?}")
}

async fn redis_is_away(world: &World, a_while: Duration) {
    with_redis(world, Redis::kill_9);
    sleep(a_while).await;
    with_redis(world, Redis::start_again);
}

async fn pass_badly(way: &Proxy, a_while: Duration, random: &mut Random) {
    way.set(weather(random));
    sleep(a_while).await;
    way.set(Weather::Fair);
}

fn weather(random: &mut Random) -> Weather {
    match random.below(3) {
        0 => Weather::Stuck,
        1 => Weather::Cut,
        _ => Weather::Slow(Duration::from_millis(1 + random.below(60) as u64)),
    }
}

fn with_redis<T>(world: &World, act: impl FnOnce(&mut Redis) -> T) -> T {
    let redis = &world.redis;
    tokio::task::block_in_place(|| act(&mut redis.lock().unwrap_or_else(PoisonError::into_inner)))
}
