use proptest::prelude::*;

use super::*;

fn id(name: &str) -> TemplateId {
    TemplateId::parse(name).unwrap()
}

fn words(subject: &str, body: &str, body_text: Option<&str>) -> Wording {
    Wording {
        subject: Some(subject.to_owned()),
        body: body.to_owned(),
        body_text: body_text.map(str::to_owned),
    }
}

fn reason(id: TemplateId, wording: Wording) -> (&'static str, &'static str) {
    let Refused { field, fault } = check(id, wording).unwrap_err();
    (field, fault.reason.words().0)
}

#[test]
fn the_built_in_words_stand_the_test_of_everybodys() {
    for id in TemplateId::all() {
        let built_in = id.built_in();
        let Checked { wording, warnings } = check(id, built_in.clone()).unwrap();
        assert_eq!(warnings, [] as [&str; 0], "{id}");
        let body = wording.body.replace(" rel=\"noopener noreferrer\"", "");
        assert_eq!(Wording { body, ..wording }, built_in, "{id}");
    }
}

#[test]
fn each_part_is_told_apart() {
    let mail = id("sales.lead_assigned.email");
    assert_eq!(reason(mail, words("{{x}}", "{{y}}", None)), ("subject", "unknown_variable"));
    assert_eq!(reason(mail, words("a\nb", "x", None)), ("subject", "line_break"));
    assert_eq!(reason(mail, words("a", "<script>", None)), ("body", "script"));
    assert_eq!(reason(mail, words("a", "x", Some("{{{leadName}}}"))), ("bodyText", "raw_output"));
}

#[test]
fn markup_is_text_where_there_is_no_html() {
    let push = id("sales.lead_assigned.push");
    let wording = words("<b>", "<script>{{leadName}}</script>", None);
    assert_eq!(check(push, wording.clone()).unwrap().wording, wording);
    let mail = id("sales.lead_assigned.email");
    let wording = words("<b>", "{{leadName}}", Some("<script>{{leadName}}</script>"));
    assert_eq!(check(mail, wording.clone()).unwrap().wording, wording);
}

#[test]
fn a_mail_that_must_reach_people_keeps_its_link_for_everybody() {
    let reset = id("auth.password_reset.email");
    let link = "<a href=\"{{resetUrl}}\">here</a>";
    for good in [
        link,
        "{{#if resetUrl}}{{resetUrl}}{{/if}}",
        "{{#if ipAddress}}a {{resetUrl}}{{else}}b {{resetUrl}}{{/if}}",
    ] {
        assert!(check(reset, words("x", good, None)).is_ok(), "{good}");
    }
    for bad in [
        "no link",
        "{{#if ipAddress}}{{resetUrl}}{{/if}}",
        "{{#if resetUrl}}{{else}}{{resetUrl}}{{/if}}",
    ] {
        let refused = reason(reset, words("{{resetUrl}}", bad, None));
        assert_eq!(refused, ("body", "required_missing"), "{bad}");
    }
    let refused = reason(reset, words("x", link, Some("no link")));
    assert_eq!(refused, ("bodyText", "required_missing"));
}

#[test]
fn elsewhere_what_is_missing_is_a_warning() {
    let warned = ["The text does not always show leadName."];
    for (name, subject, body, expected) in [
        ("sales.lead_assigned.email", "{{leadName}}", "x", &warned[..]),
        ("sales.lead_assigned.email", "x", "{{leadName}}", &[]),
        ("sales.lead_assigned.in_app", "{{leadName}}", "x", &[]),
        ("sales.lead_assigned.push", "x", "x", &warned[..]),
    ] {
        let checked = check(id(name), words(subject, body, None)).unwrap();
        assert_eq!(checked.warnings, expected, "{name} {subject}");
    }
}

#[test]
fn what_was_left_out_is_a_warning() {
    let body = "<p style=\"x\">{{leadName}}</p><img src=\"https://evil.example/pixel\">";
    let checked = check(id("sales.lead_assigned.email"), words("x", body, None)).unwrap();
    assert_eq!(checked.wording.body, "<p>{{leadName}}</p>");
    let expected = ["The element img was left out.", "The attribute style was left out."];
    assert_eq!(checked.warnings, expected);
}

#[test]
fn html_that_cannot_hold_its_tags_is_refused() {
    let mail = id("sales.lead_assigned.email");
    let hidden = "<style>{{#if leadName}}</style>{{leadName}}{{/if}}";
    assert_eq!(reason(mail, words("x", hidden, None)), ("body", "markup"));
}

#[test]
fn a_text_that_becomes_too_large_is_refused() {
    let digest = id("system.digest.email");
    let body = format!("{{{{#each items}}}}{}{{{{/each}}}}", "{{recipientName}}".repeat(3_000));
    assert!(check(digest, words("x", &body, None)).is_ok());
    let endless = "<p>{{actionUrl}}</p>".repeat(3_200);
    assert!(check(digest, words("x", &endless, None)).is_ok());
    let given =
        Map::from_iter([("actionUrl".to_owned(), json!(format!("https://a/{}", "x".repeat(500))))]);
    let refused = preview(digest, words("x", &endless, None), Some(&given)).unwrap_err();
    assert_eq!(refused.fault.reason, Reason::TooMuch);
}

#[test]
fn a_preview_shows_samples_and_what_was_given() {
    let mail = id("sales.lead_assigned.email");
    let wording = words("{{leadName}}", "<p>{{assignedBy}}</p>{{#if actionUrl}}x{{/if}}", None);
    let seen = preview(mail, wording.clone(), None).unwrap();
    assert_eq!(seen.subject.as_deref(), Some("Harbour Masters Ltd"));
    assert_eq!(seen.html.as_deref(), Some("<p>Grace Hopper</p>x"));
    assert_eq!(seen.text, "Grace Hopper\n\nx\n");
    assert_eq!(seen.used_variables, ["leadName", "assignedBy", "actionUrl"]);
    assert_eq!(seen.missing_variables, [] as [&str; 0]);

    let given = Map::from_iter([("assignedBy".to_owned(), json!("<img onerror=x>"))]);
    let seen = preview(mail, wording, Some(&given)).unwrap();
    assert_eq!(seen.html.as_deref(), Some("<p>&lt;img onerror=x&gt;</p>x"));
    assert_eq!(seen.missing_variables, ["leadName", "actionUrl"]);
}

#[test]
fn a_preview_of_the_digest_has_an_item() {
    let digest = TemplateId::DIGEST;
    let given = Map::from_iter([("items.title".to_owned(), json!("Given"))]);
    let seen = preview(digest, digest.built_in(), Some(&given)).unwrap();
    assert!(seen.text.contains("- Given\n  Grace Hopper has given you a task.\n"), "{}", seen.text);
    assert!(!seen.missing_variables.contains(&"items.title".to_owned()));
}

proptest! {
    /// Whatever somebody saves, no value becomes markup.
    #[test]
    fn a_value_is_never_markup(
        body in "(<[a-z/]{0,8}|\\{\\{(leadName|actionUrl)\\}\\}|\\{\\{#if leadName\\}\\}|\\{\\{/if\\}\\}|[a-z\"'= />:&;#<-]{0,9}|<a href=\"|\">){0,12}",
        value in "[a-z<>\"'&{}/=: ]{0,40}",
    ) {
        let mail = id("sales.lead_assigned.email");
        let (given, marked) = (format!("\u{1F30A}{value}\u{1F30A}"), "\u{1F30A}");
        let given = Map::from_iter([
            ("leadName".to_owned(), json!(given)),
            ("actionUrl".to_owned(), json!(given)),
        ]);
        match preview(mail, words("x", &body, None), Some(&given)) {
            Ok(seen) => {
                let html = seen.html.unwrap();
                for shown in html.split(marked).skip(1).step_by(2) {
                    prop_assert!(!shown.contains(['<', '>', '"', '\'']), "{}", html);
                }
            }
            Err(refused) => {
                let line = body.split('\n').nth(refused.fault.line - 1).unwrap();
                prop_assert!(refused.fault.column <= line.chars().count().max(1));
            }
        }
    }
}
