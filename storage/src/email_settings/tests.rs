use serde_json::json;
use tidewire_protocol::model::email_settings::SmtpTestCode;
use tidewire_testkit::on_both_engines;
use uuid::Uuid;

use super::*;
use crate::{
    Db,
    testing::{ACME, NOW, add_tenant, open, user_id, within},
};

const GLOBEX: TenantId = TenantId::new(Uuid::from_u128(2));
const TEST: LastTest = LastTest { at: NOW, ok: true, code: SmtpTestCode::Ok };

async fn save_smtp(db: &Db, tenant_id: TenantId, body: Value, sealed: Option<&str>) -> i64 {
    let saving = Saving { tenant_id, section: EmailSection::Smtp, by: user_id(1), at: NOW };
    within(db, async |conn| {
        hold(conn, tenant_id, EmailSection::Smtp).await?;
        save(conn, saving, &body, sealed).await
    })
    .await
}

async fn smtp_of(db: &Db, tenant_id: TenantId) -> Option<Stored> {
    get(&mut db.read().await.unwrap(), tenant_id, EmailSection::Smtp).await.unwrap()
}

on_both_engines! {
    async fn a_section_belongs_to_its_tenant_and_counts_its_versions(db: TestDb) {
        let db = open(&db).await;
        add_tenant(&db, GLOBEX, "globex").await;
        assert_eq!(smtp_of(&db, ACME).await, None);
        assert_eq!(save_smtp(&db, ACME, json!({"host": "a"}), Some("0.x")).await, 1);
        assert_eq!(save_smtp(&db, ACME, json!({"host": "b"}), None).await, 2);
        assert_eq!(save_smtp(&db, GLOBEX, json!({"host": "c"}), None).await, 1);
        let stored = smtp_of(&db, ACME).await.unwrap();
        assert_eq!(stored.body, json!({"host": "b"}));
        assert_eq!((stored.version, stored.updated_at), (2, Some(NOW)));
        assert_eq!(stored.sealed_password, None);
        let all = all(&mut db.read().await.unwrap(), GLOBEX).await.unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].0, EmailSection::Smtp);
    }

    async fn one_that_is_only_held_was_never_saved(db: TestDb) {
        let db = open(&db).await;
        let held = within(&db, async |conn| hold(conn, ACME, EmailSection::Footer).await).await;
        assert_eq!((held.version, held.updated_at), (0, None));
        assert_eq!(held.body::<Value>().unwrap(), Value::Null);
    }

    async fn savers_of_one_section_wait_for_one_another(db: TestDb) {
        let db = open(&db).await;
        let savers: Vec<_> = (0..8)
            .map(|n| {
                let db = db.clone();
                #[expect(clippy::disallowed_methods, reason = "rivals of a test")]
                tokio::spawn(async move { save_smtp(&db, ACME, json!({ "n": n }), None).await })
            })
            .collect();
        let mut versions = Vec::new();
        for saver in savers {
            versions.push(saver.await.unwrap());
        }
        versions.sort_unstable();
        assert_eq!(versions, (1..=8).collect::<Vec<_>>());
    }

    async fn findings_are_of_one_version(db: TestDb) {
        let db = open(&db).await;
        save_smtp(&db, ACME, json!({}), None).await;
        within(&db, async |conn| note_test(conn, ACME, 7, &TEST).await).await;
        assert_eq!(smtp_of(&db, ACME).await.unwrap().last_test, None);
        within(&db, async |conn| note_test(conn, ACME, 1, &TEST).await).await;
        assert_eq!(smtp_of(&db, ACME).await.unwrap().last_test, Some(TEST));
        save_smtp(&db, ACME, json!({}), None).await;
        assert_eq!(smtp_of(&db, ACME).await.unwrap().last_test, None);
        let held = within(&db, async |conn| {
            hold(conn, ACME, EmailSection::Deliverability).await?;
            note_dns(conn, ACME, 0, &json!({"spf": 1})).await?;
            hold(conn, ACME, EmailSection::Deliverability).await
        });
        assert_eq!(held.await.dns, Some(json!({"spf": 1})));
    }

    async fn sealed_values_are_found_in_pages_and_replaced_once(db: TestDb) {
        let db = open(&db).await;
        add_tenant(&db, GLOBEX, "globex").await;
        save_smtp(&db, ACME, json!({}), Some("0.a")).await;
        save_smtp(&db, GLOBEX, json!({}), Some("0.b")).await;
        let page = async |after: TenantId| {
            sealed(&mut db.read().await.unwrap(), after, 1).await.unwrap()
        };
        assert_eq!(page(TenantId::new(Uuid::nil())).await, [(ACME, "0.a".to_owned())]);
        assert_eq!(page(ACME).await, [(GLOBEX, "0.b".to_owned())]);
        assert!(page(GLOBEX).await.is_empty());
        assert!(within(&db, async |conn| reseal(conn, ACME, "0.a", "1.a").await).await);
        assert!(!within(&db, async |conn| reseal(conn, ACME, "0.a", "2.a").await).await);
        assert_eq!(smtp_of(&db, ACME).await.unwrap().sealed_password.as_deref(), Some("1.a"));
    }
}
