//! The plain part of a mail whose author has written HTML only. It reads HTML that was cleaned, so
//! every element is one that the cleaning knows and every attribute is in double quotes.

/// The text of an HTML fragment: paragraphs apart, items behind dashes, links behind their words.
pub(super) fn text_of(html: &str) -> String {
    let mut plain = Plain::default();
    let mut rest = html;
    while let Some((text, element)) = rest.split_once('<') {
        plain.words(text);
        let (inside, after) = split_element(element);
        plain.element(inside);
        rest = after;
    }
    plain.words(rest);
    plain.text.trim().to_owned() + "\n"
}

/// What is in an element's brackets, and what follows.
fn split_element(element: &str) -> (&str, &str) {
    let mut in_quotes = false;
    let end = element.find(|c| {
        in_quotes ^= c == '"';
        c == '>' && !in_quotes
    });
    end.map_or((element, ""), |end| (&element[..end], &element[end + 1..]))
}

#[derive(Default)]
struct Plain {
    text: String,
    /// Where the open link leads, and where its words begin.
    link: Option<(String, usize)>,
}

impl Plain {
    fn words(&mut self, html: &str) {
        let text = unescaped(html);
        if text.starts_with(char::is_whitespace) {
            self.space();
        }
        for word in text.split_whitespace() {
            self.text.push_str(word);
            self.text.push(' ');
        }
        if !text.ends_with(char::is_whitespace) && self.text.ends_with(' ') && !text.is_empty() {
            self.text.pop();
        }
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(char::is_whitespace) {
            self.text.push(' ');
        }
    }

    fn element(&mut self, inside: &str) {
        let name = inside.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default();
        match (name, inside.starts_with('/')) {
            ("a", false) => self.link = href(inside).map(|href| (href, self.text.len())),
            ("a", true) => self.close_link(),
            ("br", _) => self.text.push('\n'),
            ("li", false) => self.line("- "),
            ("tr", false) => self.line(""),
            ("td" | "th", false) => self.space(),
            ("p" | "div" | "h1" | "h2" | "h3" | "blockquote" | "hr" | "ol" | "ul" | "table", _) => {
                self.paragraph();
            }
            _ => {}
        }
    }

    fn close_link(&mut self) {
        let Some((href, start)) = self.link.take() else { return };
        if self.text.get(start..).map(str::trim) != Some(href.as_str()) {
            self.space();
            self.text.extend(["(", &href, ")"]);
        }
    }

    fn line(&mut self, beginning: &str) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.text.push_str(beginning);
    }

    fn paragraph(&mut self) {
        self.text.truncate(self.text.trim_end().len());
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
    }
}

fn href(inside: &str) -> Option<String> {
    let (_, value) = inside.split_once("href=\"")?;
    value.split_once('"').map(|(href, _)| unescaped(href))
}

/// Undoes what the cleaning and the engine write; `&amp;` last, so that nothing is undone twice.
fn unescaped(html: &str) -> String {
    const ENTITIES: [(&str, &str); 6] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    ENTITIES.iter().fold(html.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_items_and_links_stay_readable() {
        for (html, expected) in [
            ("<p>Hello <b>Ada</b>,</p>\n<p>it is\n noon.</p>", "Hello Ada,\n\nit is noon.\n"),
            ("a<br>b<br><br>c", "a\nb\n\nc\n"),
            ("<p>some:</p><ul><li>x</li></ul>", "some:\n\n- x\n"),
            ("<ul><li>one</li><li>two</li></ul>end", "- one\n- two\n\nend\n"),
            (
                "<a href=\"https://a.example/?x=1&amp;y\">here</a>.",
                "here (https://a.example/?x=1&y).\n",
            ),
            ("<a href=\"https://a.example/\">https://a.example/</a>", "https://a.example/\n"),
            ("<a title=\"a > b\">x</a>", "x\n"),
            ("1 &lt; 2 &amp;lt; 3", "1 < 2 &lt; 3\n"),
            (
                "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>",
                "a b\nc\n",
            ),
            ("", "\n"),
            ("an <unfinished", "an\n"),
        ] {
            assert_eq!(text_of(html), expected, "{html}");
        }
    }
}
