//! Putting values into a template. What the syntax allows is said in the words of the engine, which
//! does the rest with a limit on its steps and on what comes out.

use std::{borrow::Cow, io};

use minijinja::{Environment, ErrorKind, Output, State, Value, syntax::SyntaxConfig};
use tidewire_protocol::limits::TEMPLATE_OUTPUT_BYTES_MAX;

use super::{
    TemplateId,
    syntax::{self, Fault, Node},
};
use crate::mail::html::escaped;

/// Steps of the engine: some milliseconds, and more than any text needs that stays within its size.
const FUEL: u64 = 100_000;

/// Why nothing came out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the template is not valid: {0}")]
    Invalid(#[from] Fault),
    #[error("the template asks for too much")]
    TooMuch,
    #[error("the engine has failed")]
    Engine(#[source] minijinja::Error),
}

impl From<minijinja::Error> for Failure {
    fn from(error: minijinja::Error) -> Self {
        match error.kind() {
            ErrorKind::OutOfFuel | ErrorKind::WriteFailure => Self::TooMuch,
            _ => Self::Engine(error),
        }
    }
}

/// What a template's text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markup {
    Html,
    Plain,
}

/// The template with values in its places; those that are missing leave nothing.
pub(super) fn fill(
    template: &str,
    id: TemplateId,
    markup: Markup,
    values: &Value,
) -> Result<String, Failure> {
    let mut source = String::with_capacity(template.len() * 2);
    translate(&syntax::parse(template, id)?, &mut source);
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL));
    environment.set_syntax(SyntaxConfig::builder().keep_trailing_newline(true).build()?);
    environment.set_formatter(match markup {
        Markup::Html => write_html as Formatter,
        Markup::Plain => write_plain,
    });
    let mut written = Bounded(Vec::new());
    environment.template_from_str(&source)?.render_captured_to(values, &mut written)?;
    // The engine writes whole texts.
    String::from_utf8(written.0).map_err(|_| Failure::TooMuch)
}

/// Says a template in the engine's own syntax. Braces of the text are given as values, so that no text
/// is a tag of the engine's.
fn translate(nodes: &[Node<'_>], source: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => source.push_str(&text.replace('{', "{{ '{' }}")),
            Node::Variable(name) => source.extend(["{{ ", &*expression(name), " }}"]),
            Node::If { name, then, otherwise } => {
                source.extend(["{% if ", &*expression(name), " %}"]);
                translate(then, source);
                source.push_str("{% else %}");
                translate(otherwise, source);
                source.push_str("{% endif %}");
            }
            Node::Each(nodes) => {
                source.push_str("{% for item in items %}");
                translate(nodes, source);
                source.push_str("{% endfor %}");
            }
        }
    }
}

/// In a loop, `items.title` is the title of the item in hand.
fn expression(name: &str) -> Cow<'_, str> {
    name.strip_prefix("items.").map_or(name.into(), |field| format!("item.{field}").into())
}

type Formatter = fn(&mut Output<'_>, &mut State<'_, '_>, &Value) -> Result<(), minijinja::Error>;

fn write_html(
    out: &mut Output<'_>,
    _: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    Ok(out.write_str(&escaped(&value.to_string()))?)
}

fn write_plain(
    out: &mut Output<'_>,
    _: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    Ok(out.write_str(&value.to_string())?)
}

/// Takes no more than a rendered text may have.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > TEMPLATE_OUTPUT_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
