//! Whether a delivery that has waited is still wanted: what was read, taken back or decided otherwise
//! meanwhile goes nowhere.

use std::collections::HashMap;

use tidewire_protocol::{
    Timestamp,
    id::{ChannelId, TenantId, UserId},
    model::notification_preferences::Channel,
};
use tidewire_storage::{Conn, channels, deliveries::Claimed, messages, notices, notifications};

use super::{
    chat,
    decide::{DigestChoice, Outcome, decide},
    situation::{Asked, Beforehand, Known},
};
use crate::{App, Result};

/// What is to be done with a delivery now.
pub(super) enum Still {
    Wanted,
    Waits { until: Timestamp },
    Unwanted(&'static str),
}

/// Looks again at a delivery of one person, as things are now.
pub(super) async fn still(
    app: &App,
    conn: &mut Conn,
    item: &Claimed,
    before: Beforehand,
) -> Result<Still> {
    let owner = (item.tenant_id, item.user_id);
    let is_mandatory = item.event.is_mandatory();
    if let Some(reason) = settled(conn, owner, item).await?.filter(|_| !is_mandatory) {
        return Ok(Still::Unwanted(reason));
    }
    let mut asked = Asked { event: item.event, people: vec![owner.1], mutes: HashMap::new() };
    if let Some((channel, _)) = item.message {
        let members = notices::members(conn, (owner.0, channel), &[owner.1]).await?;
        asked.mutes = members.iter().map(|member| (member.user_id, chat::mute(member))).collect();
    }
    let known = Known::read(conn, owner.0, asked, before, app.clock.now()).await?;
    let Some(person) = known.people.first() else { return Ok(Still::Unwanted("gone")) };
    if let (Some((channel, _)), Some((looked_at, at))) = (item.message, person.looking)
        && channel == looked_at
        && at >= item.created_at
    {
        return Ok(Still::Unwanted("active"));
    }
    let to = if item.device_id.is_some() { Channel::Push } else { Channel::Email };
    let mut situation = known.situation(app, (item.event, item.message), person, to);
    // It has waited for these already.
    situation.is_live = false;
    situation.digest = DigestChoice::Instant;
    let decision = decide(&situation);
    Ok(match decision.outcome {
        Outcome::Deliver | Outcome::DeliverSilent | Outcome::Digest => Still::Wanted,
        Outcome::Hold { until } => Still::Waits { until },
        Outcome::Skip => Still::Unwanted(decision.reason.word()),
    })
}

/// Why nobody needs to hear of it any more.
async fn settled(
    conn: &mut Conn,
    owner: (TenantId, UserId),
    item: &Claimed,
) -> Result<Option<&'static str>> {
    if let Some(id) = item.notification_id {
        match notifications::by_id(conn, owner, id).await? {
            None => return Ok(Some("dismissed")),
            Some(stored) if stored.read_at.is_some() => return Ok(Some("read")),
            Some(_) => {}
        }
    }
    match item.message {
        Some(message) => of_message(conn, owner, message).await,
        None => Ok(None),
    }
}

async fn of_message(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
    (channel, seq): (ChannelId, u64),
) -> Result<Option<&'static str>> {
    let Some(place) = channels::of_member(conn, tenant, user, channel).await? else {
        return Ok(Some("left"));
    };
    if place.standing.read_seq >= seq {
        return Ok(Some("read"));
    }
    let message = messages::at(conn, tenant, channel, seq).await?;
    let is_there = message.is_some_and(|message| message.deleted_at.is_none());
    Ok((!is_there).then_some("deleted"))
}
