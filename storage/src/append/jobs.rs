//! What goes into the log's writer and what comes out.

use tidewire_protocol::{
    Position, Timestamp,
    id::{ChannelId, MessageId, TenantId, UserId},
};
use tokio::sync::oneshot;

use crate::Result;

/// A message to append. `id` also gives the entry's mark.
#[derive(Debug, Clone)]
pub struct Draft {
    pub tenant_id: TenantId,
    pub channel_id: ChannelId,
    pub actor_id: UserId,
    pub id: MessageId,
    pub at: Timestamp,
    pub content: String,
    pub client_id: Option<String>,
    pub mentions: Vec<UserId>,
}

/// A message that is now part of the log.
#[derive(Debug, Clone)]
pub struct Appended {
    pub draft: Draft,
    pub position: Position,
    /// How many countable messages the channel has with this one.
    pub ord: u64,
}

/// What became of a draft.
#[derive(Debug, Clone)]
pub enum SendOutcome {
    Appended(Appended),
    /// The same client id was stored before, at this seq.
    Repeated {
        seq: u64,
    },
    Refused(Refusal),
}

/// Why a draft was not appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No such channel in the tenant, or the actor is not in it.
    NotMember,
    /// The other person of a direct channel is not active.
    RecipientInactive,
}

/// A read marker to move.
#[derive(Debug, Clone)]
pub struct ReadDraft {
    pub tenant_id: TenantId,
    pub channel_id: ChannelId,
    pub user_id: UserId,
    /// Up to and with this entry; `None` means the latest.
    pub seq: Option<u64>,
    /// The member's revision that the reader had seen.
    pub revision: Option<i64>,
    pub at: Timestamp,
}

/// What became of a read marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOutcome {
    Marked { last_read_seq: u64, revision: i64, moved: bool },
    NotMember,
}

pub(super) enum Job {
    Send(Box<Draft>, oneshot::Sender<Result<SendOutcome>>),
    Read(ReadDraft, oneshot::Sender<Result<ReadOutcome>>),
}

type Sends = Vec<(Box<Draft>, oneshot::Sender<Result<SendOutcome>>)>;
type Reads = Vec<(ReadDraft, oneshot::Sender<Result<ReadOutcome>>)>;

/// Sends and reads, each in the order they came.
pub(super) fn split(jobs: Vec<Job>) -> (Sends, Reads) {
    let (mut sends, mut reads) = (Vec::with_capacity(jobs.len()), Vec::new());
    for job in jobs {
        match job {
            Job::Send(draft, answer) => sends.push((draft, answer)),
            Job::Read(draft, answer) => reads.push((draft, answer)),
        }
    }
    (sends, reads)
}
