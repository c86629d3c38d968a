//! A tenant full of people, for load tests: made by an operator, without passwords, signed in.

use tidewire_protocol::{
    ErrorCode,
    id::{ChannelId, SessionId, UserId},
    model::tenants::{Tenant, TenantStatus},
};
use tidewire_storage::{
    Conn,
    seed::{self, Groups, Place},
    tenants,
};

use crate::{App, Error, Result, auth::token::Holder, profiles};

/// Rows per statement, so that each ends well within a statement's time.
const ROWS_MAX: usize = 20_000;

/// Long enough for any load test.
const TOKEN_LIFETIME_SECONDS: i64 = 12 * 3_600;
const SESSION_LIFETIME_MS: i64 = 30 * 86_400_000;

/// What to make.
#[derive(Debug, Clone)]
pub struct SeedPlan {
    pub tenant_slug: String,
    pub users: usize,
    pub channels: usize,
    /// Channel `c` has the members `c*K` to `c*K+K-1` for this K, around the end of the people.
    pub members_per_channel: usize,
}

/// What was made: people in the order of their numbers, each with an access token.
#[derive(Debug)]
pub struct Seeded {
    pub channels: Vec<ChannelId>,
    pub users: Vec<(UserId, String)>,
}

/// Makes a tenant in one transaction. `SLUG_TAKEN` when there is one of that name already.
pub async fn seed(app: &App, plan: SeedPlan) -> Result<Seeded> {
    if plan.members_per_channel > plan.users || (plan.channels > 0 && plan.members_per_channel == 0)
    {
        return Err(Error::invalid_field(
            "membersPerChannel",
            "range",
            "must be from 1 to the number of users",
        ));
    }
    let tenant = new_tenant(app, &plan);
    let users: Vec<UserId> = ids(app, plan.users);
    let sessions: Vec<SessionId> = ids(app, plan.users);
    let channels: Vec<ChannelId> = ids(app, plan.channels);
    let mut conn = app.db.write().await?;
    if !tenants::insert(&mut conn, &tenant).await? {
        return Err(ErrorCode::SlugTaken.into());
    }
    profiles::insert_system(&mut conn, tenant.id, tenant.created_at).await?;
    let place = Place {
        tenant_id: tenant.id,
        slug: &tenant.slug,
        first_number: tenants::take_user_numbers(&mut conn, tenant.id, plan.users as u64).await?,
        at: tenant.created_at,
    };
    insert_people(&mut conn, place, &users, &sessions).await?;
    insert_channels(&mut conn, place, &plan, &channels).await?;
    conn.commit().await?;
    let users = users
        .into_iter()
        .zip(sessions)
        .map(|(user_id, session_id)| {
            let holder = Holder { tenant_id: tenant.id, user_id, session_id };
            let (id, now) = (app.clock.id(), app.clock.now());
            Ok((user_id, app.token_keys.issue(holder, id, now, TOKEN_LIFETIME_SECONDS)?))
        })
        .collect::<Result<_>>()?;
    Ok(Seeded { channels, users })
}

fn ids<T: From<uuid::Uuid>>(app: &App, count: usize) -> Vec<T> {
    (0..count).map(|_| app.clock.id()).collect()
}

fn new_tenant(app: &App, plan: &SeedPlan) -> Tenant {
    Tenant {
        id: app.clock.id(),
        name: plan.tenant_slug.clone(),
        slug: plan.tenant_slug.clone(),
        status: TenantStatus::Active,
        plan: "free".to_owned(),
        timezone: "UTC".to_owned(),
        locale: "en-US".to_owned(),
        created_at: app.clock.now(),
    }
}

async fn insert_people(
    conn: &mut Conn,
    place: Place<'_>,
    users: &[UserId],
    sessions: &[SessionId],
) -> Result<()> {
    let expires_at = place.at.plus_ms(SESSION_LIFETIME_MS);
    for (batch, ids) in users.chunks(ROWS_MAX).enumerate() {
        seed::users(conn, place, batch * ROWS_MAX, ids).await?;
    }
    for (batch, ids) in sessions.chunks(ROWS_MAX).enumerate() {
        seed::sessions(conn, place, batch * ROWS_MAX, ids, expires_at).await?;
    }
    Ok(())
}

async fn insert_channels(
    conn: &mut Conn,
    place: Place<'_>,
    plan: &SeedPlan,
    channels: &[ChannelId],
) -> Result<()> {
    let groups = Groups { size: plan.members_per_channel as u64, people: plan.users as u64 };
    let per_batch = (ROWS_MAX / plan.members_per_channel.max(1)).max(1);
    for (batch, ids) in channels.chunks(per_batch).enumerate() {
        seed::channels(conn, place, groups, batch * per_batch, ids).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
