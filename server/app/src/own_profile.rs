//! What people say about themselves.

use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    input::put,
    model::{
        own_profile::{ChangeOwnProfile, OwnProfile},
        users::{User, display_name},
    },
};
use tidewire_storage::{
    Conn,
    feed::{self, Change},
    users,
};

use crate::{
    Actor, App, Result,
    audit::{self, Note},
    email_address::EmailAddress,
    news::{self, News},
    org_settings::{self, Settings},
    versions::Expected,
};

/// A profile, and the version of the person that it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    pub profile: OwnProfile,
    pub version: i64,
}

/// The caller's profile.
pub async fn mine(app: &App, actor: &Actor) -> Result<Versioned> {
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let user = users::by_id(&mut app.db.read().await?, actor.tenant_id(), actor.user_id()).await?;
    Ok(shown(user.ok_or(ErrorCode::SessionRevoked)?, &settings))
}

fn shown(user: User, settings: &Settings) -> Versioned {
    let profile = OwnProfile {
        id: user.id,
        number: user.number,
        email: user.email,
        first_name: user.first_name,
        last_name: user.last_name,
        display_name: user.display_name,
        phone: user.phone,
        avatar: user.avatar,
        timezone: user.timezone.unwrap_or_else(|| settings.timezone().to_owned()),
        locale: user.locale.unwrap_or_else(|| settings.locale().to_owned()),
        updated_at: user.updated_at,
    };
    Versioned { profile, version: user.version }
}

/// Changes the caller's profile. To say what is said already changes nothing.
pub async fn change(
    app: &App,
    actor: &Actor,
    change: ChangeOwnProfile,
    expected: &Expected,
) -> Result<Versioned> {
    let (tenant_id, user_id) = (actor.tenant_id(), actor.user_id());
    let settings = org_settings::of(app, tenant_id).await?;
    let mut conn = app.db.write().await?;
    users::lock(&mut conn, tenant_id, user_id).await?;
    let before = users::by_id(&mut conn, tenant_id, user_id).await?;
    let before = before.ok_or(ErrorCode::SessionRevoked)?;
    expected.require(before.version)?;
    let after = changed(before.clone(), change);
    if after == before {
        return Ok(shown(before, &settings));
    }
    let email = EmailAddress::parse(&after.email).ok_or(ErrorCode::Internal)?;
    users::update_own(&mut conn, tenant_id, &after, &email.key, app.clock.now()).await?;
    note(app, &mut conn, actor, &before, &after).await?;
    let user = users::by_id(&mut conn, tenant_id, user_id).await?;
    conn.commit().await?;
    news::publish(app, News::UserChanged { tenant_id, user_id }).await;
    Ok(shown(user.ok_or(ErrorCode::Internal)?, &settings))
}

fn changed(mut user: User, change: ChangeOwnProfile) -> User {
    put(&mut user.phone, change.phone);
    put(&mut user.avatar, change.avatar);
    put(&mut user.timezone, change.timezone);
    put(&mut user.locale, change.locale);
    put(&mut user.first_name, change.first_name);
    put(&mut user.last_name, change.last_name);
    user.display_name = display_name(&user.first_name, &user.last_name);
    user
}

/// Which fields changed; what they hold is personal.
async fn note(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    before: &User,
    after: &User,
) -> Result<()> {
    let (tenant_id, user_id) = (actor.tenant_id(), actor.user_id());
    feed::append(conn, tenant_id, Change::UserChanged { user_id }, app.clock.now()).await?;
    let fields: Vec<_> = [
        ("phone", before.phone != after.phone),
        ("avatar", before.avatar != after.avatar),
        ("timezone", before.timezone != after.timezone),
        ("locale", before.locale != after.locale),
        ("firstName", before.first_name != after.first_name),
        ("lastName", before.last_name != after.last_name),
    ]
    .into_iter()
    .filter_map(|(field, has_changed)| has_changed.then_some(field))
    .collect();
    let note = Note {
        tenant_id,
        action: "users.profile_updated",
        actor_id: Some(user_id),
        target: Some(("user", user_id.to_string())),
        detail: json!({ "fields": fields }),
    };
    audit::note(app, conn, &actor.request, note).await
}

#[cfg(test)]
mod tests {
    use tidewire_testkit::on_both_engines;

    use super::*;
    use crate::testing::{House, Screen, code, input, person};

    on_both_engines! {
        async fn people_change_what_they_say_about_themselves(db: TestDb) {
            let house = House::open(&db).await;
            house.member(person("Bert")).await;
            let (ada, bert) = (house.admin().await, house.actor("bert@acme.example").await);
            let screen = Screen::of(&house.app, &ada).await;
            house.set("general.timezone", "Europe/Vienna").await;
            let before = mine(&house.app, &bert).await.unwrap();
            assert_eq!((&*before.profile.timezone, &*before.profile.locale), ("Europe/Vienna", "en-US"));
            let wanted = input(json!({ "firstName": "Berta", "timezone": "Asia/Tokyo", "role": "tenant_admin" }));
            let expected = Expected::OneOf(vec![before.version]);
            let after = change(&house.app, &bert, wanted, &expected).await.unwrap();
            assert_eq!((&*after.profile.display_name, &*after.profile.timezone), ("Berta Tester", "Asia/Tokyo"));
            assert_eq!(mine(&house.app, &bert).await.unwrap(), after);
            assert_eq!(screen.shown("user.updated").last().unwrap()["user"]["displayName"], "Berta Tester");
            assert_eq!(house.count("select count(*) from users where role = 'user'").await, 1);
            let stale = change(&house.app, &bert, input(json!({ "phone": "+4366012345" })), &expected).await;
            assert_eq!(code(stale), "PRECONDITION_FAILED");
            let cleared = change(&house.app, &bert, input(json!({ "timezone": null })), &Expected::Any).await.unwrap();
            assert_eq!(cleared.profile.timezone, "Europe/Vienna");
            let same = change(&house.app, &bert, input(json!({ "firstName": "Berta" })), &Expected::Any).await.unwrap();
            assert_eq!(same, cleared);
            let rows = house.rows("select detail from audit where action = 'users.profile_updated' order by at_ms, id").await;
            assert_eq!(rows.len(), 2);
        }
    }
}
