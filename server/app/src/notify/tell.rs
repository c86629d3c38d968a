//! Deciding what was raised, for each person and each way to them, and keeping what was decided.

use serde_json::json;
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
    situation::{Beforehand, Known},
    words::{self, Words},
};
use crate::{App, Result, mail, notifications};

/// Decides what one row of the outbox has raised. Everything that follows from it is written in one
/// transaction with the row's end, so that it happens once however often somebody takes the row.
pub(crate) async fn tell(app: &App, claim: Uuid, work: &Claimed) -> Result<()> {
    let (tenant, now) = (work.tenant_id, app.clock.now());
    let Ok(raised) = serde_json::from_value::<Raised>(work.payload.clone()) else {
        return give_up(app, claim, work).await;
    };
    let before = Beforehand::read(app, tenant, &raised.to).await?;
    let mut conn = app.db.write().await?;
    let known = Known::read(&mut conn, tenant, &raised, before, now).await?;
    let telling = Telling { app, tenant, raised: &raised, known: &known, now };
    let mut moved = Vec::new();
    for person in &known.people {
        moved.push((person.id, telling.tell(&mut conn, person).await?));
    }
    if !outbox::settle(&mut conn, (work.id, claim), Settled::Done, now).await? {
        return Ok(());
    }
    conn.commit().await?;
    for (user, seq) in moved {
        notifications::tell(app, user, seq);
    }
    mail::wake(app);
    app.deliveries.notify_one();
    Ok(())
}

async fn give_up(app: &App, claim: Uuid, work: &Claimed) -> Result<()> {
    let failed = Settled::Failed { error: "unknown payload" };
    let mut conn = app.db.write().await?;
    outbox::settle(&mut conn, (work.id, claim), failed, app.clock.now()).await?;
    Ok(conn.commit().await?)
}

/// One event, on its way to its people.
struct Telling<'a> {
    app: &'a App,
    tenant: TenantId,
    raised: &'a Raised,
    known: &'a Known,
    now: Timestamp,
}

/// What was decided for a channel, under its id.
struct Decided {
    id: DecisionId,
    channel: Channel,
    decision: Decision,
}

impl Telling<'_> {
    /// Answers the entry of the person's inbox, where there is one.
    async fn tell(&self, conn: &mut Conn, person: &Recipient) -> Result<Option<u64>> {
        let owner = (self.tenant, person.id);
        let decided: Vec<Decided> =
            Channel::ALL.iter().map(|to| self.decide(person, *to)).collect();
        let words = words::of(self.raised.event, &self.raised.data);
        let mut inbox = None;
        for one in decided.iter().filter(|one| one.channel == Channel::InApp) {
            if matches!(one.decision.outcome, Outcome::Deliver | Outcome::DeliverSilent) {
                let silent = one.decision.outcome == Outcome::DeliverSilent;
                inbox = Some(self.put_into_inbox(conn, owner, &words, silent).await?);
            }
        }
        let about = inbox.map(|(id, _)| id);
        for one in &decided {
            self.keep(conn, owner, one, about).await?;
            match one.channel {
                Channel::InApp => {}
                Channel::Push => self.push(conn, person, one, about, &words).await?,
                Channel::Email => self.mail(conn, person, one, about, &words).await?,
            }
        }
        Ok(inbox.map(|(_, seq)| seq))
    }

    fn decide(&self, person: &Recipient, channel: Channel) -> Decided {
        let situation = self.known.situation(self.app, self.raised, person, channel);
        Decided { id: self.app.clock.id(), channel, decision: decide(&situation) }
    }

    async fn put_into_inbox(
        &self,
        conn: &mut Conn,
        owner: (TenantId, UserId),
        words: &Words,
        silent: bool,
    ) -> Result<(NotificationId, u64)> {
        let new = NewNotification {
            id: self.app.clock.id(),
            event: self.raised.event,
            topic: self.raised.topic.as_deref(),
            title: &words.title,
            body: &words.body,
            data: &self.raised.data,
            action_url: self.raised.action_url.as_deref(),
            actor_id: self.raised.actor_id,
            silent,
            at: self.now,
        };
        inbox::hold(conn, owner, self.now).await?;
        let since = self.now.plus_ms(-REPEAT_WINDOW_MS);
        if let Some(id) = stored::repeat(conn, owner, &new, since).await? {
            return Ok((id, inbox::append(conn, owner, Happening::Updated(id), self.now).await?));
        }
        stored::insert(conn, owner, &new).await?;
        let mut seq = inbox::append(conn, owner, Happening::Created(new.id), self.now).await?;
        for old in stored::overflowing(conn, owner, INBOX_NOTIFICATIONS_MAX).await? {
            stored::remove(conn, owner, old).await?;
            seq = inbox::append(conn, owner, Happening::Removed(old), self.now).await?;
        }
        Ok((new.id, seq))
    }

    async fn keep(
        &self,
        conn: &mut Conn,
        owner: (TenantId, UserId),
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
            at: self.now,
        };
        Ok(notification_decisions::insert(conn, owner, &kept).await?)
    }

    /// Queues a push for each of the person's devices that can be reached.
    async fn push(
        &self,
        conn: &mut Conn,
        person: &Recipient,
        decided: &Decided,
        about: Option<NotificationId>,
        words: &Words,
    ) -> Result<()> {
        let Some((held, due_at)) = self.due(person, decided) else { return Ok(()) };
        let content = json!({ "title": words.title, "body": words.body });
        for device in self.known.devices_of(person.id) {
            let new = NewDelivery {
                route: &device.platform,
                device_id: Some(device.id),
                ..self.delivery(decided, about, held, due_at, &content)
            };
            deliveries::put(conn, (self.tenant, person.id), &new).await?;
        }
        Ok(())
    }

    async fn mail(
        &self,
        conn: &mut Conn,
        person: &Recipient,
        decided: &Decided,
        about: Option<NotificationId>,
        words: &Words,
    ) -> Result<()> {
        let Some((held, due_at)) = self.due(person, decided) else { return Ok(()) };
        let content = match &self.raised.mail {
            Mailing::Queued => return Ok(()),
            Mailing::Own(mail) => json!({ "own": mail }),
            Mailing::Event => json!({
                "title": words.title, "body": words.body, "actionUrl": self.raised.action_url,
            }),
        };
        let new = self.delivery(decided, about, held, due_at, &content);
        Ok(deliveries::put(conn, (self.tenant, person.id), &new).await?)
    }

    /// When it is due, and what it waits for until then.
    fn due(&self, person: &Recipient, decided: &Decided) -> Option<(Option<Held>, Timestamp)> {
        match decided.decision.outcome {
            Outcome::Deliver | Outcome::DeliverSilent => Some((None, self.now)),
            Outcome::Hold { until } if decided.decision.reason == Reason::QuietTime => {
                Some((Some(Held::Quiet), until))
            }
            Outcome::Hold { until } => Some((Some(Held::Live), until)),
            Outcome::Digest => {
                let run = self.known.digest(person).next_run(self.now);
                Some((Some(Held::Digest), run.unwrap_or(self.now)))
            }
            Outcome::Skip => None,
        }
    }

    fn delivery<'c>(
        &self,
        decided: &Decided,
        about: Option<NotificationId>,
        held: Option<Held>,
        due_at: Timestamp,
        content: &'c serde_json::Value,
    ) -> NewDelivery<'c> {
        NewDelivery {
            id: self.app.clock.id(),
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
            at: self.now,
        }
    }
}
