//! The texts of notifications: what there is, and a company's own words for it.

use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    id::TenantId,
    limits::{TEMPLATE_BODY_BYTES_MAX, TEMPLATE_DATA_BYTES_MAX, TEMPLATE_TEXT_BYTES_MAX},
    model::{
        notification_preferences::Channel,
        notification_templates::{
            CustomizeTemplate, CustomizedTemplate, PreviewTemplate, Template, TemplateData,
            TemplateList, TemplateModule, TemplatePreview, TemplateSummary, Wording,
        },
    },
    notification_event::Module,
};
use tidewire_storage::{
    Conn,
    notification_templates::{self as stored, Stored},
};

use crate::{
    Actor, App, Error, Result,
    audit::{self, Note},
    idempotency, people,
    permission::Permission,
    templates::{self, Checked, TemplateId},
    versions::Expected,
};

/// All texts by module.
pub async fn list(app: &App, actor: &Actor) -> Result<TemplateList> {
    actor.require(Permission::TemplatesRead)?;
    let stored = stored::all(&mut app.db.read().await?, actor.tenant_id()).await?;
    let of_module = |module: Module| TemplateModule {
        module,
        name: module.title().to_owned(),
        templates: TemplateId::all()
            .filter(|id| id.about().module() == module)
            .map(|id| summary(id, &stored))
            .collect(),
    };
    Ok(TemplateList { modules: Module::ALL.iter().copied().map(of_module).collect() })
}

fn summary(id: TemplateId, stored: &[(String, Stored)]) -> TemplateSummary {
    let name = id.to_string();
    let stored = stored.iter().find(|(known, _)| *known == name).map(|(_, stored)| stored);
    TemplateSummary {
        id: name,
        event_key: id.about().key().to_owned(),
        channel: id.channel(),
        name: id.about().title().to_owned(),
        is_customized: stored.is_some_and(|stored| stored.wording.is_some()),
        updated_at: stored.and_then(|stored| stored.updated_at),
    }
}

/// One text with its variables.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<TemplateData> {
    actor.require(Permission::TemplatesRead)?;
    let id = require_known(id)?;
    let mut conn = app.db.read().await?;
    let stored = read(&mut conn, actor.tenant_id(), id).await?;
    Ok(TemplateData { template: show(app, &mut conn, actor, id, stored).await? })
}

fn require_known(id: &str) -> Result<TemplateId> {
    TemplateId::parse(id).ok_or_else(Error::not_found)
}

async fn read(conn: &mut Conn, tenant_id: TenantId, id: TemplateId) -> Result<Stored> {
    Ok(stored::get(conn, tenant_id, &id.to_string()).await?.unwrap_or_default())
}

async fn show(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    id: TemplateId,
    stored: Stored,
) -> Result<Template> {
    let names = people::names_on(app, conn, actor.tenant_id(), stored.updated_by).await?;
    let defaults = id.built_in();
    Ok(Template {
        id: id.to_string(),
        event_key: id.about().key().to_owned(),
        module: id.about().module(),
        channel: id.channel(),
        name: id.about().title().to_owned(),
        is_customized: stored.wording.is_some(),
        wording: stored.wording.unwrap_or_else(|| defaults.clone()),
        variables: id.variables().map(templates::Variable::show).collect(),
        defaults,
        version: stored.version,
        updated_at: stored.updated_at,
        updated_by: people::show(&names, stored.updated_by),
    })
}

/// Gives a text the company's own words. To save what is saved already changes nothing.
pub async fn customize(
    app: &App,
    actor: &Actor,
    id: &str,
    wanted: CustomizeTemplate,
    expected: &Expected,
) -> Result<CustomizedTemplate> {
    actor.require(Permission::TemplatesManage)?;
    require_size(&wanted.body, TEMPLATE_BODY_BYTES_MAX)?;
    require_size(wanted.body_text.as_deref().unwrap_or_default(), TEMPLATE_TEXT_BYTES_MAX)?;
    let id = require_known(id)?;
    let Checked { wording, warnings } = templates::check(id, wording(id, wanted)?)?;
    let (tenant_id, name) = (actor.tenant_id(), id.to_string());
    let mut conn = app.db.write().await?;
    let before = stored::hold(&mut conn, tenant_id, &name).await?;
    expected.require(before.version)?;
    if before.wording.as_ref() == Some(&wording) {
        let template = show(app, &mut conn, actor, id, before).await?;
        return Ok(CustomizedTemplate { template, warnings });
    }
    let by = (actor.user_id(), app.clock.now());
    let saved = stored::save(&mut conn, (tenant_id, &name), Some(&wording), by).await?;
    note(app, &mut conn, actor, "templates.customized", name).await?;
    let template = show(app, &mut conn, actor, id, saved).await?;
    let answer = CustomizedTemplate { template, warnings };
    idempotency::record(app, &mut conn, actor, 200, &answer).await?;
    conn.commit().await?;
    Ok(answer)
}

fn require_size(text: &str, bytes_max: usize) -> Result<()> {
    if text.len() > bytes_max { Err(ErrorCode::PayloadTooLarge.into()) } else { Ok(()) }
}

/// Only mails have a plain part, and every mail has a subject.
fn wording(id: TemplateId, wanted: CustomizeTemplate) -> Result<Wording> {
    let CustomizeTemplate { subject, body, body_text } = wanted;
    match id.channel() {
        Channel::Email if subject.is_none() => {
            Err(Error::invalid_field("subject", "required", "is required"))
        }
        Channel::InApp | Channel::Push if body_text.is_some() => {
            Err(Error::invalid_field("bodyText", "mail_only", "is a part of mails only"))
        }
        Channel::Email | Channel::InApp | Channel::Push => Ok(Wording { subject, body, body_text }),
    }
}

async fn note(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    action: &'static str,
    template: String,
) -> Result<()> {
    let note = Note {
        tenant_id: actor.tenant_id(),
        action,
        actor_id: Some(actor.user_id()),
        target: Some(("template", template)),
        detail: json!({}),
    };
    audit::note(app, conn, &actor.request, note).await
}

/// How a text looks, or a draft of one. Nothing is kept.
pub async fn preview(
    app: &App,
    actor: &Actor,
    id: &str,
    draft: PreviewTemplate,
) -> Result<TemplatePreview> {
    actor.require(Permission::TemplatesRead)?;
    if draft.subject.is_some() || draft.body.is_some() {
        actor.require(Permission::TemplatesManage)?;
    }
    require_size(draft.body.as_deref().unwrap_or_default(), TEMPLATE_BODY_BYTES_MAX)?;
    let data = draft.data.as_ref().map(|data| json!(data).to_string()).unwrap_or_default();
    require_size(&data, TEMPLATE_DATA_BYTES_MAX)?;
    let id = require_known(id)?;
    let current = read(&mut app.db.read().await?, actor.tenant_id(), id).await?;
    let current = current.wording.unwrap_or_else(|| id.built_in());
    let wording = Wording {
        subject: draft.subject.or(current.subject),
        // The plain part that there is belongs to the body that there is.
        body_text: current.body_text.filter(|_| draft.body.is_none()),
        body: draft.body.unwrap_or(current.body),
    };
    Ok(templates::preview(id, wording, draft.data.as_ref())?)
}

/// Goes back to the built-in words, also where they count already.
pub async fn reset(app: &App, actor: &Actor, id: &str) -> Result<TemplateData> {
    actor.require(Permission::TemplatesManage)?;
    let id = require_known(id)?;
    let (tenant_id, name) = (actor.tenant_id(), id.to_string());
    let mut conn = app.db.write().await?;
    let held = stored::hold(&mut conn, tenant_id, &name).await?;
    if held.wording.is_none() {
        return Ok(TemplateData { template: show(app, &mut conn, actor, id, held).await? });
    }
    let by = (actor.user_id(), app.clock.now());
    let saved = stored::save(&mut conn, (tenant_id, &name), None, by).await?;
    note(app, &mut conn, actor, "templates.reset", name).await?;
    let template = show(app, &mut conn, actor, id, saved).await?;
    conn.commit().await?;
    Ok(TemplateData { template })
}

#[cfg(test)]
mod tests;
