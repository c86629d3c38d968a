//! What other nodes say of the people whom somebody here watches. A person is as present as on the
//! node where they are most so.

use std::collections::HashMap;

use tidewire_protocol::{
    id::{NodeId, UserId},
    model::presence::PresenceStatus,
};

#[derive(Debug, Default)]
pub struct Elsewhere(HashMap<UserId, Vec<(NodeId, PresenceStatus)>>);

impl Elsewhere {
    /// What one node says of a person.
    pub fn hear(&mut self, user: UserId, node: NodeId, status: PresenceStatus) {
        let said = self.0.entry(user).or_default();
        said.retain(|(known, _)| *known != node);
        if status != PresenceStatus::Offline {
            said.push((node, status));
        }
        if said.is_empty() {
            self.0.remove(&user);
        }
    }

    /// All that all nodes say of a person.
    pub fn replace(&mut self, user: UserId, said: Vec<(NodeId, PresenceStatus)>) {
        if said.is_empty() {
            self.0.remove(&user);
        } else {
            self.0.insert(user, said);
        }
    }

    /// A person is not watched any more.
    pub fn forget(&mut self, user: UserId) {
        self.0.remove(&user);
    }

    /// Only these nodes live; answers whom the others spoke of.
    pub fn keep_nodes(&mut self, alive: &[NodeId]) -> Vec<UserId> {
        let mut stirred = Vec::new();
        self.0.retain(|user, said| {
            let before = said.len();
            said.retain(|(node, _)| alive.contains(node));
            if said.len() < before {
                stirred.push(*user);
            }
            !said.is_empty()
        });
        stirred
    }

    pub fn status(&self, user: UserId) -> PresenceStatus {
        let said = self.0.get(&user).into_iter().flatten();
        said.map(|(_, status)| *status).fold(PresenceStatus::Offline, most_present)
    }
}

/// The one of two statuses that others see.
pub const fn most_present(one: PresenceStatus, other: PresenceStatus) -> PresenceStatus {
    match (one, other) {
        (PresenceStatus::Online, _) | (_, PresenceStatus::Online) => PresenceStatus::Online,
        (PresenceStatus::Away, _) | (_, PresenceStatus::Away) => PresenceStatus::Away,
        (PresenceStatus::Offline, PresenceStatus::Offline) => PresenceStatus::Offline,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ANN: UserId = UserId::new(Uuid::from_u128(1));
    const BOB: UserId = UserId::new(Uuid::from_u128(2));
    const ONE: NodeId = NodeId::new(Uuid::from_u128(10));
    const TWO: NodeId = NodeId::new(Uuid::from_u128(11));

    #[test]
    fn the_most_present_node_counts() {
        let mut elsewhere = Elsewhere::default();
        elsewhere.hear(ANN, ONE, PresenceStatus::Away);
        elsewhere.hear(ANN, TWO, PresenceStatus::Online);
        assert_eq!(elsewhere.status(ANN), PresenceStatus::Online);
        elsewhere.hear(ANN, TWO, PresenceStatus::Offline);
        assert_eq!(elsewhere.status(ANN), PresenceStatus::Away);
        elsewhere.replace(ANN, Vec::new());
        assert_eq!(elsewhere.status(ANN), PresenceStatus::Offline);
    }

    #[test]
    fn a_dead_node_takes_its_people_along_and_nobody_else() {
        let mut elsewhere = Elsewhere::default();
        elsewhere.hear(ANN, ONE, PresenceStatus::Online);
        elsewhere.hear(BOB, ONE, PresenceStatus::Online);
        elsewhere.hear(BOB, TWO, PresenceStatus::Away);
        let mut stirred = elsewhere.keep_nodes(&[TWO]);
        stirred.sort_unstable();
        assert_eq!(stirred, [ANN, BOB]);
        assert_eq!(elsewhere.status(ANN), PresenceStatus::Offline);
        assert_eq!(elsewhere.status(BOB), PresenceStatus::Away);
        assert_eq!(elsewhere.keep_nodes(&[TWO]), []);
    }
}
