use serde_json::Value;
use tidewire_protocol::model::users::Role;
use tidewire_testkit::on_both_engines;

use super::*;
use crate::testing::{House, START, code, input};

const MAIL: &str = "sales.lead_assigned.email";
const PUSH: &str = "sales.lead_assigned.push";

async fn save(house: &House, id: &str, body: Value) -> Result<CustomizedTemplate> {
    customize(&house.app, &house.admin().await, id, input(body), &Expected::Any).await
}

async fn shown(house: &House, id: &str) -> Template {
    get(&house.app, &house.admin().await, id).await.unwrap().template
}

fn mail(body: &str) -> Value {
    json!({ "subject": "New: {{leadName}}", "body": body })
}

on_both_engines! {
    async fn a_text_is_the_built_in_one_until_it_is_customized_and_again_when_it_is_reset(db: TestDb) {
        let house = House::open(&db).await;
        let ada = house.admin().await;
        let before = shown(&house, MAIL).await;
        assert_eq!((before.is_customized, before.version, before.updated_at), (false, 0, None));
        assert_eq!(before.wording, before.defaults);
        assert_eq!((before.event_key.as_str(), before.module), ("sales.lead_assigned", Module::Sales));
        let saved = save(&house, MAIL, mail("<p>{{leadName}}</p>")).await.unwrap();
        assert_eq!(saved.warnings, [] as [&str; 0]);
        let template = saved.template;
        assert_eq!((template.is_customized, template.version), (true, 1));
        assert_eq!(template.updated_at, Some(START));
        assert_eq!(template.updated_by.as_ref().unwrap().id, house.acme.user.id);
        assert_eq!(template.wording.subject.as_deref(), Some("New: {{leadName}}"));
        assert_eq!(template.defaults, before.defaults);
        assert_eq!(shown(&house, MAIL).await, template);
        assert!(!shown(&house, PUSH).await.is_customized);

        let again = save(&house, MAIL, mail("<p>{{leadName}}</p>")).await.unwrap();
        assert_eq!(again.template.version, 1, "nothing has changed");
        let back = reset(&house.app, &ada, MAIL).await.unwrap().template;
        assert_eq!((back.is_customized, back.version), (false, 2));
        assert_eq!(back.wording, before.defaults);
        let again = reset(&house.app, &ada, MAIL).await.unwrap().template;
        assert_eq!(again, back, "nothing has changed");
        let noted = house.rows("select action, target_type, target_id from audit where action like 'templates.%' order by action").await;
        let noted: Vec<_> = noted.iter().map(|row| [0, 1, 2].map(|n| row.text(n).unwrap())).collect();
        assert_eq!(noted, [["templates.customized", "template", MAIL], ["templates.reset", "template", MAIL]]);
    }

    async fn resetting_what_nobody_has_customized_leaves_no_trace(db: TestDb) {
        let house = House::open(&db).await;
        let template = reset(&house.app, &house.admin().await, MAIL).await.unwrap().template;
        assert_eq!((template.is_customized, template.version), (false, 0));
        assert_eq!(house.count("select count(*) from notification_templates").await, 0);
        assert_eq!(house.count("select count(*) from audit where action like 'templates.%'").await, 0);
    }

    async fn the_list_says_what_is_customized(db: TestDb) {
        let house = House::open(&db).await;
        save(&house, MAIL, mail("{{leadName}}")).await.unwrap();
        let listed = list(&house.app, &house.admin().await).await.unwrap().modules;
        let names: Vec<_> = listed.iter().map(|module| module.module.word()).collect();
        assert_eq!(names, ["auth", "users", "chat", "billing", "sales", "tasks", "system"]);
        let all: Vec<_> = listed.iter().flat_map(|module| &module.templates).collect();
        assert_eq!(all.len(), 90);
        let own: Vec<_> = all.iter().filter(|template| template.is_customized).collect();
        assert_eq!((own.len(), own[0].id.as_str(), own[0].updated_at), (1, MAIL, Some(START)));
        assert!(all.iter().any(|template| template.id == "system.digest.email"));
    }

    async fn who_may_not_manage_reads_and_shows_only_what_is_in_force(db: TestDb) {
        let house = House::open(&db).await;
        save(&house, MAIL, mail("{{leadName}}")).await.unwrap();
        let bert = house.of_role("Bert", Role::Manager).await;
        assert_eq!(list(&house.app, &bert).await.unwrap().modules.len(), 7);
        assert!(get(&house.app, &bert, MAIL).await.unwrap().template.is_customized);
        let refused = customize(&house.app, &bert, "none", input(json!({"body": "x"})), &Expected::Any).await;
        assert_eq!(code(refused), "FORBIDDEN");
        assert_eq!(code(reset(&house.app, &bert, "none").await), "FORBIDDEN");
        let seen = preview(&house.app, &bert, MAIL, input(json!({}))).await.unwrap();
        assert_eq!(seen.subject.as_deref(), Some("New: Harbour Masters Ltd"));
        for draft in [json!({"subject": "x"}), json!({"body": "x"})] {
            let refused = preview(&house.app, &bert, "none", input(draft)).await;
            assert_eq!(code(refused), "FORBIDDEN");
        }
    }

    async fn what_breaks_a_rule_is_not_saved(db: TestDb) {
        let house = House::open(&db).await;
        let much = "x".repeat(64 * 1024 + 1);
        for (id, body, expected) in [
            ("sales.lead_assigned.sms", mail("x"), "NOT_FOUND"),
            ("auth.password_reset.push", mail("x"), "NOT_FOUND"),
            (MAIL, json!({"body": "x"}), "VALIDATION_FAILED"),
            (PUSH, json!({"body": "x", "bodyText": "x"}), "VALIDATION_FAILED"),
            (MAIL, mail(&much), "PAYLOAD_TOO_LARGE"),
            ("none", mail(&much), "PAYLOAD_TOO_LARGE"),
            (MAIL, json!({"subject": "x", "body": "x", "bodyText": "x".repeat(32 * 1024 + 1)}), "PAYLOAD_TOO_LARGE"),
            (MAIL, mail("{{resetUrl}}"), "TEMPLATE_INVALID"),
            (MAIL, mail("{{#if leadName}}"), "TEMPLATE_INVALID"),
            (MAIL, mail("{{{leadName}}}"), "TEMPLATE_INVALID"),
            (MAIL, mail("<script>"), "TEMPLATE_INVALID"),
            (MAIL, mail("<b onclick=x>"), "TEMPLATE_INVALID"),
            (MAIL, json!({"subject": "a\nb", "body": "x"}), "TEMPLATE_INVALID"),
            ("auth.password_reset.email", json!({"subject": "x", "body": "no link"}), "TEMPLATE_INVALID"),
        ] {
            assert_eq!(code(save(&house, id, body).await), expected, "{id}");
        }
        assert_eq!(house.count("select count(*) from notification_templates").await, 0);
        let fits = save(&house, MAIL, mail(&much[1..])).await.unwrap();
        assert_eq!(fits.warnings, ["The text does not always show leadName."]);
    }

    async fn two_who_write_at_once_do_not_overwrite_each_other(db: TestDb) {
        let house = House::open(&db).await;
        let ada = house.admin().await;
        let of = |version| Expected::OneOf(vec![version]);
        let write = |body, expected| {
            let (app, ada) = (house.app.clone(), ada.clone());
            async move { customize(&app, &ada, MAIL, input(mail(body)), &expected).await }
        };
        let (one, two) = tokio::join!(write("{{leadName}} 1", of(0)), write("{{leadName}} 2", of(0)));
        let refused = if one.is_ok() { two } else { one };
        assert_eq!(code(refused), "PRECONDITION_FAILED");
        assert_eq!(shown(&house, MAIL).await.version, 1);
        assert!(write("{{leadName}} 3", of(1)).await.is_ok());
    }

    async fn a_draft_is_shown_and_not_kept(db: TestDb) {
        let house = House::open(&db).await;
        let ada = house.admin().await;
        let draft = json!({"subject": "{{leadName}}!", "body": "<b>{{assignedBy}}</b><img src=x>", "data": {"assignedBy": "Ada"}});
        let seen = preview(&house.app, &ada, MAIL, input(draft)).await.unwrap();
        assert_eq!(seen.html.as_deref(), Some("<b>Ada</b>"));
        assert_eq!((seen.subject.as_deref(), seen.text.as_str()), (Some("Harbour Masters Ltd!"), "Ada\n"));
        assert_eq!(seen.missing_variables, ["leadName"]);
        let refused = preview(&house.app, &ada, MAIL, input(json!({"body": "{{x}}"}))).await;
        assert_eq!(code(refused), "TEMPLATE_INVALID");
        let much = json!({"data": {"leadName": "x".repeat(16 * 1024)}});
        assert_eq!(code(preview(&house.app, &ada, MAIL, input(much)).await), "PAYLOAD_TOO_LARGE");
        assert_eq!(house.count("select count(*) from notification_templates").await, 0);
    }
}
