//! A person with a connection on this node: the connections, and what is left to read in each channel.
//!
//! The figures here are storage's, moved on by the entries that are delivered. Whenever an entry does
//! not follow directly on what is known, or a marker moved, they are read again instead of guessed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidewire_protocol::{
    id::{ChannelId, ConnectionId, NodeId, TenantId, UserId},
    model::unread::{UnreadChanged, UnreadTotals},
    position::{Step, step},
};
use tidewire_storage::unread::Standing;

use super::{
    connection::Connection,
    entry::{Effect, LogEntry},
    topic::Run,
    unread_flush::Owing,
};

pub struct LiveUser {
    user_id: UserId,
    connections: Mutex<Vec<Arc<Connection>>>,
    standings: Mutex<Standings>,
    inbox: Mutex<Inbox>,
    elsewhere: Mutex<Vec<Held>>,
}

/// What another node said that it holds of this person.
struct Held {
    node: NodeId,
    said_ms: i64,
    connections: Vec<ConnectionId>,
}

/// How far the connections here have been offered the person's inbox.
#[derive(Default)]
struct Inbox {
    /// Absent until the first of them has read where it stands.
    have: Option<u64>,
    /// The head that was heard of.
    said: u64,
    unread: i64,
}

#[derive(Default)]
struct Standings {
    /// Sorted, because most people are in few channels.
    by_channel: Vec<Standing>,
    chat_total: i64,
}

impl LiveUser {
    pub(super) fn new(user_id: UserId) -> Self {
        Self {
            user_id,
            connections: Mutex::default(),
            standings: Mutex::default(),
            inbox: Mutex::default(),
            elsewhere: Mutex::default(),
        }
    }

    pub const fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The tenant of those who are connected; `None` once nobody is.
    pub(super) fn tenant_id(&self) -> Option<TenantId> {
        self.lock_connections().first().map(|connection| connection.identity().tenant_id)
    }

    pub fn connections(&self) -> Vec<Arc<Connection>> {
        self.lock_connections().clone()
    }

    pub(super) fn each_connection(&self, mut look: impl FnMut(&Arc<Connection>)) {
        self.lock_connections().iter().for_each(&mut look);
    }

    fn lock_connections(&self) -> MutexGuard<'_, Vec<Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standings(&self) -> MutexGuard<'_, Standings> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to where the inbox was offered to the connections here; `None` before the first of them has
    /// said hello.
    pub(super) fn inbox_have(&self) -> Option<u64> {
        self.lock_inbox().have
    }

    /// Hears that the inbox has entries up to `seq`; answers whether any must be read.
    pub(crate) fn hear_of_inbox(&self, seq: u64) -> bool {
        let mut inbox = self.lock_inbox();
        inbox.said = inbox.said.max(seq);
        inbox.have.is_some_and(|have| have < seq)
    }

    /// Takes what a connection has read at its hello. Answers whether there are entries that others of
    /// the connections here were not offered, or that came since.
    #[must_use]
    pub(crate) fn begin_inbox(&self, head: u64, unread: i64) -> bool {
        let mut inbox = self.lock_inbox();
        let have = *inbox.have.get_or_insert(head);
        if have == head {
            inbox.unread = unread;
        }
        have < head || have < inbox.said
    }

    /// The connections here were offered the inbox up to `seq`, of which so much is unread.
    pub(super) fn moved_inbox(&self, seq: u64, unread: i64) {
        let mut inbox = self.lock_inbox();
        if inbox.have.is_none_or(|have| have <= seq) {
            inbox.have = Some(seq);
            inbox.unread = unread;
        }
    }

    pub(super) fn add(&self, connection: &Arc<Connection>) {
        self.lock_connections().push(Arc::clone(connection));
    }

    /// Answers whether the connection was known.
    pub(super) fn remove(&self, connection: &Connection) -> bool {
        let mut connections = self.lock_connections();
        let before = connections.len();
        connections.retain(|known| !std::ptr::eq(Arc::as_ptr(known), connection));
        connections.len() < before
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock_connections().is_empty()
    }

    pub(super) fn note_elsewhere(&self, node: NodeId, connections: Vec<ConnectionId>, now_ms: i64) {
        let mut elsewhere = self.lock_elsewhere();
        elsewhere.retain(|held| held.node != node);
        elsewhere.push(Held { node, said_ms: now_ms, connections });
    }

    /// The connections on other nodes, as they have said since `since_ms`.
    pub(super) fn elsewhere(&self, since_ms: i64) -> Vec<ConnectionId> {
        let mut elsewhere = self.lock_elsewhere();
        elsewhere.retain(|held| held.said_ms >= since_ms);
        elsewhere.iter().flat_map(|held| &held.connections).copied().collect()
    }

    fn lock_elsewhere(&self) -> MutexGuard<'_, Vec<Held>> {
        self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the person is in a channel.
    pub fn is_in(&self, channel: ChannelId) -> bool {
        self.standings().get(channel).is_some()
    }

    /// Takes what storage said of all channels. Answers where something else was known, for a marker
    /// may have moved, or a channel been joined, since storage was read.
    #[must_use]
    pub fn replace(&self, standings: &[Standing]) -> Vec<ChannelId> {
        let mut own = self.standings();
        let mut said = standings.to_vec();
        said.sort_unstable_by_key(|standing| standing.channel_id);
        let known = std::mem::replace(&mut own.by_channel, said);
        own.chat_total = standings.iter().map(Standing::unread).sum();
        let differs = |known: &&Standing| {
            own.get(known.channel_id).is_none_or(|said| said.figure() != known.figure())
        };
        known.iter().filter(differs).map(|known| known.channel_id).collect()
    }

    /// Takes what storage says of one channel; answers whether a figure moved.
    pub(super) fn refresh(&self, standing: Standing) -> bool {
        self.standings().set(standing)
    }

    /// Forgets a channel; answers whether it was known.
    pub(super) fn forget(&self, channel: ChannelId) -> bool {
        let mut own = self.standings();
        let Ok(place) = own.place(channel) else { return false };
        let gone = own.by_channel.remove(place);
        own.chat_total -= gone.unread();
        true
    }

    /// Moves the figures on; answers whether this person must be told new ones.
    pub(super) fn apply(&self, run: &Run, owing: &Owing) -> bool {
        let mut own = self.standings();
        let Some(mut standing) = own.get(run.channel()).copied() else { return false };
        let (mut tell, mut has_read) = (false, false);
        for entry in run.entries() {
            tell |= self.concerns(entry);
            match step(standing.head.seq, entry.position.seq) {
                Step::Known => {}
                Step::Next => {
                    has_read |= self.is_own(entry) && standing.has_unread();
                    if !advance(&mut standing, entry, self.user_id) {
                        owing.reload(self.user_id, run.channel());
                        return tell;
                    }
                }
                Step::Gap { .. } => {
                    owing.reload(self.user_id, run.channel());
                    return tell;
                }
            }
        }
        own.set(standing);
        drop(own);
        if has_read {
            self.owe(owing, run.channel());
        }
        tell
    }

    /// Has all of the person's connections told the figures of a channel.
    pub(super) fn owe(&self, owing: &Owing, channel: ChannelId) {
        for connection in self.connections() {
            connection.owe_unread(owing, channel);
        }
    }

    /// Whoever writes has read, so an own message leaves something to tell only where something was
    /// unread.
    fn concerns(&self, entry: &LogEntry) -> bool {
        match &entry.effect {
            Effect::Message { .. } => !self.is_own(entry),
            Effect::Deleted { .. } => true,
            Effect::MembersAdded(_) | Effect::MemberRemoved(_) | Effect::Nothing => false,
        }
    }

    fn is_own(&self, entry: &LogEntry) -> bool {
        matches!(&entry.effect, Effect::Message { sender, .. } if *sender == self.user_id)
    }

    /// What every connection here is told or about to be told.
    #[cfg(test)]
    pub(crate) fn totals(&self) -> UnreadTotals {
        self.figures(&[]).totals
    }

    /// All totals, and the figures of `channels`.
    pub(super) fn figures(&self, channels: &[ChannelId]) -> UnreadChanged {
        let inbox = self.lock_inbox();
        let (seq, unread) = (inbox.have.unwrap_or(0), inbox.unread);
        drop(inbox);
        let own = self.standings();
        let channels =
            channels.iter().filter_map(|channel| own.get(*channel)).map(Standing::figure).collect();
        let totals = UnreadTotals::new(own.chat_total, unread);
        UnreadChanged { totals, inbox: seq, channels }
    }
}

impl Standings {
    fn place(&self, channel: ChannelId) -> Result<usize, usize> {
        self.by_channel.binary_search_by_key(&channel, |standing| standing.channel_id)
    }

    fn get(&self, channel: ChannelId) -> Option<&Standing> {
        self.place(channel).ok().map(|place| &self.by_channel[place])
    }

    fn set(&mut self, standing: Standing) -> bool {
        let old = match self.place(standing.channel_id) {
            Ok(place) => Some(std::mem::replace(&mut self.by_channel[place], standing)),
            Err(place) => {
                self.by_channel.insert(place, standing);
                None
            }
        };
        self.chat_total += standing.unread() - old.map_or(0, |old| old.unread());
        old.map_or(standing.has_unread(), |old| old.figure() != standing.figure())
    }
}

/// Moves a standing over the entry that directly follows it; `false` when only storage can tell.
fn advance(standing: &mut Standing, entry: &LogEntry, user: UserId) -> bool {
    match &entry.effect {
        Effect::Message { sender, .. } if *sender == user => {
            standing.read_seq = entry.position.seq;
            standing.read_ord = entry.ord;
            standing.deleted_after = 0;
            standing.own_after = 0;
            standing.mentions = 0;
        }
        Effect::Message { mentions, .. } => {
            standing.mentions += u64::from(mentions.contains(&user));
        }
        Effect::Deleted { seq } if *seq > standing.read_seq => return false,
        Effect::Deleted { .. }
        | Effect::MembersAdded(_)
        | Effect::MemberRemoved(_)
        | Effect::Nothing => {}
    }
    standing.head = entry.position;
    standing.ord = entry.ord;
    true
}

#[cfg(test)]
mod tests {
    use tidewire_protocol::{Position, model::channels::ChannelType};
    use uuid::Uuid;

    use super::*;

    fn standing(channel: u128, ord: u64, read: u64) -> Standing {
        Standing {
            channel_id: ChannelId::new(Uuid::from_u128(channel)),
            kind: ChannelType::Group,
            head: Position { seq: ord, ..Position::START },
            ord,
            read_seq: read,
            read_ord: read,
            deleted_after: 0,
            own_after: 0,
            mentions: 0,
            revision: 0,
            muted: false,
        }
    }

    #[test]
    fn a_snapshot_that_was_overtaken_is_told_from_what_is_known() {
        let live = LiveUser::new(UserId::new(Uuid::nil()));
        let snapshot = [standing(1, 5, 0), standing(2, 3, 0)];
        assert_eq!(live.replace(&snapshot), []);
        assert!(live.refresh(standing(1, 5, 5)), "read on another device");
        assert!(live.refresh(standing(3, 1, 0)), "joined");
        let mut differing = live.replace(&snapshot);
        differing.sort();
        assert_eq!(differing, [standing(1, 0, 0).channel_id, standing(3, 0, 0).channel_id]);
        assert_eq!(live.replace(&snapshot), []);
    }
}
