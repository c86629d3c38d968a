use futures_util::future::join_all;
use serde_json::json;
use tidewire_protocol::model::accounts::Login;
use tidewire_testkit::{eventually, on_both_engines};

use super::*;
use crate::{
    accounts,
    actor::Request,
    channels, messages,
    testing::{House, Screen, acceptance, code, draft, input, login, person, registration},
    users,
};

async fn put(house: &House, key: &str, value: Value) -> Result<SettingData> {
    let expected = Expected::Any;
    set(&house.app, &house.admin().await, key, SetSetting { value }, &expected).await
}

async fn shown(house: &House, key: &str) -> Setting {
    get(&house.app, &house.admin().await, key).await.unwrap().setting
}

on_both_engines! {
    async fn a_setting_is_its_default_until_it_is_set_and_again_when_it_is_set_back(db: TestDb) {
        let house = House::open(&db).await;
        let before = shown(&house, "security.password_min_length").await;
        assert_eq!((&before.value, before.is_default, before.version), (&json!(10), true, 0));
        assert_eq!((before.updated_at, before.updated_by), (None, None));
        assert_eq!(json!(before.constraints), json!({ "minimum": 8, "maximum": 64 }));

        let set = put(&house, "security.password_min_length", json!(12)).await.unwrap().setting;
        assert_eq!((&set.value, set.is_default, set.version), (&json!(12), false, 1));
        assert_eq!(set.updated_by.unwrap().id, house.acme.user.id);
        assert_eq!(of(&house.app, house.acme.tenant.id).await.unwrap().password_min_length(), 12);
        let again = put(&house, "security.password_min_length", json!(12)).await.unwrap().setting;
        assert_eq!(again.version, 1, "nothing has changed");

        put(&house, "security.password_min_length", Value::Null).await.unwrap();
        let back = shown(&house, "security.password_min_length").await;
        assert_eq!((&back.value, back.is_default, back.version), (&json!(10), true, 2));
        let noted = house.rows("select detail from audit where action = 'settings.updated'").await;
        let noted: Vec<Value> = noted.iter().map(|row| row.json(0).unwrap()).collect();
        assert_eq!(noted.len(), 2);
        assert!(noted.contains(&json!({ "before": 10, "after": 12 })), "{noted:?}");
    }

    async fn settings_are_for_administrators_to_change_and_for_readers_to_read(db: TestDb) {
        let house = House::open(&db).await;
        house.member(person("Bert")).await;
        let bert = house.actor("bert@acme.example").await;
        assert_eq!(all(&house.app, &bert).await.unwrap().settings.len(), SettingKey::ALL.len());
        let wanted = SetSetting { value: json!("x") };
        let refused = set(&house.app, &bert, "no.key", wanted, &Expected::Any).await;
        assert_eq!(code(refused), "FORBIDDEN");
        for key in ["", "chat", "chat.unknown", "CHAT.ENABLED"] {
            assert_eq!(code(put(&house, key, json!(1)).await), "NOT_FOUND", "{key}");
            assert_eq!(code(get(&house.app, &bert, key).await), "NOT_FOUND", "{key}");
        }
        assert_eq!(code(of_category(&house.app, &bert, "general.locale").await), "NOT_FOUND");
        let chat = of_category(&house.app, &bert, "chat").await.unwrap();
        assert_eq!(json!(chat.settings), json!({
            "chat.enabled": true, "chat.group_creation": "everyone",
            "chat.edit_window_minutes": 1440, "chat.retention_days": 0,
        }));
        assert_eq!(code(put(&house, "chat.enabled", json!("true")).await), "VALIDATION_FAILED");
        assert_eq!(code(put(&house, "users.default_profile_id", json!(9)).await), "VALIDATION_FAILED");
        assert_eq!(house.count("select count(*) from org_settings").await, 0);
    }

    async fn of_two_administrators_with_one_version_one_is_refused(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        for round in 0..20 {
            let expected = Expected::OneOf(vec![round]);
            let put = async |day: i64| {
                let wanted = SetSetting { value: json!(day) };
                set(&house.app, &admin, "general.week_start", wanted, &expected).await
            };
            let tries = join_all([put(2 + round % 2 * 2), put(3 + round % 2 * 2)]).await;
            assert_eq!(tries.iter().filter(|tried| tried.is_ok()).count(), 1, "round {round}");
            let lost = tries.into_iter().find(Result::is_err).unwrap();
            assert_eq!(code(lost), "PRECONDITION_FAILED", "round {round}");
        }
    }

    async fn the_company_itself_follows_its_settings(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        put(&house, "general.company_name", json!("Acme & Sons")).await.unwrap();
        put(&house, "general.timezone", json!("Europe/Vienna")).await.unwrap();
        put(&house, "general.locale", json!("de-at")).await.unwrap();
        put(&house, "branding.logo_url", json!("https://acme.example/logo.svg")).await.unwrap();
        let tenant = crate::tenants::me(&house.app, &admin).await.unwrap().tenant;
        let told = (&*tenant.name, &*tenant.timezone, &*tenant.locale);
        assert_eq!(told, ("Acme & Sons", "Europe/Vienna", "de-AT"));
        let public = crate::tenants::by_slug(&house.app, "acme").await.unwrap().tenant;
        assert_eq!((&*public.name, &*public.locale), ("Acme & Sons", "de-AT"));
        assert_eq!(public.logo_url.as_deref(), Some("https://acme.example/logo.svg"));

        put(&house, "general.company_name", Value::Null).await.unwrap();
        let tenant = crate::tenants::me(&house.app, &admin).await.unwrap().tenant;
        assert_eq!((&*tenant.name, &*tenant.timezone), ("acme Holding", "Europe/Vienna"));
    }

    async fn a_change_reaches_readers_on_every_node_once_and_no_other_company(db: TestDb) {
        let house = House::open(&db).await;
        crate::tenants::register(&house.app, &Request::default(), registration("other"))
            .await.unwrap();
        let elsewhere = house.other_node();
        let stranger = login("ada@other.example", crate::testing::PASSWORD);
        let stranger = Login { tenant_slug: "other".to_owned(), ..stranger };
        let stranger = accounts::login(&house.app, &Request::default(), stranger).await.unwrap();
        let stranger = house.actor_with(&stranger.tokens.access_token).await.unwrap();
        let admin = house.admin().await;
        assert!(of(&elsewhere, admin.tenant_id()).await.unwrap().has_chat());
        let (here, there) =
            (Screen::of(&house.app, &admin).await, Screen::of(&elsewhere, &admin).await);
        let foreign = Screen::of(&elsewhere, &stranger).await;

        put(&house, "chat.enabled", json!(false)).await.unwrap();
        let told = json!({ "key": "chat.enabled", "value": false, "version": 1 });
        assert_eq!(here.shown("org_settings.changed"), std::slice::from_ref(&told));
        eventually("the other node shows it", async || {
            (!there.shown("org_settings.changed").is_empty()).then_some(())
        })
        .await;
        assert!(!of(&elsewhere, admin.tenant_id()).await.unwrap().has_chat());
        for node in [&house.app, &elsewhere] {
            crate::changes::replay(node, crate::testing::START).await.unwrap();
        }
        assert_eq!(here.shown("org_settings.changed"), std::slice::from_ref(&told));
        assert_eq!(there.shown("org_settings.changed"), [told]);
        assert!(foreign.shown("org_settings.changed").is_empty());
    }

    async fn news_that_are_lost_are_found_in_the_feed(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let tenant = admin.tenant_id();
        assert!(of(&house.app, tenant).await.unwrap().has_chat());
        let screen = Screen::of(&house.app, &admin).await;
        let mut conn = house.app.db.write().await.unwrap();
        let by = (admin.user_id(), house.app.clock.now());
        let key = SettingKey::ChatEnabled;
        stored::put(&mut conn, tenant, key, Some(json!(false)), by).await.unwrap();
        feed::append(&mut conn, tenant, Change::SettingChanged { key }, by.1).await.unwrap();
        conn.commit().await.unwrap();
        assert!(of(&house.app, tenant).await.unwrap().has_chat(), "not heard of yet");
        crate::changes::replay(&house.app, by.1).await.unwrap();
        assert!(!of(&house.app, tenant).await.unwrap().has_chat());
        assert_eq!(screen.shown("org_settings.changed").len(), 1);
    }

    async fn invitations_follow_the_settings(db: TestDb) {
        let house = House::open(&db).await;
        house.set("security.allowed_email_domains", json!(["acme.example"])).await;
        house.set("users.invitation_expiry_days", 2).await;
        house.set("users.default_profile_id", 4).await;
        house.set("security.password_min_length", 30).await;
        let admin = house.admin().await;
        let mut foreign = person("Eve");
        foreign["email"] = json!("eve@sub.acme.example");
        let refused = users::create(&house.app, &admin, draft(foreign)).await;
        assert_eq!(code(refused), "EMAIL_DOMAIN_NOT_ALLOWED");
        let (user, token) = house.invite(person("Bert")).await;
        assert_eq!(user.profile_id, Some(4));
        let expected = house.app.clock.now().plus_ms(2 * 86_400_000);
        assert_eq!(user.invitation_expires_at, Some(expected));
        let request = Request::default();
        let short = users::accept_invitation(&house.app, &request, acceptance(&token)).await;
        let refused = short.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::PasswordPolicy);
        assert_eq!(refused.body().details.unwrap()["minLength"], 30);
    }

    async fn sessions_follow_the_settings(db: TestDb) {
        let house = House::open(&db).await;
        let first = house.login("ada@acme.example").await.unwrap();
        let actor = house.actor_with(&first.tokens.access_token).await.unwrap();
        assert_eq!(code(put(&house, "security.session_max_days", json!(6)).await), "VALIDATION_FAILED");
        house.set("security.session_idle_days", 1).await;
        house.set("security.session_max_days", 3).await;
        house.set("security.max_sessions_per_user", 2).await;
        let session = crate::auth::session::of_session(&house.app, actor.session_id()).await.unwrap();
        let expected = session.session_created_at.plus_ms(3 * 86_400_000);
        assert_eq!(session.session_expires_at, expected, "an open session is shortened");
        house.app.clock.advance(86_400_000);
        let refresh = input(json!({ "refreshToken": first.tokens.refresh_token }));
        let idle = accounts::refresh(&house.app, &Request::default(), refresh).await;
        assert_eq!(code(idle.map(|_| ())), "REFRESH_TOKEN_INVALID");
        for _ in 0..3 {
            house.login("ada@acme.example").await.unwrap();
        }
        let alive = "select count(*) from sessions where revoked_ms is null";
        assert_eq!(house.count(alive).await, 2);
    }

    async fn signing_in_may_need_a_verified_address(db: TestDb) {
        let house = House::open(&db).await;
        house.set("security.require_verified_email", true).await;
        assert_eq!(code(house.login("ada@acme.example").await.map(|_| ())), "EMAIL_NOT_VERIFIED");
        let wrong = login("ada@acme.example", "something else");
        let wrong = accounts::login(&house.app, &Request::default(), wrong).await;
        assert_eq!(code(wrong.map(|_| ())), "INVALID_CREDENTIALS");
        house.execute("update users set email_verified = true").await;
        house.login("ada@acme.example").await.unwrap();
    }

    async fn without_a_chat_its_operations_are_refused(db: TestDb) {
        let house = House::open(&db).await;
        let bert = house.member(person("Bert")).await;
        let admin = house.admin().await;
        let open = || input(json!({ "userId": bert.id }));
        let channel = channels::open_direct(&house.app, &admin, open()).await.unwrap().channel.id;
        let say = async || {
            messages::send(&house.app, &admin, channel, input(json!({ "content": "hello" }))).await
        };
        let message = say().await.unwrap().message;
        house.set("chat.enabled", false).await;
        assert_eq!(code(say().await), "MODULE_DISABLED");
        assert_eq!(code(channels::list(&house.app, &admin).await), "MODULE_DISABLED");
        assert_eq!(code(channels::open_direct(&house.app, &admin, open()).await), "MODULE_DISABLED");
        house.set("chat.enabled", true).await;
        say().await.unwrap();

        house.set("chat.edit_window_minutes", 5).await;
        let edit = async || {
            let edit = input(json!({ "content": "bye" }));
            messages::edit(&house.app, &admin, channel, message.id, edit).await
        };
        house.app.clock.advance(5 * 60_000 - 1);
        edit().await.unwrap();
        house.app.clock.advance(1);
        assert_eq!(code(edit().await), "EDIT_WINDOW_CLOSED");

        house.set("chat.group_creation", "managers").await;
        let actor = house.actor("bert@acme.example").await;
        let group = || input(json!({ "name": "Crew", "memberIds": [1, 2] }));
        assert_eq!(code(channels::create_group(&house.app, &actor, group()).await), "FORBIDDEN");
        channels::create_group(&house.app, &admin, group()).await.unwrap();
    }
}
