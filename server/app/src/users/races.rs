//! What several people do at once, a hundred times over.

use futures_util::future::join_all;
use serde_json::json;
use tidewire_protocol::model::users::{AcceptInvitation, Role, UpdateUser};
use tidewire_testkit::on_both_engines;

use super::*;
use crate::{
    actor::Request,
    testing::{House, acceptance, code, draft, input, person},
    versions::Expected,
};

const ROUNDS: usize = 100;

/// As a client would: a server that is busy says so, and is asked again.
async fn patiently<T>(mut ask: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    loop {
        match ask().await {
            Err(error) if error.code() == ErrorCode::Unavailable => tokio::task::yield_now().await,
            answer => return answer,
        }
    }
}

/// Accepts as if the password had been hashed already: that takes long and races with nothing.
async fn accept(house: &House, accept: &AcceptInvitation) -> Result<()> {
    let accepting =
        async || accept_invitation(&house.app, &Request::default(), accept.clone()).await.map(drop);
    patiently(accepting).await
}

on_both_engines! {
    async fn an_invitation_accepted_twice_at_once_is_accepted_once(db: TestDb) {
        let house = House::open_unlimited(&db).await;
        for round in 0..ROUNDS {
            let (_, token) = house.invite(person(&format!("Bert{round}"))).await;
            let acceptance = acceptance(&token);
            let tries = join_all((0..2).map(|_| accept(&house, &acceptance))).await;
            assert_eq!(tries.iter().filter(|tried| tried.is_ok()).count(), 1, "round {round}");
            let lost = tries.into_iter().find(Result::is_err).unwrap();
            assert_eq!(code(lost), "ONE_TIME_TOKEN_INVALID", "round {round}");
        }
    }

    async fn ten_who_want_one_seat(db: TestDb) {
        let house = House::open_unlimited(&db).await;
        let admin = house.admin().await;
        for round in 0..ROUNDS {
            house.execute("update tenants set seat_limit = (select count(*) from users) + 1").await;
            let tries = join_all((0..10).map(|n| {
                let (house, admin) = (&house, &admin);
                async move {
                    let who = person(&format!("Bert{round}x{n}"));
                    patiently(async || create(&house.app, admin, draft(who.clone())).await).await
                }
            }))
            .await;
            assert_eq!(tries.iter().filter(|tried| tried.is_ok()).count(), 1, "round {round}");
            for lost in tries.into_iter().filter(Result::is_err) {
                assert_eq!(code(lost), "SEAT_LIMIT_REACHED", "round {round}");
            }
        }
    }

    async fn two_administrators_who_demote_one_another(db: TestDb) {
        let house = House::open_unlimited(&db).await;
        let (ada, eve) = (house.admin().await, house.of_role("Eve", Role::TenantAdmin).await);
        for round in 0..ROUNDS {
            let demote = async |actor: &Actor, target: UserId| {
                let wanted: UpdateUser = input(json!({ "role": "user" }));
                let key = UserKey::Id(target);
                let demoting = async || {
                    update(&house.app, actor, key, wanted.clone(), &Expected::Any).await
                };
                patiently(demoting).await
            };
            let (one, other) =
                tokio::join!(demote(&ada, eve.user_id()), demote(&eve, ada.user_id()));
            let tries = [one, other];
            assert_eq!(tries.iter().filter(|tried| tried.is_ok()).count(), 1, "round {round}");
            let lost = tries.into_iter().find(Result::is_err).unwrap();
            assert_eq!(code(lost), "LAST_ADMIN", "round {round}");
            house.execute("update users set role = 'tenant_admin'").await;
        }
    }

    async fn somebody_who_accepts_while_being_deactivated(db: TestDb) {
        let house = House::open_unlimited(&db).await;
        let admin = house.admin().await;
        for round in 0..ROUNDS {
            let (user, token) = house.invite(person(&format!("Bert{round}"))).await;
            let acceptance = acceptance(&token);
            let deactivating =
                patiently(async || deactivate(&house.app, &admin, UserKey::Id(user.id)).await);
            let (accepted, deactivated) = tokio::join!(accept(&house, &acceptance), deactivating);
            assert_eq!(deactivated.unwrap().user.status, UserStatus::Inactive, "round {round}");
            if accepted.is_err() {
                assert_eq!(code(accepted), "ONE_TIME_TOKEN_INVALID", "round {round}");
            }
            let found = get(&house.app, &admin, UserKey::Id(user.id)).await.unwrap().user;
            assert_eq!(found.status, UserStatus::Inactive, "round {round}");
        }
    }
}
