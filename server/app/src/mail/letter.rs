//! What mails say. A text has places in braces; what a tenant's people wrote goes in there as it is,
//! and is made harmless where the mail is put together.

use super::{html::escaped, render::Written};

/// The most characters that one value takes up, so that no name fills a mail.
const VALUE_CHARS_MAX: usize = 300;

/// A mail's words before its values are known.
pub(super) struct Text {
    pub subject: &'static str,
    pub opening: &'static str,
    /// Below the public address.
    pub path: Option<&'static str>,
    pub closing: &'static str,
}

/// What a mail says: a subject, paragraphs, and a link between the first and the others.
pub(super) struct Letter {
    pub subject: String,
    pub opening: String,
    pub link: Option<String>,
    pub closing: String,
}

impl Text {
    pub(super) fn fill(&self, public_url: &str, values: &[(&'static str, String)]) -> Letter {
        Letter {
            subject: fill(self.subject, values),
            opening: fill(self.opening, values),
            link: self.path.map(|path| format!("{public_url}{}", fill(path, values))),
            closing: fill(self.closing, values),
        }
    }
}

impl Letter {
    /// To somebody of this name.
    pub(super) fn written(&self, name: &str) -> Written {
        let link = self.link.as_deref();
        let plain_link = link.map(|link| format!("{link}\n\n")).unwrap_or_default();
        let html_link = link.map(|link| {
            let link = escaped(link);
            format!("<p><a href=\"{link}\">{link}</a></p>\n")
        });
        let Self { subject, opening, closing, .. } = self;
        Written {
            subject: subject.clone(),
            text: format!("Hello {name},\n\n{opening}\n\n{plain_link}{closing}\n"),
            html: format!(
                "<p>Hello {},</p>\n<p>{}</p>\n{}<p>{}</p>\n",
                escaped(name),
                escaped(opening),
                html_link.unwrap_or_default(),
                escaped(closing),
            ),
            unsubscribe: None,
        }
    }
}

/// Goes over the text once, so that braces in a value stay what they are.
fn fill(text: &str, values: &[(&'static str, String)]) -> String {
    let mut filled = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, place)| Some((before, place.split_once('}')?)))
    {
        filled.push_str(before);
        let value = values.iter().find(|(known, _)| *known == name);
        filled.extend(value.into_iter().flat_map(|(_, value)| value.chars().take(VALUE_CHARS_MAX)));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// Where somebody accepts an invitation.
pub(crate) const INVITATION_PATH: &str = "/accept-invitation?token={token}";
/// Where somebody chooses another password.
pub(crate) const PASSWORD_RESET_PATH: &str = "/reset-password?token={token}";

pub(super) const EMAIL_VERIFICATION: Text = Text {
    subject: "Confirm your email address",
    opening: "Please confirm that this address is yours by opening this link:",
    path: Some("/verify-email?token={token}"),
    closing: "It works until {until}. If you did not sign up, no action is needed.",
};

pub(super) const PASSWORD_RESET: Text = Text {
    subject: "Choose a new password",
    opening: "Somebody asked{from} for a new password for your account. If that was you, open this \
              link to choose one:",
    path: Some(PASSWORD_RESET_PATH),
    closing: "It works once, until {until}. If it was not you, no action is needed: your password \
              stays as it is.",
};

pub(super) const PASSWORD_CHANGED: Text = Text {
    subject: "Your password was changed",
    opening: "The password of your account at {tenant} was changed at {at}{from}.",
    path: None,
    closing: "If that was not you, ask for a new password on the sign-in page at once, and tell \
              your administrator.",
};

pub(super) const NEW_DEVICE: Text = Text {
    subject: "A new device signed in to {tenant}",
    opening: "Your account at {tenant} was used at {at}{from} on a device that we have not seen \
              before{device}.",
    path: None,
    closing: "If that was you, no action is needed. If not, change your password: that ends every \
              other sign-in.",
};

pub(super) const SESSION_REVOKED: Text = Text {
    subject: "One of your sign-ins was ended",
    opening: "A sign-in of yours to {tenant} was ended at {at}, because its key was used a second \
              time. Somebody may have copied it.",
    path: None,
    closing: "Please sign in again, and change your password if you see anything that you did not \
              do.",
};

pub(super) const INVITATION: Text = Text {
    subject: "{inviter} invites you to {tenant}",
    opening: "{inviter} has invited you to work together in {tenant}. Open this link to choose a \
              password:",
    path: Some(INVITATION_PATH),
    closing: "It works once, until {until}. If you do not know the sender, no action is needed.",
};

pub(super) const ROLE_CHANGED: Text = Text {
    subject: "Your role at {tenant} was changed",
    opening: "{actor} has changed your role at {tenant} from {old} to {new}.",
    path: None,
    closing: "What you may do changes with it at once. Questions are best put to your \
              administrator.",
};

pub(super) const DEACTIVATED: Text = Text {
    subject: "Your account at {tenant} was deactivated",
    opening: "Your account at {tenant} was deactivated, and all of your sign-ins were ended.",
    path: None,
    closing: "If you think that this is a mistake, please ask your administrator.",
};

pub(super) const ACTIVATED: Text = Text {
    subject: "Your account at {tenant} is active again",
    opening: "Your account at {tenant} was activated again. You can sign in with the password that \
              you had:",
    path: Some("/"),
    closing: "If you have forgotten it, ask for a new one on that page.",
};

/// What is sent to somebody who tries their mail server.
pub(super) fn smtp_test() -> Letter {
    Letter {
        subject: "A test of your mail server".to_owned(),
        opening: "Your mail server has taken this mail, so it can send those of your company."
            .to_owned(),
        link: None,
        closing: "It was sent because you asked for a test in the email settings.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_put_in_as_it_is_and_not_read_again() {
        let values = [("a", "{b}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(fill("{a}, {b} and {c}.", &values), "{b}, x and .");
        assert_eq!(fill("no place { here", &values), "no place { here");
    }

    #[test]
    fn a_long_value_is_cut() {
        let values = [("a", "ö".repeat(10_000))];
        assert_eq!(fill("{a}!", &values).chars().count(), VALUE_CHARS_MAX + 1);
    }
}
