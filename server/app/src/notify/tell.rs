//! Deciding what was raised, for each person and each way to them, and keeping what was decided.

use serde_json::{Value, json};
use tidewire_protocol::{
    Timestamp,
    id::{DecisionId, NotificationId, TenantId, UserId},
    limits::{INBOX_NOTIFICATIONS_MAX, REPEAT_WINDOW_MS},
    model::{notification_decisions::Reason, notification_preferences::Channel},
};
use tidewire_storage::{
    Conn,
    deliveries::{self, Held, Kind, NewDelivery},
    inbox::{self, Happening},
    notification_decisions::{self, Decision as Kept},
    notifications::{self as stored, NewNotification},
    outbox::{self, Claimed, Outcome as Settled},
    recipients::Recipient,
};
use uuid::Uuid;

use super::{
    decide::{Decision, Outcome, decide},
    raise::{Mailing, Raised},
    situation::{Asked, Beforehand, Known},
    words::Words,
};
use crate::{App, Result, mail::Content, notifications, templates::Rendered};

/// Decides what one row of the outbox has raised. Everything that follows from it is written in one
/// transaction with the row's end, so that it happens once however often somebody takes the row.
pub(crate) async fn tell(app: &App, claim: Uuid, work: &Claimed) -> Result<()> {
    let (tenant, now) = (work.tenant_id, app.clock.now());
    let Ok(raised) = serde_json::from_value::<Raised>(work.payload.clone()) else {
        return give_up(app, claim, work).await;
    };
    let asked = Asked::of(&raised);
    let before = Beforehand::read(app, tenant, &asked.people).await?;
    let mut conn = app.db.write().await?;
    let known = Known::read(&mut conn, tenant, asked, before, now).await?;
    let words = Words::read(&mut conn, tenant, raised.event, &app.config.public_url).await?;
    let telling = Telling { app, tenant, known: &known, words: &words, now };
    let moved = telling.tell(&mut conn, &raised).await?;
    if !outbox::settle(&mut conn, (work.id, claim), Settled::Done, now).await? {
        return Ok(());
    }
    conn.commit().await?;
    for (user, seq) in moved {
        notifications::tell(app, user, Some(seq));
    }
    app.deliveries.notify_one();
    Ok(())
}

async fn give_up(app: &App, claim: Uuid, work: &Claimed) -> Result<()> {
    let failed = Settled::Failed { error: "unknown payload" };
    let mut conn = app.db.write().await?;
    outbox::settle(&mut conn, (work.id, claim), failed, app.clock.now()).await?;
    Ok(conn.commit().await?)
}

/// An event on its way to its people.
pub(super) struct Telling<'a> {
    pub app: &'a App,
    pub tenant: TenantId,
    pub known: &'a Known,
    pub words: &'a Words,
    pub now: Timestamp,
}

/// One person's part of it.
struct Told<'a> {
    of: &'a Telling<'a>,
    raised: &'a Raised,
    person: &'a Recipient,
}

/// What was decided for a channel, under its id.
struct Decided {
    id: DecisionId,
    channel: Channel,
    decision: Decision,
}

impl Telling<'_> {
    /// Answers whose inboxes have moved, and to which entry.
    pub(super) async fn tell(
        &self,
        conn: &mut Conn,
        raised: &Raised,
    ) -> Result<Vec<(UserId, u64)>> {
        let mut moved = Vec::new();
        for person in self.known.people.iter().filter(|person| raised.to.contains(&person.id)) {
            let told = Told { of: self, raised, person };
            moved.extend(told.tell(conn).await?.map(|seq| (person.id, seq)));
        }
        Ok(moved)
    }
}

impl Told<'_> {
    /// Answers the entry of the person's inbox, where there is one.
    async fn tell(&self, conn: &mut Conn) -> Result<Option<u64>> {
        let decided: Vec<Decided> = Channel::ALL.iter().map(|to| self.decide(*to)).collect();
        let mut inbox = None;
        for one in decided.iter().filter(|one| one.channel == Channel::InApp) {
            if matches!(one.decision.outcome, Outcome::Deliver | Outcome::DeliverSilent) {
                let silent = one.decision.outcome == Outcome::DeliverSilent;
                inbox = Some(self.put_into_inbox(conn, silent).await?);
            }
        }
        let about = inbox.map(|(id, _)| id);
        for one in &decided {
            self.keep(conn, one, about).await?;
            match one.channel {
                Channel::InApp => {}
                Channel::Push => self.push(conn, one, about).await?,
                Channel::Email => self.mail(conn, one, about).await?,
            }
        }
        Ok(inbox.map(|(_, seq)| seq))
    }

    const fn owner(&self) -> (TenantId, UserId) {
        (self.of.tenant, self.person.id)
    }

    fn decide(&self, channel: Channel) -> Decided {
        let (app, known) = (self.of.app, self.of.known);
        let about = (self.raised.event, self.raised.message);
        let situation = known.situation(app, about, self.person, channel);
        Decided { id: app.clock.id(), channel, decision: decide(&situation) }
    }

    fn words(&self, channel: Channel) -> Rendered {
        let Raised { data, action_url, .. } = self.raised;
        let rendered = self.of.words.render(channel, self.person, data, action_url.as_deref());
        rendered.unwrap_or_default()
    }

    async fn put_into_inbox(&self, conn: &mut Conn, silent: bool) -> Result<(NotificationId, u64)> {
        let (owner, now, words) = (self.owner(), self.of.now, self.words(Channel::InApp));
        let new = NewNotification {
            id: self.of.app.clock.id(),
            event: self.raised.event,
            topic: self.raised.topic.as_deref(),
            title: words.subject.as_deref().unwrap_or_default(),
            body: &words.text,
            data: &self.raised.data,
            action_url: self.raised.action_url.as_deref(),
            actor_id: self.raised.actor_id,
            silent,
            at: now,
        };
        inbox::hold(conn, owner, now).await?;
        let since = now.plus_ms(-REPEAT_WINDOW_MS);
        if let Some(id) = stored::repeat(conn, owner, &new, since).await? {
            return Ok((id, inbox::append(conn, owner, Happening::Updated(id), now).await?));
        }
        stored::insert(conn, owner, &new).await?;
        let mut seq = inbox::append(conn, owner, Happening::Created(new.id), now).await?;
        for old in stored::overflowing(conn, owner, INBOX_NOTIFICATIONS_MAX).await? {
            stored::remove(conn, owner, old).await?;
            seq = inbox::append(conn, owner, Happening::Removed(old), now).await?;
        }
        Ok((new.id, seq))
    }

    async fn keep(
        &self,
        conn: &mut Conn,
        decided: &Decided,
        about: Option<NotificationId>,
    ) -> Result<()> {
        let Decision { outcome, reason, asked } = &decided.decision;
        let kept = Kept {
            id: decided.id,
            event: self.raised.event,
            channel: decided.channel,
            outcome: outcome.kind(),
            reason: *reason,
            until: outcome.until(),
            rules: asked.clone(),
            notification_id: about,
            at: self.of.now,
        };
        Ok(notification_decisions::insert(conn, self.owner(), &kept).await?)
    }

    /// Queues a push for each of the person's devices.
    async fn push(
        &self,
        conn: &mut Conn,
        decided: &Decided,
        about: Option<NotificationId>,
    ) -> Result<()> {
        let Some((held, due_at)) = self.due(decided) else { return Ok(()) };
        let words = self.words(Channel::Push);
        let content = json!({ "title": words.subject, "body": words.text });
        for device in self.of.known.devices_of(self.person.id) {
            let new = NewDelivery {
                route: &device.platform,
                device_id: Some(device.id),
                ..self.delivery(decided, about, (held, due_at), &content)
            };
            deliveries::put(conn, self.owner(), &new).await?;
        }
        Ok(())
    }

    async fn mail(
        &self,
        conn: &mut Conn,
        decided: &Decided,
        about: Option<NotificationId>,
    ) -> Result<()> {
        let Some(due) = self.due(decided) else { return Ok(()) };
        let content = match &self.raised.mail {
            Mailing::Queued => return Ok(()),
            Mailing::Own(mail) => Content::Own(mail.clone()),
            Mailing::Event => Content::Said {
                data: self.raised.data.clone(),
                action_url: self.raised.action_url.clone(),
            },
        };
        let content = json!(content);
        let new = self.delivery(decided, about, due, &content);
        Ok(deliveries::put(conn, self.owner(), &new).await?)
    }

    /// When it is due, and what it waits for until then.
    fn due(&self, decided: &Decided) -> Option<(Option<Held>, Timestamp)> {
        let now = self.of.now;
        match decided.decision.outcome {
            Outcome::Deliver | Outcome::DeliverSilent => Some((None, now)),
            Outcome::Hold { until } if decided.decision.reason == Reason::QuietTime => {
                Some((Some(Held::Quiet), until))
            }
            Outcome::Hold { until } => Some((Some(Held::Live), until)),
            Outcome::Digest => {
                let run = self.of.known.digest(self.person).next_run(now);
                Some((Some(Held::Digest), run.unwrap_or(now)))
            }
            Outcome::Skip => None,
        }
    }

    fn delivery<'c>(
        &self,
        decided: &Decided,
        about: Option<NotificationId>,
        (held, due_at): (Option<Held>, Timestamp),
        content: &'c Value,
    ) -> NewDelivery<'c> {
        NewDelivery {
            id: self.of.app.clock.id(),
            decision_id: Some(decided.id),
            notification_id: about,
            event: self.raised.event,
            route: deliveries::EMAIL,
            device_id: None,
            kind: Kind::Alert,
            held,
            message: self.raised.message,
            content,
            due_at,
            at: self.of.now,
        }
    }
}
