use futures_util::future::join_all;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::testing::{House, code, registration};

async fn register_as(house: &House, draft: RegisterTenant) -> Result<Registered> {
    register(&house.app, &Request::default(), draft).await
}

on_both_engines! {
    async fn a_company_starts_with_an_administrator_and_four_profiles(db: TestDb) {
        let house = House::open(&db).await;
        let Registered { tenant, user } = &house.acme;
        assert_eq!((tenant.slug.as_str(), tenant.name.as_str()), ("acme", "acme Holding"));
        assert_eq!((user.number, user.role, user.profile_id), (1, Role::TenantAdmin, Some(3)));
        assert_eq!(user.profile_name.as_deref(), Some("Administrator"));
        assert!(!user.email_verified);
        assert_eq!(house.count("select count(*) from profiles").await, 4);
        let noted = "select count(*) from audit where action = 'tenants.registered'";
        assert_eq!(house.count(noted).await, 1);
        let queued = house.rows("select payload from outbox").await;
        let mail: serde_json::Value = queued[0].json(0).unwrap();
        assert_eq!(mail["event"], "auth.email_verification");
        assert_eq!(mail["to"]["address"], "ada@acme.example");
        let admin = house.admin().await;
        assert_eq!(me(&house.app, &admin).await.unwrap().tenant, *tenant);
        let shown = by_slug(&house.app, " ACME").await.unwrap().tenant;
        assert_eq!((shown.name, shown.primary_color), (tenant.name.clone(), "#2563EB".to_owned()));
    }

    async fn what_breaks_a_rule_is_named_before_anything_is_made(db: TestDb) {
        let house = House::open(&db).await;
        let draft = registration("other");
        let both = RegisterTenant {
            slug: "a--b".to_owned(), admin_email: "a b@c".to_owned(), ..draft.clone()
        };
        let refusal = register_as(&house, both).await.unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::ValidationFailed);
        let fields = refusal.body().details.unwrap()["fields"].clone();
        assert_eq!((&fields[0]["field"], &fields[1]["field"]), (&"slug".into(), &"adminEmail".into()));
        for (expected, draft) in [
            ("VALIDATION_FAILED", RegisterTenant { slug: "admin".to_owned(), ..draft.clone() }),
            ("SLUG_TAKEN", RegisterTenant { slug: " Acme".to_owned(), ..draft.clone() }),
            ("PASSWORD_POLICY", RegisterTenant {
                admin_password: "short".to_owned(), ..draft.clone()
            }),
            ("PASSWORD_POLICY", RegisterTenant {
                admin_password: draft.company_name.to_uppercase(), ..draft.clone()
            }),
        ] {
            assert_eq!(code(register_as(&house, draft).await), expected);
        }
        assert_eq!(house.count("select count(*) from tenants").await, 1);
    }

    async fn a_slug_is_taken_reserved_invalid_or_free(db: TestDb) {
        let house = House::open(&db).await;
        for (slug, expected) in [
            ("acme", Some(SlugReason::Taken)),
            (" ACME ", Some(SlugReason::Taken)),
            ("www", Some(SlugReason::Reserved)),
            ("x", Some(SlugReason::Invalid)),
            ("' or 1=1", Some(SlugReason::Invalid)),
            ("Free-One", None),
        ] {
            let check = check_slug(&house.app, slug).await.unwrap();
            assert_eq!((check.available, check.reason), (expected.is_none(), expected), "{slug}");
            assert_eq!(check.slug, slug.trim().to_ascii_lowercase());
        }
        assert_eq!(code(by_slug(&house.app, "free-one").await), "NOT_FOUND");
        house.execute("update tenants set status = 'suspended'").await;
        assert_eq!(code(by_slug(&house.app, "acme").await), "NOT_FOUND");
    }

    async fn one_address_may_be_in_many_companies(db: TestDb) {
        let house = House::open(&db).await;
        let draft = RegisterTenant {
            admin_email: "ada@acme.example".to_owned(), ..registration("other")
        };
        let other = register_as(&house, draft).await.unwrap();
        assert_eq!(other.user.number, 1);
        assert_ne!(other.user.id, house.acme.user.id);
    }

    async fn of_two_who_register_one_slug_at_once_one_gets_it(db: TestDb) {
        let house = House::open(&db).await;
        let rounds = 100;
        for round in 0..rounds {
            let draft = || registration(&format!("race-{round}"));
            let tries = join_all([register_as(&house, draft()), register_as(&house, draft())]).await;
            let won = tries.iter().filter(|registered| registered.is_ok()).count();
            assert_eq!(won, 1, "round {round}");
            for lost in tries.into_iter().filter(Result::is_err) {
                assert_eq!(code(lost), "SLUG_TAKEN", "round {round}");
            }
        }
        assert_eq!(house.count("select count(*) from tenants").await, rounds + 1);
        assert_eq!(house.count("select count(*) from users").await, rounds + 1);
    }
}
