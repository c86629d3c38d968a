//! Reading what a client sent: a JSON object becomes a typed input, or a list of *every* field that
//! breaks a rule. REST bodies, REST queries and socket commands are all read by the same functions.
//!
//! Text is trimmed before it is counted, counted in characters, and single lines are brought to
//! Unicode NFC. Passwords and message content stay exactly as typed.

mod keys;
mod patch;
mod web;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use unicode_normalization::UnicodeNormalization as _;
use utoipa::ToSchema;

use crate::{
    Timestamp,
    limits::{EMAIL_CHARS_MAX, EMAIL_CHARS_MIN, INTEGER_MAX, PASSWORD_BYTES_MAX},
};

pub use patch::{nullable, put};
pub use web::{host_name, https_url};
pub(crate) use web::{is_host_name, not_a_host};

/// One field that breaks a rule. `field` is a path like `memberIds[2]`; `rule` is a word for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    pub field: String,
    pub rule: String,
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, rule: &str, message: impl Into<String>) -> Self {
        Self { field: field.into(), rule: rule.to_owned(), message: message.into() }
    }
}

/// Something that is read from an object of fields.
///
/// `read` may return a value although a field failed; [`parse`] then still refuses the whole.
pub trait Input: Sized {
    fn read(fields: &mut Fields<'_>) -> Option<Self>;
}

/// A closed set of words.
pub trait Word: Sized {
    fn from_word(word: &str) -> Option<Self>;
    fn words() -> Vec<&'static str>;
}

/// Reads a JSON object: a body, or the data of a command.
pub fn parse<I: Input>(object: &Map<String, Value>) -> Result<I, Vec<FieldError>> {
    finish(Fields { object, textual: false, errors: Vec::new() })
}

/// Reads the parameters of a query string, where numbers and booleans are text.
pub fn parse_query<I: Input>(object: &Map<String, Value>) -> Result<I, Vec<FieldError>> {
    finish(Fields { object, textual: true, errors: Vec::new() })
}

/// Reads some fields of an object without a type of their own.
pub fn read_with<T>(
    object: &Map<String, Value>,
    reader: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> Result<T, Vec<FieldError>> {
    run(Fields { object, textual: false, errors: Vec::new() }, reader)
}

fn finish<I: Input>(fields: Fields<'_>) -> Result<I, Vec<FieldError>> {
    run(fields, I::read)
}

fn run<T>(
    mut fields: Fields<'_>,
    reader: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> Result<T, Vec<FieldError>> {
    match reader(&mut fields) {
        Some(input) if fields.errors.is_empty() => Ok(input),
        _ => Err(fields.errors),
    }
}

/// The fields of one object, and what was wrong with them so far.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    textual: bool,
    errors: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    /// Records a failure and answers `None`, so that a reader can end with it.
    pub fn fail<T>(&mut self, field: &str, rule: &str, message: impl Into<String>) -> Option<T> {
        self.errors.push(FieldError::new(field, rule, message));
        None
    }

    pub const fn object(&self) -> &'a Map<String, Value> {
        self.object
    }

    /// The raw value; `null` counts as absent.
    pub fn value(&self, field: &str) -> Option<&'a Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    fn required<T>(&mut self, field: &str, value: Option<T>, errors_before: usize) -> Option<T> {
        if value.is_none() && self.errors.len() == errors_before {
            self.fail(field, "required", "is required")
        } else {
            value
        }
    }

    fn string(&mut self, field: &str) -> Option<&'a str> {
        match self.value(field)? {
            Value::String(text) => Some(text),
            _ => self.fail(field, "type", "must be a string"),
        }
    }

    /// A single line of text, trimmed and normalised.
    pub fn line(&mut self, field: &str, min: usize, max: usize) -> Option<String> {
        let before = self.errors.len();
        let line = self.optional_line(field, min, max);
        self.required(field, line, before)
    }

    pub fn optional_line(&mut self, field: &str, min: usize, max: usize) -> Option<String> {
        let text: String = self.string(field)?.trim().nfc().collect();
        if text.chars().any(char::is_control) {
            return self.fail(field, "characters", "must not contain control characters");
        }
        self.bounded(field, text, min, max)
    }

    /// Text that may be cleared: `Some(None)` when `null` (or blank) was sent.
    pub fn nullable_text(&mut self, field: &str, max: usize) -> Option<Option<String>> {
        if self.object.get(field)?.is_null() {
            return Some(None);
        }
        let text = self.string(field)?.replace("\r\n", "\n").trim().to_owned();
        if text.chars().any(is_forbidden_in_text) {
            return self.fail(field, "characters", "must not contain control characters");
        }
        let text = self.bounded(field, text, 0, max)?;
        Some(Some(text).filter(|text| !text.is_empty()))
    }

    /// Message content: not blank, otherwise kept as typed.
    pub fn content(&mut self, field: &str, max: usize) -> Option<String> {
        let before = self.errors.len();
        let text = self.string(field);
        let text = self.required(field, text, before)?;
        if text.chars().any(is_forbidden_in_text) {
            return self.fail(field, "characters", "must not contain control characters");
        }
        if text.trim().is_empty() {
            return self.fail(field, "length", "must not be blank");
        }
        if text.trim().chars().count() > max {
            return self.fail(field, "length", format!("must have at most {max} characters"));
        }
        Some(text.to_owned())
    }

    /// Something that may be an address; the operation that uses it knows the full rule.
    pub fn email(&mut self, field: &str) -> Option<String> {
        let before = self.errors.len();
        let text = self.string(field).map(str::trim);
        let text = self.required(field, text, before)?;
        if !text.contains('@')
            || !(EMAIL_CHARS_MIN..=EMAIL_CHARS_MAX).contains(&text.chars().count())
        {
            return self.fail(field, "email", "must be an email address");
        }
        Some(text.to_owned())
    }

    /// A password exactly as typed; the policy is the operation's.
    pub fn password(&mut self, field: &str) -> Option<String> {
        let before = self.errors.len();
        let text = self.string(field);
        let text = self.required(field, text, before)?;
        if text.is_empty() || text.len() > PASSWORD_BYTES_MAX {
            return self.fail(
                field,
                "length",
                format!("must have 1 to {PASSWORD_BYTES_MAX} bytes"),
            );
        }
        Some(text.to_owned())
    }

    /// A token from a mail: 43 base64url characters. Its own error code covers wrong ones, so only
    /// the type is a matter of fields.
    pub fn one_time_token(&mut self, field: &str) -> Option<String> {
        self.printable(field, 1, 512)
    }

    /// Visible ASCII without spaces.
    pub fn printable(&mut self, field: &str, min: usize, max: usize) -> Option<String> {
        let before = self.errors.len();
        let text = self.optional_printable(field, min, max);
        self.required(field, text, before)
    }

    pub fn optional_printable(&mut self, field: &str, min: usize, max: usize) -> Option<String> {
        let text = self.string(field)?.to_owned();
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return self.fail(field, "characters", "must be visible ASCII");
        }
        self.bounded(field, text, min, max)
    }

    /// `[A-Za-z0-9_-]`, as clients make them.
    pub fn optional_token(&mut self, field: &str, min: usize, max: usize) -> Option<String> {
        let text = self.string(field)?.to_owned();
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            return self.fail(field, "characters", "must be of A-Z, a-z, 0-9, _ and -");
        }
        self.bounded(field, text, min, max)
    }

    fn bounded(&mut self, field: &str, text: String, min: usize, max: usize) -> Option<String> {
        let chars = text.chars().count();
        if (min..=max).contains(&chars) {
            Some(text)
        } else {
            self.fail(field, "length", format!("must have {min} to {max} characters"))
        }
    }

    pub fn integer(&mut self, field: &str, min: i64, max: i64) -> Option<i64> {
        let before = self.errors.len();
        let number = self.optional_integer(field, min, max);
        self.required(field, number, before)
    }

    pub fn optional_integer(&mut self, field: &str, min: i64, max: i64) -> Option<i64> {
        let number = match self.value(field)? {
            Value::Number(number) if !self.textual => whole(number),
            Value::String(text) if self.textual => parse_digits(text),
            _ => None,
        };
        match number {
            None => self.fail(field, "type", "must be an integer"),
            Some(number) if (min..=max).contains(&number) => Some(number),
            Some(_) => self.fail(field, "range", format!("must be from {min} to {max}")),
        }
    }

    /// A number that may be cleared: `Some(None)` when `null` was sent.
    pub fn nullable_integer(&mut self, field: &str, min: i64, max: i64) -> Option<Option<i64>> {
        match self.object.get(field)? {
            Value::Null => Some(None),
            _ => self.optional_integer(field, min, max).map(Some),
        }
    }

    /// A list of at most `max` numbers, each once.
    pub fn optional_integers(&mut self, field: &str, max: usize) -> Option<Vec<i64>> {
        let items = self.array(field, max)?;
        let mut numbers = Vec::new();
        for (i, item) in items.iter().enumerate() {
            match item.as_number().and_then(whole) {
                Some(number) if numbers.contains(&number) => {}
                Some(number) => numbers.push(number),
                None => {
                    return self.fail(&format!("{field}[{i}]"), "type", "must be an integer");
                }
            }
        }
        Some(numbers)
    }

    fn array(&mut self, field: &str, max: usize) -> Option<&'a Vec<Value>> {
        match self.value(field)? {
            Value::Array(items) if items.len() <= max => Some(items),
            Value::Array(_) => {
                self.fail(field, "count", format!("must have at most {max} entries"))
            }
            _ => self.fail(field, "type", "must be an array"),
        }
    }

    pub fn integers(&mut self, field: &str, max: usize) -> Option<Vec<i64>> {
        let before = self.errors.len();
        let numbers = self.optional_integers(field, max);
        self.required(field, numbers, before)
    }

    pub fn optional_bool(&mut self, field: &str) -> Option<bool> {
        let flag = match self.value(field)? {
            Value::Bool(flag) if !self.textual => Some(*flag),
            Value::String(text) if self.textual => match text.as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if flag.is_none() {
            return self.fail(field, "type", "must be true or false");
        }
        flag
    }

    pub fn word<W: Word>(&mut self, field: &str) -> Option<W> {
        let before = self.errors.len();
        let word = self.optional_word(field);
        self.required(field, word, before)
    }

    pub fn optional_word<W: Word>(&mut self, field: &str) -> Option<W> {
        let text = self.string(field)?;
        match W::from_word(text) {
            Some(word) => Some(word),
            None => self.fail(field, "one_of", format!("must be one of {}", W::words().join(", "))),
        }
    }

    /// An instant, as RFC 3339 writes it.
    pub fn optional_time(&mut self, field: &str) -> Option<Timestamp> {
        match self.string(field)?.parse() {
            Ok(at) => Some(at),
            Err(_) => self.fail(field, "time", "must be an RFC 3339 time between 1970 and 2200"),
        }
    }

    /// From 1 to `max` words of visible ASCII, each once.
    pub fn printables(&mut self, field: &str, max: usize) -> Option<Vec<String>> {
        let before = self.errors.len();
        let items = self.array(field, max);
        let items = self.required(field, items, before)?;
        let mut words: Vec<String> = Vec::new();
        for (i, item) in items.iter().enumerate() {
            match item.as_str() {
                Some(word) if words.iter().any(|known| known == word) => {}
                Some(word) if !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic()) => {
                    words.push(word.to_owned());
                }
                _ => return self.fail(&format!("{field}[{i}]"), "type", "must be a word"),
            }
        }
        if words.is_empty() {
            return self.fail(field, "count", format!("must have 1 to {max} entries"));
        }
        Some(words)
    }

    /// A nested object, read by `I`; its fields are reported under this one.
    pub fn optional_object<I: Input>(&mut self, field: &str) -> Option<I> {
        let Value::Object(object) = self.value(field)? else {
            return self.fail(field, "type", "must be an object");
        };
        match parse(object) {
            Ok(input) => Some(input),
            Err(errors) => {
                self.errors.extend(errors.into_iter().map(|error| FieldError {
                    field: format!("{field}.{}", error.field),
                    ..error
                }));
                None
            }
        }
    }
}

/// An integer, however it is written: `5`, `5.0` and `5e0` are the same number in JSON.
fn whole(number: &Number) -> Option<i64> {
    let written_otherwise = || {
        let number = number.as_f64()?;
        (number.fract() == 0.0 && number.abs() <= INTEGER_MAX as f64).then_some(number as i64)
    };
    number.as_i64().or_else(written_otherwise)
}

fn is_forbidden_in_text(c: char) -> bool {
    c < ' ' && !matches!(c, '\n' | '\r' | '\t')
}

/// Digits with an optional sign and nothing else.
fn parse_digits(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests;
