//! Who is here, over all devices of each person.
//!
//! Online while a connection is active, away while connections are there but idle or say so, offline
//! a grace time after the last one ended. Nothing is told twice: [`Roster::tick`] answers what others
//! have not seen yet.

use std::collections::{HashMap, HashSet};

use tidewire_protocol::{
    id::{ConnectionId, UserId},
    limits::{PRESENCE_AWAY_AFTER_MS, PRESENCE_LEAVE_GRACE_MS},
    model::presence::PresenceStatus,
};

/// People whose last visit is remembered.
const REMEMBERED_MAX: usize = 100_000;

#[derive(Debug, Default)]
pub struct Roster {
    people: HashMap<UserId, Person>,
    /// When people who are offline were last here.
    last_seen: HashMap<UserId, i64>,
    /// Whose status may have changed since the last tick.
    stirred: HashSet<UserId>,
}

#[derive(Debug)]
struct Person {
    connections: Vec<Device>,
    shown: PresenceStatus,
    left_ms: i64,
    /// Gone without the grace time.
    dismissed: bool,
}

#[derive(Debug)]
struct Device {
    id: ConnectionId,
    active_ms: i64,
    away: bool,
}

/// A status that others have not seen yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    pub user: UserId,
    pub status: PresenceStatus,
    /// `None` while the person is here.
    pub last_seen_ms: Option<i64>,
}

impl Roster {
    /// A connection begins. `away` if it says so from the start.
    pub fn join(&mut self, user: UserId, connection: ConnectionId, away: bool, now_ms: i64) {
        let person = self.people.entry(user).or_insert_with(|| Person {
            connections: Vec::with_capacity(1),
            shown: PresenceStatus::Offline,
            left_ms: now_ms,
            dismissed: false,
        });
        person.dismissed = false;
        person.connections.push(Device { id: connection, active_ms: now_ms, away });
        self.stirred.insert(user);
    }

    /// A connection ends.
    pub fn leave(&mut self, user: UserId, connection: ConnectionId, now_ms: i64) {
        if let Some(person) = self.people.get_mut(&user) {
            person.connections.retain(|device| device.id != connection);
            person.left_ms = now_ms;
            self.stirred.insert(user);
        }
    }

    /// The person may not be here any more: offline from now on.
    pub fn dismiss(&mut self, user: UserId, now_ms: i64) {
        if let Some(person) = self.people.get_mut(&user) {
            person.connections.clear();
            person.left_ms = now_ms;
            person.dismissed = true;
            self.stirred.insert(user);
        }
    }

    /// The person did something on this connection.
    pub fn active(&mut self, user: UserId, connection: ConnectionId, now_ms: i64) {
        self.update(user, connection, |device| device.active_ms = now_ms);
    }

    /// The person says to be away, or back.
    pub fn set_away(&mut self, user: UserId, connection: ConnectionId, away: bool, now_ms: i64) {
        self.update(user, connection, |device| {
            device.away = away;
            device.active_ms = now_ms;
        });
    }

    fn update(&mut self, user: UserId, connection: ConnectionId, change: impl FnOnce(&mut Device)) {
        let person = self.people.get_mut(&user);
        if let Some(device) = person
            .and_then(|person| person.connections.iter_mut().find(|device| device.id == connection))
        {
            change(device);
            self.stirred.insert(user);
        }
    }

    /// Everybody who was told to be here, and how.
    pub fn everybody(&self) -> Vec<(UserId, PresenceStatus)> {
        let shown = self.people.iter().map(|(user, person)| (*user, person.shown));
        shown.filter(|(_, status)| *status != PresenceStatus::Offline).collect()
    }

    /// A person's status now.
    pub fn status(&self, user: UserId, now_ms: i64) -> PresenceStatus {
        self.people.get(&user).map_or(PresenceStatus::Offline, |person| person.status(now_ms))
    }

    /// When a person who is offline was last here, if that is still known.
    pub fn last_seen_ms(&self, user: UserId) -> Option<i64> {
        self.last_seen.get(&user).copied()
    }

    /// What changed by what people did since the last tick. A sweep also looks at everybody, for what
    /// changed by time alone: it belongs to every few seconds.
    pub fn tick(&mut self, now_ms: i64, sweep: bool) -> Vec<Change> {
        let stirred: Vec<UserId> = if sweep {
            self.stirred.clear();
            self.people.keys().copied().collect()
        } else {
            self.stirred.drain().collect()
        };
        stirred.into_iter().filter_map(|user| self.settle(user, now_ms)).collect()
    }

    fn settle(&mut self, user: UserId, now_ms: i64) -> Option<Change> {
        let person = self.people.get_mut(&user)?;
        let status = person.status(now_ms);
        if status == person.shown {
            return None;
        }
        person.shown = status;
        let left_ms = person.left_ms;
        let gone = status == PresenceStatus::Offline;
        if gone {
            self.people.remove(&user);
            self.remember(user, left_ms);
        } else {
            self.last_seen.remove(&user);
        }
        Some(Change { user, status, last_seen_ms: gone.then_some(left_ms) })
    }

    fn remember(&mut self, user: UserId, left_ms: i64) {
        if self.last_seen.len() >= REMEMBERED_MAX {
            let mut times: Vec<i64> = self.last_seen.values().copied().collect();
            let middle = times.len() / 2;
            let (_, median, _) = times.select_nth_unstable(middle);
            let median = *median;
            self.last_seen.retain(|_, seen| *seen > median);
        }
        self.last_seen.insert(user, left_ms);
    }
}

impl Person {
    fn status(&self, now_ms: i64) -> PresenceStatus {
        if self.connections.iter().any(|device| device.is_active(now_ms)) {
            PresenceStatus::Online
        } else if !self.connections.is_empty() {
            PresenceStatus::Away
        } else if !self.dismissed && now_ms - self.left_ms < PRESENCE_LEAVE_GRACE_MS as i64 {
            self.shown
        } else {
            PresenceStatus::Offline
        }
    }
}

impl Device {
    fn is_active(&self, now_ms: i64) -> bool {
        !self.away && now_ms - self.active_ms < PRESENCE_AWAY_AFTER_MS as i64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const ANN: UserId = UserId::new(Uuid::from_u128(1));
    const PHONE: ConnectionId = ConnectionId::new(Uuid::from_u128(10));
    const LAPTOP: ConnectionId = ConnectionId::new(Uuid::from_u128(11));

    fn statuses(changes: &[Change]) -> Vec<PresenceStatus> {
        changes.iter().map(|change| change.status).collect()
    }

    #[test]
    fn a_short_absence_is_not_shown_and_a_long_one_is() {
        let mut roster = Roster::default();
        roster.join(ANN, PHONE, false, 0);
        assert_eq!(statuses(&roster.tick(0, false)), [PresenceStatus::Online]);
        roster.leave(ANN, PHONE, 1_000);
        assert_eq!(roster.tick(30_999, true), []);
        roster.join(ANN, PHONE, false, 30_999);
        roster.leave(ANN, PHONE, 40_000);
        assert_eq!(roster.tick(69_999, true), []);
        let change =
            Change { user: ANN, status: PresenceStatus::Offline, last_seen_ms: Some(40_000) };
        assert_eq!(roster.tick(70_000, true), [change]);
        assert_eq!(roster.last_seen_ms(ANN), Some(40_000));
    }

    #[test]
    fn one_active_device_is_enough() {
        let mut roster = Roster::default();
        roster.join(ANN, PHONE, false, 0);
        roster.join(ANN, LAPTOP, true, 0);
        assert_eq!(statuses(&roster.tick(0, false)), [PresenceStatus::Online]);
        assert_eq!(statuses(&roster.tick(300_000, true)), [PresenceStatus::Away]);
        roster.active(ANN, PHONE, 300_001);
        assert_eq!(statuses(&roster.tick(300_001, false)), [PresenceStatus::Online]);
        roster.set_away(ANN, PHONE, true, 300_002);
        assert_eq!(statuses(&roster.tick(300_002, false)), [PresenceStatus::Away]);
    }

    #[test]
    fn who_may_not_be_here_is_offline_without_a_grace_time() {
        let mut roster = Roster::default();
        roster.join(ANN, PHONE, false, 0);
        roster.tick(0, false);
        roster.dismiss(ANN, 5);
        assert_eq!(statuses(&roster.tick(6, false)), [PresenceStatus::Offline]);
        assert_eq!(roster.last_seen_ms(ANN), Some(5));
        roster.leave(ANN, PHONE, 7);
        assert_eq!(roster.tick(8, true), []);
        roster.join(ANN, PHONE, false, 9);
        assert_eq!(roster.status(ANN, 9), PresenceStatus::Online);
    }

    proptest! {
        #[test]
        fn what_was_told_is_what_is(steps in prop::collection::vec((0..5_u8, 0..2_u8, 0..200_000_i64), 0..80)) {
            let mut roster = Roster::default();
            let mut told = PresenceStatus::Offline;
            let mut now = 0;
            let mut live = [false, false];
            for (act, device, wait) in steps {
                now += wait;
                let place = usize::from(device);
                let connection = [PHONE, LAPTOP][place];
                match act {
                    0 if !live[place] => { roster.join(ANN, connection, false, now); live[place] = true; }
                    1 if live[place] => { roster.leave(ANN, connection, now); live[place] = false; }
                    2 => roster.active(ANN, connection, now),
                    3 => roster.set_away(ANN, connection, true, now),
                    _ => roster.set_away(ANN, connection, false, now),
                }
                for change in roster.tick(now, true) {
                    prop_assert_ne!(change.status, told);
                    told = change.status;
                }
                prop_assert_eq!(roster.status(ANN, now), told);
            }
        }
    }
}
