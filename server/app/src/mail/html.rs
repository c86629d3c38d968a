//! HTML in mails: what may stand in it, and text that is put into it.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use ammonia::{Builder, UrlRelative};

/// Elements of text and simple tables. No images: they would call home.
pub(crate) const TAGS: [&str; 26] = [
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "s",
    "small",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "tr",
    "u",
    "ul",
];

/// The HTML without scripts, styles, forms, images, event attributes and links that are no links.
pub(crate) fn cleaned(html: &str) -> String {
    cleaning().clean(html).to_string()
}

/// As [`cleaned`], for HTML with places in it: a link may lead to a `{{place}}`, and comments stay.
pub(crate) fn cleaned_with_marks(html: &str) -> String {
    let places = UrlRelative::Custom(Box::new(place));
    cleaning().url_relative(places).strip_comments(false).clean(html).to_string()
}

fn place(url: &str) -> Option<Cow<'_, str>> {
    let name = url.strip_prefix("{{")?.strip_suffix("}}")?;
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.').then_some(Cow::Borrowed(url))
}

fn cleaning() -> Builder<'static> {
    let mut cleaning = Builder::empty();
    cleaning
        .tags(HashSet::from(TAGS))
        .tag_attributes(HashMap::from([("a", HashSet::from(["href", "title"]))]))
        .clean_content_tags(HashSet::from(["script", "style"]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"));
    cleaning
}

/// Text that is text in HTML as well, also between quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_and_links_stay() {
        let html = "<p>Acme <b>Ltd</b>, <a href=\"https://acme.example\">home</a></p>";
        let expected = "<p>Acme <b>Ltd</b>, <a href=\"https://acme.example\" \
                        rel=\"noopener noreferrer\">home</a></p>";
        assert_eq!(cleaned(html), expected);
        assert!(cleaned("<a href='mailto:a@b.example'>x</a>").contains("mailto:a@b.example"));
        assert_eq!(cleaned(expected), expected, "what was cleaned stays as it is");
    }

    #[test]
    fn what_could_do_harm_goes() {
        for (html, expected) in [
            ("a<script>alert(1)</script>b", "ab"),
            ("<style>*{background:url(x)}</style>x", "x"),
            ("<b onclick=x() style='color:red'>x</b>", "<b>x</b>"),
            ("<img src=https://evil.example/pixel>", ""),
            ("<form action=/><input name=a></form>", ""),
            ("<iframe src=https://evil.example></iframe>", ""),
            ("<svg><script>1</script></svg>", ""),
            ("<p>x</p></div></body></html>", "<p>x</p>"),
            ("<!-- <b>x</b> -->", ""),
            ("<link rel=stylesheet href=//evil.example>", ""),
        ] {
            assert_eq!(cleaned(html), expected, "{html}");
        }
        for link in ["javascript:x", "JaVa\nscript:x", "data:text/html,x", "//evil.example", "/x"] {
            let cleaned = cleaned(&format!("<a href=\"{link}\">x</a>"));
            assert!(!cleaned.contains("href"), "{cleaned}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_in_no_script_comes_out(
            html in "(<[a-z/!]{0,8}|[a-z\"'= />:&;#<]{0,9}|on[a-z]{1,9}=x|script|javascript:){0,12}",
        ) {
            let cleaned = cleaned(&html);
            for harm in ["<script", "<style", "<img", "<svg", "<form", "<math", "<!"] {
                prop_assert!(!cleaned.contains(harm), "{}", cleaned);
            }
            prop_assert_eq!(super::cleaned(&cleaned), cleaned);
        }
    }
}
