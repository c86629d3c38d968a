//! What people choose for the programs they use.

use tidewire_protocol::model::preferences::{ChangePreferences, Preferences};
use tidewire_storage::{preferences as stored, users};

use crate::{
    Actor, App, Error, Result,
    notification_preferences::{Moved, announce},
};

/// The caller's preferences.
pub async fn mine(app: &App, actor: &Actor) -> Result<Preferences> {
    Ok(stored::of(&mut app.db.read().await?, actor.tenant_id(), actor.user_id()).await?)
}

/// Changes the caller's preferences; all their connections learn the result.
pub async fn change(app: &App, actor: &Actor, change: ChangePreferences) -> Result<Preferences> {
    let (tenant_id, user_id, at) = (actor.tenant_id(), actor.user_id(), app.clock.now());
    let mut conn = app.db.write().await?;
    // Two devices that change different things at once both get their way.
    users::lock(&mut conn, tenant_id, user_id).await?;
    let before = stored::of(&mut conn, tenant_id, user_id).await?;
    let mut after = before.changed(change).map_err(|error| Error::invalid(&[error]))?;
    after.updated_at = Some(at);
    stored::put(&mut conn, tenant_id, user_id, &after, at).await?;
    conn.commit().await?;
    announce(app, actor, after.clone(), Moved::Nothing);
    Ok(after)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tidewire_protocol::model::preferences::Theme;
    use tidewire_testkit::on_both_engines;

    use super::*;
    use crate::testing::{House, Screen, code, input};

    on_both_engines! {
        async fn a_choice_is_kept_and_shown_on_every_connection(db: TestDb) {
            let house = House::open(&db).await;
            let ada = house.admin().await;
            assert_eq!(mine(&house.app, &ada).await.unwrap(), Preferences::default());
            let screen = Screen::of(&house.app, &ada).await;
            let dark = input(json!({ "ui": { "theme": "dark" } }));
            let changed = change(&house.app, &ada, dark).await.unwrap();
            assert_eq!((changed.ui.theme, changed.updated_at), (Theme::Dark, Some(house.app.clock.now())));
            assert_eq!(mine(&house.app, &ada).await.unwrap(), changed);
            let shown = screen.shown("preferences.changed");
            let mut expected = serde_json::to_value(&changed).unwrap();
            expected["preference"] = serde_json::Value::Null;
            expected["dnd"] = serde_json::Value::Null;
            expected["digest"] = serde_json::Value::Null;
            assert_eq!(shown, [expected]);
            let much = input(json!({ "ui": { "custom": { "x": "y".repeat(9_000) } } }));
            assert_eq!(code(change(&house.app, &ada, much).await), "VALIDATION_FAILED");
        }

        async fn two_devices_that_change_different_things_both_get_their_way(db: TestDb) {
            let house = House::open(&db).await;
            let ada = house.admin().await;
            let changes = (0..20).map(|place| {
                let mut custom = serde_json::Map::new();
                custom.insert(format!("key{place}"), json!(place));
                change(&house.app, &ada, input(json!({ "ui": { "custom": custom } })))
            });
            for changed in futures_util::future::join_all(changes).await {
                changed.unwrap();
            }
            assert_eq!(mine(&house.app, &ada).await.unwrap().ui.custom.len(), 20);
        }
    }
}
