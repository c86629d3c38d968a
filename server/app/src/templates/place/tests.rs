use proptest::prelude::*;

use super::*;

fn reset() -> TemplateId {
    TemplateId::parse("auth.password_reset.email").unwrap()
}

fn fault(template: &str) -> (usize, &'static str) {
    let fault = check(template, reset()).expect_err(template);
    (fault.column, fault.reason.words().0)
}

#[test]
fn what_would_run_is_refused_with_its_place() {
    for (template, expected) in [
        ("<p>x</p><script>1</script>", (9, "script")),
        ("<SCRIPT src=x>", (1, "script")),
        ("x</script>", (2, "script")),
        ("<b onclick=\"x()\">", (4, "event_attribute")),
        ("<b/OnLoad=x>", (4, "event_attribute")),
        ("<b title='a>b' onfocus>", (16, "event_attribute")),
        ("<a href=\"javascript:x\">", (4, "script_link")),
        ("<a href=' Java\tScript:x'>", (4, "script_link")),
        ("<a href = data:text/html,x>", (4, "script_link")),
        ("<img src=\"data:x\">", (6, "script_link")),
        ("a<!-- x -->", (2, "markup")),
        ("<!doctype html>", (1, "markup")),
        ("a<b", (2, "markup")),
        ("<a href=\"x", (1, "markup")),
    ] {
        assert_eq!(fault(template), expected, "{template}");
    }
}

#[test]
fn a_variable_stands_in_text_or_is_a_link() {
    for good in [
        "{{ipAddress}} <b>{{resetUrl}}</b> 1 < 2",
        "<a title=\"x\" href=\"{{resetUrl}}\">here</a>",
        "<A HREF='{{resetUrl}}'>",
        "{{#if ipAddress}}<b>{{else}}<i>{{/if}}",
    ] {
        assert_eq!(check(good, reset()), Ok(LeftOut::default()), "{good}");
    }
    for (template, expected) in [
        ("<a href=\"{{ipAddress}}\">", (10, "link")),
        ("<a href=\"https://x/{{resetUrl}}\">", (20, "link")),
        ("<a href=\"{{resetUrl}}#x\">", (22, "link")),
        ("<a href=\"{{resetUrl}}{{resetUrl}}\">", (22, "link")),
        ("<a href={{resetUrl}}>", (9, "place")),
        ("<a title=\"{{ipAddress}}\">", (11, "place")),
        ("<a {{ipAddress}}>", (4, "place")),
        ("<{{ipAddress}}>", (2, "place")),
        ("<b{{ipAddress}}>", (3, "place")),
        ("</{{ipAddress}}>", (3, "place")),
        ("<a href=\"{{#if resetUrl}}{{resetUrl}}{{/if}}\">", (10, "place")),
        ("<a {{#if resetUrl}}href=\"x\"{{/if}}>", (4, "place")),
    ] {
        assert_eq!(fault(template), expected, "{template}");
    }
}

#[test]
fn what_the_cleaning_takes_out_is_named() {
    let template =
        "<p style=\"color:red\" class=x>a</p><img src=x><iframe></iframe><a href=x rel=y>";
    let left_out = check(template, reset()).unwrap();
    assert_eq!(Vec::from_iter(&left_out.elements), ["iframe", "img"]);
    assert_eq!(Vec::from_iter(&left_out.attributes), ["class", "style"]);
}

#[test]
fn tags_outlive_the_cleaning_where_they_stand() {
    for (template, expected) in [
        (
            "<a href=\"{{ resetUrl }}\" onx>go</a>",
            "<a href=\"{{resetUrl}}\" rel=\"noopener noreferrer\">go</a>",
        ),
        ("<a href=\"/{{resetUrl}}\">go</a>", "<a rel=\"noopener noreferrer\">go</a>"),
        ("{{#if ipAddress}}<b>x{{else}}y{{/if}}", "{{#if ipAddress}}<b>x{{else}}y{{/if}}</b>"),
        (
            "<table>{{#if ipAddress}}<tr><td>{{ipAddress}}</td></tr>{{/if}}</table>",
            "<table>{{#if ipAddress}}<tbody><tr><td>{{ipAddress}}</td></tr>{{/if}}</tbody></table>",
        ),
        ("<p style=x>a<img src=y></p>", "<p>a</p>"),
        ("a & b < c", "a &amp; b &lt; c"),
    ] {
        assert_eq!(cleaned(template).unwrap(), expected, "{template}");
    }
}

proptest! {
    /// However it is written, what is saved holds nothing but elements that mails may have.
    #[test]
    fn no_harm_outlives_the_reading(
        template in "(<[a-z/!]{0,8}|\\{\\{resetUrl\\}\\}|\\{\\{#if ipAddress\\}\\}|\\{\\{/if\\}\\}|[a-z\"'= />:&;#<-]{0,9}|href=\"|on[a-z]{1,9}=x|textarea|title|javascript:){0,12}",
    ) {
        if let Ok(cleaned) = cleaned(&template)
            && check(&cleaned, reset()).is_ok()
        {
            for harm in ["<script", "<style", "<img", "<svg", "<form", "<math", "<!", "<textarea"] {
                prop_assert!(!cleaned.contains(harm), "{}", cleaned);
            }
            prop_assert_eq!(check(&cleaned, reset()).unwrap(), LeftOut::default());
        }
    }
}
