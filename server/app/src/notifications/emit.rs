//! Events that modules raise for people.

use tidewire_protocol::{
    ErrorCode,
    id::UserId,
    limits::DEDUPE_LIFETIME_MS,
    model::{
        notifications::{EmitNotification, EmitSkipReason, EmitSkipped, Emitted},
        users::{Role, UserStatus},
    },
    notification_event::{EventKey, Module},
};
use tidewire_storage::{
    notification_decisions as decisions,
    recipients::{self, Recipient},
};

use crate::{
    App, Result,
    actor::Service,
    notify::{self, Raised},
    people,
};

/// Raises an event for those of the named people whom it may be for. What is decided for each comes
/// after the answer.
pub async fn emit(app: &App, service: &Service, wanted: EmitNotification) -> Result<Emitted> {
    let event = require_emittable(&wanted.event_key)?;
    let (tenant, now) = (service.tenant_id, app.clock.now());
    let people = people::resolve(app, tenant, &wanted.user_ids).await?;
    let known: Vec<UserId> = people.iter().flatten().map(|user| user.id).collect();
    let mut conn = app.db.write().await?;
    let found = recipients::of(&mut conn, tenant, &known).await?;
    let mut to = Vec::new();
    let mut skipped = Vec::new();
    for (key, user) in wanted.user_ids.iter().zip(&people) {
        let id = user.as_ref().map(|user| user.id);
        let recipient = found.iter().find(|one| Some(one.id) == id);
        match skip_reason(event, recipient) {
            Some(reason) => skipped.push(EmitSkipped { user_id: *key, reason }),
            None => to.extend(id.filter(|id| !to.contains(id))),
        }
    }
    if let Some(key) = &wanted.dedupe_key {
        let since = now.plus_ms(-DEDUPE_LIFETIME_MS);
        if !decisions::take_key(&mut conn, tenant, key, (now, since)).await? {
            return Ok(Emitted { accepted: 0, skipped: Vec::new(), duplicate: true });
        }
    }
    let accepted = to.len() as u64;
    let raised = Raised {
        // What leads to the same place is about the same thing.
        topic: wanted.action_url.clone(),
        action_url: wanted.action_url,
        data: wanted.data,
        ..Raised::new(event, to)
    };
    notify::raise(app, &mut conn, tenant, &raised).await?;
    conn.commit().await?;
    notify::wake(app);
    Ok(Emitted { accepted, skipped, duplicate: false })
}

/// An event that does not arise in the server itself.
fn require_emittable(key: &str) -> Result<EventKey> {
    let event = EventKey::from_word(key).filter(|event| match event.module() {
        Module::Sales | Module::Tasks | Module::System => true,
        Module::Auth | Module::Users | Module::Chat | Module::Billing => false,
    });
    Ok(event.ok_or(ErrorCode::EventUnknown)?)
}

fn skip_reason(event: EventKey, recipient: Option<&Recipient>) -> Option<EmitSkipReason> {
    match recipient {
        None => Some(EmitSkipReason::UnknownUser),
        Some(one) if one.status != UserStatus::Active => Some(EmitSkipReason::NotActive),
        Some(one) if event.is_for_administrators() && one.role < Role::TenantAdmin => {
            Some(EmitSkipReason::NotAdministrator)
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
