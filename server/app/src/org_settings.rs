//! What a company decides for all its people: reading it, changing it, and having it at hand wherever a
//! rule depends on it.

mod check;
mod settings;

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use serde_json::{Value, json};
use tidewire_protocol::{
    ErrorCode,
    event::{Event, OrgSettingsChanged},
    id::TenantId,
    model::org_settings::{
        CategoryValues, SetSetting, Setting, SettingCategory, SettingData, SettingKey,
        SettingValues,
    },
};
use tidewire_storage::{
    Conn,
    feed::{self, Change},
    org_settings as stored, profiles, tenants,
};
use tokio::sync::OnceCell;

use crate::{
    Actor, App, Error, Result,
    audit::{self, Note},
    news::{self, News},
    people,
    permission::Permission,
    versions::Expected,
};

pub use settings::Settings;

const CACHED_MAX: u64 = 20_000;
/// How long a change stays unseen if every kind of news were lost.
const CACHED_FOR: Duration = Duration::from_mins(1);

type Slot = Arc<OnceCell<Arc<Settings>>>;

/// The settings of companies that were at work lately. As with people behind sessions, a change takes
/// the slot out, so that whoever reads meanwhile fills one that nobody looks into.
pub struct Known(Cache<TenantId, Slot>);

impl Default for Known {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(CACHED_MAX).time_to_live(CACHED_FOR).build())
    }
}

/// The settings of a company.
pub async fn of(app: &App, tenant_id: TenantId) -> Result<Arc<Settings>> {
    let slot = app.settings.0.get_with(tenant_id, async { Slot::default() }).await;
    let settings = slot.get_or_try_init(async || {
        let mut conn = app.db.read().await?;
        let name = tenants::registered_name(&mut conn, tenant_id).await?;
        read(&mut conn, tenant_id, &name.unwrap_or_default()).await.map(Arc::new)
    });
    settings.await.cloned()
}

async fn read(conn: &mut Conn, tenant_id: TenantId, registered_name: &str) -> Result<Settings> {
    Ok(Settings::new(registered_name, stored::all(conn, tenant_id).await?))
}

/// Forgets the settings of a company, so that their next use is looked up.
pub(crate) async fn invalidate(app: &App, tenant_id: TenantId) {
    app.settings.0.invalidate(&tenant_id).await;
}

/// Refuses without `permission`, and when the company has no chat.
pub(crate) async fn require_chat(app: &App, actor: &Actor, permission: Permission) -> Result<()> {
    actor.require(permission)?;
    if of(app, actor.tenant_id()).await?.has_chat() {
        Ok(())
    } else {
        Err(ErrorCode::ModuleDisabled.into())
    }
}

/// The value of every setting.
pub async fn all(app: &App, actor: &Actor) -> Result<SettingValues> {
    actor.require(Permission::SettingsRead)?;
    Ok(SettingValues { settings: of(app, actor.tenant_id()).await?.values(None) })
}

/// The values of one category.
pub async fn of_category(app: &App, actor: &Actor, category: &str) -> Result<CategoryValues> {
    actor.require(Permission::SettingsRead)?;
    let category = SettingCategory::from_word(category).ok_or_else(Error::not_found)?;
    let settings = of(app, actor.tenant_id()).await?.values(Some(category));
    Ok(CategoryValues { category, settings })
}

/// One setting with its definition.
pub async fn get(app: &App, actor: &Actor, key: &str) -> Result<SettingData> {
    actor.require(Permission::SettingsRead)?;
    let key = SettingKey::from_word(key).ok_or_else(Error::not_found)?;
    show(app, actor, key, &*of(app, actor.tenant_id()).await?).await
}

async fn show(
    app: &App,
    actor: &Actor,
    key: SettingKey,
    settings: &Settings,
) -> Result<SettingData> {
    let held = settings.held(key);
    let by = held.stored.as_ref().and_then(|stored| stored.updated_by);
    let names = people::names(app, actor.tenant_id(), by).await?;
    Ok(SettingData {
        setting: Setting {
            key,
            category: key.category(),
            value_type: key.kind().value_type(),
            value: held.value.clone(),
            default: held.default.clone(),
            is_default: held.value == held.default,
            constraints: key.kind().constraints(),
            description: key.description().to_owned(),
            updated_at: held.stored.as_ref().map(|stored| stored.updated_at),
            updated_by: people::show(&names, by),
            version: held.version(),
        },
    })
}

/// Gives a setting a value. To set what is set already changes nothing.
pub async fn set(
    app: &App,
    actor: &Actor,
    key: &str,
    wanted: SetSetting,
    expected: &Expected,
) -> Result<SettingData> {
    actor.require(Permission::SettingsManage)?;
    let tenant_id = actor.tenant_id();
    let key = SettingKey::from_word(key).ok_or_else(Error::not_found)?;
    let wanted =
        if wanted.value.is_null() { None } else { Some(check::value(key, &wanted.value)?) };
    let mut conn = app.db.write().await?;
    let name = tenants::lock(&mut conn, tenant_id).await?.ok_or(ErrorCode::Internal)?;
    let before = read(&mut conn, tenant_id, &name).await?;
    let held = before.held(key);
    let value = wanted.unwrap_or_else(|| held.default.clone());
    check_with_others(&mut conn, tenant_id, key, &value, &before).await?;
    expected.require(held.version())?;
    if value == held.value {
        drop(conn);
        return show(app, actor, key, &before).await;
    }
    let kept = (value != held.default).then(|| value.clone());
    write(app, &mut conn, actor, key, kept, (&held.value, &value)).await?;
    let after = read(&mut conn, tenant_id, &name).await?;
    align_tenant(&mut conn, tenant_id, &after).await?;
    conn.commit().await?;
    news::publish(app, News::SettingChanged { tenant_id, key }).await;
    show(app, actor, key, &after).await
}

/// The rules that look beyond one value.
async fn check_with_others(
    conn: &mut Conn,
    tenant_id: TenantId,
    key: SettingKey,
    value: &Value,
    others: &Settings,
) -> Result<()> {
    let days = |key| others.value(key).as_i64();
    match key {
        SettingKey::SessionIdleDays if value.as_i64() > days(SettingKey::SessionMaxDays) => {
            let message = "must not exceed security.session_max_days";
            Err(Error::invalid_field("value", "range", message))
        }
        SettingKey::SessionMaxDays if value.as_i64() < days(SettingKey::SessionIdleDays) => {
            let message = "must not be below security.session_idle_days";
            Err(Error::invalid_field("value", "range", message))
        }
        SettingKey::DefaultProfile => match value.as_i64() {
            Some(id) => require_profile(conn, tenant_id, id).await,
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

async fn require_profile(conn: &mut Conn, tenant_id: TenantId, id: i64) -> Result<()> {
    let profile = profiles::by_id(conn, tenant_id, id).await?;
    if profile.is_some_and(|profile| profile.is_active) {
        return Ok(());
    }
    let message = SettingKey::DefaultProfile.kind().expectation();
    Err(Error::invalid_field("value", "unknown_profile", &message))
}

async fn write(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    key: SettingKey,
    kept: Option<Value>,
    (before, after): (&Value, &Value),
) -> Result<()> {
    let (tenant_id, at) = (actor.tenant_id(), app.clock.now());
    stored::put(conn, tenant_id, key, kept, (actor.user_id(), at)).await?;
    feed::append(conn, tenant_id, Change::SettingChanged { key }, at).await?;
    let note = Note {
        tenant_id,
        action: "settings.updated",
        actor_id: Some(actor.user_id()),
        target: Some(("setting", key.word().to_owned())),
        detail: json!({ "before": before, "after": after }),
    };
    audit::note(app, conn, &actor.request, note).await
}

async fn align_tenant(conn: &mut Conn, tenant_id: TenantId, settings: &Settings) -> Result<()> {
    let text = |key| settings.text(key).unwrap_or_default();
    let (name, timezone) = (text(SettingKey::CompanyName), text(SettingKey::TimeZone));
    tenants::set_general(conn, tenant_id, name, timezone, text(SettingKey::Locale)).await?;
    Ok(())
}

/// Takes a change in on this node, and shows it to the company's people here who may read it.
pub(crate) async fn changed(app: &App, tenant_id: TenantId, key: SettingKey) -> Result<()> {
    invalidate(app, tenant_id).await;
    if key == SettingKey::SessionMaxDays {
        // How long a sign-in lasts is remembered with it.
        news::recheck_tenant(app, tenant_id).await;
    }
    let settings = of(app, tenant_id).await?;
    let version = settings.held(key).version();
    if app.shown.is_news(tenant_id, key, version) {
        let value = settings.value(key).clone();
        let event = Event::OrgSettingsChanged(OrgSettingsChanged { key, value, version });
        app.fanout.show_tenant(tenant_id, &event, |identity| {
            identity.permissions.contains(Permission::SettingsRead)
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
