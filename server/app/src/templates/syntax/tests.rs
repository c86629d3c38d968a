use proptest::prelude::*;
use tidewire_protocol::{model::notification_preferences::Channel, notification_event::EventKey};

use super::*;

fn lead() -> TemplateId {
    TemplateId::of(EventKey::LeadAssigned, Channel::InApp).unwrap()
}

fn fault(template: &str, id: TemplateId) -> (usize, usize, &'static str) {
    let fault = parse(template, id).unwrap_err();
    (fault.line, fault.column, fault.reason.words().0)
}

#[test]
fn tags_are_read_and_the_rest_is_text() {
    let template = "{a} {{ leadName }}{{#if assignedBy}}b{{else}}}}{{/if}}";
    let expected = [
        Node::Text("{a} "),
        Node::Variable("leadName"),
        Node::If {
            name: "assignedBy",
            then: vec![Node::Text("b")],
            otherwise: vec![Node::Text("}}")],
        },
    ];
    assert_eq!(parse(template, lead()).unwrap(), expected);
}

#[test]
fn whatever_is_wrong_is_told_with_its_place() {
    for (template, expected) in [
        ("é\n é{{who}}", (2, 3, "unknown_variable")),
        ("{{#if who}}{{/if}}", (1, 1, "unknown_variable")),
        ("{{verifyUrl}}", (1, 1, "unknown_variable")),
        ("{{items.title}}", (1, 1, "unknown_variable")),
        ("a{{#if leadName}}b", (1, 2, "unclosed_block")),
        ("{{#if leadName}}{{else}}", (1, 1, "unclosed_block")),
        ("a{{leadName", (1, 2, "unclosed_tag")),
        ("{{{leadName}}}", (1, 1, "raw_output")),
        ("{{leadName.length}}", (1, 1, "unknown_tag")),
        ("{{upper leadName}}", (1, 1, "unknown_tag")),
        ("{{leadName | safe}}", (1, 1, "unknown_tag")),
        ("{{> footer}}", (1, 1, "unknown_tag")),
        ("{{& leadName}}", (1, 1, "unknown_tag")),
        ("{{#unless leadName}}{{/unless}}", (1, 1, "unknown_tag")),
        ("{{#if}}{{/if}}", (1, 1, "unknown_tag")),
        ("{{}}", (1, 1, "unknown_tag")),
        ("{{else}}", (1, 1, "not_open")),
        ("\n{{/if}}", (2, 1, "not_open")),
        ("{{#if leadName}}{{else}}{{else}}{{/if}}", (1, 25, "not_open")),
        ("{{#if leadName}}{{/each}}", (1, 17, "not_open")),
        ("{{#each items}}{{/each}}", (1, 1, "each_elsewhere")),
    ] {
        assert_eq!(fault(template, lead()), expected, "{template}");
    }
}

#[test]
fn blocks_stand_in_one_another_five_deep() {
    let nested = |depth| "{{#if leadName}}".repeat(depth) + "x" + &"{{/if}}".repeat(depth);
    assert!(parse(&nested(5), lead()).is_ok());
    assert_eq!(fault(&nested(6), lead()), (1, 5 * 16 + 1, "too_deep"));
    assert_eq!(fault(&nested(10_000), lead()).2, "too_deep");
}

#[test]
fn only_digests_go_over_items() {
    let digest = TemplateId::DIGEST;
    let each = |inside: &str| format!("{{{{#each items}}}}{inside}{{{{/each}}}}");
    for inside in ["{{items.title}}", "{{#if items.url}}{{items.url}}{{/if}}", "{{count}}"] {
        assert!(parse(&each(inside), digest).is_ok(), "{inside}");
    }
    for inside in ["{{items.token}}", "{{items}}", "{{title}}"] {
        assert_eq!(fault(&each(inside), digest).2, "unknown_variable", "{inside}");
    }
    assert_eq!(fault(&each(&each("")), digest).2, "each_elsewhere");
    assert_eq!(fault("{{items.title}}", digest).2, "unknown_variable");
    assert_eq!(fault("{{#each count}}{{/each}}", digest).2, "unknown_tag");
}

proptest! {
    /// Whatever somebody writes is either read or refused with a place inside of it.
    #[test]
    fn a_fault_lies_in_the_text(
        template in "(\\{\\{|\\}\\}|#if |/if|else|#each items|/each|leadName|items\\.title|[a-zé{} \n<>]){0,40}",
        digest in any::<bool>(),
    ) {
        let id = if digest { TemplateId::DIGEST } else { lead() };
        if let Err(Fault { line, column, .. }) = parse(&template, id) {
            let of_line = template.split('\n').nth(line - 1).unwrap();
            prop_assert!(column <= of_line.chars().count());
        }
    }
}
