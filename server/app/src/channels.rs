//! Conversations: opening, listing and renaming them.

use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    event::{ChannelCreated, ChannelUpdated, Event},
    id::{ChannelId, UserId, UserKey},
    input::FieldError,
    limits::{CHANNEL_PREVIEW_MEMBERS_MAX, GROUPS_PER_USER_MAX},
    model::{
        channels::{
            Channel, ChannelDetail, ChannelList, ChannelMember, ChannelRole, ChannelType,
            ChatPerson, CreateGroup, OpenDirect, OpenedDirect, PeopleQuery, UpdateChannel,
        },
        presence::PresenceStatus,
        users::{UserRef, UserRefStatus},
    },
};
use tidewire_storage::{
    Conn, channel_members,
    channel_members::Member,
    channels::{self as stored, MemberChannel, NewChannel},
    entries::{self, EntryKind, NewEntry, Placed},
    feed, messages, users,
};

use crate::{
    Actor, App, Error, Result,
    audit::{self, Note},
    catch_up,
    fanout::bus::UserNews,
    idempotency, log_view, notify, org_settings,
    people::{self, Names, show},
    permission::Permission,
    presence,
};

/// All channels of the caller, newest activity first.
pub async fn list(app: &App, actor: &Actor) -> Result<ChannelList> {
    org_settings::require_chat(app, actor, Permission::ChatRead).await?;
    let mut conn = app.db.read().await?;
    let found = stored::list(&mut conn, actor.tenant_id(), actor.user_id()).await?;
    drop(conn);
    let items = view(app, actor, &found).await?;
    let total_unread = items.iter().map(|channel| channel.unread_count).sum();
    Ok(ChannelList { items, total_unread })
}

/// One channel with everybody in it.
pub async fn get(app: &App, actor: &Actor, channel: ChannelId) -> Result<ChannelDetail> {
    org_settings::require_chat(app, actor, Permission::ChatRead).await?;
    let mut conn = app.db.read().await?;
    let place = stored::of_member(&mut conn, actor.tenant_id(), actor.user_id(), channel).await?;
    let place = place.ok_or_else(Error::not_found)?;
    let members = channel_members::all(&mut conn, actor.tenant_id(), channel).await?;
    drop(conn);
    let names =
        people::names(app, actor.tenant_id(), members.iter().map(|member| member.user_id)).await?;
    let members = members.iter().filter_map(|member| member_view(member, &names)).collect();
    Ok(ChannelDetail { channel: view_one(app, actor, place).await?, members })
}

/// A member as clients see it.
pub(crate) fn member_view(member: &Member, names: &Names) -> Option<ChannelMember> {
    Some(ChannelMember {
        user: show(names, Some(member.user_id))?,
        role: member.role,
        joined_at: member.joined_at,
        last_read_seq: member.read_seq,
        last_read_at: member.read_at,
    })
}

/// A channel as the actor sees it, after a change.
pub(crate) async fn reread(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    channel: ChannelId,
) -> Result<Channel> {
    let place = stored::of_member(conn, actor.tenant_id(), actor.user_id(), channel).await?;
    let place = place.ok_or_else(Error::not_found)?;
    let mut shown = view_on(app, actor, conn, std::slice::from_ref(&place)).await?;
    shown.pop().ok_or_else(Error::not_found)
}

async fn view_one(app: &App, actor: &Actor, place: MemberChannel) -> Result<Channel> {
    let mut shown = view(app, actor, &[place]).await?;
    shown.pop().ok_or_else(Error::not_found)
}

async fn view(app: &App, actor: &Actor, places: &[MemberChannel]) -> Result<Vec<Channel>> {
    view_on(app, actor, &mut app.db.read().await?, places).await
}

async fn view_on(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    places: &[MemberChannel],
) -> Result<Vec<Channel>> {
    let tenant = actor.tenant_id();
    let ids: Vec<ChannelId> = places.iter().map(|place| place.standing.channel_id).collect();
    let members = channel_members::first(conn, tenant, &ids, CHANNEL_PREVIEW_MEMBERS_MAX).await?;
    let last = messages::last_of(conn, tenant, &ids).await?;
    let people = members
        .iter()
        .map(|member| member.user_id)
        .chain(places.iter().filter_map(|place| place.created_by))
        .chain(
            last.iter()
                .flat_map(|message| message.mentions.iter().copied().chain(message.sender_id)),
        );
    let names = people::names_on(app, conn, tenant, people).await?;
    Ok(places
        .iter()
        .map(|place| {
            let id = place.standing.channel_id;
            let members = members.iter().filter(|member| member.channel_id == id);
            let last = last.iter().find(|message| message.channel_id == id);
            Channel {
                members: members.filter_map(|member| show(&names, Some(member.user_id))).collect(),
                last_message: last.map(|message| log_view::message(message, &names)),
                created_by: show(&names, place.created_by),
                ..bare(place)
            }
        })
        .collect())
}

fn bare(place: &MemberChannel) -> Channel {
    Channel {
        id: place.standing.channel_id,
        kind: place.standing.kind,
        name: place.name.clone(),
        description: place.description.clone(),
        members: Vec::new(),
        member_count: place.member_count,
        role: place.role,
        last_message: None,
        last_message_at: place.last_message_at,
        last_seq: place.standing.head.seq,
        last_read_seq: place.standing.read_seq,
        unread_count: place.standing.unread(),
        muted: place.standing.muted,
        notify: place.notify,
        archived: place.archived,
        created_by: None,
        created_at: place.created_at,
    }
}

/// Opens the one direct channel with another person, whoever asked first.
pub async fn open_direct(app: &App, actor: &Actor, wanted: OpenDirect) -> Result<OpenedDirect> {
    org_settings::require_chat(app, actor, Permission::ChatWrite).await?;
    let found = people::resolve(app, actor.tenant_id(), &[wanted.user_id]).await?;
    let other =
        found.into_iter().flatten().next().filter(|user| user.status != UserRefStatus::Deleted);
    let other = other.ok_or(ErrorCode::UserNotFound)?;
    if other.id == actor.user_id() {
        return Err(ErrorCode::CannotMessageSelf.into());
    }
    let key = stored::direct_key(actor.user_id(), other.id);
    let mut conn = app.db.write().await?;
    let existing = stored::by_direct_key(&mut conn, actor.tenant_id(), &key).await?;
    let created =
        existing.is_none() && create_direct(app, actor, &mut conn, &other, key.clone()).await?;
    let id = stored::by_direct_key(&mut conn, actor.tenant_id(), &key)
        .await?
        .ok_or_else(Error::not_found)?;
    let channel = reread(app, actor, &mut conn, id).await?;
    let answer = OpenedDirect { channel, created };
    idempotency::record(app, &mut conn, actor, if created { 201 } else { 200 }, &answer).await?;
    conn.commit().await?;
    if created {
        for member in [actor.user_id(), other.id] {
            app.fanout.tell_user(app, member, UserNews::Joined { channel: id, have: 0 });
        }
        let event =
            Event::ChannelCreated(ChannelCreated { channel: Box::new(answer.channel.clone()) });
        app.fanout.show_user(app, actor.user_id(), &event);
    }
    Ok(answer)
}

/// Shows a direct channel to the other person, who learns of it with its first message.
pub(crate) async fn introduce(app: &App, actor: &Actor, channel: ChannelId) -> Result<()> {
    let mut conn = app.db.read().await?;
    let members = channel_members::all(&mut conn, actor.tenant_id(), channel).await?;
    for member in members.iter().filter(|member| member.user_id != actor.user_id()) {
        let place =
            stored::of_member(&mut conn, actor.tenant_id(), member.user_id, channel).await?;
        let Some(place) = place.filter(|place| place.standing.kind == ChannelType::Direct) else {
            continue;
        };
        let shown = view_on(app, actor, &mut conn, &[place]).await?;
        for channel in shown {
            let event = Event::ChannelCreated(ChannelCreated { channel: Box::new(channel) });
            app.fanout.show_user(app, member.user_id, &event);
        }
    }
    Ok(())
}

/// Answers whether this call, and not another at the same time, created the channel.
async fn create_direct(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    other: &UserRef,
    key: Vec<u8>,
) -> Result<bool> {
    if other.status != UserRefStatus::Active {
        return Err(ErrorCode::UserInactive.into());
    }
    let (id, at) = (app.clock.id(), app.clock.now());
    let channel = NewChannel {
        id,
        tenant_id: actor.tenant_id(),
        kind: ChannelType::Direct,
        name: None,
        description: None,
        direct_key: Some(key),
        created_by: actor.user_id(),
        at,
    };
    if !stored::insert(conn, &channel).await? {
        return Ok(false);
    }
    let both = [actor.user_id(), other.id];
    channel_members::insert(
        conn,
        (actor.tenant_id(), id),
        &both,
        ChannelRole::Member,
        Placed::START,
        at,
    )
    .await?;
    for user_id in both {
        let change = feed::Change::Membership { user_id, channel_id: id };
        feed::append(conn, actor.tenant_id(), change, at).await?;
    }
    Ok(true)
}

/// Creates a group with the actor as its owner.
pub async fn create_group(app: &App, actor: &Actor, wanted: CreateGroup) -> Result<Channel> {
    org_settings::require_chat(app, actor, Permission::ChatCreateGroup).await?;
    if !org_settings::of(app, actor.tenant_id()).await?.lets_create_groups(actor.role()) {
        return Err(Error::forbidden(Permission::ChatCreateGroup));
    }
    let members = invited(app, actor, "memberIds", &wanted.member_ids).await?;
    if members.is_empty() {
        return Err(Error::invalid_field(
            "memberIds",
            "count",
            "must name somebody besides yourself",
        ));
    }
    let (id, at, tenant) = (app.clock.id(), app.clock.now(), actor.tenant_id());
    let mut conn = app.db.write().await?;
    let everybody: Vec<UserId> = members.iter().copied().chain([actor.user_id()]).collect();
    refuse_full(&mut conn, actor, &everybody).await?;
    let channel = NewChannel {
        id,
        tenant_id: tenant,
        kind: ChannelType::Group,
        name: Some(&wanted.name),
        description: wanted.description.as_deref(),
        direct_key: None,
        created_by: actor.user_id(),
        at,
    };
    stored::insert(&mut conn, &channel).await?;
    let said = format!("{} created the group.", actor.identity.user.display_name);
    let placed = entries::append(&mut conn, &system_message(app, actor, id, said)).await?;
    let key = (tenant, id);
    channel_members::insert(&mut conn, key, &[actor.user_id()], ChannelRole::Owner, placed, at)
        .await?;
    channel_members::insert(&mut conn, key, &members, ChannelRole::Member, placed, at).await?;
    for user_id in &everybody {
        let change = feed::Change::Membership { user_id: *user_id, channel_id: id };
        feed::append(&mut conn, tenant, change, at).await?;
    }
    note_creation(app, &mut conn, actor, id, everybody.len()).await?;
    crate::channel_members::tell_added(app, &mut conn, actor, id, &members).await?;
    let channel = reread(app, actor, &mut conn, id).await?;
    idempotency::record(app, &mut conn, actor, 201, &json!({ "channel": channel })).await?;
    conn.commit().await?;
    notify::wake(app);
    welcome(app, &channel, &everybody, placed, actor.user_id());
    Ok(channel)
}

/// Where a program shows a channel.
pub(crate) fn path(channel: ChannelId) -> String {
    format!("/chat/{channel}")
}

async fn note_creation(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    id: ChannelId,
    members: usize,
) -> Result<()> {
    let note = Note {
        tenant_id: actor.tenant_id(),
        action: "chat.group_created",
        actor_id: Some(actor.user_id()),
        target: Some(("channel", id.to_string())),
        detail: json!({ "members": members }),
    };
    audit::note(app, conn, &actor.request, note).await
}

/// Tells people that they are in a channel now; each follows it from `from` on.
pub(crate) fn welcome(
    app: &App,
    channel: &Channel,
    people: &[UserId],
    from: Placed,
    owner: UserId,
) {
    for user in people {
        app.fanout.tell_user(
            app,
            *user,
            UserNews::Joined { channel: channel.id, have: from.position.seq },
        );
        let mut seen = channel.clone();
        if *user != owner {
            seen.role = ChannelRole::Member;
        }
        seen.last_seq = from.position.seq;
        seen.last_read_seq = from.position.seq;
        seen.unread_count = 0;
        app.fanout.show_user(
            app,
            *user,
            &Event::ChannelCreated(ChannelCreated { channel: Box::new(seen) }),
        );
    }
}

/// The people to add: active people of the tenant, each once, the actor left out. Unknown, inactive and
/// foreign ones are refused with one reason.
pub(crate) async fn invited(
    app: &App,
    actor: &Actor,
    field: &str,
    keys: &[UserKey],
) -> Result<Vec<UserId>> {
    let users = people::resolve(app, actor.tenant_id(), keys).await?;
    let mut invited = Vec::new();
    let mut errors = Vec::new();
    for (index, user) in users.iter().enumerate() {
        match user.as_ref().filter(|user| user.status == UserRefStatus::Active) {
            Some(user) if user.id == actor.user_id() || invited.contains(&user.id) => {}
            Some(user) => invited.push(user.id),
            None => errors.push(FieldError::new(
                format!("{field}[{index}]"),
                "unknown_user",
                "must be an active user of the company",
            )),
        }
    }
    if errors.is_empty() { Ok(invited) } else { Err(errors.into()) }
}

/// Refuses when somebody is in as many groups as one can be.
pub(crate) async fn refuse_full(conn: &mut Conn, actor: &Actor, people: &[UserId]) -> Result<()> {
    let full = stored::at_group_limit(conn, actor.tenant_id(), people, GROUPS_PER_USER_MAX).await?;
    if full.is_empty() { Ok(()) } else { Err(ErrorCode::ChannelLimit.into()) }
}

pub(crate) fn system_message(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    said: String,
) -> NewEntry {
    NewEntry { content: Some(said), ..entry(app, actor, channel, EntryKind::System) }
}

pub(crate) fn entry(app: &App, actor: &Actor, channel: ChannelId, kind: EntryKind) -> NewEntry {
    NewEntry {
        tenant_id: actor.tenant_id(),
        channel_id: channel,
        id: app.clock.id(),
        kind,
        actor_id: Some(actor.user_id()),
        at: app.clock.now(),
        content: None,
        target_seq: None,
        detail: None,
    }
}

/// The actor's place in a group, under the channel's lock; refused unless they have at least `role`.
pub(crate) async fn require_group_role(
    conn: &mut Conn,
    actor: &Actor,
    channel: ChannelId,
    role: ChannelRole,
) -> Result<MemberChannel> {
    stored::lock(conn, actor.tenant_id(), channel).await?;
    let place = stored::of_member(conn, actor.tenant_id(), actor.user_id(), channel).await?;
    let place = place.ok_or_else(Error::not_found)?;
    if place.standing.kind != ChannelType::Group {
        return Err(ErrorCode::NotAGroup.into());
    }
    if place.role < role {
        return Err(ErrorCode::ChannelRoleRequired.into());
    }
    Ok(place)
}

/// Renames a group or changes its description.
pub async fn update(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    wanted: UpdateChannel,
) -> Result<Channel> {
    org_settings::require_chat(app, actor, Permission::ChatWrite).await?;
    let mut conn = app.db.write().await?;
    let place = require_group_role(&mut conn, actor, channel, ChannelRole::Admin).await?;
    let name = wanted.name.clone().filter(|name| place.name.as_ref() != Some(name));
    let description = wanted.description.clone().filter(|text| place.description != *text);
    let mut placed = Vec::new();
    if name.is_some() || description.is_some() {
        let new_name = name.as_ref().or(place.name.as_ref());
        let new_text = description.clone().unwrap_or(place.description);
        stored::rename(&mut conn, (actor.tenant_id(), channel), new_name, new_text.as_ref())
            .await?;
        let change = ChannelUpdated {
            channel_id: Some(channel),
            name: name.clone(),
            description,
            ..Default::default()
        };
        let mut changed = entry(app, actor, channel, EntryKind::ChannelUpdated);
        changed.detail = Some(json!(change));
        placed.push(entries::append(&mut conn, &changed).await?);
        let who = &actor.identity.user.display_name;
        let said = name.map_or_else(
            || format!("{who} changed the description."),
            |name| format!("{who} renamed the group to “{name}”."),
        );
        placed.push(entries::append(&mut conn, &system_message(app, actor, channel, said)).await?);
    }
    let answer = reread(app, actor, &mut conn, channel).await?;
    conn.commit().await?;
    catch_up::publish(app, actor.tenant_id(), channel, &placed).await;
    Ok(answer)
}

/// People one can write to: active, by name, the caller left out.
pub async fn people(app: &App, actor: &Actor, wanted: PeopleQuery) -> Result<Vec<ChatPerson>> {
    org_settings::require_chat(app, actor, Permission::ChatRead).await?;
    let mut conn = app.db.read().await?;
    let found =
        users::active(&mut conn, actor.tenant_id(), wanted.search.as_deref(), wanted.limit + 1)
            .await?;
    let direct = stored::direct_channels(&mut conn, actor.tenant_id(), actor.user_id()).await?;
    drop(conn);
    let others = found.into_iter().filter(|user| user.id != actor.user_id());
    let others: Vec<UserRef> = others.take(wanted.limit as usize).collect();
    let ids: Vec<UserId> = others.iter().map(|user| user.id).collect();
    let statuses = presence::statuses(app, &ids).await;
    Ok(others
        .into_iter()
        .map(|user| ChatPerson {
            presence: statuses.get(&user.id).copied().unwrap_or(PresenceStatus::Offline),
            direct_channel_id: direct
                .iter()
                .find(|(other, _)| *other == user.id)
                .map(|(_, channel)| *channel),
            user,
        })
        .collect())
}
