//! Who may write, and which numbers they get: the pure middle of a batch.

use std::collections::HashMap;

use tidewire_protocol::{
    Mark, Position, Timestamp,
    id::{ChannelId, UserId},
};

use super::jobs::{Appended, Draft, ReadDraft, ReadOutcome, Refusal, SendOutcome};

/// What the database says about the draft at `index`; a draft without one is no member's.
#[derive(Debug)]
pub(super) struct Admission {
    pub index: usize,
    pub head_seq: u64,
    pub head_ord: u64,
    /// The entry that carries the same client id already.
    pub repeated_seq: Option<u64>,
    pub recipient_inactive: bool,
}

/// A channel's head after the batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub position: Position,
    pub ord: u64,
    pub at: Timestamp,
}

/// What to store, and what to tell each sender.
pub(super) struct Plan {
    pub entries: Vec<Appended>,
    pub heads: HashMap<ChannelId, Head>,
    /// Senders have read what they wrote: the last entry of each.
    pub markers: HashMap<(ChannelId, UserId), Head>,
    pub outcomes: Vec<SendOutcome>,
}

impl Plan {
    pub(super) fn new(drafts: &[&Draft], admissions: &[Admission]) -> Self {
        let mut by_index: Vec<Option<&Admission>> = vec![None; drafts.len()];
        for admission in admissions {
            by_index[admission.index] = Some(admission);
        }
        let mut plan = Self {
            entries: Vec::with_capacity(drafts.len()),
            heads: HashMap::new(),
            markers: HashMap::new(),
            outcomes: Vec::with_capacity(drafts.len()),
        };
        let mut seen = HashMap::new();
        for (draft, admission) in drafts.iter().zip(by_index) {
            let outcome = plan.place(draft, admission, &mut seen);
            plan.outcomes.push(outcome);
        }
        plan
    }

    /// `seen` holds the client ids of this very batch.
    fn place<'d>(
        &mut self,
        draft: &'d Draft,
        admission: Option<&Admission>,
        seen: &mut HashMap<(ChannelId, UserId, &'d str), u64>,
    ) -> SendOutcome {
        let Some(admission) = admission else {
            return SendOutcome::Refused(Refusal::NotMember);
        };
        let key = draft
            .client_id
            .as_deref()
            .map(|client_id| (draft.channel_id, draft.actor_id, client_id));
        let repeated =
            admission.repeated_seq.or_else(|| key.and_then(|key| seen.get(&key).copied()));
        if let Some(seq) = repeated {
            return SendOutcome::Repeated { seq };
        }
        if admission.recipient_inactive {
            return SendOutcome::Refused(Refusal::RecipientInactive);
        }
        let appended = self.append(draft, admission);
        if let Some(key) = key {
            seen.insert(key, appended.position.seq);
        }
        SendOutcome::Appended(appended)
    }

    fn append(&mut self, draft: &Draft, admission: &Admission) -> Appended {
        let (seq, ord) = self
            .heads
            .get(&draft.channel_id)
            .map_or((admission.head_seq, admission.head_ord), |head| (head.position.seq, head.ord));
        let position = Position { seq: seq + 1, mark: Mark::of_entry(draft.id.uuid()) };
        let head = Head { position, ord: ord + 1, at: draft.at };
        self.heads.insert(draft.channel_id, head);
        self.markers.insert((draft.channel_id, draft.actor_id), head);
        let appended = Appended { draft: draft.clone(), position, ord: head.ord };
        self.entries.push(appended.clone());
        appended
    }
}

/// Where the reader at `index` stands.
#[derive(Debug)]
pub(super) struct Standing {
    pub index: usize,
    pub head_seq: u64,
    pub read_seq: u64,
    pub revision: i64,
}

/// A marker that rises.
#[derive(Debug)]
pub(super) struct Move {
    pub channel_id: ChannelId,
    pub user_id: UserId,
    pub seq: u64,
    pub at: Timestamp,
}

/// Which markers rise. A marker never falls here, and a read that was sent before the member marked
/// the channel unread is void.
pub(super) fn read_moves(
    drafts: &[&ReadDraft],
    standings: &[Standing],
) -> (Vec<ReadOutcome>, Vec<Move>) {
    let mut outcomes = vec![ReadOutcome::NotMember; drafts.len()];
    let mut moves: HashMap<(ChannelId, UserId), Move> = HashMap::new();
    for standing in standings {
        let draft = drafts[standing.index];
        let key = (draft.channel_id, draft.user_id);
        let stands = moves.get(&key).map_or(standing.read_seq, |earlier| earlier.seq);
        let target = draft.seq.map_or(standing.head_seq, |seq| seq.min(standing.head_seq));
        let void = draft.revision.is_some_and(|revision| revision < standing.revision);
        let rises = !void && target > stands;
        if rises {
            let (channel_id, user_id) = key;
            moves.insert(key, Move { channel_id, user_id, seq: target, at: draft.at });
        }
        let last_read_seq = if rises { target } else { stands };
        outcomes[standing.index] =
            ReadOutcome::Marked { last_read_seq, revision: standing.revision, moved: rises };
    }
    (outcomes, moves.into_values().collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidewire_protocol::id::{MessageId, TenantId};
    use uuid::Uuid;

    use super::*;

    fn draft(channel: u128, actor: u128, client_id: Option<u8>, n: usize) -> Draft {
        Draft {
            tenant_id: TenantId::new(Uuid::nil()),
            channel_id: ChannelId::new(Uuid::from_u128(channel)),
            actor_id: UserId::new(Uuid::from_u128(actor)),
            id: MessageId::new(Uuid::from_u128(n as u128 + 1)),
            at: Timestamp::from_ms(n as i64),
            content: String::new(),
            client_id: client_id.map(|id| format!("client-{id}")),
            mentions: Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn numbers_are_consecutive_and_client_ids_unique(
            shapes in prop::collection::vec((0..3_u128, 0..3_u128, prop::option::of(0..4_u8), any::<bool>()), 1..60),
        ) {
            let drafts: Vec<_> =
                shapes.iter().enumerate().map(|(n, (channel, actor, client, _))| draft(*channel, *actor, *client, n)).collect();
            let drafts: Vec<_> = drafts.iter().collect();
            let admissions: Vec<_> = shapes.iter().enumerate().filter(|(_, shape)| shape.3).map(|(index, shape)| Admission {
                index, head_seq: shape.0 as u64 * 10, head_ord: shape.0 as u64 * 3, repeated_seq: None, recipient_inactive: false,
            }).collect();
            let plan = Plan::new(&drafts, &admissions);
            prop_assert_eq!(plan.outcomes.len(), drafts.len());
            for channel in 0..3_u128 {
                let id = ChannelId::new(Uuid::from_u128(channel));
                let of_channel: Vec<_> = plan.entries.iter().filter(|entry| entry.draft.channel_id == id).collect();
                for (n, entry) in of_channel.iter().enumerate() {
                    prop_assert_eq!(entry.position.seq, channel as u64 * 10 + n as u64 + 1);
                    prop_assert_eq!(entry.ord, channel as u64 * 3 + n as u64 + 1);
                }
                prop_assert_eq!(plan.heads.get(&id).map(|head| head.position), of_channel.last().map(|entry| entry.position));
                let mut ids: Vec<_> = of_channel.iter().filter_map(|e| e.draft.client_id.as_ref().map(|c| (e.draft.actor_id, c))).collect();
                let all = ids.len();
                ids.sort();
                ids.dedup();
                prop_assert_eq!(ids.len(), all);
            }
        }
    }

    #[test]
    fn an_older_revision_or_a_lower_seq_moves_nothing() {
        let read = |seq, revision| ReadDraft {
            tenant_id: TenantId::new(Uuid::nil()),
            channel_id: ChannelId::new(Uuid::nil()),
            user_id: UserId::new(Uuid::nil()),
            seq,
            revision,
            at: Timestamp::from_ms(0),
        };
        let standing = |index| Standing { index, head_seq: 10, read_seq: 4, revision: 2 };
        let (void, low, beyond) =
            (read(None, Some(1)), read(Some(3), None), read(Some(99), Some(2)));
        let (outcomes, moves) =
            read_moves(&[&void, &low, &beyond], &[standing(0), standing(1), standing(2)]);
        let marked =
            |last_read_seq, moved| ReadOutcome::Marked { last_read_seq, revision: 2, moved };
        assert_eq!(outcomes, [marked(4, false), marked(4, false), marked(10, true)]);
        assert_eq!(moves.len(), 1);
    }
}
