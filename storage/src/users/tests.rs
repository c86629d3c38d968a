use tidewire_protocol::model::{
    pages::{PageQuery, SortOrder},
    users::{UserRefStatus, UserSort, UsersQuery},
};
use tidewire_testkit::on_both_engines;
use uuid::Uuid;

use super::*;
use crate::{
    Db,
    testing::{ACME, NOW, add, add_tenant, open, person, user_id, within},
};

fn everybody() -> UsersQuery {
    UsersQuery {
        page: PageQuery { page: 1, limit: 100 },
        search: None,
        status: None,
        role: None,
        profile_id: None,
        sort: UserSort::CreatedAt,
        order: SortOrder::Asc,
    }
}

/// The numbers of those who are found, after a check that as many are counted.
async fn found(db: &Db, users: &UsersQuery) -> Vec<i64> {
    let mut conn = db.read().await.unwrap();
    let numbers: Vec<_> =
        list(&mut conn, ACME, users).await.unwrap().iter().map(|user| user.number).collect();
    assert_eq!(count(&mut conn, ACME, users).await.unwrap(), numbers.len() as u64);
    numbers
}

async fn searched(db: &Db, text: &str) -> Vec<i64> {
    found(db, &UsersQuery { search: Some(text.to_owned()), ..everybody() }).await
}

on_both_engines! {
    async fn no_character_of_a_search_has_a_special_meaning(db: TestDb) {
        let db = open(&db).await;
        add(&db, &[
            person(1, "pat@acme.example", "O'Brien%"),
            person(2, "kim@acme.example", "O'Brien"),
            person(3, "under_score@acme.example", "back\\slash"),
            person(4, "underxscore@acme.example", "Åsa"),
        ]).await;
        for (text, expected) in [
            ("O'Brien%", vec![1]),
            ("o'brien", vec![1, 2]),
            ("%", vec![1]),
            ("_", vec![3]),
            ("under_score", vec![3]),
            ("k\\s", vec![3]),
            ("åSA t", vec![4]),
            ("O'Brien T", vec![2]),
            ("kim@", vec![2]),
            ("tester kim", vec![]),
            ("@ACME.example", vec![1, 2, 3, 4]),
            ("' or 1=1 --", vec![]),
        ] {
            assert_eq!(searched(&db, text).await, expected, "{text}");
        }
    }

    async fn lists_are_filtered_sorted_alike_on_both_engines_and_paged(db: TestDb) {
        let db = open(&db).await;
        let mut zoe = person(1, "b@acme.example", "Zoe");
        let mut ben = person(2, "A@acme.example", "ben");
        zoe.role = Role::Manager;
        zoe.profile_id = 2;
        ben.status = UserStatus::Pending;
        ben.email_key = "a@acme.example";
        let (emile, al) = (person(3, "c@acme.example", "Émile"), person(4, "d@acme.example", "al"));
        add(&db, &[zoe, ben, emile, al]).await;
        within(&db, async |conn| {
            query("update users set last_login_ms = 7 where number = 3").execute(conn).await
        }).await;
        let by = |sort, order| UsersQuery { sort, order, ..everybody() };
        for (sort, ascending) in [
            (UserSort::CreatedAt, [1, 2, 3, 4]),
            (UserSort::Name, [4, 2, 1, 3]),
            (UserSort::Email, [2, 1, 3, 4]),
            (UserSort::LastLoginAt, [1, 2, 4, 3]),
        ] {
            assert_eq!(found(&db, &by(sort, SortOrder::Asc)).await, ascending, "{sort:?}");
            let mut descending = ascending;
            descending.reverse();
            assert_eq!(found(&db, &by(sort, SortOrder::Desc)).await, descending, "{sort:?}");
        }
        let role = Some(Role::Manager);
        assert_eq!(found(&db, &UsersQuery { role, ..everybody() }).await, [1]);
        assert_eq!(found(&db, &UsersQuery { profile_id: Some(2), ..everybody() }).await, [1]);
        let status = Some(UserStatus::Pending);
        assert_eq!(found(&db, &UsersQuery { status, ..everybody() }).await, [2]);
        let second = UsersQuery { page: PageQuery { page: 2, limit: 3 }, ..everybody() };
        let mut conn = db.read().await.unwrap();
        let page = list(&mut conn, ACME, &second).await.unwrap();
        assert_eq!(page.iter().map(|user| user.number).collect::<Vec<_>>(), [4]);
        assert_eq!(count(&mut conn, ACME, &second).await.unwrap(), 4);
    }

    async fn an_address_is_free_again_only_after_deletion(db: TestDb) {
        let db = open(&db).await;
        add(&db, &[person(1, "ada@acme.example", "Ada")]).await;
        let again = person(2, "ada@acme.example", "Other");
        assert!(!within(&db, async |conn| insert(conn, &again).await).await);
        within(&db, async |conn| {
            query("update users set status = 'inactive' where number = 1").execute(conn).await
        }).await;
        assert!(!within(&db, async |conn| insert(conn, &again).await).await);
        within(&db, async |conn| {
            query("update users set deleted_ms = 5 where number = 1").execute(conn).await
        }).await;
        assert!(within(&db, async |conn| insert(conn, &again).await).await);
        assert_eq!(found(&db, &everybody()).await, [2]);
        let gone = refs(&mut db.read().await.unwrap(), ACME, &[user_id(1)]).await.unwrap();
        assert_eq!(gone[0].display_name, "Deleted user");
        assert_eq!((gone[0].email.as_ref(), gone[0].status), (None, UserRefStatus::Deleted));
    }

    async fn another_tenants_people_do_not_exist(db: TestDb) {
        let db = open(&db).await;
        let other = TenantId::new(Uuid::from_u128(9));
        add_tenant(&db, other, "other").await;
        let theirs = NewUser { tenant_id: other, ..person(1, "eve@other.example", "Eve") };
        add(&db, &[theirs, person(2, "ada@acme.example", "Ada")]).await;
        let mut conn = db.read().await.unwrap();
        assert!(by_id(&mut conn, ACME, user_id(1)).await.unwrap().is_none());
        assert!(by_number(&mut conn, ACME, 1).await.unwrap().is_none());
        assert!(by_email(&mut conn, ACME, "eve@other.example").await.unwrap().is_none());
        let ids = [user_id(1), user_id(2)];
        assert_eq!(refs(&mut conn, ACME, &ids).await.unwrap().len(), 1);
        assert_eq!(refs_by_numbers(&mut conn, ACME, vec![1, 2]).await.unwrap().len(), 1);
        drop(conn);
        assert_eq!(found(&db, &everybody()).await, [2]);
    }

    async fn a_sign_in_needs_the_password_that_was_checked(db: TestDb) {
        let db = open(&db).await;
        let ada = NewUser { password_hash: Some("hash"), ..person(1, "ada@acme.example", "Ada") };
        let chosen_at = ada.at;
        add(&db, &[ada]).await;
        let sign_in_at = |chosen_at: Timestamp| {
            let db = db.clone();
            async move {
                within(&db, async |conn| sign_in(conn, ACME, user_id(1), chosen_at, NOW).await).await
            }
        };
        assert!(sign_in_at(chosen_at).await);
        assert!(!sign_in_at(chosen_at.plus_ms(1)).await);
        within(&db, async |conn| renew_hash(conn, ACME, user_id(1), "hash", "better").await).await;
        within(&db, async |conn| renew_hash(conn, ACME, user_id(1), "hash", "stale").await).await;
        assert!(sign_in_at(chosen_at).await, "a renewed hash is the same password");
        let found = by_email(&mut db.read().await.unwrap(), ACME, "ada@acme.example").await.unwrap();
        let found = found.unwrap();
        assert_eq!(found.password.unwrap().hash, "better");
        assert_eq!(found.user.last_login_at, Some(NOW));
        within(&db, async |conn| {
            query("update users set status = 'inactive'").execute(conn).await
        }).await;
        assert!(!sign_in_at(chosen_at).await);
    }
}
