//! What tests of several tables need: a database of either engine with a tenant in it.

use tidewire_protocol::{
    Timestamp,
    id::{TenantId, UserId},
    model::{
        tenants::{Tenant, TenantStatus},
        users::{Role, UserStatus},
    },
};
use tidewire_testkit::TestDb;
use uuid::Uuid;

use crate::{
    Conn, Db, tenants,
    users::{self, NewUser},
};

pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_738_311_330_000);
pub(crate) const ACME: TenantId = TenantId::new(Uuid::from_u128(1));

pub(crate) async fn open(db: &TestDb) -> Db {
    let db = Db::open(db.url()).await.unwrap();
    add_tenant(&db, ACME, "acme").await;
    db
}

pub(crate) async fn add_tenant(db: &Db, id: TenantId, slug: &str) {
    let tenant = Tenant {
        id,
        name: slug.to_owned(),
        slug: slug.to_owned(),
        status: TenantStatus::Active,
        plan: "free".to_owned(),
        timezone: "UTC".to_owned(),
        locale: "en-US".to_owned(),
        created_at: NOW,
    };
    let mut conn = db.write().await.unwrap();
    assert!(tenants::insert(&mut conn, &tenant).await.unwrap());
    conn.commit().await.unwrap();
}

/// Person number `n`: their id is their number, and they were added `n` ms after the start.
pub(crate) fn person(n: u32, email: &'static str, first_name: &'static str) -> NewUser<'static> {
    NewUser {
        id: user_id(n),
        tenant_id: ACME,
        number: i64::from(n),
        email,
        email_key: email,
        first_name,
        last_name: "Tester",
        role: Role::User,
        profile_id: 1,
        status: UserStatus::Active,
        password_hash: None,
        invited_by: None,
        invitation_expires_at: None,
        at: NOW.plus_ms(i64::from(n)),
    }
}

pub(crate) fn user_id(n: u32) -> UserId {
    UserId::new(Uuid::from_u128(u128::from(n)))
}

pub(crate) async fn add(db: &Db, people: &[NewUser<'_>]) {
    let mut conn = db.write().await.unwrap();
    for person in people {
        assert!(users::insert(&mut conn, person).await.unwrap());
    }
    conn.commit().await.unwrap();
}

/// Does `work` in a transaction of its own.
pub(crate) async fn within<T>(db: &Db, work: impl AsyncFnOnce(&mut Conn) -> crate::Result<T>) -> T {
    let mut conn = db.write().await.unwrap();
    let done = work(&mut conn).await.unwrap();
    conn.commit().await.unwrap();
    done
}
