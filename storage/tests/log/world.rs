//! A tenant with people and groups, and a log in front of its database.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, TenantId, UserId},
    model::{
        channels::ChannelRole,
        tenants::{Tenant, TenantStatus},
    },
};
use tidewire_storage::{
    Conn, Db,
    append::{Appended, Draft, Lane, Log, ReadDraft, ReadOutcome, Refusal, SendOutcome},
    channel_members, channels,
    entries::{self, Entry, EntryKind, NewEntry, Placed},
    messages::{self, StoredMessage},
    seed::{self, Groups, Place},
    tenants,
    unread::{self, Standing},
};
use tidewire_testkit::TestDb;
use tokio::task::JoinSet;
use uuid::Uuid;

/// How many people and groups; group `c` has the `members` people from `c * members` on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub users: usize,
    pub channels: usize,
    pub members: usize,
}

/// Three people in one group.
pub(crate) const TRIO: Size = Size { users: 3, channels: 1, members: 3 };

pub(crate) struct World {
    pub db: Db,
    pub log: Log,
    pub tenant: TenantId,
    pub users: Vec<UserId>,
    pub channels: Vec<ChannelId>,
    /// What the writers committed, in their order.
    pub appended: Arc<Mutex<Vec<Appended>>>,
    lanes: Vec<Lane>,
    writers: JoinSet<()>,
}

/// Ids that differ within a test and whose tails look random.
pub(crate) fn id<T: From<Uuid>>() -> T {
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    Uuid::from_u64_pair(number, number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).into()
}

/// Later with every call.
pub(crate) fn now() -> Timestamp {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let ms = COUNTER.fetch_add(1, Ordering::Relaxed) as i64;
    Timestamp::from_ms(1_700_000_000_000).plus_ms(ms)
}

impl World {
    /// A new tenant, with writers that work.
    pub(crate) async fn new(db: &TestDb, size: Size) -> Self {
        Self::at_work(Db::open(db.url()).await.unwrap(), size).await
    }

    /// As [`World::new`], in a database that is open already.
    pub(crate) async fn at_work(db: Db, size: Size) -> Self {
        let mut world = Self::waiting(db, size).await;
        world.start();
        world
    }

    /// As [`World::new`], but what is sent waits for [`World::start`].
    pub(crate) async fn waiting(db: Db, size: Size) -> Self {
        let (log, lanes) = Log::new(&db);
        let (tenant, users) = (id(), (0..size.users).map(|_| id()).collect());
        let channels = (0..size.channels).map(|_| id()).collect();
        let (appended, writers) = (Arc::default(), JoinSet::new());
        let world = Self { db, log, tenant, users, channels, appended, lanes, writers };
        world.seed(size).await;
        world
    }

    /// The same after a stop and a start.
    pub(crate) async fn reopened(self, db: &TestDb) -> Self {
        self.db.close().await;
        let db = Db::open(db.url()).await.unwrap();
        let (log, lanes) = Log::new(&db);
        let mut world = Self { db, log, lanes, writers: JoinSet::new(), ..self };
        world.start();
        world
    }

    async fn seed(&self, size: Size) {
        let slug = format!("t{}", self.tenant.uuid().simple());
        let mut conn = self.db.write().await.unwrap();
        assert!(tenants::insert(&mut conn, &tenant(self.tenant, &slug)).await.unwrap());
        let place = Place { tenant_id: self.tenant, slug: &slug, first_number: 1, at: now() };
        seed::users(&mut conn, place, 0, &self.users).await.unwrap();
        let groups = Groups { size: size.members as u64, people: size.users as u64 };
        seed::channels(&mut conn, place, groups, 0, &self.channels).await.unwrap();
        conn.commit().await.unwrap();
    }

    /// Another node's log over the same database.
    pub(crate) fn second_log(&mut self) -> Log {
        let (log, lanes) = Log::new(&self.db);
        self.lanes = lanes;
        self.start();
        log
    }

    pub(crate) fn start(&mut self) {
        for mut lane in std::mem::take(&mut self.lanes) {
            let appended = Arc::clone(&self.appended);
            self.writers.spawn(async move {
                while let Some(jobs) = lane.collect().await {
                    let batch = lane.commit(jobs).await;
                    appended.lock().unwrap().extend(batch.appended.iter().cloned());
                    batch.answer();
                }
            });
        }
    }

    pub(crate) fn draft(&self, user: usize, channel: usize, content: &str) -> Draft {
        Draft {
            tenant_id: self.tenant,
            channel_id: self.channels[channel],
            actor_id: self.users[user],
            id: id(),
            at: now(),
            content: content.to_owned(),
            client_id: None,
            mentions: Vec::new(),
        }
    }

    /// Appends a message and answers its seq.
    pub(crate) async fn say(&self, user: usize, channel: usize, content: &str) -> u64 {
        self.append(self.draft(user, channel, content)).await.position.seq
    }

    pub(crate) async fn append(&self, draft: Draft) -> Appended {
        match self.log.send(draft).await.unwrap() {
            SendOutcome::Appended(appended) => appended,
            other => panic!("not appended: {other:?}"),
        }
    }

    pub(crate) async fn refusal(&self, draft: Draft) -> Refusal {
        match self.log.send(draft).await.unwrap() {
            SendOutcome::Refused(refusal) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(crate) fn reading(&self, user: usize, seq: Option<u64>) -> ReadDraft {
        ReadDraft {
            tenant_id: self.tenant,
            channel_id: self.channels[0],
            user_id: self.users[user],
            seq,
            revision: None,
            at: now(),
        }
    }

    /// Reads the first channel up to `seq`; answers where the marker stands and whether it moved.
    pub(crate) async fn read(&self, draft: ReadDraft) -> (u64, bool) {
        match self.log.read(draft).await.unwrap() {
            ReadOutcome::Marked { last_read_seq, moved, .. } => (last_read_seq, moved),
            ReadOutcome::NotMember => panic!("no member"),
        }
    }

    pub(crate) async fn mark_unread(&self, user: usize, seq: u64) {
        let mut conn = self.locked().await;
        let key = (self.tenant, self.channels[0], self.users[user]);
        assert!(unread::mark_unread(&mut conn, key, seq, now()).await.unwrap());
        conn.commit().await.unwrap();
    }

    /// A transaction that holds the first channel.
    pub(crate) async fn locked(&self) -> Conn {
        let mut conn = self.db.write().await.unwrap();
        assert!(channels::lock(&mut conn, self.tenant, self.channels[0]).await.unwrap());
        conn
    }

    pub(crate) fn entry(&self, kind: EntryKind, target_seq: Option<u64>) -> NewEntry {
        NewEntry {
            tenant_id: self.tenant,
            channel_id: self.channels[0],
            id: id(),
            kind,
            actor_id: Some(self.users[0]),
            at: now(),
            content: (kind == EntryKind::System).then(|| "something happened".to_owned()),
            target_seq,
            detail: None,
        }
    }

    pub(crate) async fn system(&self) -> Placed {
        let mut conn = self.locked().await;
        let entry = self.entry(EntryKind::System, None);
        let placed = entries::append(&mut conn, &entry).await.unwrap();
        conn.commit().await.unwrap();
        placed
    }

    pub(crate) async fn edit(&self, seq: u64, content: &str) -> Placed {
        let mut conn = self.locked().await;
        messages::edit(&mut conn, self.channels[0], seq, content, now()).await.unwrap();
        let entry = self.entry(EntryKind::Edit, Some(seq));
        let placed = entries::append(&mut conn, &entry).await.unwrap();
        conn.commit().await.unwrap();
        placed
    }

    /// Answers whether the message still stood.
    pub(crate) async fn delete(&self, seq: u64) -> bool {
        let mut conn = self.locked().await;
        let found = messages::at(&mut conn, self.tenant, self.channels[0], seq).await.unwrap();
        let stood = messages::erase(&mut conn, &found.unwrap(), now()).await.unwrap();
        if stood {
            let entry = self.entry(EntryKind::Delete, Some(seq));
            entries::append(&mut conn, &entry).await.unwrap();
        }
        conn.commit().await.unwrap();
        stood
    }

    pub(crate) async fn join(&self, user: usize) {
        let mut conn = self.locked().await;
        let entry = self.entry(EntryKind::MembersAdded, None);
        let placed = entries::append(&mut conn, &entry).await.unwrap();
        let (key, who) = ((self.tenant, self.channels[0]), [self.users[user]]);
        let role = ChannelRole::Member;
        channel_members::insert(&mut conn, key, &who, role, placed, now()).await.unwrap();
        conn.commit().await.unwrap();
    }

    pub(crate) async fn leave(&self, user: usize) {
        let mut conn = self.locked().await;
        self.take_out(&mut conn, user).await;
        conn.commit().await.unwrap();
    }

    pub(crate) async fn take_out(&self, conn: &mut Conn, user: usize) {
        let (channel, user) = (self.channels[0], self.users[user]);
        assert!(channel_members::delete(conn, self.tenant, channel, user).await.unwrap());
        let entry = self.entry(EntryKind::MemberRemoved, None);
        entries::append(conn, &entry).await.unwrap();
    }

    /// Where somebody stands in the first channel; `None` when they are not in it.
    pub(crate) async fn standing(&self, user: usize) -> Option<Standing> {
        let mut conn = self.db.read().await.unwrap();
        let (user, channel) = (self.users[user], self.channels[0]);
        unread::standing_in(&mut conn, self.tenant, user, channel).await.unwrap()
    }

    pub(crate) async fn unread(&self, user: usize) -> i64 {
        self.standing(user).await.unwrap().unread()
    }

    pub(crate) async fn entries(&self, channel: usize) -> Vec<Entry> {
        let mut conn = self.db.read().await.unwrap();
        let key = (self.tenant, self.channels[channel]);
        entries::range(&mut conn, key, 0, 1_000_000, 1_000_000).await.unwrap()
    }

    /// All messages of the first channel, oldest first.
    pub(crate) async fn messages(&self) -> Vec<StoredMessage> {
        let mut conn = self.db.read().await.unwrap();
        messages::after(&mut conn, self.tenant, self.channels[0], 0, 1_000_000).await.unwrap()
    }
}

fn tenant(id: TenantId, slug: &str) -> Tenant {
    Tenant {
        id,
        name: slug.to_owned(),
        slug: slug.to_owned(),
        status: TenantStatus::Active,
        plan: "free".to_owned(),
        timezone: "UTC".to_owned(),
        locale: "en-US".to_owned(),
        created_at: now(),
    }
}
