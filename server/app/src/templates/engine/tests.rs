use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use tidewire_protocol::{model::notification_preferences::Channel, notification_event::EventKey};

use super::*;
use crate::templates::values;

fn lead() -> TemplateId {
    TemplateId::of(EventKey::LeadAssigned, Channel::Email).unwrap()
}

fn filled(template: &str, id: TemplateId, markup: Markup, values: Json) -> Result<String, Failure> {
    let Json::Object(values) = values else { panic!("values are an object") };
    fill(template, id, markup, &values::shown(id, &values))
}

fn plain(template: &str, values: Json) -> String {
    filled(template, lead(), Markup::Plain, values).unwrap()
}

#[test]
fn values_are_put_in_once() {
    let values = json!({"leadName": "{{assignedBy}} {% if x %} {{ 7 }}", "assignedBy": "Ada"});
    assert_eq!(
        plain("{{leadName}}, {{assignedBy}}\n", values),
        "{{assignedBy}} {% if x %} {{ 7 }}, Ada\n"
    );
}

#[test]
fn no_text_is_a_tag_of_the_engine() {
    for text in ["{% raw %}", "{# x #}", "{%if 1%}", "{", "{ {", "{%- endif -%}", "a{#}", " \n"] {
        assert_eq!(plain(text, json!({})), text);
        assert_eq!(filled(text, lead(), Markup::Html, json!({})).unwrap(), text);
    }
}

#[test]
fn markup_in_values_is_text_in_html_and_itself_elsewhere() {
    let name = "<img src=x onerror=\"x\">&'";
    let values = json!({ "leadName": name });
    let html = filled("<b>{{leadName}}</b>", lead(), Markup::Html, values.clone()).unwrap();
    assert_eq!(html, "<b>&lt;img src=x onerror=&quot;x&quot;&gt;&amp;&#39;</b>");
    assert_eq!(plain("{{leadName}}", values), name);
}

#[test]
fn a_condition_asks_whether_there_is_something() {
    let template = "{{#if leadName}}yes{{else}}no{{/if}}";
    for (value, expected) in [
        (json!("x"), "yes"),
        (json!(1), "yes"),
        (json!(true), "yes"),
        (json!(""), "no"),
        (json!(0), "no"),
        (json!(false), "no"),
        (json!(null), "no"),
        (json!(["x"]), "no"),
    ] {
        assert_eq!(plain(template, json!({ "leadName": value })), expected, "{value}");
    }
    assert_eq!(plain(template, json!({})), "no");
}

#[test]
fn a_digest_goes_over_its_items() {
    let template =
        "{{#each items}}{{items.title}}{{#if items.url}} {{items.url}}{{/if}}\n{{/each}}{{count}}";
    let values = json!({
        "items": [{"title": "a", "url": "https://a.example/"}, {"title": "b", "url": "javascript:x"}, 7],
        "count": 2, "title": "outside",
    });
    let text = filled(template, TemplateId::DIGEST, Markup::Plain, values).unwrap();
    assert_eq!(text, "a https://a.example/\nb\n2");
}

#[test]
fn what_asks_for_too_much_is_ended() {
    let long = json!({ "leadName": "x".repeat(2_000) });
    let much = filled(&"{{leadName}}".repeat(200), lead(), Markup::Plain, long);
    assert!(matches!(much, Err(Failure::TooMuch)), "{much:?}");
    let items: Vec<_> = (0..50).map(|_| json!({})).collect();
    let steps = "{{#if items.title}}{{/if}}".repeat(2_500);
    let steps = format!("{{{{#each items}}}}{steps}{{{{/each}}}}");
    let much = filled(&steps, TemplateId::DIGEST, Markup::Plain, json!({ "items": items }));
    assert!(matches!(much, Err(Failure::TooMuch)), "{much:?}");
    let most = "{{leadName}}".repeat(5_400);
    assert_eq!(plain(&most, json!({"leadName": "x"})).len(), 5_400, "all that fits is taken");
}

proptest! {
    #[test]
    fn any_text_is_refused_or_rendered_within_bounds(
        template in "(\\{\\{|\\}\\}|\\{%|%\\}|\\{#|#if |/if|else|leadName|[a-zé{}% \n]){0,40}",
        value in "(?s:.{0,60})|(\\{\\{leadName\\}\\}|<b|>|&lt;|\"|'){0,9}",
    ) {
        let values = json!({ "leadName": value });
        match filled(&template, lead(), Markup::Html, values) {
            Ok(html) => {
                prop_assert!(html.len() <= TEMPLATE_OUTPUT_BYTES_MAX);
                prop_assert!(!html.contains(['<', '>', '"', '\'']), "{}", html);
            }
            Err(Failure::Invalid(fault)) => prop_assert!(fault.line <= template.split('\n').count()),
            Err(failure) => prop_assert!(false, "{failure:?}"),
        }
    }

    #[test]
    fn text_alone_comes_out_as_it_is(text in "([{}%#]|[a-z \n]|endraw|if|-){0,40}") {
        prop_assume!(!text.contains("{{"));
        prop_assert_eq!(plain(&text, Map::new().into()), text);
    }
}
