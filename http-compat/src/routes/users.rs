//! People in a tenant, and inviting them.

use std::sync::Arc;

use axum::{Extension, extract::State, response::Response};
use http::StatusCode;
use tidewire_app::{
    Actor, App,
    actor::{Caller, Request},
    users,
};
use tidewire_protocol::{
    id::UserKey,
    model::{
        pages::{Page, PageQuery},
        users::{
            AcceptInvitation, CreateUser, InvitationAccepted, InvitationData, InvitationPreview,
            SessionsRevoked, UpdateUser, User, UserCreated, UserData, UserDeleted, UsersQuery,
        },
    },
};

use crate::{
    answer::Answer,
    json::Json,
    path::PathIds,
    preconditions::{Preconditions, tagged},
    problem::Result,
    query::Query,
};

/// Creates a pending user and mails the invitation.
#[utoipa::path(post, path = "", responses(
    (status = 201, body = Answer<UserCreated>),
    (status = 402, description = "SEAT_LIMIT_REACHED, SUBSCRIPTION_INACTIVE"),
    (status = 403, description = "ROLE_NOT_ASSIGNABLE, EMAIL_DOMAIN_NOT_ALLOWED"),
    (status = 409, description = "EMAIL_TAKEN"),
))]
pub(crate) async fn create(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Json(user): Json<CreateUser>,
) -> Result<(StatusCode, Answer<UserCreated>)> {
    Ok(Answer::created(users::create(&app, &actor, user).await?))
}

/// A page of the tenant's users.
#[utoipa::path(get, path = "", params(PageQuery, UsersQuery), responses(
    (status = 200, body = Answer<Page<User>>),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<UsersQuery>,
) -> Result<Answer<Page<User>>> {
    Ok(Answer::new(users::list(&app, caller, query).await?))
}

/// The signed-in user.
#[utoipa::path(get, path = "", responses(
    (status = 200, body = Answer<UserData>),
    (status = 304, description = "The version in If-None-Match is the current one"),
))]
pub(crate) async fn me(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    preconditions: Preconditions,
) -> Result<Response> {
    let found = users::get(&app, &actor, UserKey::Id(actor.user_id())).await?;
    preconditions.answer(found.user.version, Answer::new(found))
}

/// One user of the tenant.
#[utoipa::path(get, path = "", params(("id" = UserKey, Path)),
    responses(
        (status = 200, body = Answer<UserData>),
        (status = 304, description = "The version in If-None-Match is the current one"),
        (status = 403, description = "FORBIDDEN"),
        (status = 404, description = "NOT_FOUND"),
        (status = 412, description = "PRECONDITION_FAILED"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    PathIds(key): PathIds<UserKey>,
    preconditions: Preconditions,
) -> Result<Response> {
    let found = users::get(&app, caller, key).await?;
    preconditions.answer(found.user.version, Answer::new(found))
}

/// Changes a user's name, role, profile or status.
#[utoipa::path(put, path = "", params(("id" = UserKey, Path)),
    responses(
        (status = 200, body = Answer<UserData>),
        (status = 402, description = "SEAT_LIMIT_REACHED"),
        (status = 403, description = "ROLE_NOT_ASSIGNABLE, TARGET_OUTRANKS_CALLER, CANNOT_MODIFY_SELF"),
        (status = 404, description = "NOT_FOUND"),
        (status = 409, description = "LAST_ADMIN, USER_PENDING"),
        (status = 412, description = "PRECONDITION_FAILED"),
    )
)]
pub(crate) async fn update(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(key): PathIds<UserKey>,
    preconditions: Preconditions,
    Json(wanted): Json<UpdateUser>,
) -> Result<Response> {
    let updated = users::update(&app, &actor, key, wanted, &preconditions.expected()).await?;
    Ok(tagged(updated.user.version, Answer::new(updated)))
}

/// Deactivates a user, who can no longer sign in.
#[utoipa::path(delete, path = "", params(("id" = UserKey, Path)),
    responses(
        (status = 200, body = Answer<UserData>),
        (status = 403, description = "CANNOT_MODIFY_SELF, TARGET_OUTRANKS_CALLER"),
        (status = 404, description = "NOT_FOUND"),
        (status = 409, description = "LAST_ADMIN"),
    )
)]
pub(crate) async fn deactivate(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(key): PathIds<UserKey>,
) -> Result<Answer<UserData>> {
    Ok(Answer::new(users::deactivate(&app, &actor, key).await?))
}

/// Brings a deactivated user back.
#[utoipa::path(post, path = "", params(("id" = UserKey, Path)),
    responses(
        (status = 200, body = Answer<UserData>),
        (status = 402, description = "SEAT_LIMIT_REACHED"),
        (status = 403, description = "TARGET_OUTRANKS_CALLER"),
        (status = 404, description = "NOT_FOUND"),
        (status = 409, description = "USER_PENDING"),
    )
)]
pub(crate) async fn activate(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(key): PathIds<UserKey>,
) -> Result<Answer<UserData>> {
    Ok(Answer::new(users::activate(&app, &actor, key).await?))
}

/// Erases a user for good. What they wrote stays.
#[utoipa::path(delete, path = "", params(("id" = UserKey, Path)),
    responses(
        (status = 200, body = Answer<UserDeleted>),
        (status = 403, description = "CANNOT_MODIFY_SELF, TARGET_OUTRANKS_CALLER"),
        (status = 404, description = "NOT_FOUND"),
        (status = 409, description = "LAST_ADMIN"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(key): PathIds<UserKey>,
) -> Result<Answer<UserDeleted>> {
    Ok(Answer::new(users::delete(&app, &actor, key).await?))
}

/// Signs a user out everywhere.
#[utoipa::path(post, path = "", params(("id" = UserKey, Path)),
    responses(
        (status = 200, body = Answer<SessionsRevoked>),
        (status = 403, description = "TARGET_OUTRANKS_CALLER"),
        (status = 404, description = "NOT_FOUND"),
    )
)]
pub(crate) async fn revoke_sessions(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(key): PathIds<UserKey>,
) -> Result<Answer<SessionsRevoked>> {
    Ok(Answer::new(users::revoke_sessions(&app, &actor, key).await?))
}

/// Mails the invitation of a pending user again. The old link is void.
#[utoipa::path(post, path = "", params(("id" = UserKey, Path)),
    responses(
        (status = 200, body = Answer<InvitationData>),
        (status = 403, description = "TARGET_OUTRANKS_CALLER"),
        (status = 404, description = "NOT_FOUND"),
        (status = 409, description = "NOT_PENDING"),
    )
)]
pub(crate) async fn resend_invitation(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    PathIds(key): PathIds<UserKey>,
) -> Result<Answer<InvitationData>> {
    Ok(Answer::new(users::resend_invitation(&app, &actor, key).await?))
}

/// Accepts an invitation and chooses a password. Nobody is signed in by it.
#[utoipa::path(post, path = "", responses(
    (status = 200, body = Answer<InvitationAccepted>),
    (status = 400, description = "ONE_TIME_TOKEN_INVALID, ONE_TIME_TOKEN_EXPIRED, PASSWORD_POLICY"),
    (status = 403, description = "TENANT_SUSPENDED"),
))]
pub(crate) async fn accept_invitation(
    State(app): State<App>,
    Extension(request): Extension<Arc<Request>>,
    Json(acceptance): Json<AcceptInvitation>,
) -> Result<Answer<InvitationAccepted>> {
    Ok(Answer::new(users::accept_invitation(&app, &request, acceptance).await?))
}

/// What an invitation is about. Reading it changes nothing.
#[utoipa::path(get, path = "", params(("token" = String, Path)), responses(
    (status = 200, body = Answer<InvitationPreview>),
    (status = 400, description = "ONE_TIME_TOKEN_INVALID, ONE_TIME_TOKEN_EXPIRED"),
))]
pub(crate) async fn invitation(
    State(app): State<App>,
    PathIds(token): PathIds<String>,
) -> Result<Answer<InvitationPreview>> {
    Ok(Answer::new(users::preview_invitation(&app, &token).await?))
}
