//! From a mail to the text that travels: RFC 5322 with a plain and an HTML part.

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Address, Message,
    message::{
        Mailbox, MessageBuilder, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use tidewire_protocol::Timestamp;
use uuid::Uuid;

use super::{Recipient, SendError, html::escaped, letter::Letter};

/// What is around a letter.
pub(super) struct Frame {
    pub from: Mailbox,
    pub reply_to: Option<Mailbox>,
    pub footer: Option<Footer>,
}

/// What stands below a letter.
pub(super) struct Footer {
    /// Cleaned when it was saved.
    pub html: String,
    pub text: String,
    /// Where the company is found.
    pub address: Option<String>,
}

impl From<lettre::error::Error> for SendError {
    fn from(error: lettre::error::Error) -> Self {
        Self::Unsendable(format!("message: {error}"))
    }
}

/// The sender of an installation whose operator has named none.
pub(super) fn no_reply(public_url: &str) -> Mailbox {
    let address = Address::new("no-reply", host(public_url));
    let address = address.or_else(|_| Address::new("no-reply", "localhost"));
    Mailbox::new(Some("Tidewire".to_owned()), address.expect("localhost is a host"))
}

/// An address as headers and servers take it.
pub(super) fn address(text: &str) -> Result<Address, SendError> {
    text.parse().map_err(|error| SendError::Unsendable(format!("address: {error}")))
}

pub(super) fn message(
    to: &Recipient,
    letter: &Letter,
    frame: &Frame,
    (id, public_url): (Uuid, &str),
    now: Timestamp,
) -> Result<Message, SendError> {
    let auto_submitted = HeaderName::new_from_ascii_str("Auto-Submitted");
    let from = Mailbox::new(frame.from.name.as_deref().map(one_line), frame.from.email.clone());
    let mut message = Message::builder()
        .from(from)
        .to(Mailbox::new(Some(one_line(&to.name)), address(&to.address)?))
        .subject(one_line(&letter.subject))
        .date(UNIX_EPOCH + Duration::from_millis(now.ms().max(0).unsigned_abs()))
        .message_id(Some(format!("<{}@{}>", id.simple(), host(public_url))))
        .raw_header(HeaderValue::new(auto_submitted, "auto-generated".to_owned()));
    if let Some(reply_to) = &frame.reply_to {
        message = message.reply_to(reply_to.clone());
    }
    if let Some(address) = &letter.unsubscribe {
        message = unsubscribable(message, address);
    }
    let footer = frame.footer.as_ref();
    let body = MultiPart::alternative_plain_html(plain(letter, footer), html(letter, footer));
    Ok(message.multipart(body)?)
}

/// With one click, and without a look at the page (RFC 8058).
fn unsubscribable(message: MessageBuilder, address: &str) -> MessageBuilder {
    let header = |name: &'static str, value: String| {
        HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
    };
    message
        .raw_header(header("List-Unsubscribe", format!("<{address}>")))
        .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()))
}

/// The name of the host in an address, without a port.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

/// Names are stored without control characters; a mail does not rely on it.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn plain(letter: &Letter, footer: Option<&Footer>) -> String {
    let below = footer.map(|footer| {
        let address = footer.address.as_deref().unwrap_or_default();
        let parts = [footer.text.as_str(), address].into_iter().filter(|part| !part.is_empty());
        parts.fold("\n-- \n".to_owned(), |below, part| below + part + "\n")
    });
    format!("{}\n{}", letter.text.trim_end(), below.unwrap_or_default())
}

fn html(letter: &Letter, footer: Option<&Footer>) -> String {
    let below = footer.map(|footer| {
        let address = footer.address.as_ref();
        let address = address.map(|address| format!("<p>{}</p>\n", escaped(address)));
        format!("<hr>\n<div>{}</div>\n{}", footer.html, address.unwrap_or_default())
    });
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<body>\n{}\n{}</body>\n</html>\n",
        letter.html.trim_end(),
        below.unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests;
