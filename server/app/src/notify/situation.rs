//! What is known of the people whom an event is for, at the moment when it is decided.

use std::{collections::HashMap, sync::Arc};

use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, TenantId, UserId},
    model::{
        digests::DigestFrequency, notification_preferences::Channel, presence::PresenceStatus,
        users::UserStatus,
    },
    notification_event::EventKey,
};
use tidewire_storage::{
    Conn,
    devices::{self, Device},
    recipients::{self, Recipient},
};

use super::{
    decide::{DigestChoice, Mute, Situation},
    digest::Schedule,
    raise::Raised,
};
use crate::{
    App, Result, digests,
    notification_preferences::{master_switch, tenant_switch},
    org_settings::{self, Settings},
    presence, quiet_hours,
};

/// Somebody who is looking at a conversation says so at least this often.
const LOOKING_MS: i64 = 60_000;

/// All of it, for the people of one event.
pub(super) struct Known {
    pub people: Vec<Recipient>,
    pub devices: HashMap<UserId, Vec<Device>>,
    settings: Arc<Settings>,
    choices: HashMap<(UserId, Channel), bool>,
    mutes: HashMap<UserId, Mute>,
    presence: HashMap<UserId, PresenceStatus>,
    now: Timestamp,
}

/// What is read before the transaction begins.
#[derive(Clone)]
pub(super) struct Beforehand {
    settings: Arc<Settings>,
    presence: HashMap<UserId, PresenceStatus>,
}

impl Beforehand {
    pub(super) async fn read(app: &App, tenant: TenantId, people: &[UserId]) -> Result<Self> {
        let settings = org_settings::of(app, tenant).await?;
        Ok(Self { settings, presence: presence::statuses(app, people).await })
    }
}

/// Whom an event may concern, and how loud its conversation is for each.
pub(super) struct Asked {
    pub event: EventKey,
    pub people: Vec<UserId>,
    pub mutes: HashMap<UserId, Mute>,
}

impl Asked {
    pub(super) fn of(raised: &Raised) -> Self {
        Self { event: raised.event, people: raised.to.clone(), mutes: HashMap::new() }
    }
}

impl Known {
    pub(super) async fn read(
        conn: &mut Conn,
        tenant: TenantId,
        asked: Asked,
        before: Beforehand,
        now: Timestamp,
    ) -> Result<Self> {
        let mut people = recipients::of(conn, tenant, &asked.people).await?;
        // Always in the same order, so that two workers never wait for one another's inboxes.
        people.sort_unstable_by_key(|person| person.id);
        Ok(Self {
            people,
            devices: devices::of(conn, tenant, &asked.people, now).await?,
            choices: recipients::choices(conn, tenant, asked.event, &asked.people).await?,
            mutes: asked.mutes,
            settings: before.settings,
            presence: before.presence,
            now,
        })
    }

    pub(super) fn devices_of(&self, user: UserId) -> &[Device] {
        self.devices.get(&user).map_or(&[], Vec::as_slice)
    }

    pub(super) fn situation(
        &self,
        app: &App,
        (event, message): (EventKey, Option<(ChannelId, u64)>),
        person: &Recipient,
        channel: Channel,
    ) -> Situation {
        let devices = self.devices_of(person.id);
        Situation {
            event,
            channel,
            is_active: person.status == UserStatus::Active,
            is_address_verified: person.is_email_verified,
            has_device: !devices.is_empty(),
            has_transport: match channel {
                Channel::InApp | Channel::Email => true,
                Channel::Push => {
                    devices.is_empty() || devices.iter().any(|one| app.push.serves(&one.platform))
                }
            },
            tenant_switch: tenant_switch(&self.settings, channel),
            master_switch: master_switch(person.switches, channel),
            mute: self.mutes.get(&person.id).copied(),
            own_choice: self.choices.get(&(person.id, channel)).copied(),
            tenant_default: None,
            digest: match self.digest(person).frequency {
                DigestFrequency::Instant => DigestChoice::Instant,
                DigestFrequency::Never => DigestChoice::Never,
                DigestFrequency::Hourly | DigestFrequency::Daily | DigestFrequency::Weekly => {
                    DigestChoice::Collected
                }
            },
            quiet_until: self.quiet_until(person),
            is_reading: self.is_reading(person, message),
            is_live: self.is_live(person.id),
            now: self.now,
        }
    }

    pub(super) fn digest(&self, person: &Recipient) -> Schedule {
        digests::schedule(person.digest.as_ref(), &self.settings, person.timezone.as_deref())
    }

    pub(super) fn quiet_until(&self, person: &Recipient) -> Option<Timestamp> {
        let hours = person.quiet_hours.as_ref()?;
        let own = person.timezone.as_deref();
        quiet_hours::computed(hours, own, self.settings.timezone()).quiet_until(self.now)
    }

    fn is_live(&self, user: UserId) -> bool {
        self.presence.get(&user).is_some_and(|status| *status != PresenceStatus::Offline)
    }

    fn is_reading(&self, person: &Recipient, message: Option<(ChannelId, u64)>) -> bool {
        let Some(((channel, _), (looked_at, at))) = message.zip(person.looking) else {
            return false;
        };
        channel == looked_at && self.now.ms() - at.ms() < LOOKING_MS && self.is_live(person.id)
    }
}
