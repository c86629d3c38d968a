//! From a mail to the text that travels: RFC 5322 with a plain and an HTML part.

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use tidewire_protocol::Timestamp;
use uuid::Uuid;

use super::{account_mails::AccountMail, letter::Letter};

/// Why a mail cannot be written down.
#[derive(Debug, thiserror::Error)]
pub(super) enum RenderError {
    #[error("address: {0}")]
    Address(#[from] lettre::address::AddressError),
    #[error("message: {0}")]
    Message(#[from] lettre::error::Error),
}

pub(super) fn message(
    mail: &AccountMail,
    id: Uuid,
    public_url: &str,
    now: Timestamp,
) -> Result<Message, RenderError> {
    let letter = mail.letter(public_url);
    let to = mail.to();
    let host = host(public_url);
    let sender: Address =
        format!("no-reply@{host}").parse().or_else(|_| "no-reply@localhost".parse::<Address>())?;
    let auto_submitted = HeaderName::new_from_ascii_str("Auto-Submitted");
    let message = Message::builder()
        .from(Mailbox::new(Some("Tidewire".to_owned()), sender))
        .to(Mailbox::new(Some(one_line(&to.name)), to.address.parse()?))
        .subject(one_line(&letter.subject))
        .date(UNIX_EPOCH + Duration::from_millis(now.ms().max(0).unsigned_abs()))
        .message_id(Some(format!("<{}@{host}>", id.simple())))
        .raw_header(HeaderValue::new(auto_submitted, "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(
            plain(&one_line(&to.name), &letter),
            html(&one_line(&to.name), &letter),
        ))?;
    Ok(message)
}

/// The name of the host in an address, without a port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

/// Names are stored without control characters; a mail does not rely on it.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn plain(name: &str, letter: &Letter) -> String {
    let link = letter.link.as_ref().map(|link| format!("{link}\n\n")).unwrap_or_default();
    format!("Hello {name},\n\n{}\n\n{link}{}\n", letter.opening, letter.closing)
}

fn html(name: &str, letter: &Letter) -> String {
    let link = letter.link.as_ref().map(|link| {
        let link = escaped(link);
        format!("<p><a href=\"{link}\">{link}</a></p>\n")
    });
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<body>\n<p>Hello {},</p>\n<p>{}</p>\n{}<p>{}</p>\n\
         </body>\n</html>\n",
        escaped(name),
        escaped(&letter.opening),
        link.unwrap_or_default(),
        escaped(&letter.closing),
    )
}

fn escaped(text: &str) -> String {
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
mod tests;
