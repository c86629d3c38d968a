//! Notifications of messages. The channel's log is what they are raised by: a cursor beside it moves on
//! in the transaction that decides, so that sending a message waits for none of this, and a crash loses
//! none of it.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use serde_json::{Map, Value, json};
use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, TenantId, UserId},
    model::{
        channels::{ChannelNotify, ChannelType},
        messages::MessageType,
    },
    notification_event::EventKey,
};
use tidewire_storage::{
    Conn,
    append::Appended,
    messages::{self, StoredMessage},
    notices::{self, Concerned, Subject},
};
use tokio::sync::Notify;

use super::{
    decide::Mute,
    raise::Raised,
    situation::{Asked, Beforehand, Known},
    tell::Telling,
    words::Words,
};
use crate::{App, Result, channels, notifications, people};

/// Messages that are looked at in one transaction.
const MESSAGES_MAX: u32 = 100;
/// However far a cursor is behind, no more messages than this are looked at.
const BACKLOG_MAX: u64 = 1_000;
const PREVIEW_CHARS_MAX: usize = 120;

/// Channels with messages that nobody was notified of yet.
#[derive(Default)]
pub(crate) struct Waiting {
    channels: Mutex<HashMap<ChannelId, Work>>,
    pub(crate) bell: Notify,
}

/// What is to be looked at in a channel.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    tenant: TenantId,
    /// The message before the first of them.
    after: u64,
    /// Whether somebody is named in one.
    mentions: bool,
}

impl Waiting {
    /// Messages were appended.
    pub(crate) fn note(&self, appended: &[Appended]) {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in appended {
            let draft = &entry.draft;
            let after = entry.position.seq - 1;
            let work = Work { tenant: draft.tenant_id, after, mentions: false };
            let work = channels.entry(draft.channel_id).or_insert(work);
            work.mentions |= !draft.mentions.is_empty();
        }
        drop(channels);
        self.bell.notify_one();
    }

    fn note_lagging(&self, lagging: Vec<(TenantId, ChannelId, u64)>) {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        for (tenant, channel, after) in lagging {
            channels.entry(channel).or_insert(Work { tenant, after, mentions: true });
        }
        drop(channels);
        self.bell.notify_one();
    }

    pub(crate) fn take(&self) -> HashMap<ChannelId, Work> {
        std::mem::take(&mut self.channels.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Finds what a node has left that is gone: messages of some age that nobody was notified of.
pub(crate) async fn find_lagging(app: &App, conn: &mut Conn, since: Timestamp) -> Result<()> {
    const AGE_MS: i64 = 5_000;
    const CHANNELS_MAX: u64 = 1_000;
    let before = app.clock.now().plus_ms(-AGE_MS);
    let lagging = notices::lagging(conn, since, before, CHANNELS_MAX).await?;
    if !lagging.is_empty() {
        app.unnoticed.note_lagging(lagging);
    }
    Ok(())
}

/// Notifies the people of a channel of its latest messages.
pub(crate) async fn notice(app: &App, channel: ChannelId, work: Work) -> Result<()> {
    while !notice_some(app, channel, work).await? {}
    Ok(())
}

/// Answers whether that was all.
async fn notice_some(app: &App, channel: ChannelId, work: Work) -> Result<bool> {
    let (key, now) = ((work.tenant, channel), app.clock.now());
    let mut conn = app.db.read().await?;
    let Some(subject) = notices::subject(&mut conn, work.tenant, channel).await? else {
        return Ok(true);
    };
    let is_direct = subject.kind == ChannelType::Direct;
    let event = if is_direct { EventKey::DirectMessage } else { EventKey::GroupMessage };
    let members = notices::reachable(&mut conn, key, event, is_direct, now).await?;
    if members.is_empty() && !work.mentions {
        return Ok(true);
    }
    let oldest = work.after.saturating_sub(BACKLOG_MAX);
    let from = subject.cursor.unwrap_or(work.after).max(oldest);
    let found = messages::after(&mut conn, work.tenant, channel, from, MESSAGES_MAX).await?;
    let Some(last) = found.last().map(|message| message.seq) else { return Ok(true) };
    let is_all = found.len() < MESSAGES_MAX as usize;
    let told: Vec<StoredMessage> = found.into_iter().filter(is_told).collect();
    let mentioned: HashSet<UserId> =
        told.iter().flat_map(|message| message.mentions.iter().copied()).collect();
    let mentioned: Vec<UserId> = mentioned.into_iter().collect();
    let mentioned = notices::members(&mut conn, key, &mentioned).await?;
    drop(conn);
    if members.is_empty() && mentioned.is_empty() && is_all {
        // Nobody to tell: the cursor stays, and whoever can be told later is told of later messages.
        return Ok(true);
    }
    let notice = Notice { app, key, event, subject, members, mentioned };
    notice.tell(&told, last, now).await?;
    Ok(is_all)
}

/// What a person has written and not taken back.
fn is_told(message: &StoredMessage) -> bool {
    message.kind == MessageType::Text && message.deleted_at.is_none()
}

/// One channel's messages on their way to its people.
struct Notice<'a> {
    app: &'a App,
    key: (TenantId, ChannelId),
    /// What a message is to those who are not named in it.
    event: EventKey,
    subject: Subject,
    members: Vec<Concerned>,
    mentioned: Vec<Concerned>,
}

impl Notice<'_> {
    async fn tell(&self, messages: &[StoredMessage], last: u64, now: Timestamp) -> Result<()> {
        let (tenant, _) = self.key;
        let mentions = asked(EventKey::Mention, &self.mentioned);
        let others = asked(self.event, &self.members);
        let before = [
            Beforehand::read(self.app, tenant, &mentions.people).await?,
            Beforehand::read(self.app, tenant, &others.people).await?,
        ];
        let senders = messages.iter().filter_map(|message| message.sender_id);
        let names = people::names(self.app, tenant, senders).await?;
        let mut conn = self.app.db.write().await?;
        if !notices::move_on(&mut conn, self.key, self.subject.cursor, last).await? {
            return Ok(());
        }
        let [before_mentions, before_others] = before;
        let mentions = Known::read(&mut conn, tenant, mentions, before_mentions, now).await?;
        let others = Known::read(&mut conn, tenant, others, before_others, now).await?;
        let public_url = &self.app.config.public_url;
        let mention_words = Words::read(&mut conn, tenant, EventKey::Mention, public_url).await?;
        let words = Words::read(&mut conn, tenant, self.event, public_url).await?;
        let telling = |known, words| Telling { app: self.app, tenant, known, words, now };
        let tellings = [telling(&mentions, &mention_words), telling(&others, &words)];
        let mut moved = HashMap::new();
        for message in messages {
            let sender = message.sender_id.and_then(|id| names.get(&id));
            let sender = sender.map(|user| user.display_name.clone()).unwrap_or_default();
            for telling in &tellings {
                let raised = self.raised(telling.words.event(), message, &sender);
                moved.extend(telling.tell(&mut conn, &raised).await?);
            }
        }
        conn.commit().await?;
        for (user, seq) in moved {
            notifications::tell(self.app, user, Some(seq));
        }
        self.app.deliveries.notify_one();
        Ok(())
    }

    fn raised(&self, event: EventKey, message: &StoredMessage, sender: &str) -> Raised {
        let (_, channel) = self.key;
        let is_named = |user: &UserId| message.mentions.contains(user);
        let to: Vec<UserId> = if event == EventKey::Mention {
            let members = self.mentioned.iter().map(|member| member.user_id);
            members.filter(is_named).collect()
        } else {
            let there = |member: &&Concerned| member.since <= message.created_at;
            let members = self.members.iter().filter(there).map(|member| member.user_id);
            members.filter(|user| !is_named(user)).collect()
        };
        let raised = Raised {
            data: self.data(message, sender),
            message: Some((channel, message.seq)),
            ..Raised::new(event, to)
        };
        let raised = raised.about(channel.to_string()).leading_to(channels::path(channel));
        match message.sender_id {
            Some(sender) => raised.by(sender),
            None => raised,
        }
    }

    fn data(&self, message: &StoredMessage, sender: &str) -> Map<String, Value> {
        let (_, channel) = self.key;
        let text = message.content.as_deref().unwrap_or_default();
        let url = format!("{}{}", self.app.config.public_url, channels::path(channel));
        let data = json!({
            "senderName": sender, "preview": preview(text), "channelUrl": url,
            "channelId": channel, "seq": message.seq,
        });
        let mut data = data.as_object().cloned().unwrap_or_default();
        data.extend(self.subject.name.as_deref().map(|name| ("channelName".into(), name.into())));
        data
    }
}

fn asked(event: EventKey, members: &[Concerned]) -> Asked {
    let mutes = members.iter().map(|member| (member.user_id, mute(member)));
    let people = members.iter().map(|member| member.user_id).collect();
    Asked { event, people, mutes: mutes.collect() }
}

pub(super) const fn mute(member: &Concerned) -> Mute {
    match (member.muted, member.notify) {
        (true, _) | (false, ChannelNotify::None) => Mute::Everything,
        (false, ChannelNotify::Mentions) => Mute::AllButMentions,
        (false, ChannelNotify::All) => Mute::No,
    }
}

/// The beginning of a text, in one line.
fn preview(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(PREVIEW_CHARS_MAX) {
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
        None => words,
    }
}

#[cfg(test)]
mod tests;
