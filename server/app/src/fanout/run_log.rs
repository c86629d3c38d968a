//! The loop around the log's writer: commit, hand out, answer.

use std::{collections::HashMap, sync::Arc};

use tidewire_protocol::{
    event::{Event, MessageData},
    id::{TenantId, UserId},
};
use tidewire_storage::append::{Appended, Lane};

use super::{
    entry::{Effect, LogEntry},
    outgoing::Outgoing,
};
use crate::{
    App, log_view,
    people::{self, Names},
};

/// Runs until the log stops and what was taken is done. Entries are handed out before their senders are
/// answered, in the order of the commit.
pub async fn run(app: App, mut lane: Lane) {
    let stop = app.log_tasks.stop_token().clone();
    loop {
        // Only collecting can be given up: a commit always ends, and its senders are answered.
        let jobs = tokio::select! {
            jobs = lane.collect() => jobs,
            () = stop.cancelled(), if !lane.is_closed() => {
                lane.close();
                continue;
            }
        };
        let Some(jobs) = jobs else { return };
        let started = app.clock.uptime();
        let batch = lane.commit(jobs).await;
        let elapsed = app.clock.uptime().saturating_sub(started);
        metrics::histogram!("tidewire_log_commit_seconds").record(elapsed.as_secs_f64());
        metrics::histogram!("tidewire_log_batch_size").record(batch.len() as f64);
        publish(&app, &batch.appended).await;
        app.unnoticed.note(&batch.appended);
        batch.answer();
    }
}

async fn publish(app: &App, appended: &[Appended]) {
    let mut of_tenant: HashMap<TenantId, Vec<UserId>> = HashMap::new();
    for entry in appended {
        let people = of_tenant.entry(entry.draft.tenant_id).or_default();
        people.push(entry.draft.actor_id);
        people.extend(&entry.draft.mentions);
    }
    let mut names = Names::new();
    for (tenant, users) in of_tenant {
        match people::names(app, tenant, users).await {
            Ok(known) => names.extend(known),
            // The entries are stored; the sweep hands them out.
            Err(error) => return error.log("publish"),
        }
    }
    let entries = appended.iter().map(|entry| Arc::new(log_entry(entry, &names)));
    app.fanout.publish_all(app, entries.collect());
}

fn log_entry(appended: &Appended, names: &Names) -> LogEntry {
    let draft = &appended.draft;
    let event = Event::MessageCreated(MessageData { message: log_view::appended(appended, names) });
    LogEntry {
        channel: draft.channel_id,
        position: appended.position,
        ord: appended.ord,
        effect: Effect::Message { sender: draft.actor_id, mentions: draft.mentions.clone() },
        outgoing: Outgoing::entry(draft.channel_id, appended.position, &event),
    }
}
