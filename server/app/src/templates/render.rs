//! A notification in words, whatever its template is like: one that fails gives way to the built-in
//! one.

use serde_json::{Map, Value};
use tidewire_protocol::model::{
    notification_preferences::Channel, notification_templates::Wording,
};

use super::{
    Own, TemplateId,
    engine::{Failure, Markup, fill},
    plain, values,
};

/// More of a subject or title is cut off.
const SUBJECT_CHARS_MAX: usize = 300;

/// A notification as it is shown or sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// One line: the subject of a mail, otherwise the title.
    pub subject: Option<String>,
    /// Of a mail.
    pub html: Option<String>,
    pub text: String,
    /// The company's own words could not be used.
    pub fell_back: bool,
}

/// Puts values into a company's own words, or else into the built-in ones. Of the values, those count
/// that the template's [variables](TemplateId::variables) name; others are passed over, missing ones
/// leave nothing.
pub fn render(own: Option<&Own>, id: TemplateId, values: &Map<String, Value>) -> Rendered {
    let failed = match own.map(|own| (own, fill_all(&own.wording, id, values))) {
        Some((_, Ok(rendered))) => return rendered,
        Some((own, Err(failure))) => {
            let cause: &dyn std::error::Error = &failure;
            tracing::warn!(template = %id, tenant_id = %own.tenant_id, cause, "a template fails");
            true
        }
        None => false,
    };
    let rendered = fill_all(&id.built_in(), id, values).unwrap_or_else(|failure| {
        let cause: &dyn std::error::Error = &failure;
        tracing::error!(template = %id, cause, "a built-in template fails");
        let title = id.about().title();
        Rendered { subject: Some(title.to_owned()), text: title.to_owned(), ..Rendered::default() }
    });
    Rendered { fell_back: failed, ..rendered }
}

/// All parts of a wording, or the first failure. Where a wording has no subject, the built-in one
/// stands in.
pub(super) fn fill_all(
    wording: &Wording,
    id: TemplateId,
    values: &Map<String, Value>,
) -> Result<Rendered, Failure> {
    let values = values::shown(id, values);
    let subject = match &wording.subject {
        Some(subject) => Some(subject.clone()),
        None => id.built_in().subject,
    };
    let subject = subject.map(|subject| fill(&subject, id, Markup::Plain, &values)).transpose()?;
    let subject = subject.map(|subject| one_line(&subject));
    let (html, text) = match id.channel() {
        Channel::Email => {
            let html = fill(&wording.body, id, Markup::Html, &values)?;
            let text = match &wording.body_text {
                Some(text) => fill(text, id, Markup::Plain, &values)?,
                None => plain::text_of(&html),
            };
            (Some(html), text)
        }
        Channel::InApp | Channel::Push => (None, fill(&wording.body, id, Markup::Plain, &values)?),
    };
    Ok(Rendered { subject, html, text, fell_back: false })
}

fn one_line(text: &str) -> String {
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    shown.take(SUBJECT_CHARS_MAX).collect()
}
