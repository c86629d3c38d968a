use serde_json::{Map, Value, json};
use tidewire_protocol::model::notification_templates::{VariableType, Wording};
use uuid::Uuid;

use super::*;

/// A value for each variable, as producers send them.
fn samples(id: TemplateId) -> Map<String, Value> {
    let mut samples: Map<_, _> =
        id.variables().map(|variable| (variable.name.to_owned(), variable.sample.into())).collect();
    let item =
        json!({"title": "Task <assigned>", "text": "more", "url": "https://tide.example/17"});
    samples.insert("items".to_owned(), json!([item, {"title": "Second"}]));
    samples
}

fn lead_mail() -> TemplateId {
    TemplateId::parse("sales.lead_assigned.email").unwrap()
}

fn own(subject: Option<&str>, body: &str, body_text: Option<&str>) -> Own {
    let (subject, body_text) = (subject.map(str::to_owned), body_text.map(str::to_owned));
    let wording = Wording { subject, body: body.to_owned(), body_text };
    Own { tenant_id: Uuid::from_u128(1).into(), wording }
}

#[test]
fn there_are_texts_for_every_channel_that_an_event_can_use() {
    let ids: Vec<_> = TemplateId::all().collect();
    assert_eq!(ids.len(), 23 * 3 + 20 + 1);
    for id in &ids {
        assert_eq!(TemplateId::parse(&id.to_string()), Some(*id));
    }
    for event in EventKey::ALL {
        assert!(ids.contains(&TemplateId::mail(*event)), "{event:?}");
    }
    for unknown in [
        "",
        ".",
        "email",
        "sales.lead_assigned",
        "sales.lead_assigned.sms",
        "sales.nothing.email",
        "auth.password_reset.push",
        "users.invited.in_app",
        "system.digest.push",
    ] {
        assert_eq!(TemplateId::parse(unknown), None, "{unknown}");
    }
}

#[test]
fn the_built_in_words_are_written_as_everybody_has_to_write() {
    for id in TemplateId::all() {
        let rendered = render(None, id, &samples(id));
        let parts = [rendered.subject.as_ref(), rendered.html.as_ref(), Some(&rendered.text)];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        assert_eq!(parts.len(), if id.channel() == Channel::Email { 3 } else { 2 }, "{id}");
        for part in parts {
            assert!(!part.trim().is_empty() && !part.contains(['{', '}', '!']), "{id}: {part}");
            let is_clean = |line: &str| !line.trim_start().contains("  ") && !line.contains(" .");
            assert!(part.lines().all(is_clean), "{id}: {part}");
        }
        assert!(rendered.subject.unwrap().chars().count() <= 80, "{id}");
    }
}

#[test]
fn the_built_in_words_do_without_what_is_not_required() {
    for id in TemplateId::all() {
        let required = id.variables().filter(|v| v.required || v.name == "tenantName");
        let values = required.map(|v| (v.name.to_owned(), v.sample.into())).collect();
        let rendered = render(None, id, &values);
        assert!(!rendered.text.contains('{') && !rendered.text.contains(": \n"), "{id}");
        assert!(!rendered.text.trim().is_empty(), "{id}");
    }
}

#[test]
fn samples_hold_no_token_and_names_are_names() {
    for id in TemplateId::all() {
        let mut names: Vec<_> = id.variables().map(|variable| variable.name).collect();
        for variable in id.variables() {
            assert!(variable.description.starts_with(char::is_uppercase), "{variable:?}");
            let token = variable.sample.split_once("token=").map(|(_, token)| token);
            assert!(token.is_none_or(|token| token == "sample"), "{variable:?}");
            if variable.kind == VariableType::Url {
                assert!(variable.sample.starts_with("https://"), "{variable:?}");
            }
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), id.variables().count(), "{id}");
    }
}

#[test]
fn the_longest_values_still_fit_the_built_in_words() {
    for id in TemplateId::all() {
        let mut values = samples(id);
        values.values_mut().filter(|value| value.is_string()).for_each(|value| {
            if !value.as_str().unwrap().starts_with("https:") {
                *value = "\"".repeat(5_000).into();
            }
        });
        let url = format!("https://a.example/{}", "&".repeat(490));
        let item = json!({"title": "\"".repeat(999), "text": "\"".repeat(999), "url": url});
        values.insert("items".to_owned(), vec![item; 60].into());
        let rendered = render::fill_all(&id.built_in(), id, &values);
        assert!(rendered.is_ok(), "{id}: {rendered:?}");
    }
}

#[test]
fn own_words_take_the_place_of_the_built_in_ones() {
    let values = samples(lead_mail());
    let words = own(Some("New: {{leadName}}"), "<p>{{assignedBy}}</p>", Some("by {{assignedBy}}"));
    let rendered = render(Some(&words), lead_mail(), &values);
    assert_eq!(rendered.subject.unwrap(), "New: Harbour Masters Ltd");
    assert_eq!(rendered.html.unwrap(), "<p>Grace Hopper</p>");
    assert_eq!((rendered.text.as_str(), rendered.fell_back), ("by Grace Hopper", false));
}

#[test]
fn without_a_plain_part_of_its_own_a_mail_gets_one_from_its_html() {
    let words = own(Some("x"), "<p>Hello</p><p><a href=\"{{actionUrl}}\">here</a></p>", None);
    let rendered = render(Some(&words), lead_mail(), &samples(lead_mail()));
    assert_eq!(rendered.text, "Hello\n\nhere (https://tide.example/open/17)\n");
}

#[test]
fn without_a_title_of_its_own_a_push_has_the_built_in_one() {
    let id = TemplateId::parse("sales.lead_assigned.push").unwrap();
    let rendered = render(Some(&own(None, "{{leadName}}", None)), id, &samples(id));
    assert_eq!(rendered.subject.unwrap(), "A lead is yours: Harbour Masters Ltd");
    assert_eq!((rendered.html, rendered.text.as_str()), (None, "Harbour Masters Ltd"));
}

#[test]
fn a_subject_is_one_line_whatever_the_values_are() {
    let values = Map::from_iter([("leadName".to_owned(), json!("a\r\nBcc: eve@evil.example\tb"))]);
    let rendered = render(None, lead_mail(), &values);
    assert_eq!(rendered.subject.unwrap(), "A lead is yours: a Bcc: eve@evil.example b");
}

#[test]
fn words_that_fail_give_way_to_the_built_in_ones() {
    let values = samples(lead_mail());
    let built_in = render(None, lead_mail(), &values);
    assert!(!built_in.fell_back);
    for body in ["{{gone}}", "{{#if leadName}}", &"{{leadName}}".repeat(20_000)] {
        let rendered = render(Some(&own(Some("x"), body, None)), lead_mail(), &values);
        assert_eq!(rendered, Rendered { fell_back: true, ..built_in.clone() });
    }
}

#[test]
fn the_page_for_authors_lists_every_variable() {
    let page = include_str!("../../../../docs/templates.md");
    for id in EventKey::ALL.iter().map(|event| TemplateId::mail(*event)).chain([TemplateId::DIGEST])
    {
        let own = id.variables();
        let own = own.filter(|v| !["recipientName", "tenantName"].contains(&v.name));
        let own: Vec<_> = own
            .map(|Variable { name, kind, required, .. }| {
                let name = if *required { format!("**{name}**") } else { (*name).to_owned() };
                match kind {
                    VariableType::String => name,
                    _ => format!("{name} ({})", kind.word()),
                }
            })
            .collect();
        let row = format!("| `{}` | {} |", id.about().key(), own.join(", "));
        assert!(page.lines().any(|line| line == row), "missing: {row}");
    }
}
