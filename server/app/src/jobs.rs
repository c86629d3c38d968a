//! What a node does without being asked.

pub(crate) mod answer_forgotten;
pub(crate) mod check_dns;
pub(crate) mod deliver;
pub(crate) mod expire;
pub(crate) mod notice;
pub(crate) mod notify;
pub(crate) mod purge_expired;
pub(crate) mod send_mail;

use std::time::Duration;

use tokio::{sync::Notify, time::timeout};

use crate::{App, Result, notify::clear};

/// How often a worker looks without being rung for: for what other nodes have left.
const POLL: Duration = Duration::from_secs(1);
const SLOW_POLL: Duration = Duration::from_secs(5);

/// Begins all that works on queues. Each finishes what it has in hand when the node stops.
pub(crate) fn start_workers(app: &App) {
    let work = |name, poll, bell: fn(&App) -> &Notify| Worker { name, poll, bell };
    app.tasks.spawn(
        work("answer_forgotten", POLL, |app| &app.forgotten)
            .run(app.clone(), |app| async move { answer_forgotten::answer_due(&app).await }),
    );
    app.tasks.spawn(
        work("check_dns", SLOW_POLL, |app| &app.dns_queued)
            .run(app.clone(), |app| async move { check_dns::check_due(&app).await }),
    );
    app.tasks.spawn(
        work("notify", POLL, |app| &app.raised)
            .run(app.clone(), |app| async move { notify::tell_due(&app).await }),
    );
    app.tasks.spawn(
        work("clear", SLOW_POLL, |app| &app.read_elsewhere.bell)
            .run(app.clone(), |app| async move { clear::clear_read(&app).await }),
    );
    app.tasks.spawn(
        work("deliver", POLL, |app| &app.deliveries)
            .run(app.clone(), |app| async move { deliver::deliver_due(&app).await }),
    );
    app.tasks.spawn_until_stop(notice::run(app.clone()));
    app.tasks.spawn(
        work("send_mail", POLL, |app| &app.mail.queued)
            .run(app.clone(), |app| async move { send_mail::send_due(&app).await }),
    );
}

/// What works on one queue.
struct Worker {
    name: &'static str,
    poll: Duration,
    /// Rings when there is something to do.
    bell: fn(&App) -> &Notify,
}

impl Worker {
    /// Does `work`, which answers how much it has done, until the node stops.
    async fn run<F>(self, app: App, work: fn(App) -> F)
    where
        F: Future<Output = Result<usize>> + Send,
    {
        let stop = app.tasks.stop_token().clone();
        while !stop.is_cancelled() {
            match work(app.clone()).await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => error.log(self.name),
            }
            let rung = timeout(self.poll, (self.bell)(&app).notified());
            let _ = stop.run_until_cancelled(rung).await;
        }
    }
}
