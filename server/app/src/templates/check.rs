//! Trying words before they count: what is wrong with them, what may not be meant, and how they look.

use serde_json::{Map, Value, json};
use tidewire_protocol::{
    ErrorCode,
    model::{
        notification_preferences::Channel,
        notification_templates::{TemplatePreview, Wording},
    },
};

use super::{
    TemplateId,
    engine::Failure,
    place::{self, LeftOut},
    render, syntax,
    syntax::{Fault, Node, Reason},
    variables,
};
use crate::Error;

/// Words that can be used, as they will be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    pub wording: Wording,
    /// What their author may not have meant.
    pub warnings: Vec<String>,
}

/// Why words cannot be used, and in which of their parts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub field: &'static str,
    pub fault: Fault,
}

impl From<Refused> for Error {
    fn from(Refused { field, fault: Fault { line, column, reason } }: Refused) -> Self {
        let (reason, message) = reason.words();
        let details = json!({
            "field": field, "line": line, "column": column, "reason": reason, "message": message,
        });
        Self::new(ErrorCode::TemplateInvalid).with_details(details)
    }
}

/// Reads words as they would be saved.
pub(crate) fn check(id: TemplateId, wording: Wording) -> Result<Checked, Refused> {
    let Checked { wording, mut warnings } = readable(id, wording)?;
    let hidden: Vec<_> = id
        .variables()
        .filter(|variable| variable.required && !shows(id, &wording, variable.name))
        .map(|variable| variable.name)
        .collect();
    if !hidden.is_empty() && id.about().is_mandatory() && id.channel() == Channel::Email {
        let field = if always_shows(id, &wording.body, hidden[0]) { "bodyText" } else { "body" };
        return Err(Refused { field, fault: whole(Reason::RequiredMissing) });
    }
    warnings.extend(hidden.iter().map(|name| format!("The text does not always show {name}.")));
    Ok(Checked { wording, warnings })
}

/// How words look with samples, or with the values that are given in their place.
pub(crate) fn preview(
    id: TemplateId,
    wording: Wording,
    given: Option<&Map<String, Value>>,
) -> Result<TemplatePreview, Refused> {
    let Checked { wording, .. } = readable(id, wording)?;
    let used = used(id, &wording);
    let is_missing = |name: &&String| given.is_some_and(|given| !given.contains_key(*name));
    let missing_variables = used.iter().filter(is_missing).cloned().collect();
    let rendered = try_out(id, &wording, given.unwrap_or(&Map::new()))?;
    Ok(TemplatePreview {
        subject: rendered.subject,
        html: rendered.html,
        text: rendered.text,
        used_variables: used,
        missing_variables,
    })
}

/// Words that can be put into use, but for what they leave out.
fn readable(id: TemplateId, wording: Wording) -> Result<Checked, Refused> {
    if let Some(subject) = &wording.subject {
        read_line(id, subject).map_err(|fault| Refused { field: "subject", fault })?;
    }
    let of_body = |fault| Refused { field: "body", fault };
    let (body, warnings) = match id.channel() {
        Channel::Email => read_html(id, &wording.body).map_err(of_body)?,
        Channel::InApp | Channel::Push => {
            syntax::parse(&wording.body, id).map_err(of_body)?;
            (wording.body, Vec::new())
        }
    };
    if let Some(text) = &wording.body_text {
        syntax::parse(text, id).map_err(|fault| Refused { field: "bodyText", fault })?;
    }
    let wording = Wording { body, ..wording };
    try_out(id, &wording, &Map::new())?;
    Ok(Checked { wording, warnings })
}

fn read_line(id: TemplateId, subject: &str) -> Result<(), Fault> {
    if let Some(at) = subject.find(['\n', '\r']) {
        return Err(Fault::at(subject, at, Reason::LineBreak));
    }
    syntax::parse(subject, id).map(drop)
}

/// The HTML as it may be sent. What the cleaning makes of it is read again: its tags have to be where
/// they can be.
fn read_html(id: TemplateId, body: &str) -> Result<(String, Vec<String>), Fault> {
    syntax::parse(body, id)?;
    let left_out = place::check(body, id)?;
    let cleaned = place::cleaned(body)?;
    let again = place::check(&cleaned, id).and_then(|_| syntax::parse(&cleaned, id));
    again.map_err(|_| whole(Reason::Markup))?;
    Ok((cleaned, warnings(&left_out)))
}

/// Names are told only where they are names.
fn warnings(left_out: &LeftOut) -> Vec<String> {
    let is_name = |name: &&String| {
        name.len() <= 20 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let elements = left_out.elements.iter().filter(is_name);
    let elements = elements.map(|name| format!("The element {name} was left out."));
    let attributes = left_out.attributes.iter().filter(is_name);
    elements.chain(attributes.map(|name| format!("The attribute {name} was left out."))).collect()
}

fn try_out(
    id: TemplateId,
    wording: &Wording,
    given: &Map<String, Value>,
) -> Result<render::Rendered, Refused> {
    let rendered = render::fill_all(wording, id, &variables::samples(id, given));
    rendered.map_err(|failure| {
        let fault = match failure {
            Failure::Invalid(fault) => fault,
            Failure::TooMuch | Failure::Engine(_) => whole(Reason::TooMuch),
        };
        Refused { field: "body", fault }
    })
}

/// Not at any place, but of the whole text.
const fn whole(reason: Reason) -> Fault {
    Fault { line: 1, column: 1, reason }
}

/// Whether every reader sees a variable: in both parts of a mail, elsewhere in the title or below it.
fn shows(id: TemplateId, wording: &Wording, name: &str) -> bool {
    let part = |text: &Option<String>| text.as_ref().map(|text| always_shows(id, text, name));
    let in_body = always_shows(id, &wording.body, name);
    match id.channel() {
        Channel::Email => in_body && part(&wording.body_text).unwrap_or(true),
        Channel::InApp | Channel::Push => in_body || part(&wording.subject).unwrap_or(true),
    }
}

fn always_shows(id: TemplateId, text: &str, name: &str) -> bool {
    syntax::parse(text, id).is_ok_and(|nodes| syntax::always_shows(&nodes, name))
}

fn used(id: TemplateId, wording: &Wording) -> Vec<String> {
    let parts = [wording.subject.as_deref(), Some(&*wording.body), wording.body_text.as_deref()];
    let parsed = parts.into_iter().flatten().filter_map(|part| syntax::parse(part, id).ok());
    let nodes: Vec<Node<'_>> = parsed.flatten().collect();
    syntax::names(&nodes).into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
