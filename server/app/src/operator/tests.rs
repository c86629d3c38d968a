use serde_json::{Value, json};
use tidewire_protocol::model::{
    accounts::Login,
    passwords::ResetPassword,
    users::{AcceptInvitation, Role, UserStatus},
};
use tidewire_storage::outbox::Outcome;
use tidewire_testkit::{eventually, on_both_engines};
use uuid::Uuid;

use super::*;
use crate::{
    accounts, passwords,
    permission::Permission,
    testing::{House, PASSWORD, Screen, code, input, person},
    users,
};

const NEW_PASSWORD: &str = "a longer way to the sea";

fn token_of(link: &Link) -> String {
    link.url.split_once("token=").unwrap().1.to_owned()
}

fn refused<T>(result: Result<T>) -> String {
    result.err().expect("refused").to_string()
}

fn accept(link: &Link) -> AcceptInvitation {
    assert_eq!(link.kind, LinkKind::Invitation);
    assert!(link.url.starts_with("https://tide.example/accept-invitation?token="));
    input(json!({ "token": token_of(link), "password": NEW_PASSWORD }))
}

fn reset(link: &Link) -> ResetPassword {
    assert_eq!(link.kind, LinkKind::PasswordReset);
    assert!(link.url.starts_with("https://tide.example/reset-password?token="));
    input(json!({ "token": token_of(link), "password": NEW_PASSWORD }))
}

fn login(email: &str, tenant: &str) -> Login {
    input(json!({ "email": email, "password": NEW_PASSWORD, "tenantSlug": tenant }))
}

async fn actions(house: &House) -> Vec<String> {
    let rows =
        house.rows("select action from audit where actor_id is null and action not like 'auth.%' order by action").await;
    rows.iter().map(|row| row.text(0).unwrap()).collect()
}

on_both_engines! {
    async fn a_suspended_company_is_out_at_once_on_every_node_and_in_again_later(db: TestDb) {
        let house = House::open_at_work(&db).await;
        let other = house.other_node();
        let ada = house.admin().await;
        let screen = Screen::of(&other, &ada).await;
        let token = house.login("ada@acme.example").await.unwrap().tokens.access_token;
        assert!(set_suspended(&house.app, "acme", true).await.unwrap());
        assert_eq!(code(house.actor_with(&token).await), "TENANT_SUSPENDED");
        assert_eq!(code(house.login("ada@acme.example").await.map(drop)), "TENANT_SUSPENDED");
        eventually("the connection is ended", async || screen.is_closed().then_some(())).await;
        assert_eq!(screen.shown("session.revoked")[0]["reason"], "TENANT_SUSPENDED");
        assert!(!set_suspended(&house.app, "acme", true).await.unwrap(), "already");
        assert!(set_suspended(&house.app, "acme", false).await.unwrap());
        assert!(house.actor_with(&token).await.is_ok(), "the session was kept");
        assert_eq!(actions(&house).await, ["tenants.resumed", "tenants.suspended"]);
    }

    async fn the_operators_own_company_stays_and_unknown_ones_are_named(db: TestDb) {
        let house = House::open(&db).await;
        let app = &house.app;
        assert!(refused(set_suspended(app, "platform", true).await).contains("own company"));
        assert!(refused(set_suspended(app, "nobody", true).await).contains("nobody"));
        assert!(refused(link(app, "nobody", "a@b.example").await).contains("nobody"));
        assert!(refused(link(app, "acme", "a@b.example").await).contains("a@b.example"));
        assert!(refused(link(app, "acme", "no address").await).contains("not an email"));
        assert!(actions(&house).await.is_empty());
    }

    async fn a_link_invites_who_is_pending_and_resets_who_is_active(db: TestDb) {
        let house = House::open(&db).await;
        let (app, request) = (&house.app, &Request::default());
        let (_, mailed) = house.invite(person("Bob")).await;
        let invitation = link(app, "acme", "BOB@acme.example").await.unwrap();
        let old = input::<AcceptInvitation>(json!({ "token": mailed, "password": NEW_PASSWORD }));
        let voided = users::accept_invitation(app, request, old).await;
        assert_eq!(code(voided), "ONE_TIME_TOKEN_INVALID");
        users::accept_invitation(app, request, accept(&invitation)).await.unwrap();
        let again = link(app, "acme", "bob@acme.example").await.unwrap();
        passwords::reset(app, request, reset(&again)).await.unwrap();
        accounts::login(app, request, login("bob@acme.example", "acme")).await.unwrap();
        assert_eq!(actions(&house).await.iter().filter(|a| *a == "users.link_issued").count(), 2);
        house.execute("update users set status = 'inactive' where email = 'bob@acme.example'").await;
        assert!(refused(link(app, "acme", "bob@acme.example").await).contains("deactivated"));
    }

    async fn whoever_is_reset_is_an_active_administrator_with_a_link_and_no_sessions(db: TestDb) {
        let house = House::open(&db).await;
        let app = &house.app;
        let bob = house.of_role("Bob", Role::User).await;
        let token = house.login("bob@acme.example").await.unwrap().tokens.access_token;
        house.execute("update users set status = 'inactive' where email = 'bob@acme.example'").await;
        let way_in = reset_administrator(app, "acme", "bob@acme.example").await.unwrap();
        assert_eq!(code(house.actor_with(&token).await), "SESSION_REVOKED");
        passwords::reset(app, &Request::default(), reset(&way_in)).await.unwrap();
        let signed_in = accounts::login(app, &Request::default(), login("bob@acme.example", "acme")).await;
        let user = signed_in.unwrap().user;
        assert_eq!((user.id, user.role, user.status), (bob.user_id(), Role::TenantAdmin, UserStatus::Active));
        assert!(actions(&house).await.contains(&"users.administrator_reset".to_owned()));
    }

    async fn operators_have_a_company_of_their_own(db: TestDb) {
        let house = House::open(&db).await;
        let (app, request) = (&house.app, &Request::default());
        let olga = || NewSuper {
            email: "olga@ops.example".to_owned(),
            first_name: "Olga".to_owned(),
            last_name: "Ops".to_owned(),
        };
        let way_in = create_super(app, olga()).await.unwrap();
        users::accept_invitation(app, request, accept(&way_in)).await.unwrap();
        let signed_in = accounts::login(app, request, login("olga@ops.example", PLATFORM)).await.unwrap();
        assert_eq!(signed_in.user.role, Role::Super);
        let olga_herself = house.actor_with(&signed_in.tokens.access_token).await.unwrap();
        assert!(olga_herself.require_admin(Permission::AuditRead).is_ok());
        assert!(refused(create_super(app, olga()).await).contains("link --tenant platform"));
        let second = NewSuper { email: "otto@ops.example".to_owned(), ..olga() };
        create_super(app, second).await.unwrap();
        assert_eq!(house.count("select count(*) from tenants where slug = 'platform'").await, 1);
        let bad = NewSuper { email: "otto".to_owned(), ..olga() };
        assert!(refused(create_super(app, bad).await).contains("otto"));
        assert_eq!(house.login("ada@acme.example").await.unwrap().user.role, Role::TenantAdmin);
        assert_ne!(NEW_PASSWORD, PASSWORD);
    }

    async fn failed_work_is_listed_with_its_reason_and_without_what_it_held(db: TestDb) {
        let house = House::open(&db).await;
        let app = &house.app;
        house.invite(person("Bob")).await;
        assert!(troubled(app, 10).await.unwrap().is_empty(), "waiting is no trouble");
        let (now, claim) = (app.clock.now(), Uuid::from_u128(1));
        let mut conn = app.db.write().await.unwrap();
        let lease = (now, now.plus_ms(1_000));
        let claimed = outbox::claim(&mut conn, "mail", claim, lease, 10).await.unwrap();
        let (first, second) = (claimed[0].id, claimed[1].id);
        let due_at = now.plus_ms(60_000);
        let retry = Outcome::Retry { due_at, error: "451" };
        assert!(outbox::settle(&mut conn, (first, claim), retry, now).await.unwrap());
        let failed = Outcome::Failed { error: "550" };
        assert!(outbox::settle(&mut conn, (second, claim), failed, now).await.unwrap());
        conn.commit().await.unwrap();
        let listed = troubled(app, 10).await.unwrap();
        let found = |id| listed.iter().find(|work| work.id == id).unwrap();
        assert_eq!((found(first).due_at, found(first).error.as_str()), (Some(due_at), "451"));
        assert_eq!((found(second).due_at, found(second).state.as_str()), (None, "failed"));
        assert!(listed.iter().all(|work| work.tenant.as_deref() == Some("acme")));
        assert_eq!(troubled(app, 1).await.unwrap().len(), 1);
        let shown: Value = serde_json::to_value(&listed).unwrap();
        assert!(!shown.to_string().contains("token"));
    }
}
