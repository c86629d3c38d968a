//! The audit log: notes, written in the transaction of the act, and reading them.

use serde_json::{Map, Value};
use tidewire_protocol::{
    Timestamp,
    id::{AuditEntryId, TenantId, UserId, UserKey},
    model::{
        audit::{AuditActor, AuditActorType, AuditEntry, AuditQuery},
        pages::CursorPagination,
    },
};
use tidewire_storage::{
    Conn,
    audit::{self, Filters, Line},
};
use uuid::Uuid;

use crate::{
    Actor, App, Result,
    actor::Request,
    cursor::{self, Collection},
    people::{self, Names},
    permission::Permission,
};

/// What happened.
pub(crate) struct Note {
    pub tenant_id: TenantId,
    pub action: &'static str,
    pub actor_id: Option<UserId>,
    /// The kind of thing acted on, and its id.
    pub target: Option<(&'static str, String)>,
    pub detail: Value,
}

pub(crate) async fn note(app: &App, conn: &mut Conn, request: &Request, note: Note) -> Result<()> {
    let (target_type, target_id) = note.target.unzip();
    let entry = audit::Entry {
        id: app.clock.id(),
        tenant_id: note.tenant_id,
        at: app.clock.now(),
        action: note.action,
        actor_id: note.actor_id,
        target_type,
        target_id,
        address: request.address.map(|address| address.to_string()),
        request_id: &request.id,
        detail: note.detail,
    };
    Ok(audit::append(conn, entry).await?)
}

/// Lines of the log and where the next ones begin.
#[derive(Debug)]
pub struct Listed {
    pub items: Vec<AuditEntry>,
    pub pagination: CursorPagination,
}

/// What happened in the company, newest first.
pub async fn list(app: &App, actor: &Actor, query: AuditQuery) -> Result<Listed> {
    actor.require(Permission::AuditRead)?;
    let (tenant_id, limit) = (actor.tenant_id(), query.limit);
    let asked = (&query.action, query.actor_id, &query.target_id, query.from, query.to);
    let collection = Collection { name: "audit", tenant_id, filters: asked };
    let secret = &app.config.secret;
    let before: Option<(i64, AuditEntryId)> = query
        .cursor
        .as_deref()
        .map(|text| cursor::decode(secret, &collection, text))
        .transpose()?;
    let Some(actor_id) = actor_id(app, tenant_id, query.actor_id).await? else {
        let pagination = CursorPagination { limit, next_cursor: None, has_more: false };
        return Ok(Listed { items: Vec::new(), pagination });
    };
    let filters = Filters {
        action: query.action.clone(),
        actor_id,
        target_id: query.target_id.clone(),
        from: query.from,
        to: query.to,
    };
    let before = before.map(|(ms, id)| (Timestamp::from_ms(ms), id));
    let mut conn = app.db.read().await?;
    let mut lines = audit::list(&mut conn, tenant_id, &filters, before, limit + 1).await?;
    let has_more = lines.len() > limit as usize;
    lines.truncate(limit as usize);
    let people = lines.iter().filter_map(|line| line.actor_id.map(UserId::new));
    let names = people::names_on(app, &mut conn, tenant_id, people).await?;
    let next = lines.last().filter(|_| has_more).map(|last| (last.at.ms(), last.id));
    let next_cursor = next.map(|place| cursor::encode(secret, &collection, &place));
    Ok(Listed {
        items: lines.into_iter().map(|line| show(line, &names)).collect(),
        pagination: CursorPagination { limit, next_cursor, has_more },
    })
}

/// Whom the filter means; `None` for a number that nobody has, which finds nothing.
async fn actor_id(
    app: &App,
    tenant_id: TenantId,
    key: Option<UserKey>,
) -> Result<Option<Option<Uuid>>> {
    Ok(match key {
        None => Some(None),
        Some(UserKey::Id(id)) => Some(Some(id.uuid())),
        Some(key @ UserKey::Number(_)) => {
            let found = people::resolve(app, tenant_id, &[key]).await?;
            found.into_iter().flatten().next().map(|user| Some(user.id.uuid()))
        }
    })
}

fn show(line: Line, names: &Names) -> AuditEntry {
    let person = people::show(names, line.actor_id.map(UserId::new));
    let kind = match (&line.service_name, line.actor_id) {
        (Some(_), _) => AuditActorType::Service,
        (None, Some(_)) => AuditActorType::User,
        // Whoever came over the network has an address, or at least a request.
        (None, None) if line.address.is_some() || !line.request_id.is_empty() => {
            AuditActorType::Anonymous
        }
        (None, None) => AuditActorType::System,
    };
    AuditEntry {
        id: line.id,
        action: line.action,
        at: line.at,
        actor: AuditActor {
            kind,
            id: line.actor_id.map(|id| id.to_string()),
            name: line.service_name.or_else(|| person.map(|person| person.display_name)),
        },
        target_type: line.target_type,
        target_id: line.target_id,
        ip_address: line.address,
        request_id: line.request_id,
        details: match line.detail {
            Some(Value::Object(details)) => details,
            _ => Map::new(),
        },
    }
}

#[cfg(test)]
mod tests;
