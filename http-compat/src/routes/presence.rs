//! Who is here.

use axum::{Extension, extract::State};
use tidewire_app::{Actor, App, presence};
use tidewire_protocol::model::{
    pages::Items,
    presence::{PresenceItem, PresenceQuery},
};

use crate::{answer::Answer, problem::Result, query::Query};

/// The presence of some users. Unknown ids are left out.
#[utoipa::path(get, path = "", params(PresenceQuery), responses(
    (status = 200, body = Answer<Items<PresenceItem>>),
))]
pub(crate) async fn query(
    State(app): State<App>,
    Extension(actor): Extension<Actor>,
    Query(query): Query<PresenceQuery>,
) -> Result<Answer<Items<PresenceItem>>> {
    let items = presence::query(&app, &actor, &query.user_ids).await?;
    Ok(Answer::new(Items { items }))
}
