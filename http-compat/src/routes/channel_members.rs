//! Who is in a channel, and how.

use axum::{Extension, extract::State};
use tidewire_app::{Actor, App, channel_members};
use tidewire_protocol::{
    id::{ChannelId, MemberKey, UserKey},
    model::channels::{
        AddMembers, Added, ChannelAnswer, MemberAnswer, MemberSettings, Removed, SetMemberRole,
    },
};

use crate::{answer::Answer, json::Json, path::PathIds, problem::Result};

/// Adds people to a group.
#[utoipa::path(post, path = "", params(("id" = ChannelId, Path)), responses(
    (status = 200, body = Answer<Added>),
    (status = 402, description = "SUBSCRIPTION_INACTIVE"),
    (status = 403, description = "CHANNEL_ROLE_REQUIRED"),
    (status = 404, description = "NOT_FOUND"),
    (status = 409, description = "NOT_A_GROUP, MEMBER_LIMIT"),
))]
pub(crate) async fn add(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<ChannelId>,
    Json(members): Json<AddMembers>,
) -> Result<Answer<Added>> {
    Ok(Answer::new(channel_members::add(&app, &actor, id, members).await?))
}

/// Leaves a group, or removes somebody from it.
#[utoipa::path(delete, path = "",
    params(
        ("id" = ChannelId, Path),
        ("userId" = inline(MemberKey), Path),
    ),
    responses(
        (status = 200, body = Answer<Removed>),
        (status = 402, description = "SUBSCRIPTION_INACTIVE"),
        (status = 403, description = "CHANNEL_ROLE_REQUIRED"),
        (status = 404, description = "NOT_FOUND"),
        (status = 409, description = "NOT_A_GROUP"),
    )
)]
pub(crate) async fn remove(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds((id, member)): PathIds<(ChannelId, MemberKey)>,
) -> Result<Answer<Removed>> {
    let user_id = channel_members::remove(&app, &actor, id, member).await?;
    Ok(Answer::new(Removed { removed: true, user_id }))
}

/// Changes a member's role in a group.
#[utoipa::path(put, path = "",
    params(
        ("id" = ChannelId, Path),
        ("userId" = UserKey, Path),
    ),
    responses(
        (status = 200, body = Answer<MemberAnswer>),
        (status = 402, description = "SUBSCRIPTION_INACTIVE"),
        (status = 403, description = "CHANNEL_ROLE_REQUIRED"),
        (status = 404, description = "NOT_FOUND"),
        (status = 409, description = "NOT_A_GROUP"),
    )
)]
pub(crate) async fn set_role(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds((id, user)): PathIds<(ChannelId, UserKey)>,
    Json(role): Json<SetMemberRole>,
) -> Result<Answer<MemberAnswer>> {
    let member = channel_members::set_role(&app, &actor, id, user, role).await?;
    Ok(Answer::new(MemberAnswer { member }))
}

/// The caller's own settings for a channel.
#[utoipa::path(patch, path = "", params(("id" = ChannelId, Path)), responses(
    (status = 200, body = Answer<ChannelAnswer>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn set_settings(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<ChannelId>,
    Json(settings): Json<MemberSettings>,
) -> Result<Answer<ChannelAnswer>> {
    let channel = channel_members::set_settings(&app, &actor, id, settings).await?;
    Ok(Answer::new(ChannelAnswer { channel }))
}
