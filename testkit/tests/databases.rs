//! Both engines are there, apart from one another and empty.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use tidewire_storage::{Db, query::query};
use tidewire_testkit::{Postgres, TestDb, databases, on_both_engines};

on_both_engines! {
    async fn a_test_database_opens_and_answers(db: TestDb) {
        assert!(Db::open(db.url()).await.unwrap().beat().await);
    }

    async fn two_test_databases_share_nothing(db: TestDb) {
        let other = databases().into_iter().find(|other| other.name() == db.name()).unwrap();
        assert_ne!(db.url(), other.url());
        let (db, other) = (Db::open(db.url()).await.unwrap(), Db::open(other.url()).await.unwrap());
        write(&db).await;
        assert!(is_written(&db).await && !is_written(&other).await);
    }
}

async fn write(db: &Db) {
    let mut conn = db.write().await.unwrap();
    query("create table probe (id bigint)").execute(&mut conn).await.unwrap();
    query("insert into probe values (7)").execute(&mut conn).await.unwrap();
    conn.commit().await.unwrap();
}

async fn is_written(db: &Db) -> bool {
    let mut conn = db.read().await.unwrap();
    query("select id from probe").fetch_one(&mut conn).await.is_ok()
}

#[tokio::test]
async fn a_killed_server_comes_back_with_what_was_committed() {
    let Some(mut server) = Postgres::start_own() else { return };
    let database = TestDb::on(&server);
    let db = Db::open(database.url()).await.unwrap();
    write(&db).await;
    db.close().await;
    server.kill_9();
    assert!(Db::open(database.url()).await.is_err());
    server.start();
    assert!(is_written(&Db::open(database.url()).await.unwrap()).await);
}

#[tokio::test]
async fn a_restarted_server_keeps_its_address() {
    let Some(mut server) = Postgres::start_own() else { return };
    let (url, pid) = (server.url().to_owned(), server.pid());
    server.restart();
    assert_eq!(server.url(), url);
    assert_ne!(server.pid(), pid);
}
