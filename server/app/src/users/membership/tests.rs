use serde_json::{Value, json};
use tidewire_protocol::model::{channels::ChannelRole, presence::PresenceStatus, users::Role};
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    channels, messages, presence,
    testing::{House, Screen, acceptance, code, draft, input, person},
    users::{create, resend_invitation},
};

const fn id(user: UserId) -> UserKey {
    UserKey::Id(user)
}

on_both_engines! {
    async fn who_is_deactivated_is_out_at_once(db: TestDb) {
        let house = House::open(&db).await;
        let (admin, bert) = (house.admin().await, house.of_role("Bert", Role::User).await);
        let watching = Screen::of(&house.app, &admin).await;
        let screen = Screen::of(&house.app, &bert).await;
        let user = deactivate(&house.app, &admin, id(bert.user_id())).await.unwrap().user;
        assert_eq!((user.status, user.deactivated_at), (UserStatus::Inactive, Some(house.app.clock.now())));
        assert_eq!(screen.shown("session.revoked"), [json!({ "reason": "deactivated" })]);
        assert!(screen.is_closed());
        let session = crate::auth::session::of_session(&house.app, bert.session_id()).await;
        assert_eq!(code(session), "SESSION_REVOKED");
        assert_eq!(code(house.login("bert@acme.example").await.map(|_| ())), "ACCOUNT_DEACTIVATED");
        assert_eq!(watching.shown("user.updated").last().unwrap()["user"]["status"], "inactive");
        let query = presence::query(&house.app, &admin, &[id(bert.user_id())]).await.unwrap();
        assert_eq!(query[0].status, PresenceStatus::Offline);
        let again = deactivate(&house.app, &admin, id(bert.user_id())).await.unwrap().user;
        assert_eq!(again.version, user.version);
        let noted = "select count(*) from audit where action = 'users.deactivated'";
        assert_eq!(house.count(noted).await, 1);
        assert_eq!(house.mailed("users.deactivated").await, 1);
    }

    async fn who_is_brought_back_signs_in_again_or_is_invited_again(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let bert = house.member(person("Bert")).await;
        let (cleo, token) = house.invite(person("Cleo")).await;
        for user in [bert.id, cleo.id] {
            deactivate(&house.app, &admin, id(user)).await.unwrap();
        }
        let void = crate::users::preview_invitation(&house.app, &token).await;
        assert_eq!(code(void), "ONE_TIME_TOKEN_INVALID");
        let bert = activate(&house.app, &admin, id(bert.id)).await.unwrap().user;
        assert_eq!((bert.status, bert.deactivated_at), (UserStatus::Active, None));
        house.login("bert@acme.example").await.unwrap();
        house.execute("update outbox set state = 'sent'").await;
        let cleo = activate(&house.app, &admin, id(cleo.id)).await.unwrap().user;
        assert_eq!(cleo.status, UserStatus::Pending);
        let fresh = house.mailed_token("cleo@acme.example").await;
        assert!(fresh != token && cleo.invitation_expires_at.is_some());
        let request = crate::actor::Request::default();
        crate::users::accept_invitation(&house.app, &request, acceptance(&fresh)).await.unwrap();
        let again = activate(&house.app, &admin, id(bert.id)).await.unwrap().user;
        assert_eq!(again.version, bert.version);
    }

    async fn seats_are_taken_by_those_who_come_and_freed_by_those_who_go(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        house.execute("update tenants set seat_limit = 2").await;
        let (bert, _) = house.invite(person("Bert")).await;
        let refused = create(&house.app, &admin, draft(person("Cleo"))).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::SeatLimitReached);
        assert_eq!(refused.body().details, Some(json!({ "used": 2, "limit": 2 })));
        deactivate(&house.app, &admin, id(bert.id)).await.unwrap();
        create(&house.app, &admin, draft(person("Cleo"))).await.unwrap();
        assert_eq!(code(activate(&house.app, &admin, id(bert.id)).await), "SEAT_LIMIT_REACHED");
        house.execute("update tenants set seat_limit = null").await;
        activate(&house.app, &admin, id(bert.id)).await.unwrap();
    }

    async fn who_is_erased_leaves_their_words_and_nothing_else(db: TestDb) {
        let house = House::open(&db).await;
        let (admin, bert) = (house.admin().await, house.of_role("Bert", Role::User).await);
        let open = input(json!({ "userId": bert.user_id() }));
        let channel = channels::open_direct(&house.app, &admin, open).await.unwrap().channel.id;
        let say = input(json!({ "content": "hello" }));
        messages::send(&house.app, &bert, channel, say).await.unwrap();
        let watching = Screen::of(&house.app, &admin).await;
        let screen = Screen::of(&house.app, &bert).await;
        let erased = delete(&house.app, &admin, id(bert.user_id())).await.unwrap();
        assert_eq!((erased.deleted, erased.id), (true, bert.user_id()));
        assert!(screen.is_closed());
        let told = watching.shown("user.updated").pop().unwrap();
        assert_eq!((&told["deleted"], &told["user"]["email"]), (&json!(true), &Value::Null));
        let history = messages::history(&house.app, &admin, channel, input(json!({}))).await.unwrap();
        let sender = history.items[0].sender.clone().unwrap();
        assert_eq!((&*sender.display_name, sender.email), ("Deleted user", None));
        assert_eq!(history.items[0].content.as_deref(), Some("hello"));
        let gone = delete(&house.app, &admin, id(bert.user_id())).await;
        assert_eq!(code(gone), "NOT_FOUND");
        assert_eq!(house.count("select count(*) from users where first_name = 'Bert' or email like 'bert%'").await, 0);
        assert_eq!(house.count("select count(*) from sessions").await, 1);
        let traces = house.rows("select target_id, address from audit where target_type = 'user'").await;
        assert!(traces.iter().any(|row| row.text(0).unwrap() == bert.user_id().to_string()));
        let again = create(&house.app, &admin, draft(person("Bert"))).await.unwrap().user;
        assert_eq!(again.number, 3, "the address is free again and the number is not");
    }

    async fn groups_pass_to_those_who_stand_longest(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let bert = house.of_role("Bert", Role::User).await;
        let cleo = house.of_role("Cleo", Role::User).await;
        let dora = house.of_role("Dora", Role::User).await;
        let group = input(json!({ "name": "Crew", "memberIds": [cleo.user_id(), dora.user_id()] }));
        let group = channels::create_group(&house.app, &bert, group).await.unwrap().id;
        let role = input(json!({ "role": "admin" }));
        crate::channel_members::set_role(&house.app, &bert, group, id(dora.user_id()), role)
            .await.unwrap();
        deactivate(&house.app, &admin, id(bert.user_id())).await.unwrap();
        let detail = channels::get(&house.app, &dora, group).await.unwrap();
        assert_eq!(detail.channel.role, ChannelRole::Owner);
        let before = detail.channel.last_seq;
        deactivate(&house.app, &admin, id(dora.user_id())).await.unwrap();
        let detail = channels::get(&house.app, &cleo, group).await.unwrap();
        assert_eq!((detail.channel.role, detail.channel.last_seq), (ChannelRole::Owner, before + 2));
        deactivate(&house.app, &admin, id(cleo.user_id())).await.unwrap();
        let owners = "select count(*) from channel_members where role = 'owner'";
        assert_eq!(house.count(owners).await, 1, "where nobody is left it stays as it is");
    }

    async fn whoever_is_signed_out_by_an_administrator_may_sign_in_again(db: TestDb) {
        let house = House::open(&db).await;
        let (admin, bert) = (house.admin().await, house.of_role("Bert", Role::User).await);
        house.login("bert@acme.example").await.unwrap();
        let screen = Screen::of(&house.app, &bert).await;
        let ended = revoke_sessions(&house.app, &admin, id(bert.user_id())).await.unwrap();
        assert_eq!(ended.revoked_sessions, 2);
        assert_eq!(screen.shown("session.revoked"), [json!({ "reason": "administrator" })]);
        assert!(screen.is_closed());
        house.login("bert@acme.example").await.unwrap();
    }

    async fn some_things_are_not_done_to_oneself_or_by_others(db: TestDb) {
        let house = House::open(&db).await;
        let (admin, mia) = (house.admin().await, house.of_role("Mia", Role::Manager).await);
        let own = id(admin.user_id());
        assert_eq!(code(deactivate(&house.app, &admin, own).await), "CANNOT_MODIFY_SELF");
        assert_eq!(code(delete(&house.app, &admin, own).await), "CANNOT_MODIFY_SELF");
        for key in [own, UserKey::Number(99)] {
            assert_eq!(code(deactivate(&house.app, &mia, key).await), "FORBIDDEN");
            assert_eq!(code(activate(&house.app, &mia, key).await), "FORBIDDEN");
            assert_eq!(code(delete(&house.app, &mia, key).await), "FORBIDDEN");
            assert_eq!(code(revoke_sessions(&house.app, &mia, key).await), "FORBIDDEN");
            assert_eq!(code(resend_invitation(&house.app, &mia, key).await), "FORBIDDEN");
        }
        let unknown = UserKey::Number(99);
        assert_eq!(code(deactivate(&house.app, &admin, unknown).await), "NOT_FOUND");
        assert_eq!(code(revoke_sessions(&house.app, &admin, unknown).await), "NOT_FOUND");
        assert_eq!(code(activate(&house.app, &admin, unknown).await), "NOT_FOUND");
    }

    async fn an_invitation_is_sent_again_three_times_an_hour(db: TestDb) {
        let house = House::open(&db).await;
        let admin = house.admin().await;
        let (bert, first) = house.invite(person("Bert")).await;
        house.execute("update outbox set state = 'sent'").await;
        house.app.clock.advance(1_000);
        let sent = resend_invitation(&house.app, &admin, id(bert.id)).await.unwrap();
        assert_eq!(sent.invitation.expires_at, house.app.clock.now().plus_ms(7 * 86_400_000));
        let void = crate::users::preview_invitation(&house.app, &first).await;
        assert_eq!(code(void), "ONE_TIME_TOKEN_INVALID");
        let token = house.mailed_token("bert@acme.example").await;
        crate::users::preview_invitation(&house.app, &token).await.unwrap();
        for _ in 0..2 {
            resend_invitation(&house.app, &admin, id(bert.id)).await.unwrap();
        }
        assert_eq!(code(resend_invitation(&house.app, &admin, id(bert.id)).await), "RATE_LIMITED");
        let (cleo, _) = house.invite(person("Cleo")).await;
        resend_invitation(&house.app, &admin, id(cleo.id)).await.unwrap();
        assert_eq!(code(resend_invitation(&house.app, &admin, id(admin.user_id())).await), "NOT_PENDING");
    }
}
