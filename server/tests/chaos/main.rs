//! Three nodes, one database, one Redis, and people who write while everything around them breaks.
//!
//! `TIDEWIRE_CHAOS_SECONDS` and `TIDEWIRE_CHAOS_SEED` choose how long and which; the seed decides what
//! happens and in which order. `scripts/chaos` runs it for longer.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]
#![expect(clippy::print_stdout, reason = "the seed and what it did are told")]

mod check;
mod faults;
mod talker;
mod world;

use std::{env, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use tokio::task::JoinSet;

use talker::Talker;
use world::{NODES, World};

const SECONDS: u64 = 40;

#[expect(clippy::disallowed_methods, reason = "tests are steered by the environment")]
fn setting(name: &str, default: u64) -> u64 {
    let text = env::var(name).ok();
    text.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_whatever_breaks() {
    let seed = setting("TIDEWIRE_CHAOS_SEED", 1);
    let length = Duration::from_secs(setting("TIDEWIRE_CHAOS_SECONDS", SECONDS));
    println!("seed {seed}");
    let Some(world) = World::begin(seed, &[]).await else { return };
    live_through(Arc::new(world), seed, length).await;
}

/// The checker is worth something only if it finds a server that loses what the bus does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_without_catch_up_is_found_out() {
    let broken = [("TIDEWIRE_TEST_SKIP_CATCH_UP", "1")];
    let Some(world) = World::begin(1, &broken).await else { return };
    let lived = AssertUnwindSafe(live_through(Arc::new(world), 1, Duration::from_secs(1)));
    let panic = lived.catch_unwind().await.expect_err("a broken server passes");
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("in vain for an event"), "{message}");
}

/// An upgrade of the whole cluster: whoever is on a node that stops is told, and comes back by the
/// ticket that it was given. Nobody is cut off, and nothing is lost or doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_cuts_nobody_off() {
    let Some(world) = World::begin(1, &[]).await else { return };
    let world = Arc::new(world);
    world.calm_down();
    let talkers = world.talk();
    for place in 0..NODES {
        world.everybody_is_somewhere().await;
        world.drain_node(place).await;
        world.start_node(place).await;
    }
    world.put_out_the_last().await;
    world.stop_talking();
    let talkers = sorted(talkers).await;
    let sent_away: usize = talkers.iter().map(|talker| talker.sent_away).sum();
    println!("{sent_away} were sent elsewhere");
    assert!(sent_away > 0);
    for Talker { number, visits, sent_away, .. } in &talkers {
        assert!(*visits <= 1 + sent_away, "talker {number}: {visits} visits, {sent_away} reasons");
    }
    check::everything(&world, talkers).await;
}

async fn sorted(talkers: JoinSet<Talker>) -> Vec<Talker> {
    let mut talkers = talkers.join_all().await;
    talkers.sort_by_key(|talker| talker.number);
    talkers
}

async fn live_through(world: Arc<World>, seed: u64, length: Duration) {
    let talkers = world.talk();
    for part in [seed, seed.wrapping_add(1)] {
        let told = faults::rage(&world, part, length / 2).await;
        println!("{}", told.join("\n"));
        if part == seed {
            world.heal().await;
            world.put_out_the_last().await;
        }
    }
    world.heal().await;
    world.stop_talking();
    check::everything(&world, sorted(talkers).await).await;
}

/// The same numbers for the same seed (Knuth's linear congruence, upper half).
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    const fn new(seed: u64, place: usize) -> Self {
        Self(
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
                ^ (place as u64).wrapping_add(1).wrapping_mul(0xD1B5_4A32_D192_ED03),
        )
    }

    const fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}
