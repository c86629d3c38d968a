//! Two nodes in one process, over buses that misbehave: every subscriber sees every entry once and in
//! order, and everybody's figures end where storage has them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod faults;
mod redis;

use std::{
    io::{self, IoSlice},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use tidewire_app::{
    Actor, App, Result,
    auth::session,
    clock::Clock,
    config::{Config, MailConfig, PushConfig, Secret},
    fanout::{
        bus::Transport,
        connection::Connection,
        mailbox::{Mailbox, Wire},
    },
    messages,
    outgoing::Exceptions,
    rate_limit::Rates,
    resume,
    seed::{SeedPlan, seed},
    tasks::Tasks,
    unread,
};
use tidewire_protocol::{
    ErrorCode,
    codec::Codec,
    command::Hello,
    frame::{EventRead, ServerFrame},
    id::{ChannelId, MessageId, UserId},
    model::{
        messages::{EditMessage, HistoryQuery, SendMessage},
        unread::{MarkRead, UnreadChanged},
    },
};
use tidewire_storage::Db;
use tidewire_testkit::{TestDb, eventually};

const USERS: usize = 6;
const CHANNELS: usize = 3;
const STEPS: usize = 150;

/// A client that takes everything at once.
#[derive(Default)]
struct Screen(Mutex<Vec<u8>>);

impl Wire for Screen {
    fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut taken = self.0.lock().unwrap();
        let before = taken.len();
        for buffer in buffers {
            taken.extend_from_slice(buffer);
        }
        Ok(taken.len() - before)
    }
}

impl Screen {
    fn events(&self) -> Vec<EventRead> {
        let taken = self.0.lock().unwrap();
        let mut rest = taken.as_slice();
        let mut events = Vec::new();
        while !rest.is_empty() {
            let (header, length) = match rest[1] {
                127 => (10, u64::from_be_bytes(rest[2..10].try_into().unwrap()) as usize),
                126 => (4, usize::from(u16::from_be_bytes([rest[2], rest[3]]))),
                short => (2, usize::from(short)),
            };
            if let Ok(ServerFrame::Event(event)) =
                Codec::Json.decode_server(&rest[header..header + length])
            {
                events.push(event);
            }
            rest = &rest[header + length..];
        }
        events
    }

    /// The seqs of one channel, in the order they came.
    fn seqs(&self, channel: ChannelId) -> Vec<u64> {
        let events = self.events().into_iter().filter(|event| event.channel == Some(channel));
        events.map(|event| event.seq.expect("an entry has a seq")).collect()
    }

    /// How many events of a name came.
    fn count(&self, name: &str) -> usize {
        self.events().iter().filter(|event| event.event == name).count()
    }

    /// The last chat total that was told, if any was.
    fn told_total(&self) -> Option<i64> {
        let mut told = self.events().into_iter().filter(|event| event.event == "unread.changed");
        told.next_back()
            .map(|event| serde_json::from_value::<UnreadChanged>(event.data).unwrap().totals.chat)
    }
}

/// The same numbers for the same seed (Knuth's linear congruence, upper half).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Somebody on one node.
struct Seat {
    app: App,
    actor: Actor,
    screen: Arc<Screen>,
    /// Kept for as long as the person is here.
    _connection: Arc<Connection>,
}

struct Cluster {
    nodes: Vec<App>,
    channels: Vec<ChannelId>,
    users: Vec<UserId>,
    /// Everybody, on every node.
    seats: Vec<Seat>,
}

fn config(data: &std::path::Path) -> Config {
    Config {
        data_dir: data.to_owned(),
        public_url: "https://tide.example".to_owned(),
        registration_open: true,
        rate_limits: false,
        rates: Rates::default(),
        group_members_max: 10_000,
        secret: Secret([7; 32]),
        sealing_keys: Vec::new(),
        outgoing: Exceptions::default(),
        mail: MailConfig::default(),
        push: PushConfig::default(),
        modules: Vec::new(),
        skips_catch_up: false,
    }
}

impl Cluster {
    /// Two nodes of one process: they share the database's connections, as `SQLite` has one writer.
    async fn open(db: &TestDb, tenant_slug: &str, transport: impl Into<Transport>) -> Self {
        let transport = transport.into();
        let data = std::env::temp_dir();
        let storage = Db::open(db.url()).await.unwrap();
        let node = || {
            App::start(
                storage.clone(),
                Clock::system(),
                config(&data),
                Tasks::default(),
                transport.clone(),
            )
        };
        let nodes = vec![node(), node()];
        let plan = SeedPlan {
            tenant_slug: tenant_slug.to_owned(),
            users: USERS,
            channels: CHANNELS,
            members_per_channel: USERS,
        };
        let seeded = seed(&nodes[0], plan).await.unwrap();
        let mut seats = Vec::new();
        for app in &nodes {
            for (_, token) in &seeded.users {
                seats.push(sit_down(app, token).await);
            }
        }
        let users = seeded.users.iter().map(|(user, _)| *user).collect();
        Self { nodes, channels: seeded.channels, users, seats }
    }

    /// Waits until every screen shows all of every channel, exactly once and in order.
    async fn settle(&self, seed: u64) {
        for channel in &self.channels {
            let head = self.head(*channel).await;
            let expected: Vec<u64> = (1..=head).collect();
            for (place, seat) in self.seats.iter().enumerate() {
                let what = format!("seed {seed}: seat {place} gets {head} entries");
                let complete =
                    async || (seat.screen.seqs(*channel).len() >= expected.len()).then_some(());
                eventually(&what, complete).await;
                assert_eq!(seat.screen.seqs(*channel), expected, "seed {seed}, seat {place}");
            }
        }
    }

    async fn head(&self, channel: ChannelId) -> u64 {
        let seat = &self.seats[0];
        let query = HistoryQuery { cursor: None, after_seq: None, limit: 1 };
        messages::history(&seat.app, &seat.actor, channel, query).await.unwrap().last_seq
    }

    async fn stop(self) {
        for node in &self.nodes {
            assert!(node.stop(Duration::from_secs(10)).await, "all tasks end");
        }
    }
}

async fn sit_down(app: &App, token: &str) -> Seat {
    let identity = session::authenticate(app, token).await.unwrap();
    let actor = Actor { identity: Arc::clone(&identity), request: Arc::default() };
    let screen = Arc::new(Screen::default());
    let mailbox = Arc::new(Mailbox::new(Codec::Json, screen.clone()));
    let connection = app.fanout.register(identity.user_id, |user| {
        Arc::new(Connection::new(app.clock.id(), user, identity, mailbox, app.clock.now().ms()))
    });
    resume::start(app, &actor, &connection, 1, &Hello::default()).await.unwrap();
    Seat { app: app.clone(), actor, screen, _connection: connection }
}

/// One random act of somebody somewhere.
async fn act(
    seat: &Seat,
    channel: ChannelId,
    what: u32,
    written: &Mutex<Vec<(UserId, ChannelId, MessageId)>>,
) {
    let (app, actor) = (&seat.app, &seat.actor);
    let own = || {
        let written = written.lock().unwrap();
        written
            .iter()
            .rev()
            .find(|(user, of, _)| *user == actor.user_id() && *of == channel)
            .map(|sent| sent.2)
    };
    match (what, own()) {
        (0, Some(message)) => {
            let edit = EditMessage { content: "edited".to_owned() };
            drop(messages::edit(app, actor, channel, message, edit).await);
        }
        (1, Some(message)) => {
            patiently(async || messages::delete(app, actor, channel, message).await).await;
        }
        (2, _) => {
            patiently(async || unread::mark_read(app, actor, channel, MarkRead::default()).await)
                .await;
        }
        _ => {
            let client_message_id = Some(app.clock.id::<MessageId>().to_string());
            let answered = patiently(async || {
                let message = SendMessage {
                    content: "hello".to_owned(),
                    client_message_id: client_message_id.clone(),
                    mentions: Vec::new(),
                };
                messages::send(app, actor, channel, message).await
            });
            let message = answered.await.message;
            written.lock().unwrap().push((actor.user_id(), channel, message.id));
        }
    }
}

/// As a client would: a server that is busy says so, and is asked again.
async fn patiently<T>(ask: impl AsyncFn() -> Result<T>) -> T {
    loop {
        match ask().await {
            Err(error) if error.code() == ErrorCode::Unavailable => tokio::task::yield_now().await,
            answer => return answer.unwrap(),
        }
    }
}

/// Everybody acts at random, on all nodes.
async fn storm(cluster: &Cluster, seed: u64) {
    let mut random = Random(seed);
    let written = Mutex::new(Vec::new());
    let mut steps: Vec<(usize, ChannelId, u32)> = (0..STEPS)
        .map(|_| {
            let seat = random.below(cluster.seats.len());
            (seat, cluster.channels[random.below(CHANNELS)], random.below(8) as u32)
        })
        .collect();
    while !steps.is_empty() {
        let together = steps.split_off(steps.len().saturating_sub(5));
        join_all(
            together
                .iter()
                .map(|(seat, channel, what)| act(&cluster.seats[*seat], *channel, *what, &written)),
        )
        .await;
    }
}

/// Waits until everybody has seen everything, and stops.
async fn converge(cluster: Cluster, seed: u64) {
    cluster.settle(seed).await;
    figures_agree(&cluster, seed).await;
    cluster.stop().await;
}

/// Whatever was told last on any device is what storage says.
async fn figures_agree(cluster: &Cluster, seed: u64) {
    for (place, seat) in cluster.seats.iter().enumerate() {
        let stored = unread::count(&seat.app, &seat.actor).await.unwrap().total;
        let agrees = async || (seat.screen.told_total().unwrap_or(0) == stored).then_some(());
        eventually(&format!("seed {seed}: seat {place} is told {stored} unread"), agrees).await;
    }
}
