//! The hub: from a committed change to every socket that follows it.
//!
//! Two registries, of people and of channels, both sharded. The first local follower of a channel
//! subscribes it on the bus, the last one leaving unsubscribes it after a while. Events are encoded
//! once per codec and handed to mailboxes on the task that publishes.

pub mod bus;
pub mod connection;
pub mod drain;
pub mod entry;
pub mod heartbeat;
pub(crate) mod inbox;
pub mod live_user;
pub mod mailbox;
pub mod outgoing;
pub mod room;
pub mod run_log;
pub mod sweep;
pub mod topic;
pub mod unread_flush;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use dashmap::DashMap;
use tidewire_protocol::{
    event::Event,
    id::{ChannelId, NodeId, TenantId, UserId},
};

use crate::{
    App,
    actor::Identity,
    news, presence,
    rate_limit::{Class, Key},
};
use bus::{Bus, News, TopicKey, UserNews};
use connection::Connection;
use entry::LogEntry;
use live_user::LiveUser;
use mailbox::EphemeralKey;
use outgoing::Outgoing;
use topic::Topic;
use unread_flush::Owing;

/// The hub of one node.
pub struct Fanout {
    users: DashMap<UserId, Arc<LiveUser>>,
    topics: DashMap<ChannelId, Arc<Topic>>,
    bus: Bus,
    owing: Owing,
    connections: AtomicUsize,
}

impl Fanout {
    pub fn new(bus: Bus) -> Self {
        Self {
            users: DashMap::new(),
            topics: DashMap::new(),
            bus,
            owing: Owing::default(),
            connections: AtomicUsize::new(0),
        }
    }

    pub fn node_id(&self) -> NodeId {
        self.bus.node_id()
    }

    /// Live connections on this node.
    pub fn connection_count(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Hands committed entries to their followers here and on other nodes. Those of one channel are
    /// offered together, so that they can leave in one write.
    pub fn publish_all(&self, app: &App, entries: Vec<Arc<LogEntry>>) {
        for entry in &entries {
            self.bus.publish(TopicKey::Channel(entry.channel), &News::Entry(Arc::clone(entry)));
        }
        self.take_all(app, entries);
    }

    fn take_all(&self, app: &App, entries: Vec<Arc<LogEntry>>) {
        let mut of_channel: HashMap<ChannelId, Vec<Arc<LogEntry>>> = HashMap::new();
        for entry in entries {
            of_channel.entry(entry.channel).or_default().push(entry);
        }
        for (channel, entries) in of_channel {
            if let Some(topic) = self.topic(channel) {
                topic.offer(app, entries);
            }
        }
    }

    /// Storage has a channel's entries up to `seq`.
    pub(crate) fn learn_head(&self, app: &App, channel: ChannelId, seq: u64) {
        if let Some(topic) = self.topic(channel).filter(|_| !app.config.skips_catch_up) {
            topic.learn_head(app, seq);
        }
    }

    /// Hands a frame that may be lost to a channel's followers, but not to `except`.
    pub fn publish_ephemeral(
        &self,
        channel: ChannelId,
        key: EphemeralKey,
        event: &Event,
        except: UserId,
    ) {
        let frame = Arc::new(Outgoing::plain(event));
        let news = News::Ephemeral { channel, key, frame: Arc::clone(&frame), except };
        self.bus.publish(TopicKey::Channel(channel), &news);
        self.show_ephemeral(channel, key, &frame, except);
    }

    fn show_ephemeral(
        &self,
        channel: ChannelId,
        key: EphemeralKey,
        frame: &Outgoing,
        except: UserId,
    ) {
        if let Some(topic) = self.topic(channel) {
            topic.ephemeral(key, frame, Some(except));
        }
    }

    /// Tells one person's connections, wherever they are.
    pub fn tell_user(&self, app: &App, user: UserId, news: UserNews) {
        self.bus.publish(TopicKey::User(user), &News::User { user, news: news.clone() });
        self.take_user_news(app, user, news);
    }

    /// Shows an event on all connections of one person.
    pub fn show_user(&self, app: &App, user: UserId, event: &Event) {
        self.tell_user(app, user, UserNews::Event(Arc::new(Outgoing::plain(event))));
    }

    /// Shows an event on the connections of a tenant here whose people may see it.
    pub(crate) fn show_tenant(
        &self,
        tenant: TenantId,
        event: &Event,
        may_see: impl Fn(&Identity) -> bool,
    ) {
        let mut audience = Vec::new();
        self.each_connection(|connection| {
            let identity = connection.identity();
            if identity.tenant_id == tenant && may_see(&identity) {
                audience.push(Arc::clone(connection));
            }
        });
        let frame = Outgoing::plain(event);
        for connection in audience {
            connection.mailbox().control(frame.bytes(connection.codec()).clone());
        }
    }

    /// What other nodes published. Entries of one channel are offered together.
    pub fn receive_all(&self, app: &App, news: Vec<News>) {
        let mut entries = Vec::new();
        for news in news {
            self.receive(app, news, &mut entries);
        }
        self.take_all(app, entries);
    }

    /// Acts on news, or puts them among `entries`.
    fn receive(&self, app: &App, news: News, entries: &mut Vec<Arc<LogEntry>>) {
        match news {
            News::Entry(entry) => entries.push(entry),
            News::Ephemeral { channel, key, frame, except } => {
                self.show_ephemeral(channel, key, &frame, except);
            }
            News::User { user, news } => self.take_user_news(app, user, news),
            News::Presence(news) => presence::hear(app, news),
            News::SignIn { attempt, outcome } => {
                app.throttle().settle(&attempt, outcome, app.clock.now());
            }
            News::Forgot { account } => {
                // Only counted: whether it was too often was decided where it was asked.
                let _ = app.rate_limits.check(Class::ForgotAccount, &Key::Account(account));
            }
            News::Rights(news) => {
                let app_then = app.clone();
                app.tasks.spawn(async move { news::take(&app_then, news).await });
            }
        }
    }

    /// Tells every other node that somebody's rights have changed.
    pub(crate) fn publish_everywhere(&self, news: news::News) {
        self.bus.publish(TopicKey::Everywhere, &News::Rights(news));
    }

    pub(crate) const fn bus(&self) -> &Bus {
        &self.bus
    }

    pub(crate) fn take_user_news(&self, app: &App, user: UserId, news: UserNews) {
        let Some(live) = self.live_user(user) else { return };
        match news {
            UserNews::Event(frame) => {
                for connection in live.connections() {
                    connection.mailbox().control(frame.bytes(connection.codec()).clone());
                }
            }
            UserNews::Joined { channel, have } => self.join(app, &live, channel, have),
            UserNews::Left { channel } => self.leave(user, channel),
            UserNews::FiguresMoved { channel } => self.owing.reload(user, channel),
            UserNews::InboxMoved { seq } => self.hear_of_inbox(user, seq),
            UserNews::Connections { node, connections, asks } => {
                room::hear(app, &live, node, connections, asks);
            }
        }
    }

    /// A person's inbox has entries up to `seq`.
    pub(crate) fn hear_of_inbox(&self, user: UserId, seq: u64) {
        if self.live_user(user).is_some_and(|live| live.hear_of_inbox(seq)) {
            self.owing.read_inbox(user);
        }
    }

    /// Makes a connection known. Its mailbox holds entries back until it is released.
    pub fn register(
        &self,
        user: UserId,
        connect: impl FnOnce(Arc<LiveUser>) -> Arc<Connection>,
    ) -> Arc<Connection> {
        let entry = self.users.entry(user).or_insert_with(|| {
            self.bus.subscribe(TopicKey::User(user));
            Arc::new(LiveUser::new(user))
        });
        // The registry's lock is held, so that a last connection leaving cannot remove the person.
        let connection = connect(Arc::clone(&entry));
        entry.add(&connection);
        self.connections.fetch_add(1, Ordering::Relaxed);
        connection
    }

    /// Forgets a connection.
    pub fn unregister(&self, connection: &Connection) {
        for channel in connection.mailbox().channels() {
            if let Some(topic) = self.topic(channel) {
                topic.detach(connection);
            }
        }
        let user = connection.user_id();
        if connection.user().remove(connection) {
            self.connections.fetch_sub(1, Ordering::Relaxed);
        }
        if self.users.remove_if(&user, |_, live| live.is_empty()).is_some() {
            self.bus.unsubscribe(TopicKey::User(user));
        }
    }

    /// Adds a connection to a channel's followers.
    pub(crate) fn follow(
        &self,
        connection: &Arc<Connection>,
        tenant: TenantId,
        channel: ChannelId,
    ) -> Arc<Topic> {
        let entry = self.topics.entry(channel).or_insert_with(|| {
            self.bus.subscribe(TopicKey::Channel(channel));
            Arc::new(Topic::new(tenant, channel))
        });
        // Attached under the registry's lock: a topic in the registry is never one that is being removed.
        entry.attach(connection);
        Arc::clone(&entry)
    }

    /// Follows a channel that the person has just joined, from the entry after `have`.
    fn join(&self, app: &App, live: &LiveUser, channel: ChannelId, have: u64) {
        for connection in live.connections() {
            let tenant = connection.identity().tenant_id;
            connection.mailbox().follow(channel, have);
            self.follow(&connection, tenant, channel).start_at(app, have);
        }
        self.owing.reload(live.user_id(), channel);
    }

    /// Takes a person out of a channel's followers.
    pub(crate) fn leave(&self, user: UserId, channel: ChannelId) {
        let Some(live) = self.live_user(user) else { return };
        let topic = self.topic(channel);
        for connection in live.connections() {
            if let Some(topic) = &topic {
                topic.detach(&connection);
            }
            connection.mailbox().unfollow(channel);
        }
        if live.forget(channel) {
            live.owe(&self.owing, channel);
        }
    }

    /// Drops topics that nobody follows any more.
    pub(crate) fn drop_empty_topics(&self) {
        let empty: Vec<_> =
            self.topics.iter().filter(|topic| topic.is_empty()).map(|topic| *topic.key()).collect();
        for channel in empty {
            if self.topics.remove_if(&channel, |_, topic| topic.is_empty()).is_some() {
                self.bus.unsubscribe(TopicKey::Channel(channel));
            }
        }
    }

    pub(crate) fn topic(&self, channel: ChannelId) -> Option<Arc<Topic>> {
        self.topics.get(&channel).map(|topic| Arc::clone(&topic))
    }

    pub(crate) fn live_user(&self, user: UserId) -> Option<Arc<LiveUser>> {
        self.users.get(&user).map(|live| Arc::clone(&live))
    }

    /// Looks at each connection here; to be quick, for others wait meanwhile.
    pub(crate) fn each_connection(&self, mut look: impl FnMut(&Arc<Connection>)) {
        for live in &self.users {
            live.each_connection(&mut look);
        }
    }

    /// Everybody with a connection here.
    pub(crate) fn live_users(&self) -> Vec<Arc<LiveUser>> {
        self.users.iter().map(|live| Arc::clone(&live)).collect()
    }

    pub(crate) const fn owing(&self) -> &Owing {
        &self.owing
    }

    /// The connections of one person on this node.
    pub fn connections_of(&self, user: UserId) -> Vec<Arc<Connection>> {
        self.live_user(user).map(|live| live.connections()).unwrap_or_default()
    }
}
