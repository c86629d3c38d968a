//! What people choose to be notified of.

use std::{collections::HashMap, sync::Arc};

use tidewire_protocol::{
    ErrorCode,
    event::{Event, PreferencesChanged},
    model::{
        digests::DigestSettings,
        notification_preferences::{
            CatalogChannel, CatalogEvent, CatalogModule, Channel, ChosenPreference, Dnd,
            EffectivePreference, PreferenceCatalog, PreferenceData, PreferenceSource,
            SetPreference,
        },
        org_settings::SettingKey,
        pages::Items,
        preferences::{NotificationSwitches, Preferences},
        users::Role,
    },
    notification_event::{EventKey, Module},
};
use tidewire_storage::{
    notification_preferences::{self as stored, Choice},
    preferences,
};

use crate::{
    Actor, App, Result, idempotency,
    org_settings::{self, Settings},
};

/// All that decides what goes over a channel, but for the moment.
struct Standing {
    choices: HashMap<(EventKey, Channel), Choice>,
    own: Preferences,
    settings: Arc<Settings>,
}

/// Whether an event goes over a channel, and what decided it.
struct Verdict {
    enabled: bool,
    source: PreferenceSource,
}

impl Standing {
    async fn of(app: &App, actor: &Actor) -> Result<Self> {
        let (tenant, user) = (actor.tenant_id(), actor.user_id());
        let settings = org_settings::of(app, tenant).await?;
        let mut conn = app.db.read().await?;
        let choices = stored::choices(&mut conn, tenant, user).await?;
        let own = preferences::of(&mut conn, tenant, user).await?;
        let choices = choices.into_iter().map(|choice| ((choice.event, choice.channel), choice));
        Ok(Self { choices: choices.collect(), own, settings })
    }

    fn choice(&self, event: EventKey, channel: Channel) -> Option<&Choice> {
        self.choices.get(&(event, channel))
    }

    /// The preference once a choice is made, or taken back.
    fn with(
        &mut self,
        event: EventKey,
        channel: Channel,
        chosen: Option<Choice>,
    ) -> ChosenPreference {
        match chosen {
            Some(choice) => drop(self.choices.insert((event, channel), choice)),
            None => drop(self.choices.remove(&(event, channel))),
        }
        let Verdict { enabled, source } = self.verdict(event, channel);
        ChosenPreference {
            event_key: event,
            module: event.module(),
            channel,
            enabled,
            source,
            updated_at: chosen.map(|choice| choice.updated_at),
        }
    }

    /// In the order in which an event is decided.
    fn verdict(&self, event: EventKey, channel: Channel) -> Verdict {
        let by = |source, enabled| Verdict { enabled, source };
        if event.is_mandatory() {
            return by(PreferenceSource::Locked, event.is_on_by_default(channel));
        }
        if !tenant_switch(&self.settings, channel) {
            return by(PreferenceSource::Tenant, false);
        }
        if !master_switch(self.own.notifications, channel) {
            return by(PreferenceSource::Master, false);
        }
        match self.choice(event, channel) {
            Some(choice) => by(PreferenceSource::User, choice.enabled),
            None => by(PreferenceSource::System, event.is_on_by_default(channel)),
        }
    }
}

/// What the company has decided for a channel. Nobody switches off what is only stored.
pub(crate) fn tenant_switch(settings: &Settings, channel: Channel) -> bool {
    let key = match channel {
        Channel::InApp => return true,
        Channel::Push => SettingKey::PushEnabled,
        Channel::Email => SettingKey::EmailEnabled,
    };
    settings.value(key).as_bool().unwrap_or(true)
}

/// What the person has decided for a channel.
pub(crate) const fn master_switch(switches: NotificationSwitches, channel: Channel) -> bool {
    match channel {
        Channel::InApp => switches.in_app,
        Channel::Push => switches.push,
        Channel::Email => switches.email,
    }
}

/// Events that this person may ever be notified of.
fn reachable(actor: &Actor) -> impl Iterator<Item = EventKey> {
    let is_admin = actor.role() >= Role::TenantAdmin;
    EventKey::ALL.iter().copied().filter(move |event| is_admin || !event.is_for_administrators())
}

/// Every event by module, with the caller's own choices.
pub async fn catalog(app: &App, actor: &Actor) -> Result<PreferenceCatalog> {
    let standing = Standing::of(app, actor).await?;
    let of_module = |module: Module| CatalogModule {
        module,
        name: module.title().to_owned(),
        events: reachable(actor)
            .filter(|event| event.module() == module)
            .map(|event| catalog_event(&standing, event))
            .collect(),
    };
    let modules = Module::ALL.iter().copied().map(of_module);
    Ok(PreferenceCatalog { modules: modules.filter(|module| !module.events.is_empty()).collect() })
}

fn catalog_event(standing: &Standing, event: EventKey) -> CatalogEvent {
    let channels = Channel::ALL.iter().copied().map(|channel| CatalogChannel {
        channel,
        default: event.is_on_by_default(channel),
        choice: standing.choice(event, channel).map(|choice| choice.enabled),
        locked: event.is_mandatory(),
        effective: standing.verdict(event, channel).enabled,
    });
    CatalogEvent {
        key: event,
        name: event.title().to_owned(),
        description: event.description().to_owned(),
        priority: event.priority(),
        mandatory: event.is_mandatory(),
        digestible: event.is_digestible(),
        channels: channels.collect(),
    }
}

/// What counts for the caller, for every event and channel.
pub async fn effective(app: &App, actor: &Actor) -> Result<Items<EffectivePreference>> {
    let standing = Standing::of(app, actor).await?;
    let rows = reachable(actor).flat_map(|event| {
        let standing = &standing;
        Channel::ALL.iter().copied().map(move |channel| {
            let Verdict { enabled, source } = standing.verdict(event, channel);
            EffectivePreference {
                event_key: event,
                module: event.module(),
                channel,
                enabled,
                source,
            }
        })
    });
    Ok(Items { items: rows.collect() })
}

/// Sets one choice, or takes it back.
pub async fn set(app: &App, actor: &Actor, wanted: SetPreference) -> Result<PreferenceData> {
    let (event, channel) = (require_choosable(actor, &wanted)?, wanted.channel);
    let (owner, at) = ((actor.tenant_id(), actor.user_id()), app.clock.now());
    let mut standing = Standing::of(app, actor).await?;
    let mut conn = app.db.write().await?;
    let chosen = wanted.enabled.map(|enabled| Choice { event, channel, enabled, updated_at: at });
    match chosen {
        Some(choice) => stored::choose(&mut conn, owner, choice).await?,
        None => stored::take_back(&mut conn, owner, (event, channel)).await?,
    }
    let preference = standing.with(event, channel, chosen);
    let answer = PreferenceData { preference };
    idempotency::record(app, &mut conn, actor, 200, &answer).await?;
    conn.commit().await?;
    announce(app, actor, standing.own, Moved::Choice(preference));
    Ok(answer)
}

/// An event of the caller's for which there is something to choose.
fn require_choosable(actor: &Actor, wanted: &SetPreference) -> Result<EventKey> {
    let event = EventKey::from_word(&wanted.event_key);
    let event = event.filter(|event| reachable(actor).any(|known| known == *event));
    let event = event.ok_or(ErrorCode::EventUnknown)?;
    match (event.is_mandatory(), event.is_on_by_default(wanted.channel)) {
        (false, _) => Ok(event),
        (true, true) => Err(ErrorCode::PreferenceLocked.into()),
        (true, false) => Err(ErrorCode::ChannelNotOffered.into()),
    }
}

/// What has moved beside the preferences themselves.
pub(crate) enum Moved {
    Nothing,
    Choice(ChosenPreference),
    Dnd(Dnd),
    Digest(DigestSettings),
}

/// Lets all of the person's programs know what was chosen.
pub(crate) fn announce(app: &App, actor: &Actor, preferences: Preferences, moved: Moved) {
    let mut changed = PreferencesChanged { preferences, preference: None, dnd: None, digest: None };
    match moved {
        Moved::Nothing => {}
        Moved::Choice(choice) => changed.preference = Some(choice),
        Moved::Dnd(dnd) => changed.dnd = Some(dnd),
        Moved::Digest(digest) => changed.digest = Some(digest),
    }
    app.fanout.show_user(app, actor.user_id(), &Event::PreferencesChanged(changed.into()));
}

#[cfg(test)]
mod tests;
