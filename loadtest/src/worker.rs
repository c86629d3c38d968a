//! A worker: it connects its share, carries out the scenario, waits for what is expected, and tells
//! what happened.

use std::{
    io,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, TryRecvError, sync_channel},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};
use mio::{Events, Waker};
use tidewire_protocol::id::ChannelId;

use crate::{
    accounting::Acknowledged,
    cli::{Plan, Target},
    clock::{self, Clock},
    fleet::{self, Arrival, Fleet},
    incoming::{HELLO_ID, Incoming},
    outgoing,
    pipe::{self, News, Order, Progress},
    scenario,
    setup::{Share, Source},
    tally::Tally,
    traffic::Traffic,
    upgrade,
};

/// Handshakes under way at a time: enough to keep a server busy, few enough for its backlog.
const HANDSHAKES_MAX: usize = 64;
/// How long to listen for what should not come any more.
const LINGER_NS: u64 = clock::millis(250);
const PROGRESS_NS: u64 = clock::millis(500);
const TICK: Duration = Duration::from_millis(20);
const ORDERS_MAX: usize = 4;
/// How late a message may leave because nobody woke the poll.
const PACE: Duration = Duration::from_micros(200);

/// Runs as worker `share` of the plan.
pub(crate) fn run(plan: &Plan, share: Share) -> anyhow::Result<ExitCode> {
    match Worker::new(plan, share).and_then(Worker::work) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            pipe::tell(&mut io::stdout(), &News::Failed(format!("{error:#}")))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

struct Worker<'a> {
    plan: &'a Plan,
    share: Share,
    fleet: Fleet,
    traffic: Traffic<'a>,
    orders: Receiver<Order>,
    events: Events,
    arrivals: Vec<Arrival>,
    ready: usize,
    told_at_ns: u64,
}

impl<'a> Worker<'a> {
    fn new(plan: &'a Plan, share: Share) -> anyhow::Result<Self> {
        let fleet = Fleet::new(plan.codec(), Clock::start())?;
        Ok(Self {
            plan,
            share,
            traffic: Traffic::new(plan, &share.of(plan.connections)),
            orders: listen(fleet.waker()),
            fleet,
            events: fleet::events(),
            arrivals: Vec::new(),
            ready: 0,
            told_at_ns: 0,
        })
    }

    fn work(mut self) -> anyhow::Result<()> {
        let nanoseconds = self.connect()?;
        tell(&News::Connected { nanoseconds })?;
        let Order::Go { run, start_ns } = self.await_order()? else {
            bail!("expected to be told to go");
        };
        self.traffic.start(run, start_ns + clock::seconds(self.plan.load.warmup_seconds()));
        self.carry_out(start_ns)?;
        tell(&News::Sent(self.traffic.acknowledged()))?;
        let Order::Expect(expected) = self.await_order()? else {
            bail!("expected to be told what to expect");
        };
        self.drain(&expected)?;
        tell(&News::Drained)?;
        let Order::Finish = self.await_order()? else {
            bail!("expected to be told to finish");
        };
        let tally = self.finish(&expected)?;
        tell(&News::Done(Box::new(tally)))
    }
}

fn tell(news: &News) -> anyhow::Result<()> {
    pipe::tell(&mut io::stdout(), news).context("telling the coordinator")
}

impl Worker<'_> {
    /// Connects everybody of this share; answers how long that took.
    fn connect(&mut self) -> anyhow::Result<u64> {
        let started_ns = self.fleet.clock.now_ns();
        let mut progressed_ns = started_ns;
        let mine = self.share.of(self.plan.connections);
        while self.ready < mine.len() {
            while self.fleet.len() < mine.len() && self.fleet.len() - self.ready < HANDSHAKES_MAX {
                self.dial(mine.start + self.fleet.len())?;
            }
            let ready = self.ready;
            self.receive(TICK)?;
            for arrival in std::mem::take(&mut self.arrivals) {
                self.welcome(&arrival)?;
            }
            let now_ns = self.fleet.clock.now_ns();
            if self.ready > ready {
                progressed_ns = now_ns;
            }
            if now_ns > progressed_ns + self.plan.patience_ns() {
                bail!("{} of {} connected, and then no more", self.ready, mine.len());
            }
        }
        Ok(self.fleet.clock.now_ns() - started_ns)
    }

    fn dial(&mut self, user: usize) -> anyhow::Result<()> {
        let common = &self.plan.common;
        let path = match (common.target, self.plan.shape.channels_of(user).next()) {
            (Target::Floor, Some(group)) => format!("/api/v1/ws?group={group}"),
            _ => "/api/v1/ws".to_owned(),
        };
        let request = upgrade::Request {
            host: &common.address.to_string(),
            path: &path,
            subprotocol: self.plan.codec().subprotocol(),
            token: self.plan.token(user),
        };
        let source = Source::of(user, self.plan.sources(), common.address.ip());
        self.fleet.connect(common.address, source, &request)
    }

    /// Takes a connection one step further towards being ready.
    fn welcome(&mut self, arrival: &Arrival) -> anyhow::Result<()> {
        let client = arrival.client;
        match (&arrival.incoming, self.plan.common.target) {
            (Incoming::Opened, Target::Server) => {
                self.fleet.queue(client, &outgoing::hello(self.plan.codec()));
            }
            (Incoming::Opened, Target::Floor) => {
                let heads: Vec<_> = self.plan.channels.iter().map(|&id| (id, 0)).collect();
                self.join(client, &heads)?;
            }
            (Incoming::Welcome(heads), _) => self.join(client, heads)?,
            (Incoming::Reply { id: HELLO_ID, outcome: Err(code) }, _) => {
                bail!("hello was refused: {code}");
            }
            (Incoming::Ended(reason), _) => bail!("connection {client} ended: {reason}"),
            _ => drop(self.traffic.note(arrival)),
        }
        Ok(())
    }

    fn join(&mut self, client: usize, heads: &[(ChannelId, u64)]) -> anyhow::Result<()> {
        self.ready += 1;
        self.traffic.join(client as u32, heads)
    }

    fn carry_out(&mut self, start_ns: u64) -> anyhow::Result<()> {
        while self.fleet.clock.now_ns() < start_ns {
            self.idle(Duration::from_nanos(start_ns - self.fleet.clock.now_ns()))?;
        }
        let mut scenario = scenario::begin(self.plan, self.share, start_ns, &self.traffic);
        let _metronome = scenario.is_paced().then(|| Metronome::start(self.fleet.waker()));
        let mut over_ns = None;
        loop {
            let now_ns = self.fleet.clock.now_ns();
            scenario.send_due(now_ns, &mut self.traffic, &mut self.fleet);
            self.receive(TICK)?;
            for arrival in self.arrivals.drain(..) {
                let note = self.traffic.note(&arrival);
                scenario.noted(note, arrival.at_ns, &mut self.traffic, &mut self.fleet);
            }
            if scenario.is_over(now_ns) {
                let since = *over_ns.get_or_insert(now_ns);
                if !self.traffic.has_unanswered() || now_ns > since + self.plan.patience_ns() {
                    return Ok(());
                }
            }
        }
    }

    /// Receives until everything expected is there, or no hope is left.
    fn drain(&mut self, expected: &Acknowledged) -> anyhow::Result<()> {
        let end_ns = self.fleet.clock.now_ns() + self.plan.patience_ns();
        while !self.traffic.is_complete(expected) && self.fleet.clock.now_ns() < end_ns {
            self.idle(TICK)?;
        }
        Ok(())
    }

    fn finish(mut self, expected: &Acknowledged) -> anyhow::Result<Tally> {
        let end_ns = self.fleet.clock.now_ns() + LINGER_NS;
        while self.fleet.clock.now_ns() < end_ns {
            self.idle(TICK)?;
        }
        self.fleet.say_goodbye();
        Ok(self.traffic.close(expected))
    }

    fn await_order(&mut self) -> anyhow::Result<Order> {
        loop {
            match self.orders.try_recv() {
                Ok(order) => return Ok(order),
                Err(TryRecvError::Empty) => self.idle(TICK)?,
                Err(TryRecvError::Disconnected) => bail!("the coordinator has gone"),
            }
        }
    }

    fn idle(&mut self, timeout: Duration) -> anyhow::Result<()> {
        self.receive(timeout.min(TICK))?;
        for arrival in self.arrivals.drain(..) {
            self.traffic.note(&arrival);
        }
        Ok(())
    }

    /// Sends what is queued and waits for what arrives.
    fn receive(&mut self, timeout: Duration) -> anyhow::Result<()> {
        self.fleet.flush();
        self.fleet.poll(timeout, &mut self.events, &mut self.arrivals)?;
        let now_ns = self.fleet.clock.now_ns();
        if now_ns < self.told_at_ns + PROGRESS_NS {
            return Ok(());
        }
        self.told_at_ns = now_ns;
        let counts = self.traffic.counts();
        let (connected, sent) = (self.ready as u64, counts.sent);
        tell(&News::Progress(Progress { connected, sent, delivered: counts.delivered }))
    }
}

/// Wakes the poll often enough for messages to leave in time; a poll's own timeout knows only whole
/// milliseconds.
struct Metronome(Arc<AtomicBool>);

impl Metronome {
    #[expect(clippy::disallowed_methods, reason = "the thread ends with the metronome")]
    fn start(waker: Arc<Waker>) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stopped);
        thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                thread::sleep(PACE);
                if waker.wake().is_err() {
                    return;
                }
            }
        });
        Self(stopped)
    }
}

impl Drop for Metronome {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads orders on a thread of its own, which ends when the coordinator hangs up.
#[expect(clippy::disallowed_methods, reason = "standard input can only be waited for by a thread")]
fn listen(waker: Arc<Waker>) -> Receiver<Order> {
    let (sender, receiver) = sync_channel(ORDERS_MAX);
    thread::spawn(move || {
        for order in pipe::listen(io::stdin()) {
            let Ok(order) = order else { return };
            if sender.send(order).is_err() || waker.wake().is_err() {
                return;
            }
        }
    });
    receiver
}
