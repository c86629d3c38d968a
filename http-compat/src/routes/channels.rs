//! Conversations.

use axum::{Extension, extract::State};
use http::StatusCode;
use tidewire_app::{Actor, App, channels};
use tidewire_protocol::{
    id::ChannelId,
    model::{
        channels::{
            ChannelAnswer, ChannelDetail, ChannelList, ChatPerson, CreateGroup, OpenDirect,
            OpenedDirect, PeopleQuery, UpdateChannel,
        },
        pages::Items,
    },
};

use crate::{answer::Answer, json::Json, path::PathIds, problem::Result, query::Query};

/// People one can write to: active users without the caller, by name.
#[utoipa::path(get, path = "", params(PeopleQuery), responses(
    (status = 200, body = Answer<Items<ChatPerson>>),
    (status = 403, description = "MODULE_DISABLED"),
))]
pub(crate) async fn people(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Query(query): Query<PeopleQuery>,
) -> Result<Answer<Items<ChatPerson>>> {
    let items = channels::people(&app, &actor, query).await?;
    Ok(Answer::new(Items { items }))
}

/// All channels of the caller, newest activity first.
#[utoipa::path(get, path = "", responses(
    (status = 200, body = Answer<ChannelList>),
    (status = 403, description = "MODULE_DISABLED"),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
) -> Result<Answer<ChannelList>> {
    Ok(Answer::new(channels::list(&app, &actor).await?))
}

/// Opens the one direct channel with another user.
#[utoipa::path(post, path = "", responses(
    (status = 201, body = Answer<OpenedDirect>, description = "It is new"),
    (status = 200, body = Answer<OpenedDirect>, description = "It existed"),
    (status = 400, description = "CANNOT_MESSAGE_SELF"),
    (status = 402, description = "SUBSCRIPTION_INACTIVE"),
    (status = 403, description = "MODULE_DISABLED"),
    (status = 404, description = "USER_NOT_FOUND"),
    (status = 409, description = "USER_INACTIVE"),
))]
pub(crate) async fn open_direct(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(open): Json<OpenDirect>,
) -> Result<(StatusCode, Answer<OpenedDirect>)> {
    let opened = channels::open_direct(&app, &actor, open).await?;
    let status = if opened.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Answer::new(opened)))
}

/// Creates a group channel.
#[utoipa::path(post, path = "", responses(
    (status = 201, body = Answer<ChannelAnswer>),
    (status = 402, description = "SUBSCRIPTION_INACTIVE"),
    (status = 403, description = "MODULE_DISABLED"),
    (status = 409, description = "CHANNEL_LIMIT"),
))]
pub(crate) async fn create_group(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(group): Json<CreateGroup>,
) -> Result<(StatusCode, Answer<ChannelAnswer>)> {
    let channel = channels::create_group(&app, &actor, group).await?;
    Ok(Answer::created(ChannelAnswer { channel }))
}

/// One channel with its members.
#[utoipa::path(get, path = "", params(("id" = ChannelId, Path)), responses(
    (status = 200, body = Answer<ChannelDetail>),
    (status = 404, description = "NOT_FOUND"),
))]
pub(crate) async fn get(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<ChannelId>,
) -> Result<Answer<ChannelDetail>> {
    Ok(Answer::new(channels::get(&app, &actor, id).await?))
}

/// Renames a group or changes its description.
#[utoipa::path(patch, path = "", params(("id" = ChannelId, Path)), responses(
    (status = 200, body = Answer<ChannelAnswer>),
    (status = 402, description = "SUBSCRIPTION_INACTIVE"),
    (status = 403, description = "CHANNEL_ROLE_REQUIRED"),
    (status = 404, description = "NOT_FOUND"),
    (status = 409, description = "NOT_A_GROUP"),
))]
pub(crate) async fn update(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(id): PathIds<ChannelId>,
    Json(update): Json<UpdateChannel>,
) -> Result<Answer<ChannelAnswer>> {
    let channel = channels::update(&app, &actor, id, update).await?;
    Ok(Answer::new(ChannelAnswer { channel }))
}
