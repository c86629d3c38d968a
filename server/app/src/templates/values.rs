//! Values as texts show them: of the kind that was declared, and none so long that it fills a mail.

use minijinja::Value as Shown;
use serde_json::{Map, Value};
use tidewire_protocol::{Timestamp, model::notification_templates::VariableType};
use url::Url;

use super::{TemplateId, Variable};

/// How long values may be. Of a text, more is cut off; an address that is longer is left out, for cut it
/// would lead elsewhere.
struct Bounds {
    text_chars_max: usize,
    url_bytes_max: usize,
}

const BOUNDS: Bounds = Bounds { text_chars_max: 2_000, url_bytes_max: 2_048 };
/// In the items of a digest, so that all of them fit.
const ITEM_BOUNDS: Bounds = Bounds { text_chars_max: 160, url_bytes_max: 512 };
/// More items of a digest are not shown.
pub const DIGEST_ITEMS_MAX: usize = 50;

/// What stands before the fields of a digest's items.
const ITEMS: &str = "items.";

/// The values of the variables that a text may name.
pub(super) fn shown(id: TemplateId, values: &Map<String, Value>) -> Shown {
    let (of_items, own): (Vec<_>, Vec<_>) =
        id.variables().partition(|variable| variable.name.starts_with(ITEMS));
    let items = values.get("items").and_then(Value::as_array).into_iter().flatten();
    let items = items.filter_map(Value::as_object).take(DIGEST_ITEMS_MAX);
    let items = items.map(|item| Shown::from_pairs(pairs(&of_items, item, &ITEM_BOUNDS)));
    let items: Shown = items.collect();
    Shown::from_pairs(pairs(&own, values, &BOUNDS).chain([("items", items)]))
}

fn pairs(
    variables: &[&'static Variable],
    values: &Map<String, Value>,
    bounds: &Bounds,
) -> impl Iterator<Item = (&'static str, Shown)> {
    variables.iter().filter_map(move |variable| {
        let name = variable.name.trim_start_matches(ITEMS);
        Some((name, value(variable.kind, values.get(name)?, bounds)?))
    })
}

fn value(kind: VariableType, value: &Value, bounds: &Bounds) -> Option<Shown> {
    let text = match value {
        Value::String(text) => text,
        Value::Bool(_) | Value::Number(_) if kind == VariableType::Url => return None,
        Value::Bool(flag) => return Some(Shown::from(*flag)),
        Value::Number(number) => {
            return number.as_i64().map(Shown::from).or_else(|| number.as_f64().map(Shown::from));
        }
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    match kind {
        VariableType::Url => is_address(text, bounds.url_bytes_max).then(|| Shown::from(text)),
        VariableType::Date => {
            Some(text.parse().map_or_else(|_| cut(text, bounds), readable).into())
        }
        VariableType::String | VariableType::Number => Some(cut(text, bounds).into()),
    }
}

/// Whether a link may lead there.
fn is_address(text: &str, bytes_max: usize) -> bool {
    let is_of_the_web = |url: Url| matches!(url.scheme(), "http" | "https");
    text.len() <= bytes_max
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && Url::parse(text).is_ok_and(is_of_the_web)
}

fn cut(text: &str, bounds: &Bounds) -> String {
    let is_shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(is_shown).take(bounds.text_chars_max).collect()
}

/// An instant to the minute.
fn readable(at: Timestamp) -> String {
    let text = at.to_string();
    match text.get(..16) {
        Some(minute) => minute.replacen('T', " ", 1) + " UTC",
        None => text,
    }
}

#[cfg(test)]
mod tests;
