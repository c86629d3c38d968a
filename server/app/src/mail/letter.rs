//! What mails say, and where their links lead.

use crate::templates::Rendered;

use super::html::escaped;

/// What a mail says; what is around it comes when it is put on paper.
pub(super) struct Letter {
    pub subject: String,
    /// Cleaned, or escaped.
    pub html: String,
    pub text: String,
    /// Where the reader gets no more of its kind by one click.
    pub unsubscribe: Option<String>,
}

impl From<Rendered> for Letter {
    fn from(rendered: Rendered) -> Self {
        Self {
            subject: rendered.subject.unwrap_or_default(),
            html: rendered.html.unwrap_or_default(),
            text: rendered.text,
            unsubscribe: None,
        }
    }
}

/// Where somebody proves that an address is theirs.
pub(super) const VERIFICATION_PATH: &str = "/verify-email?token={token}";
/// Where somebody accepts an invitation.
pub(crate) const INVITATION_PATH: &str = "/accept-invitation?token={token}";
/// Where somebody chooses another password.
pub(crate) const PASSWORD_RESET_PATH: &str = "/reset-password?token={token}";

/// What is sent to somebody who tries their mail server.
pub(super) fn smtp_test(name: &str) -> Letter {
    let opening = "Your mail server has taken this mail, so it can send those of your company.";
    let closing = "It was sent because you asked for a test in the email settings.";
    Letter {
        subject: "A test of your mail server".to_owned(),
        html: format!("<p>Hello {},</p>\n<p>{opening}</p>\n<p>{closing}</p>\n", escaped(name)),
        text: format!("Hello {name},\n\n{opening}\n\n{closing}\n"),
        unsubscribe: None,
    }
}
