//! The workers as processes.

use std::{
    env, io,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use anyhow::{Context as _, bail};

use super::progress::Display;
use crate::{
    cli::Plan,
    pipe::{self, News, Order, Progress},
    proc,
    setup::Share,
};

/// Descriptors of a worker that are no connections.
const DESCRIPTORS_RESERVED: usize = 200;
const NEWS_MAX: usize = 64;

/// Every worker, and what they say. Dropping it ends them.
pub(super) struct Crew {
    children: Vec<Child>,
    orders: Vec<ChildStdin>,
    news: Receiver<(usize, io::Result<News>)>,
    progress: Vec<Progress>,
    display: Display,
}

impl Crew {
    /// Starts this very program again, once for each worker.
    pub(super) fn start(plan: &Plan) -> anyhow::Result<Self> {
        let count = worker_count(plan)?;
        let (sender, news) = sync_channel(NEWS_MAX);
        let mut crew = Self {
            children: Vec::new(),
            orders: Vec::new(),
            news,
            progress: vec![Progress::default(); count],
            display: Display::new(plan.connections),
        };
        for index in 0..count {
            let mut child = Command::new(env::current_exe()?)
                .args(env::args_os().skip(1))
                .args(["--worker", &Share { index, count }.to_string()])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .context("starting a worker")?;
            let pipes = child.stdin.take().zip(child.stdout.take());
            crew.children.push(child);
            let (orders, news) = pipes.context("a worker without pipes")?;
            crew.orders.push(orders);
            forward(index, news, sender.clone());
        }
        Ok(crew)
    }

    pub(super) fn order(&mut self, order: &Order) -> anyhow::Result<()> {
        for worker in &mut self.orders {
            pipe::tell(worker, order).context("giving an order to a worker")?;
        }
        Ok(())
    }

    /// Waits until every worker has said what `wanted` looks for.
    pub(super) fn gather<T>(
        &mut self,
        wanted: impl Fn(News) -> Option<T>,
    ) -> anyhow::Result<Vec<T>> {
        let mut found = Vec::with_capacity(self.orders.len());
        while found.len() < self.orders.len() {
            let (worker, news) = self.news.recv().context("all workers have gone")?;
            match news.with_context(|| format!("worker {worker} has gone"))? {
                News::Progress(progress) => {
                    self.progress[worker] = progress;
                    self.display.show(&self.progress);
                }
                News::Failed(reason) => bail!("worker {worker}: {reason}"),
                news => found.push(wanted(news).context("a worker out of step")?),
            }
        }
        Ok(found)
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.orders.clear();
        for child in &mut self.children {
            // A worker that has done its part ends by itself; one that has not must not outlive this.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn worker_count(plan: &Plan) -> anyhow::Result<usize> {
    let capacity = proc::descriptor_limit()?.saturating_sub(DESCRIPTORS_RESERVED).max(1);
    let needed = plan.connections.div_ceil(capacity);
    Ok(plan.common.workers.unwrap_or(needed).clamp(1, plan.connections))
}

/// Passes on what a worker says, and if it falls silent before it is done.
#[expect(clippy::disallowed_methods, reason = "a pipe can only be waited for by a thread")]
fn forward(worker: usize, from: ChildStdout, to: SyncSender<(usize, io::Result<News>)>) {
    thread::spawn(move || {
        let end = std::iter::once_with(|| Err(io::ErrorKind::UnexpectedEof.into()));
        for news in pipe::listen(from).chain(end) {
            let is_last = matches!(news, Ok(News::Done(_)) | Err(_));
            if to.send((worker, news)).is_err() || is_last {
                return;
            }
        }
    });
}
