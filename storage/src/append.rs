//! The writer of the channel log: group commit.
//!
//! Whatever waits when the writer is free is committed together: one commit's latency when little is
//! going on, a bulk insert's throughput when much is. `seq`, mark and `ord` are assigned inside the
//! transaction, membership is checked there too, and every sender is answered after *its* commit.
//! A client's own message id makes sending idempotent for ever.

mod jobs;
mod number;
mod postgres;
mod sqlite;

use std::sync::Arc;

use tidewire_protocol::{
    id::ChannelId,
    limits::{LOG_BATCH_MAX, LOG_QUEUE_MAX},
};
use tokio::sync::{mpsc, oneshot};

pub use jobs::{Appended, Draft, ReadDraft, ReadOutcome, Refusal, SendOutcome};

use crate::{Db, Error, Result, db::Engine};
use jobs::Job;

const RETRIES_MAX: usize = 5;

/// The way into the log; cheap to clone.
#[derive(Debug, Clone)]
pub struct Log {
    lanes: Arc<[mpsc::Sender<Job>]>,
}

/// One writer. The owner calls [`Lane::collect`] and [`Lane::commit`] in turn.
pub struct Lane {
    db: Db,
    queue: mpsc::Receiver<Job>,
}

/// Jobs that are committed together.
pub struct Jobs(Vec<Job>);

/// What one commit did. The entries are durable; nobody has been answered yet, so that their news can
/// go out first.
pub struct Batch {
    pub appended: Vec<Appended>,
    answers: Vec<Answer>,
}

enum Answer {
    Send(oneshot::Sender<Result<SendOutcome>>, Result<SendOutcome>),
    Read(oneshot::Sender<Result<ReadOutcome>>, Result<ReadOutcome>),
}

impl Log {
    /// A log in front of `db`, with the writers that make it move.
    pub fn new(db: &Db) -> (Self, Vec<Lane>) {
        let (lanes, writers) = (0..db.log_lanes())
            .map(|_| {
                let (sender, queue) = mpsc::channel(LOG_QUEUE_MAX);
                (sender, Lane { db: db.clone(), queue })
            })
            .unzip::<_, _, Vec<_>, Vec<_>>();
        (Self { lanes: lanes.into() }, writers)
    }

    /// Appends a message. Resolves after its commit; [`Error::Full`] at once when too many wait.
    pub async fn send(&self, draft: Draft) -> Result<SendOutcome> {
        let (answer, outcome) = oneshot::channel();
        self.submit(draft.channel_id, Job::Send(Box::new(draft), answer))?;
        outcome.await.map_err(|_| Error::Stopped)?
    }

    /// Moves a read marker. Resolves after its commit; [`Error::Full`] at once when too many wait.
    pub async fn read(&self, draft: ReadDraft) -> Result<ReadOutcome> {
        let (answer, outcome) = oneshot::channel();
        self.submit(draft.channel_id, Job::Read(draft, answer))?;
        outcome.await.map_err(|_| Error::Stopped)?
    }

    fn submit(&self, channel_id: ChannelId, job: Job) -> Result<()> {
        let lane = channel_id.uuid().as_u128() % self.lanes.len() as u128;
        self.lanes[lane as usize].try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Full,
            mpsc::error::TrySendError::Closed(_) => Error::Stopped,
        })
    }

    /// How many jobs wait in the fullest lane.
    pub fn waiting(&self) -> usize {
        self.lanes.iter().map(|lane| lane.max_capacity() - lane.capacity()).max().unwrap_or(0)
    }
}

impl Lane {
    /// Waits for jobs and takes all that are waiting, up to a batch; `None` once the lane is closed and
    /// empty, or every [`Log`] is gone. Dropping the future loses nothing.
    pub async fn collect(&mut self) -> Option<Jobs> {
        let mut jobs = Vec::new();
        let count = self.queue.recv_many(&mut jobs, LOG_BATCH_MAX).await;
        (count > 0).then_some(Jobs(jobs))
    }

    /// Takes no more jobs; those that wait are still collected.
    pub fn close(&mut self) {
        self.queue.close();
    }

    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// Commits jobs together. To be driven to its end: a commit that was begun has senders waiting.
    pub async fn commit(&self, jobs: Jobs) -> Batch {
        let (sends, reads) = jobs::split(jobs.0);
        let drafts: Vec<&Draft> = sends.iter().map(|(draft, _)| &**draft).collect();
        let read_drafts: Vec<&ReadDraft> = reads.iter().map(|(draft, _)| draft).collect();
        let (sent, read) = self.write_with_fallback(&drafts, &read_drafts).await;
        let appended = sent.iter().filter_map(appended).collect();
        let answers = sends
            .into_iter()
            .zip(sent)
            .map(|((_, answer), outcome)| Answer::Send(answer, outcome))
            .chain(
                reads
                    .into_iter()
                    .zip(read)
                    .map(|((_, answer), outcome)| Answer::Read(answer, outcome)),
            )
            .collect();
        Batch { appended, answers }
    }

    /// All in one transaction; if the database refuses that, each job in its own, so that one that
    /// cannot be stored does not take the others with it.
    async fn write_with_fallback(&self, sends: &[&Draft], reads: &[&ReadDraft]) -> Outcomes {
        match self.write_with_retries(sends, reads).await {
            Ok((sent, read)) => {
                (sent.into_iter().map(Ok).collect(), read.into_iter().map(Ok).collect())
            }
            Err(Error::Sql(_) | Error::Conflict(_)) if sends.len() + reads.len() > 1 => {
                self.write_singly(sends, reads).await
            }
            Err(error) => {
                let shared = Arc::new(error);
                let refuse = || Error::Batch(Arc::clone(&shared));
                (
                    sends.iter().map(|_| Err(refuse())).collect(),
                    reads.iter().map(|_| Err(refuse())).collect(),
                )
            }
        }
    }

    async fn write_singly(&self, sends: &[&Draft], reads: &[&ReadDraft]) -> Outcomes {
        let (mut sent, mut read) =
            (Vec::with_capacity(sends.len()), Vec::with_capacity(reads.len()));
        for draft in sends {
            sent.push(
                self.write_with_retries(&[draft], &[]).await.map(|(mut sent, _)| sent.remove(0)),
            );
        }
        for draft in reads {
            read.push(
                self.write_with_retries(&[], &[draft]).await.map(|(_, mut read)| read.remove(0)),
            );
        }
        (sent, read)
    }

    async fn write_with_retries(
        &self,
        sends: &[&Draft],
        reads: &[&ReadDraft],
    ) -> Result<(Vec<SendOutcome>, Vec<ReadOutcome>)> {
        let mut tries = 0;
        loop {
            match self.write(sends, reads).await {
                // A conflict is another node that stored the same client id a moment ago: the next
                // try finds its row.
                Err(Error::Retry(_) | Error::Conflict(_)) if tries < RETRIES_MAX => tries += 1,
                result => return result,
            }
        }
    }

    async fn write(
        &self,
        sends: &[&Draft],
        reads: &[&ReadDraft],
    ) -> Result<(Vec<SendOutcome>, Vec<ReadOutcome>)> {
        match self.db.engine() {
            Engine::Sqlite { write, .. } => {
                sqlite::write(&mut *write.acquire().await?, sends, reads).await
            }
            Engine::Postgres { pool, pulse } => {
                pulse.watch(Box::pin(postgres::write(pool, sends, reads))).await
            }
        }
    }
}

type Outcomes = (Vec<Result<SendOutcome>>, Vec<Result<ReadOutcome>>);

fn appended(outcome: &Result<SendOutcome>) -> Option<Appended> {
    match outcome {
        Ok(SendOutcome::Appended(entry)) => Some(entry.clone()),
        _ => None,
    }
}

impl Batch {
    /// Tells everybody who waits. Whoever stopped waiting is passed over.
    pub fn answer(self) {
        for answer in self.answers {
            match answer {
                Answer::Send(waiter, outcome) => drop(waiter.send(outcome)),
                Answer::Read(waiter, outcome) => drop(waiter.send(outcome)),
            }
        }
    }

    /// How many jobs the commit carried.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }
}
