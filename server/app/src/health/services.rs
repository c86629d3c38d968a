//! The state of what the platform consists of and leans on, looked at in the background: whoever asks
//! reads what was seen last, so a slow service slows nobody.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use tidewire_protocol::{
    Timestamp,
    model::{
        health::{
            ComponentStatus, ServiceHealth, ServiceKind, ServicesHealth, ServicesSummary,
            SystemStatus,
        },
        users::Role,
    },
};
use tidewire_storage::outbox;

use crate::{Actor, App, Result, permission::Permission};

const EVERY: Duration = Duration::from_secs(15);
const TIMEOUT: Duration = Duration::from_secs(2);
/// A service is down once this many looks in a row have failed; before that it is degraded.
const FAILURES_UNTIL_DOWN: u32 = 3;
/// Work that is due for this long says that nobody does it.
const OVERDUE_MS: i64 = 2 * 60_000;

/// A module of the operator's that answers whether it is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    pub name: String,
    /// Answers a GET with a status of success.
    pub url: String,
}

/// What was seen last, and how many mails in a row the operator's mail server has not taken.
#[derive(Default)]
pub(crate) struct Services {
    watched: Mutex<Vec<Watched>>,
    mails_failed: AtomicU32,
}

#[derive(Debug, Clone)]
struct Watched {
    service: ServiceHealth,
    failures: u32,
}

/// What one look found.
struct Look {
    name: String,
    kind: ServiceKind,
    took: Option<Duration>,
    outcome: Outcome,
}

enum Outcome {
    Well,
    NotConfigured,
    Failed(String),
    /// As [`Outcome::Failed`], where it is known how often in a row.
    FailedTimes(u32, &'static str),
}

impl Services {
    /// Notes whether the operator's mail server took a mail.
    pub(crate) fn note_mail(&self, was_taken: bool) {
        if was_taken {
            self.mails_failed.store(0, Ordering::Relaxed);
        } else {
            self.mails_failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn seen(&self) -> Vec<ServiceHealth> {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.iter().map(|watched| watched.service.clone()).collect()
    }

    fn learn(&self, look: Look, now: Timestamp) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let before = watched.iter().position(|known| known.service.name == look.name);
        let known = before.map(|place| watched.swap_remove(place));
        watched.push(judge(look, known.as_ref(), now));
        watched.sort_by(|a, b| {
            let order = |watched: &Watched| (watched.service.kind, watched.service.name.clone());
            order(a).cmp(&order(b))
        });
    }
}

fn judge(look: Look, known: Option<&Watched>, now: Timestamp) -> Watched {
    let once_more = known.map_or(0, |known| known.failures) + 1;
    let (failures, reason) = match look.outcome {
        Outcome::Well | Outcome::NotConfigured => (0, None),
        Outcome::Failed(ref reason) => (once_more, Some(reason.clone())),
        Outcome::FailedTimes(times, reason) => (times, Some(reason.to_owned())),
    };
    let status = match look.outcome {
        Outcome::NotConfigured => ComponentStatus::NotConfigured,
        _ if failures == 0 => ComponentStatus::Up,
        _ if failures < FAILURES_UNTIL_DOWN => ComponentStatus::Degraded,
        _ => ComponentStatus::Down,
    };
    let same = known.filter(|known| known.service.status == status);
    let service = ServiceHealth {
        name: look.name,
        kind: look.kind,
        status,
        latency_ms: look.took.map(|took| took.as_millis() as i64),
        checked_at: Some(now),
        since: same.map_or(Some(now), |known| known.service.since),
        reason,
    };
    Watched { service, failures }
}

/// Looks again and again; runs for the life of the node.
pub(crate) async fn watch(app: App) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        look(&app).await;
    }
}

async fn look(app: &App) {
    let billing = Look {
        name: "billing".to_owned(),
        kind: ServiceKind::External,
        took: None,
        outcome: Outcome::NotConfigured,
    };
    let modules = join_all(app.config.modules.iter().map(|it| module(app, it))).await;
    let own = [database(app).await, realtime(app), jobs(app).await, storage(app).await, mail(app)];
    for look in own.into_iter().chain([billing]).chain(modules) {
        app.health.services.learn(look, app.clock.now());
    }
}

fn core(name: &str, took: Option<Duration>, outcome: Outcome) -> Look {
    Look { name: name.to_owned(), kind: ServiceKind::Core, took, outcome }
}

/// Without it nothing works, however short it lasts.
async fn database(app: &App) -> Look {
    let begun = app.clock.uptime();
    let answers = app.db.beat().await;
    let took = app.clock.uptime().saturating_sub(begun);
    let down = Outcome::FailedTimes(FAILURES_UNTIL_DOWN, "does not answer");
    let outcome = if answers { Outcome::Well } else { down };
    core("database", answers.then_some(took), outcome)
}

/// Without it, news are late and nothing is lost.
fn realtime(app: &App) -> Look {
    let is_up = app.fanout.bus().is_up();
    let late = Outcome::FailedTimes(1, "the bus is not connected");
    core("realtime", None, if is_up { Outcome::Well } else { late })
}

async fn jobs(app: &App) -> Look {
    let outcome = match is_work_overdue(app).await {
        Ok(false) => Outcome::Well,
        Ok(true) => Outcome::Failed("work is waiting and nobody does it".to_owned()),
        Err(_) => Outcome::Failed("cannot be looked at without the database".to_owned()),
    };
    core("jobs", None, outcome)
}

async fn is_work_overdue(app: &App) -> Result<bool> {
    let before = app.clock.now().plus_ms(-OVERDUE_MS);
    Ok(outbox::has_overdue(&mut app.db.read().await?, before).await?)
}

/// The folder of the keys, the embedded database and mails for development.
async fn storage(app: &App) -> Look {
    let folder = app.config.data_dir.clone();
    let is_there = app.tasks.blocking(move || folder.is_dir()).await.unwrap_or_default();
    let missing = Outcome::Failed("the data directory is not there".to_owned());
    core("storage", None, if is_there { Outcome::Well } else { missing })
}

/// By what became of the last mails: a mail server is not to be asked four times a minute.
fn mail(app: &App) -> Look {
    let failed = app.health.services.mails_failed.load(Ordering::Relaxed);
    let outcome = match (&app.config.mail.server, failed) {
        (None, _) => Outcome::NotConfigured,
        (Some(_), 0) => Outcome::Well,
        (Some(_), times) => Outcome::FailedTimes(times, "the last mails were not taken"),
    };
    Look { name: "mail".to_owned(), kind: ServiceKind::External, took: None, outcome }
}

async fn module(app: &App, module: &Module) -> Look {
    let begun = app.clock.uptime();
    let asked = app.http.get(&module.url).timeout(TIMEOUT).send().await;
    let took = app.clock.uptime().saturating_sub(begun);
    let outcome = match &asked {
        Ok(answer) if answer.status().is_success() => Outcome::Well,
        Ok(answer) => Outcome::Failed(format!("answers {}", answer.status().as_u16())),
        Err(error) if error.is_timeout() => Outcome::Failed("does not answer in time".to_owned()),
        Err(_) => Outcome::Failed("cannot be reached".to_owned()),
    };
    let took = asked.is_ok().then_some(took);
    Look { name: module.name.clone(), kind: ServiceKind::Module, took, outcome }
}

/// The state of every service; why one is not well is for operators.
pub fn services(app: &App, actor: &Actor) -> Result<ServicesHealth> {
    actor.require(Permission::HealthRead)?;
    let mut services = app.health.services.seen();
    let is_operator = actor.role() == Role::Super;
    for service in services.iter_mut().filter(|_| !is_operator) {
        service.reason = None;
    }
    let count = |status| services.iter().filter(|one| one.status == status).count() as i64;
    let summary = ServicesSummary {
        up: count(ComponentStatus::Up),
        degraded: count(ComponentStatus::Degraded),
        down: count(ComponentStatus::Down),
        not_configured: count(ComponentStatus::NotConfigured),
    };
    let status = if !super::database(app) {
        SystemStatus::Down
    } else if summary.degraded + summary.down > 0 {
        SystemStatus::Degraded
    } else {
        SystemStatus::Ok
    };
    Ok(ServicesHealth { status, services, summary })
}

/// How one of the services was when it was looked at last; nothing speaks against one that was not yet.
pub(super) fn status_of(app: &App, name: &str) -> ComponentStatus {
    let seen = app.health.services.seen().into_iter().find(|one| one.name == name);
    seen.map_or(ComponentStatus::Up, |one| one.status)
}

#[cfg(test)]
mod tests;
