//! How people are shown to one another, from a cache that their changes invalidate, and how requests
//! name them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use moka::sync::Cache;
use tidewire_protocol::{
    id::{TenantId, UserId, UserKey},
    model::users::UserRef,
};
use tidewire_storage::{Conn, users};

use crate::{App, Result};

const CACHED_MAX: u64 = 100_000;
/// A change that this node never heard of shows after this at the latest.
const CACHED_FOR: Duration = Duration::from_mins(1);

/// People by id, as shown to others.
pub type Names = HashMap<UserId, Arc<UserRef>>;

/// What is known of people; cheap to clone.
#[derive(Clone)]
pub struct Directory(Cache<(TenantId, UserId), Arc<UserRef>>);

impl Default for Directory {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(CACHED_MAX).time_to_live(CACHED_FOR).build())
    }
}

impl Directory {
    /// Forgets a person whose name, address or status has changed.
    pub fn invalidate(&self, tenant: TenantId, user: UserId) {
        self.0.invalidate(&(tenant, user));
    }
}

/// People of one tenant by id; unknown ids are left out.
pub async fn names(
    app: &App,
    tenant: TenantId,
    ids: impl IntoIterator<Item = UserId>,
) -> Result<Names> {
    let (mut names, missing) = known(app, tenant, ids);
    if !missing.is_empty() {
        names.extend(read(app, &mut app.db.read().await?, tenant, &missing).await?);
    }
    Ok(names)
}

/// As [`names`], on a connection that the caller holds already.
pub async fn names_on(
    app: &App,
    conn: &mut Conn,
    tenant: TenantId,
    ids: impl IntoIterator<Item = UserId>,
) -> Result<Names> {
    let (mut names, missing) = known(app, tenant, ids);
    if !missing.is_empty() {
        names.extend(read(app, conn, tenant, &missing).await?);
    }
    Ok(names)
}

fn known(
    app: &App,
    tenant: TenantId,
    ids: impl IntoIterator<Item = UserId>,
) -> (Names, Vec<UserId>) {
    let mut names = Names::new();
    let mut missing = Vec::new();
    for id in ids {
        match app.directory.0.get(&(tenant, id)) {
            Some(known) => drop(names.insert(id, known)),
            None => missing.push(id),
        }
    }
    missing.sort_unstable();
    missing.dedup();
    (names, missing)
}

async fn read(app: &App, conn: &mut Conn, tenant: TenantId, ids: &[UserId]) -> Result<Names> {
    let users = users::refs(conn, tenant, ids).await?.into_iter().map(Arc::new);
    let names: Names = users.map(|user| (user.id, user)).collect();
    for (id, user) in &names {
        app.directory.0.insert((tenant, *id), Arc::clone(user));
    }
    Ok(names)
}

/// The people that `keys` name, in the order of the keys; `None` where nobody of the tenant is meant.
pub async fn resolve(
    app: &App,
    tenant: TenantId,
    keys: &[UserKey],
) -> Result<Vec<Option<Arc<UserRef>>>> {
    let ids = keys.iter().filter_map(|key| match key {
        UserKey::Id(id) => Some(*id),
        UserKey::Number(_) => None,
    });
    let by_id = names(app, tenant, ids).await?;
    let by_number = by_numbers(app, tenant, keys).await?;
    Ok(keys
        .iter()
        .map(|key| match key {
            UserKey::Id(id) => by_id.get(id).cloned(),
            UserKey::Number(number) => by_number.get(number).cloned(),
        })
        .collect())
}

async fn by_numbers(
    app: &App,
    tenant: TenantId,
    keys: &[UserKey],
) -> Result<HashMap<i64, Arc<UserRef>>> {
    let numbers: Vec<i64> = keys
        .iter()
        .filter_map(|key| match key {
            UserKey::Id(_) => None,
            UserKey::Number(number) => Some(*number),
        })
        .collect();
    if numbers.is_empty() {
        return Ok(HashMap::new());
    }
    let users = users::refs_by_numbers(&mut app.db.read().await?, tenant, numbers).await?;
    Ok(users.into_iter().map(|user| (user.number, Arc::new(user))).collect())
}

/// A person as shown in an answer; `None` for an id that names nobody.
pub fn show(names: &Names, id: Option<UserId>) -> Option<UserRef> {
    id.and_then(|id| names.get(&id)).map(|user| (**user).clone())
}
