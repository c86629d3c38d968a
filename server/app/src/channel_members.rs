//! Who is in a group, and each member's own settings.

use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    event::{ChannelRemoved, ChannelUpdated, Event},
    id::{ChannelId, MemberKey, UserId, UserKey},
    model::channels::{
        AddMembers, Added, Channel, ChannelMember, ChannelRole, MemberSettings, SetMemberRole,
    },
    notification_event::EventKey,
};
use tidewire_storage::{
    Conn,
    channel_members::{self as stored, Member},
    channels as stored_channels,
    entries::{self, EntryKind, NewEntry, Placed},
    feed,
};

use crate::{
    Actor, App, Error, Result, catch_up,
    channels::{self, entry, require_group_role, system_message},
    fanout::bus::UserNews,
    idempotency,
    log_view::MemberDetail,
    notify::{self, Raised},
    org_settings, people,
    permission::Permission,
};

/// Adds people to a group: nothing is unread for them, and they may read what was before.
pub async fn add(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    wanted: AddMembers,
) -> Result<Added> {
    org_settings::require_chat(app, actor, Permission::ChatWrite).await?;
    let tenant = actor.tenant_id();
    let invited = channels::invited(app, actor, "memberIds", &wanted.member_ids).await;
    let mut conn = app.db.write().await?;
    let place = require_group_role(&mut conn, actor, channel, ChannelRole::Admin).await?;
    let mut new = invited?;
    let already = stored::among(&mut conn, tenant, channel, &new).await?;
    new.retain(|user| already.iter().all(|member| member.user_id != *user));
    if place.member_count as usize + new.len() > app.config.group_members_max {
        return Err(ErrorCode::MemberLimit.into());
    }
    channels::refuse_full(&mut conn, actor, &new).await?;
    let placed = admit(app, actor, &mut conn, channel, &new).await?;
    tell_added(app, &mut conn, actor, channel, &new).await?;
    let answer = Added {
        added: shown(app, &mut conn, actor, &new).await?,
        channel: channels::reread(app, actor, &mut conn, channel).await?,
    };
    idempotency::record(app, &mut conn, actor, 200, &answer).await?;
    conn.commit().await?;
    notify::wake(app);
    catch_up::publish(app, tenant, channel, placed.as_slice()).await;
    if let Some(placed) = placed.first() {
        channels::welcome(app, &answer.channel, &new, *placed, actor.user_id());
    }
    Ok(answer)
}

async fn admit(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    channel: ChannelId,
    new: &[UserId],
) -> Result<Vec<Placed>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let tenant = actor.tenant_id();
    let joined = entry(app, actor, channel, EntryKind::MembersAdded);
    let details: Vec<_> = new
        .iter()
        .map(|user_id| MemberDetail {
            user_id: *user_id,
            role: ChannelRole::Member,
            joined_at: joined.at,
            last_read_seq: 0,
        })
        .collect();
    let at = joined.at;
    let placed =
        entries::append(conn, &NewEntry { detail: Some(json!(details)), ..joined }).await?;
    stored::insert(conn, (tenant, channel), new, ChannelRole::Member, placed, at).await?;
    for user_id in new {
        let change = feed::Change::Membership { user_id: *user_id, channel_id: channel };
        feed::append(conn, tenant, change, at).await?;
    }
    Ok(vec![placed])
}

/// People who were added to a group by somebody else hear of it.
pub(crate) async fn tell_added(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    channel: ChannelId,
    new: &[UserId],
) -> Result<()> {
    let place =
        stored_channels::of_member(conn, actor.tenant_id(), actor.user_id(), channel).await?;
    let name = place.and_then(|place| place.name).unwrap_or_default();
    let raised = Raised::new(EventKey::AddedToGroup, new.iter().copied())
        .by(actor.user_id())
        .about(channel.to_string())
        .with("channelName", name)
        .with("actorName", actor.identity.user.display_name.as_str())
        .leading_to(channels::path(channel));
    notify::raise(app, conn, actor.tenant_id(), &raised).await
}

async fn shown(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    users: &[UserId],
) -> Result<Vec<tidewire_protocol::model::users::UserRef>> {
    let names = people::names_on(app, conn, actor.tenant_id(), users.iter().copied()).await?;
    Ok(users.iter().filter_map(|user| people::show(&names, Some(*user))).collect())
}

/// Takes somebody out of a group, or leaves it. The owner's place goes to the longest-standing admin,
/// or else member; a group that nobody is left in is archived.
pub async fn remove(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    whom: MemberKey,
) -> Result<UserId> {
    org_settings::require_chat(app, actor, Permission::ChatWrite).await?;
    let tenant = actor.tenant_id();
    let user = match whom {
        MemberKey::Me => actor.user_id(),
        MemberKey::User(key) => target(app, actor, key).await?,
    };
    let mut conn = app.db.write().await?;
    let least = if user == actor.user_id() { ChannelRole::Member } else { ChannelRole::Admin };
    let place = require_group_role(&mut conn, actor, channel, least).await?;
    let member = require_member(&mut conn, actor, channel, user).await?;
    if user != actor.user_id() && member.role >= place.role {
        return Err(ErrorCode::ChannelRoleRequired.into());
    }
    let placed = take_out(app, actor, &mut conn, &member).await?;
    conn.commit().await?;
    catch_up::publish(app, tenant, channel, &placed).await;
    app.fanout.tell_user(app, user, UserNews::Left { channel });
    app.fanout.show_user(app, user, &Event::ChannelRemoved(ChannelRemoved { channel_id: channel }));
    Ok(user)
}

async fn take_out(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    member: &Member,
) -> Result<Vec<Placed>> {
    let (tenant, channel, user) = (actor.tenant_id(), member.channel_id, member.user_id);
    stored::delete(conn, tenant, channel, user).await?;
    let left = entry(app, actor, channel, EntryKind::MemberRemoved);
    let change = feed::Change::Membership { user_id: user, channel_id: channel };
    feed::append(conn, tenant, change, left.at).await?;
    let mut placed =
        vec![entries::append(conn, &NewEntry { detail: Some(detail(member)), ..left }).await?];
    let names = people::names_on(app, conn, tenant, [user]).await?;
    let name = names.get(&user).map_or("Somebody", |user| user.display_name.as_str());
    let said = if user == actor.user_id() {
        format!("{name} left the group.")
    } else {
        format!("{} removed {name}.", actor.identity.user.display_name)
    };
    placed.push(entries::append(conn, &system_message(app, actor, channel, said)).await?);
    let rest = stored::all(conn, tenant, channel).await?;
    if rest.is_empty() {
        stored_channels::archive(conn, tenant, channel).await?;
    } else if member.role == ChannelRole::Owner
        && let Some(heir) = rest.iter().rev().max_by_key(|member| member.role)
    {
        placed.push(promote(app, actor, conn, heir, ChannelRole::Owner).await?);
    }
    Ok(placed)
}

fn detail(member: &Member) -> serde_json::Value {
    json!([MemberDetail {
        user_id: member.user_id,
        role: member.role,
        joined_at: member.joined_at,
        last_read_seq: member.read_seq,
    }])
}

async fn promote(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    member: &Member,
    role: ChannelRole,
) -> Result<Placed> {
    let channel = member.channel_id;
    stored::set_role(conn, (actor.tenant_id(), channel), member.user_id, role).await?;
    let changed = entry(app, actor, channel, EntryKind::MemberUpdated);
    let member = Member { role, ..member.clone() };
    Ok(entries::append(conn, &NewEntry { detail: Some(detail(&member)), ..changed }).await?)
}

/// Gives the groups that somebody owns to those who come after them; to be published after the
/// commit. Where nobody is active, the group stays as it is.
pub(crate) async fn hand_over(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    user: UserId,
) -> Result<Vec<(ChannelId, Vec<Placed>)>> {
    let tenant = actor.tenant_id();
    let mut handed = Vec::new();
    for channel in stored_channels::owned_groups(conn, tenant, user).await? {
        stored_channels::lock(conn, tenant, channel).await?;
        let heir = stored::heir(conn, tenant, channel, user).await?;
        let owner = stored::among(conn, tenant, channel, &[user]).await?.pop();
        if let (Some(heir), Some(owner)) = (heir, owner)
            && owner.role == ChannelRole::Owner
        {
            let given = promote(app, actor, conn, &owner, ChannelRole::Member).await?;
            let taken = promote(app, actor, conn, &heir, ChannelRole::Owner).await?;
            handed.push((channel, vec![given, taken]));
        }
    }
    Ok(handed)
}

async fn target(app: &App, actor: &Actor, key: UserKey) -> Result<UserId> {
    let found = people::resolve(app, actor.tenant_id(), &[key]).await?;
    found.into_iter().flatten().next().map(|user| user.id).ok_or_else(Error::not_found)
}

async fn require_member(
    conn: &mut Conn,
    actor: &Actor,
    channel: ChannelId,
    user: UserId,
) -> Result<Member> {
    let mut found = stored::among(conn, actor.tenant_id(), channel, &[user]).await?;
    found.pop().ok_or_else(Error::not_found)
}

/// Gives a member another role. Only the owner may; giving the ownership away makes the giver admin.
pub async fn set_role(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    whom: UserKey,
    wanted: SetMemberRole,
) -> Result<ChannelMember> {
    org_settings::require_chat(app, actor, Permission::ChatWrite).await?;
    let tenant = actor.tenant_id();
    let user = target(app, actor, whom).await?;
    let mut conn = app.db.write().await?;
    require_group_role(&mut conn, actor, channel, ChannelRole::Owner).await?;
    let member = require_member(&mut conn, actor, channel, user).await?;
    if user == actor.user_id() && wanted.role != ChannelRole::Owner {
        // A group always has an owner: the ownership is given away, not laid down.
        return Err(ErrorCode::ChannelRoleRequired.into());
    }
    let mut placed = Vec::new();
    if member.role != wanted.role {
        if wanted.role == ChannelRole::Owner {
            let giver = require_member(&mut conn, actor, channel, actor.user_id()).await?;
            placed.push(promote(app, actor, &mut conn, &giver, ChannelRole::Admin).await?);
        }
        placed.push(promote(app, actor, &mut conn, &member, wanted.role).await?);
    }
    let member = require_member(&mut conn, actor, channel, user).await?;
    let names = people::names_on(app, &mut conn, tenant, [user]).await?;
    let answer = channels::member_view(&member, &names).ok_or_else(Error::not_found)?;
    conn.commit().await?;
    catch_up::publish(app, tenant, channel, &placed).await;
    Ok(answer)
}

/// The caller's own settings for a channel.
pub async fn set_settings(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    wanted: MemberSettings,
) -> Result<Channel> {
    org_settings::require_chat(app, actor, Permission::ChatRead).await?;
    let (tenant, user) = (actor.tenant_id(), actor.user_id());
    let mut conn = app.db.write().await?;
    stored_channels::lock(&mut conn, tenant, channel).await?;
    let place = stored_channels::of_member(&mut conn, tenant, user, channel).await?;
    let place = place.ok_or_else(Error::not_found)?;
    let muted = wanted.muted.unwrap_or(place.standing.muted);
    let notify = wanted.notify.unwrap_or(place.notify);
    stored::set_settings(&mut conn, (tenant, channel, user), muted, notify, app.clock.now())
        .await?;
    let answer = channels::reread(app, actor, &mut conn, channel).await?;
    conn.commit().await?;
    let change = ChannelUpdated {
        channel_id: Some(channel),
        muted: Some(muted),
        notify: Some(notify),
        ..Default::default()
    };
    app.fanout.show_user(app, user, &Event::ChannelUpdated(change));
    app.fanout.tell_user(app, user, UserNews::FiguresMoved { channel });
    Ok(answer)
}
