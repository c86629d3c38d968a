//! How a tenant's mail is sent, what stands in it and what DNS says of it. Each section is read and
//! saved by itself, and has a version of its own.

mod deliverability;
mod footer;
mod sealed;
mod section;
mod smtp;
mod status;

use serde::Serialize;
use serde_json::{Value, json};
use tidewire_protocol::{ErrorCode, id::TenantId, model::email_settings::EmailSection};
use tidewire_storage::{
    Conn,
    email_settings::{self, Saving, Stored},
};

use crate::{
    Actor, App, Result,
    audit::{self, Note},
    auth::seal::Place,
    news::{self, News},
    permission::Permission,
    versions::Expected,
};

pub(crate) use deliverability::check_dns;
pub use deliverability::{change_deliverability, deliverability};
pub use sealed::{KeysMissing, Resealed, require_keys, reseal_all};
pub use section::Section;
pub use smtp::{save_smtp, smtp, test_smtp};
pub use status::status;

/// Something with the version that it had when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    pub value: T,
    pub version: i64,
}

/// A section, for those who may see it.
pub async fn get<S: Section>(app: &App, actor: &Actor) -> Result<Versioned<S>> {
    actor.require(Permission::EmailSettingsRead)?;
    read(&mut app.db.read().await?, actor.tenant_id()).await
}

async fn read<S: Section>(conn: &mut Conn, tenant_id: TenantId) -> Result<Versioned<S>> {
    match email_settings::get(conn, tenant_id, S::SECTION).await? {
        Some(stored) => of_stored(&stored),
        None => Ok(Versioned { value: S::default(), version: 0 }),
    }
}

fn of_stored<S: Section>(stored: &Stored) -> Result<Versioned<S>> {
    let mut value: S = stored.body()?;
    value.set_updated_at(stored.updated_at);
    Ok(Versioned { value, version: stored.version })
}

/// Changes the parts of a section that were sent.
pub async fn change<S: Section>(
    app: &App,
    actor: &Actor,
    change: S::Change,
    expected: &Expected,
) -> Result<Versioned<S>> {
    actor.require(Permission::EmailSettingsManage)?;
    let change = S::check(change)?;
    let tenant_id = actor.tenant_id();
    let mut conn = app.db.write().await?;
    let before: Versioned<S> =
        of_stored(&email_settings::hold(&mut conn, tenant_id, S::SECTION).await?)?;
    expected.require(before.version)?;
    let mut value = before.value.clone();
    S::apply(change, &mut value);
    let compliance = read(&mut conn, tenant_id).await?.value;
    value.judge(&before.value, &compliance)?;
    let saved = save(app, &mut conn, actor, (S::SECTION, S::ACTION), (&before.value, &value), None);
    let version = saved.await?;
    conn.commit().await?;
    publish(app, tenant_id, S::SECTION).await;
    value.set_updated_at(Some(app.clock.now()));
    Ok(Versioned { value, version })
}

/// Writes a section that is held, with its audit row.
async fn save<T: Serialize>(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    (section, action): (EmailSection, &'static str),
    (before, after): (&T, &T),
    sealed_password: Option<&str>,
) -> Result<i64> {
    let tenant_id = actor.tenant_id();
    let saving = Saving { tenant_id, section, by: actor.user_id(), at: app.clock.now() };
    let version = email_settings::save(conn, saving, after, sealed_password).await?;
    let note = Note {
        tenant_id,
        action,
        actor_id: Some(actor.user_id()),
        target: Some(("email_settings", section.word().to_owned())),
        detail: json!({ "changed": changed(before, after) }),
    };
    audit::note(app, conn, &actor.request, note).await?;
    Ok(version)
}

/// The names of the fields that differ; their values may be long or private.
fn changed<T: Serialize>(before: &T, after: &T) -> Vec<String> {
    let (Ok(Value::Object(before)), Ok(Value::Object(after))) =
        (serde_json::to_value(before), serde_json::to_value(after))
    else {
        return Vec::new();
    };
    let differs = |(name, value): &(String, Value)| before.get(name) != Some(value);
    let differing = after.into_iter().filter(differs).map(|(name, _)| name);
    differing.filter(|name| name != "updatedAt").collect()
}

async fn publish(app: &App, tenant_id: TenantId, section: EmailSection) {
    news::publish(app, News::EmailSettingsChanged { tenant_id, section }).await;
}

/// Where the password of a tenant's mail server belongs.
pub(crate) const fn password_place(tenant_id: TenantId) -> Place {
    Place { tenant_id, field: "smtp.password" }
}

fn seal_password(app: &App, tenant_id: TenantId, password: &str) -> Result<String> {
    let sealed = app.seal.seal(password_place(tenant_id), password);
    Ok(sealed.ok_or(ErrorCode::EncryptionNotConfigured)?)
}

#[cfg(test)]
mod tests;
