use serde_json::json;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    preferences as own,
    testing::{House, Screen, code, input},
};

fn wanted(event: &str, channel: &str, enabled: impl Into<serde_json::Value>) -> SetPreference {
    input(json!({ "eventKey": event, "channel": channel, "enabled": enabled.into() }))
}

async fn of(app: &App, actor: &Actor, event: &str, channel: Channel) -> (bool, PreferenceSource) {
    let rows = effective(app, actor).await.unwrap().items;
    let row = rows.iter().find(|row| row.event_key.word() == event && row.channel == channel);
    row.map(|row| (row.enabled, row.source)).unwrap()
}

on_both_engines! {
    async fn the_catalogue_is_whole_for_administrators_and_leaves_out_theirs_for_others(db: TestDb) {
        let house = House::open(&db).await;
        let (ada, bob) = (house.admin().await, house.of_role("Bob", Role::User).await);
        let count = async |actor: &Actor| {
            let modules = catalog(&house.app, actor).await.unwrap().modules;
            modules.iter().map(|module| module.events.len()).sum::<usize>()
        };
        assert_eq!((count(&ada).await, count(&bob).await), (35, 27));
        let modules = catalog(&house.app, &bob).await.unwrap().modules;
        assert!(modules.iter().all(|module| module.module != Module::Billing), "empty for them");
        assert_eq!(effective(&house.app, &ada).await.unwrap().items.len(), 35 * 3);
        assert_eq!(effective(&house.app, &bob).await.unwrap().items.len(), 27 * 3);
    }

    async fn a_choice_counts_until_it_is_taken_back_and_is_shown_everywhere(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ada) = (&house.app, house.admin().await);
        let screen = Screen::of(app, &ada).await;
        let mention = "chat.mention";
        assert_eq!(of(app, &ada, mention, Channel::Push).await, (true, PreferenceSource::System));
        let set_off = set(app, &ada, wanted(mention, "push", false)).await.unwrap().preference;
        assert_eq!((set_off.enabled, set_off.source), (false, PreferenceSource::User));
        assert_eq!(set_off.updated_at, Some(app.clock.now()));
        assert_eq!(of(app, &ada, mention, Channel::Push).await, (false, PreferenceSource::User));
        let null = serde_json::Value::Null;
        let back = set(app, &ada, wanted(mention, "push", null)).await.unwrap().preference;
        assert_eq!((back.enabled, back.source, back.updated_at), (true, PreferenceSource::System, None));
        let shown = screen.shown("preferences.changed");
        let told: Vec<_> = shown.iter().map(|event| &event["preference"]["enabled"]).collect();
        assert_eq!(told, [&json!(false), &json!(true)]);
    }

    async fn company_and_person_switch_whole_channels_off_but_for_what_is_locked(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ada) = (&house.app, house.admin().await);
        set(app, &ada, wanted("chat.mention", "email", true)).await.unwrap();
        let off = input(json!({ "notifications": { "email": false } }));
        own::change(app, &ada, off).await.unwrap();
        let mention = async || of(app, &ada, "chat.mention", Channel::Email).await;
        assert_eq!(mention().await, (false, PreferenceSource::Master));
        house.set("notifications.email_enabled", false).await;
        assert_eq!(mention().await, (false, PreferenceSource::Tenant));
        let locked = of(app, &ada, "auth.password_changed", Channel::Email).await;
        assert_eq!(locked, (true, PreferenceSource::Locked));
    }

    async fn what_cannot_be_chosen_says_why(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ada) = (&house.app, house.admin().await);
        let bob = house.of_role("Bob", Role::User).await;
        let refused = async |actor: &Actor, event, channel| {
            code(set(app, actor, wanted(event, channel, true)).await)
        };
        assert_eq!(refused(&ada, "auth.password_changed", "email").await, "PREFERENCE_LOCKED");
        assert_eq!(refused(&ada, "auth.password_changed", "push").await, "CHANNEL_NOT_OFFERED");
        assert_eq!(refused(&ada, "auth.nothing", "push").await, "EVENT_UNKNOWN");
        assert_eq!(refused(&bob, "billing.trial_ending", "email").await, "EVENT_UNKNOWN");
        set(app, &ada, wanted("billing.trial_ending", "push", true)).await.unwrap();
    }

    async fn choices_made_at_once_end_in_one_row_each(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ada) = (&house.app, house.admin().await);
        let choices = (0..20).map(|n| set(app, &ada, wanted("chat.mention", "push", n % 2 == 0)));
        for set in futures_util::future::join_all(choices).await {
            set.unwrap();
        }
        assert_eq!(house.count("select count(*) from notification_choices").await, 1);
    }
}
