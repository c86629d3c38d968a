//! Read markers and what is left to read.

use tidewire_protocol::{
    event::{Event, Read},
    id::{ChannelId, TenantId, UserId},
    limits::{INTEGER_MAX, READ_RECEIPT_MEMBERS_MAX},
    model::unread::{
        ChannelCount, MarkRead, MarkUnread, ReadMarker, UnreadCount, UnreadMarker, UnreadTotals,
    },
};
use tidewire_storage::{
    Conn,
    append::{ReadDraft, ReadOutcome},
    channels, notifications,
    unread::{self, Standing},
};

use crate::{
    Actor, App, Error, Result,
    fanout::{bus::UserNews, mailbox::EphemeralKey},
    notify::clear::ReadThing,
    org_settings,
    permission::Permission,
};

/// Raises the read marker. It never falls here; a seq beyond the last means the last.
pub async fn mark_read(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    read: MarkRead,
) -> Result<ReadMarker> {
    org_settings::require_chat(app, actor, Permission::ChatRead).await?;
    let draft = ReadDraft {
        tenant_id: actor.tenant_id(),
        channel_id: channel,
        user_id: actor.user_id(),
        seq: read.seq,
        revision: read.revision,
        at: app.clock.now(),
    };
    let ReadOutcome::Marked { moved, last_read_seq, .. } = app.log.read(draft).await? else {
        return Err(Error::not_found());
    };
    if moved {
        app.fanout.tell_user(app, actor.user_id(), UserNews::FiguresMoved { channel });
        let owner = (actor.tenant_id(), actor.user_id());
        app.read_elsewhere.note(owner, ReadThing::Channel(channel, last_read_seq));
    }
    let mut conn = app.db.read().await?;
    let place = channels::of_member(&mut conn, actor.tenant_id(), actor.user_id(), channel).await?;
    let place = place.ok_or_else(Error::not_found)?;
    let total =
        total(&unread::unread_standings(&mut conn, actor.tenant_id(), actor.user_id()).await?);
    drop(conn);
    if moved && place.member_count <= READ_RECEIPT_MEMBERS_MAX {
        show_receipt(app, actor, channel, last_read_seq);
    }
    Ok(place.standing.read_marker(total))
}

fn show_receipt(app: &App, actor: &Actor, channel: ChannelId, last_read_seq: u64) {
    let user_id = actor.user_id();
    let event = Event::Read(Read {
        channel_id: channel,
        user_id,
        last_read_seq,
        last_read_at: app.clock.now(),
    });
    app.fanout.publish_ephemeral(channel, EphemeralKey::Read(channel, user_id), &event, user_id);
}

/// Lowers the read marker so that the entry at `seq` is unread again. Reads that were sent before,
/// which carry an older revision, do not undo it.
pub async fn mark_unread(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    mark: MarkUnread,
) -> Result<UnreadMarker> {
    org_settings::require_chat(app, actor, Permission::ChatRead).await?;
    let (tenant, user) = (actor.tenant_id(), actor.user_id());
    let mut conn = app.db.write().await?;
    channels::lock(&mut conn, tenant, channel).await?;
    let before = unread::standing_in(&mut conn, tenant, user, channel)
        .await?
        .ok_or_else(Error::not_found)?;
    if mark.seq > before.head.seq {
        return Err(Error::invalid_field(
            "seq",
            "range",
            &format!("must be from 1 to {}", before.head.seq.min(INTEGER_MAX as u64)),
        ));
    }
    unread::mark_unread(&mut conn, (tenant, channel, user), mark.seq, app.clock.now()).await?;
    let after = unread::standing_in(&mut conn, tenant, user, channel)
        .await?
        .ok_or_else(Error::not_found)?;
    let answer = UnreadMarker {
        channel_id: channel,
        last_read_seq: after.read_seq,
        unread_count: after.unread(),
        revision: after.revision,
    };
    crate::idempotency::record(app, &mut conn, actor, 200, &answer).await?;
    conn.commit().await?;
    app.fanout.tell_user(app, user, UserNews::FiguresMoved { channel });
    Ok(answer)
}

/// Unread messages over all channels; muted ones count too.
pub async fn count(app: &App, actor: &Actor) -> Result<UnreadCount> {
    org_settings::require_chat(app, actor, Permission::ChatRead).await?;
    let mut conn = app.db.read().await?;
    let standings = unread::unread_standings(&mut conn, actor.tenant_id(), actor.user_id()).await?;
    Ok(UnreadCount {
        total: total(&standings),
        channels: standings.len() as i64,
        muted_total: standings.iter().filter(|standing| standing.muted).map(Standing::unread).sum(),
        by_channel: standings
            .iter()
            .map(|standing| ChannelCount {
                channel_id: standing.channel_id,
                unread_count: standing.unread(),
            })
            .collect(),
    })
}

/// All of a person's figures, as every device is to show them.
pub(crate) async fn totals(
    conn: &mut Conn,
    (tenant, user): (TenantId, UserId),
) -> Result<UnreadTotals> {
    let chat = total(&unread::unread_standings(conn, tenant, user).await?);
    Ok(UnreadTotals::new(chat, notifications::unread(conn, (tenant, user)).await?))
}

fn total(standings: &[Standing]) -> i64 {
    standings.iter().map(Standing::unread).sum()
}
