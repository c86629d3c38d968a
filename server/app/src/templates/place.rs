//! Where tags stand in the HTML of a mail: in text, or as the whole of a link's address. What would run
//! is refused with its place; what else cannot be sent is named, for the cleaning takes it out.

use std::{collections::BTreeSet, mem};

use tidewire_protocol::model::notification_templates::VariableType;

use super::{
    TemplateId,
    syntax::{self, Fault, Kind, Piece, Reason},
};
use crate::mail::html;

/// Attributes whose values are addresses.
const ADDRESSES: [&str; 5] = ["href", "src", "action", "formaction", "background"];
const SCRIPT_SCHEMES: [&str; 3] = ["javascript:", "vbscript:", "data:"];

/// What the cleaning will take out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub elements: BTreeSet<String>,
    pub attributes: BTreeSet<String>,
}

/// Reads a template as the HTML that it is.
pub(super) fn check(template: &str, id: TemplateId) -> Result<LeftOut, Fault> {
    let mut scanner = Scanner::new(template, id);
    for piece in syntax::pieces(template)? {
        match piece.kind {
            Kind::Text(text) => {
                for (at, c) in text.char_indices() {
                    scanner.character(piece.at + at, c)?;
                }
            }
            Kind::Variable(_)
            | Kind::If(_)
            | Kind::Else
            | Kind::EndIf
            | Kind::Each
            | Kind::EndEach => scanner.tag(piece)?,
        }
    }
    match scanner.state {
        State::Text | State::Opening => Ok(scanner.left_out),
        State::ElementName
        | State::Element
        | State::AttributeName
        | State::Equals
        | State::Quoted(_)
        | State::Unquoted => Err(scanner.fault(scanner.element_at, Reason::Markup)),
    }
}

/// Where a scanner is. The states are those of the HTML standard's tokenizer, as far as they matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// Behind `<`.
    Opening,
    ElementName,
    /// In an element, between attributes.
    Element,
    AttributeName,
    /// Behind `=`.
    Equals,
    Quoted(char),
    Unquoted,
}

struct Scanner<'t> {
    template: &'t str,
    id: TemplateId,
    state: State,
    element_at: usize,
    attribute_at: usize,
    element: String,
    attribute: String,
    value: String,
    /// A variable is the value.
    is_filled: bool,
    left_out: LeftOut,
}

impl<'t> Scanner<'t> {
    fn new(template: &'t str, id: TemplateId) -> Self {
        Self {
            template,
            id,
            state: State::Text,
            element_at: 0,
            attribute_at: 0,
            element: String::new(),
            attribute: String::new(),
            value: String::new(),
            is_filled: false,
            left_out: LeftOut::default(),
        }
    }

    fn fault(&self, at: usize, reason: Reason) -> Fault {
        Fault::at(self.template, at, reason)
    }

    fn tag(&mut self, piece: Piece<'_>) -> Result<(), Fault> {
        match (self.state, piece.kind) {
            (State::Text, _) => Ok(()),
            (State::Quoted(_), Kind::Variable(name)) if self.attribute == "href" => {
                let is_url = self.id.variable(name).is_some_and(|v| v.kind == VariableType::Url);
                if !is_url || self.is_filled || !self.value.is_empty() {
                    return Err(self.fault(piece.at, Reason::Link));
                }
                self.is_filled = true;
                Ok(())
            }
            _ => Err(self.fault(piece.at, Reason::Place)),
        }
    }

    fn character(&mut self, at: usize, c: char) -> Result<(), Fault> {
        match self.state {
            State::Text if c == '<' => {
                self.element_at = at;
                self.element.clear();
                self.attribute.clear();
                self.state = State::Opening;
            }
            State::Text => {}
            State::Opening => self.open(at, c)?,
            State::ElementName if ends_name(c) => {
                self.end_element_name()?;
                self.between(at, c);
            }
            State::ElementName => self.element.push(c.to_ascii_lowercase()),
            State::Element if c == '=' && !self.attribute.is_empty() => self.begin_value(),
            State::Element => self.between(at, c),
            State::AttributeName if c == '=' => {
                self.end_attribute_name()?;
                self.begin_value();
            }
            State::AttributeName if ends_name(c) => {
                self.end_attribute_name()?;
                self.between(at, c);
            }
            State::AttributeName => self.attribute.push(c.to_ascii_lowercase()),
            State::Equals => self.value_begins(c),
            State::Quoted(quote) if c == quote => self.end_value(State::Element)?,
            State::Unquoted if c == '>' => self.end_value(State::Text)?,
            State::Unquoted if c.is_ascii_whitespace() => self.end_value(State::Element)?,
            State::Quoted(_) | State::Unquoted => self.value_goes_on(at, c)?,
        }
        Ok(())
    }

    /// `<` is an element's only before a letter or the slash of an end; comments and declarations are
    /// refused, since the cleaning needs comments for itself.
    fn open(&mut self, at: usize, c: char) -> Result<(), Fault> {
        self.state = match c {
            '!' | '?' => return Err(self.fault(self.element_at, Reason::Markup)),
            '/' => State::ElementName,
            _ if c.is_ascii_alphabetic() => State::ElementName,
            _ => State::Text,
        };
        match self.state {
            State::ElementName if c != '/' => self.element.push(c.to_ascii_lowercase()),
            State::Text => self.character(at, c)?,
            _ => {}
        }
        Ok(())
    }

    fn end_element_name(&mut self) -> Result<(), Fault> {
        if self.element == "script" {
            return Err(self.fault(self.element_at, Reason::Script));
        }
        if !self.element.is_empty() && !html::TAGS.contains(&self.element.as_str()) {
            self.left_out.elements.insert(self.element.clone());
        }
        Ok(())
    }

    /// Between attributes.
    fn between(&mut self, at: usize, c: char) {
        self.state = match c {
            '>' => State::Text,
            '/' => State::Element,
            _ if c.is_ascii_whitespace() => State::Element,
            _ => {
                self.attribute_at = at;
                self.attribute.clear();
                self.attribute.push(c.to_ascii_lowercase());
                State::AttributeName
            }
        };
    }

    fn end_attribute_name(&mut self) -> Result<(), Fault> {
        if self.attribute.starts_with("on") {
            return Err(self.fault(self.attribute_at, Reason::EventAttribute));
        }
        let is_kept = self.element == "a" && ["href", "title", "rel"].contains(&&*self.attribute);
        if !is_kept && html::TAGS.contains(&self.element.as_str()) {
            self.left_out.attributes.insert(self.attribute.clone());
        }
        Ok(())
    }

    fn begin_value(&mut self) {
        self.value.clear();
        self.is_filled = false;
        self.state = State::Equals;
    }

    fn value_begins(&mut self, c: char) {
        self.state = match c {
            '"' | '\'' => State::Quoted(c),
            '>' => State::Text,
            _ if c.is_ascii_whitespace() => State::Equals,
            _ => {
                self.value.push(c);
                State::Unquoted
            }
        };
    }

    fn value_goes_on(&mut self, at: usize, c: char) -> Result<(), Fault> {
        if self.is_filled {
            return Err(self.fault(at, Reason::Link));
        }
        self.value.push(c);
        Ok(())
    }

    fn end_value(&mut self, next: State) -> Result<(), Fault> {
        self.state = next;
        let name = mem::take(&mut self.attribute);
        let seen = self.value.chars().filter(|c| !c.is_whitespace() && !c.is_control());
        let value = seen.collect::<String>().to_ascii_lowercase();
        let runs = SCRIPT_SCHEMES.iter().any(|scheme| value.starts_with(scheme));
        if runs && ADDRESSES.contains(&name.as_str()) {
            return Err(self.fault(self.attribute_at, Reason::ScriptLink));
        }
        Ok(())
    }
}

fn ends_name(c: char) -> bool {
    c == '>' || c == '/' || c.is_ascii_whitespace()
}

/// The template with nothing in it but what mails may hold. The tags of blocks pass the cleaning as
/// comments, which stay where they are also between the rows of a table.
pub(super) fn cleaned(template: &str) -> Result<String, Fault> {
    let mut marked = String::with_capacity(template.len() + 256);
    for piece in syntax::pieces(template)? {
        match piece.kind {
            Kind::Text(text) => marked.push_str(text),
            Kind::Variable(name) => marked.extend(["{{", name, "}}"]),
            Kind::If(name) => marked.extend(["<!--{{#if ", name, "}}-->"]),
            Kind::Else => marked.push_str("<!--{{else}}-->"),
            Kind::EndIf => marked.push_str("<!--{{/if}}-->"),
            Kind::Each => marked.push_str("<!--{{#each items}}-->"),
            Kind::EndEach => marked.push_str("<!--{{/each}}-->"),
        }
    }
    Ok(html::cleaned_with_marks(&marked).replace("<!--{{", "{{").replace("}}-->", "}}"))
}

#[cfg(test)]
mod tests;
