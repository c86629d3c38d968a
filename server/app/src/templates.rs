//! What notifications say: the built-in words of every event, a company's own, and putting values into
//! them.

mod check;
mod engine;
mod own;
mod place;
mod plain;
mod render;
mod syntax;
mod texts;
mod values;
mod variables;

use tidewire_protocol::{
    model::notification_preferences::Channel,
    notification_event::{EventKey, Module},
};

pub(crate) use check::{Checked, check, preview};
pub use own::{Own, own};
pub use render::{Rendered, render};
pub use values::DIGEST_ITEMS_MAX;
pub use variables::Variable;

/// What the digest is called where events have their keys.
const DIGEST: &str = "system.digest";

/// What a text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum About {
    Event(EventKey),
    /// Several notifications in one mail.
    Digest,
}

impl About {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Event(event) => event.word(),
            Self::Digest => DIGEST,
        }
    }

    pub const fn module(self) -> Module {
        match self {
            Self::Event(event) => event.module(),
            Self::Digest => Module::System,
        }
    }

    /// As people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Event(event) => event.title(),
            Self::Digest => "Digest",
        }
    }

    /// Whether it must reach people, so that its mails keep what they are for.
    pub const fn is_mandatory(self) -> bool {
        match self {
            Self::Event(event) => event.is_mandatory(),
            Self::Digest => false,
        }
    }

    const fn goes_over(self, channel: Channel) -> bool {
        match self {
            Self::Event(event) => !event.is_mandatory() || event.is_on_by_default(channel),
            Self::Digest => matches!(channel, Channel::Email),
        }
    }
}

/// A text that there is: of an event, for a channel that the event can go over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TemplateId {
    about: About,
    channel: Channel,
}

impl TemplateId {
    /// The mail that collects several notifications.
    pub const DIGEST: Self = Self { about: About::Digest, channel: Channel::Email };

    /// The mail of an event: there is none that never sends one.
    pub const fn mail(event: EventKey) -> Self {
        Self { about: About::Event(event), channel: Channel::Email }
    }

    /// `None` where the event never goes over the channel.
    pub fn of(event: EventKey, channel: Channel) -> Option<Self> {
        Self::new(About::Event(event), channel)
    }

    fn new(about: About, channel: Channel) -> Option<Self> {
        about.goes_over(channel).then_some(Self { about, channel })
    }

    /// Every text, by event and channel.
    pub fn all() -> impl Iterator<Item = Self> {
        let subjects = EventKey::ALL.iter().copied().map(About::Event).chain([About::Digest]);
        subjects.flat_map(|about| {
            Channel::ALL.iter().filter_map(move |channel| Self::new(about, *channel))
        })
    }

    /// The text that is shown as `id`.
    pub fn parse(id: &str) -> Option<Self> {
        let (key, channel) = id.rsplit_once('.')?;
        let about = match key {
            DIGEST => About::Digest,
            _ => About::Event(EventKey::from_word(key)?),
        };
        Self::new(about, Channel::from_word(channel)?)
    }

    pub const fn about(self) -> About {
        self.about
    }

    pub const fn channel(self) -> Channel {
        self.channel
    }

    /// What a text may name.
    pub fn variables(self) -> impl Iterator<Item = &'static Variable> {
        variables::of(self.about)
    }

    fn variable(self, name: &str) -> Option<&'static Variable> {
        self.variables().find(|variable| variable.name == name)
    }
}

impl std::fmt::Display for TemplateId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.about.key(), self.channel.word())
    }
}

#[cfg(test)]
mod tests;
