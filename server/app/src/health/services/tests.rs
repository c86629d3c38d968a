use std::net::SocketAddr;

use tidewire_testkit::on_both_engines;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::{health::system, testing::House};

/// A module that answers every request with this status.
async fn answering(status: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a counterpart of a test")]
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1_024];
            let _ = stream.read(&mut request).await;
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

fn module_at(name: &str, address: SocketAddr) -> Module {
    Module { name: name.to_owned(), url: format!("http://{address}/health") }
}

fn status(health: &ServicesHealth, name: &str) -> ComponentStatus {
    health.services.iter().find(|one| one.name == name).unwrap().status
}

on_both_engines! {
    async fn modules_are_degraded_first_then_down_and_up_at_once(db: TestDb) {
        let well = answering("200 OK").await;
        let ill = answering("500 Oh").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = listener.local_addr().unwrap();
        drop(listener);
        let house = House::with(&db, |config| {
            config.modules =
                vec![module_at("crm", well), module_at("tasks", ill), module_at("gone", closed)];
        })
        .await;
        let (app, ada) = (&house.app, house.admin().await);
        assert!(services(app, &ada).unwrap().services.is_empty(), "nothing was looked at");
        for expected in [ComponentStatus::Degraded, ComponentStatus::Degraded, ComponentStatus::Down] {
            look(app).await;
            app.clock.advance(15_000);
            let health = services(app, &ada).unwrap();
            assert_eq!(status(&health, "crm"), ComponentStatus::Up);
            assert_eq!([status(&health, "tasks"), status(&health, "gone")], [expected; 2]);
            assert_eq!(health.status, SystemStatus::Degraded);
        }
        let health = services(app, &ada).unwrap();
        let tasks = health.services.iter().find(|one| one.name == "tasks").unwrap();
        let last_look = app.clock.now().plus_ms(-15_000);
        assert_eq!((tasks.since, tasks.checked_at), (Some(last_look), Some(last_look)));
        assert!(health.services.iter().all(|one| one.reason.is_none()), "for operators only");
        assert_eq!((health.summary.up, health.summary.down, health.summary.not_configured), (5, 2, 2));
        let kinds: Vec<_> = health.services.iter().map(|one| one.kind).collect();
        assert!(kinds.is_sorted());
    }

    async fn operators_learn_why(db: TestDb) {
        let ill = answering("503 Oh").await;
        let house =
            House::with(&db, |config| config.modules = vec![module_at("tasks", ill)]).await;
        let app = &house.app;
        look(app).await;
        house.execute("update users set role = 'super' where email = 'ada@acme.example'").await;
        let olga = house.actor("ada@acme.example").await;
        let health = services(app, &olga).unwrap();
        let tasks = health.services.iter().find(|one| one.name == "tasks").unwrap();
        assert_eq!(tasks.reason.as_deref(), Some("answers 503"));
    }

    async fn mail_is_judged_by_what_became_of_the_last_mails(db: TestDb) {
        let house = House::with(&db, |config| {
            config.mail.server = Some("smtp://mail.example".parse().unwrap());
        })
        .await;
        let (app, ada) = (&house.app, house.admin().await);
        let judged = async || {
            look(app).await;
            status(&services(app, &ada).unwrap(), "mail")
        };
        assert_eq!(judged().await, ComponentStatus::Up);
        for expected in [ComponentStatus::Degraded, ComponentStatus::Degraded, ComponentStatus::Down] {
            app.health.services.note_mail(false);
            assert_eq!(judged().await, expected);
        }
        assert_eq!(system(app).status, SystemStatus::Degraded);
        app.health.services.note_mail(true);
        assert_eq!(judged().await, ComponentStatus::Up);
        assert_eq!(system(app).status, SystemStatus::Ok);
    }

    async fn work_that_nobody_does_is_seen(db: TestDb) {
        let house = House::open(&db).await;
        let (app, ada) = (&house.app, house.admin().await);
        look(app).await;
        assert_eq!(status(&services(app, &ada).unwrap(), "jobs"), ComponentStatus::Up);
        app.clock.advance(OVERDUE_MS + 1);
        look(app).await;
        let health = services(app, &ada).unwrap();
        assert_eq!(status(&health, "jobs"), ComponentStatus::Degraded);
        assert_eq!(status(&health, "database"), ComponentStatus::Up);
    }
}
